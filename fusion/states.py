"""From estimates to a state a person can rely on: hysteresis, dwell, and saying "I cannot tell"."""

from typing import NamedTuple

from fusion.estimator import STATES
from sensors.clock import SECOND

ENTER = 0.55
LEAVE = 0.35
"""A state is entered at or above ENTER and kept while it stays above LEAVE: noise around one level cannot flap it."""
DWELL_S = 1.0
"""A new state must lead this long before it is announced. Being away is exempt: it is seen, not inferred."""

NO_EYES = "No eyes are seen, and no camera that works can tell whether the person is there."


class Decision(NamedTuple):
    """What is announced at one tick."""

    state: str
    status: str
    reason: str


class Situation(NamedTuple):
    """What the session knows besides the probabilities."""

    calibrated: float
    """Progress of the personal baselines, 0..1."""
    face_seen: bool
    """Whether the camera can tell presence at all (it works and is not dark); a headset or an eye tracker cannot."""
    troubles: tuple[str, ...]
    """One sentence per input that is not to be relied on."""
    fresh: bool
    """Whether any input is fresh at all."""
    telling: bool
    """Whether any input that can tell attention (face or brain) is fresh and trusted."""


class Decider:
    """Turns the stream of estimates into announced states."""

    def __init__(self) -> None:
        self._state = "unknown"
        self._rival = "unknown"
        self._since_ns = 0

    def decide(self, tick_ns: int, probabilities: tuple[float, ...], situation: Situation) -> Decision:
        """Return what to announce at `tick_ns`.

        Notes
        -----
        "away" needs a camera that can see; "unknown" wins whenever no sensor is fit to speak. Sensor trouble never
        turns into "distracted" or "drowsy".
        """
        if not situation.telling:
            self._turn("unknown", tick_ns)
            reason = " ".join(situation.troubles) or "No sensor that can tell attention has spoken yet."
            return Decision("unknown", "degraded" if situation.fresh else "stale", reason)
        lead = max(probabilities)
        leader = STATES[probabilities.index(lead)]
        if leader == "away":
            wanted = "away" if situation.face_seen else "unknown"
            self._turn(wanted, tick_ns)
        elif situation.calibrated < 1.0:
            self._turn("unknown", tick_ns)
            reason = f"Learning this person's baseline, {situation.calibrated:.0%} done."
            return Decision("unknown", "calibrating", " ".join((reason, *situation.troubles)))
        else:
            self._lean(leader, lead, probabilities, tick_ns)
        if leader == "away" and not situation.face_seen and not situation.troubles:
            situation = situation._replace(troubles=(NO_EYES,))
        contested = self._state == "unknown" and leader != "away"
        doubt = f"No state leads clearly; {leader} comes first." if contested else ""
        if situation.troubles:
            return Decision(self._state, "degraded", " ".join((*situation.troubles, doubt)).strip())
        return Decision(self._state, "ok", doubt)

    def _lean(self, leader: str, lead: float, probabilities: tuple[float, ...], tick_ns: int) -> None:
        holds = self._state in STATES and probabilities[STATES.index(self._state)] > LEAVE
        kept = self._state if holds else "unknown"
        wanted = leader if lead >= ENTER else kept
        if wanted != self._rival:
            self._rival, self._since_ns = wanted, tick_ns
        # Leaving "unknown" or "away" needs no dwell: there was no inferred state to protect.
        if self._state in ("unknown", "away") or tick_ns - self._since_ns >= DWELL_S * SECOND:
            self._turn(wanted, tick_ns)

    def _turn(self, state: str, tick_ns: int) -> None:
        self._state = self._rival = state
        self._since_ns = tick_ns
