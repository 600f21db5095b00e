"""The states' names for people and their colours, one set for terminal and report."""

from sensors.simulated.story import STATES

SHOWN_STATES = (*STATES, "unknown")
"""Every state that can be shown, in the order of legends."""

COLOURS = {
    "focused": "#009e73",
    "distracted_visual": "#e69f00",
    "distracted_cognitive": "#cc79a7",
    "drowsy": "#2b8cc4",
    "overloaded": "#d55e00",
    "away": "#8a8a8a",
    "unknown": "#b9b9b9",
}
"""One colour per state: the set of Okabe and Ito (2008), told apart by people who see red and green alike; its blue is
lightened so that it reads on black as well."""

MEANINGS = {
    "focused": "eyes and mind on the task",
    "distracted_visual": "eyes elsewhere",
    "distracted_cognitive": "eyes on the task, mind elsewhere",
    "drowsy": "falling asleep",
    "overloaded": "more demand than capacity",
    "away": "nobody in view",
    "unknown": "not enough evidence",
}
"""What each state means, in a few words."""

STATUS_COLOURS = {"ok": "#009e73", "calibrating": "#2b8cc4", "degraded": "#e69f00", "stale": "#d55e00",
                  "starting": "#2b8cc4", "stalled": "#e69f00", "failed": "#d55e00", "ended": "#8a8a8a"}
"""Colours of `State.status` and `Health.status`."""

LEVEL_COLOURS = {"info": "#2b8cc4", "warning": "#e69f00", "critical": "#d55e00"}
"""Colours of `Alert.level`."""


def label(state: str) -> str:
    """Return a state's name as a person writes it: "distracted visual"."""
    return state.replace("_", " ")


def is_simulated(meta: dict[str, str]) -> bool:
    """Return whether a stream's `StreamInfo.meta` says that a simulated participant is behind it."""
    return meta.get("simulated", "no").strip().lower() in ("yes", "true", "1")
