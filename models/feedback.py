"""What a person says about a session, in words or as a table, as labelled stretches of its time.

"drowsy at 10:32", "10:32-10:40 distracted", "focused at 95 s". What could mean two things is refused, not guessed;
only "distracted" alone may be either kind, and is settled step by step by whoever lays the spans on windows.
"""

import csv
import io
import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from models.errors import ModelError
from models.holdout import Mask
from models.labels import NOT_LABELLED, STATES
from models.windows import Windows

MOMENT_S = 10.0
"""A moment told to the second stands for this long before and after it."""
DAY_S = 86_400.0
EXAMPLES = ('Such as: "drowsy at 10:32", "10:32-10:40 focused" or "distracted at 95 s"; the states are '
            f"{', '.join(STATES)}.")

WORDS: dict[str, tuple[str, ...]] = {
    **{state: (state,) for state in STATES}, **{state.replace("_", " "): (state,) for state in STATES},
    "distracted": ("distracted_visual", "distracted_cognitive"),
    "attentive": ("focused",), "concentrated": ("focused",), "sleepy": ("drowsy",), "overwhelmed": ("overloaded",),
    "mind wandering": ("distracted_cognitive",), "daydreaming": ("distracted_cognitive",),
    "looked away": ("distracted_visual",), "absent": ("away",)}
"""Words to the states they can mean."""

_UNTIL = r"\s*(?:-|\u2013|to|until|till)\s*"
_TIME = r"\d{1,2}:\d{2}(?::\d{2})?"
_CLOCK = re.compile(rf"(?<![\d:.])({_TIME})(?:{_UNTIL}({_TIME}))?(?![\d:])")
_ELAPSED = re.compile(rf"(?<![\d:.])(\d+(?:\.\d+)?)\s*(?:{_UNTIL}(\d+(?:\.\d+)?))?\s*(s|sec|seconds?|min|minutes?)\b")
_STATE = re.compile(r"(?<![a-z_])(" + "|".join(sorted(WORDS, key=len, reverse=True)) + r")(?![a-z_])")


class Span(NamedTuple):
    """A stretch of a session, in its seconds, and what the state was: one, or one of these."""

    begin_s: float
    end_s: float
    states: tuple[str, ...]
    said: str


class Sitting(NamedTuple):
    """When a session was."""

    first_s: float
    last_s: float
    """Seconds of its own time that it covers."""
    day_s: float | None = None
    """Time of day at which its second 0 was, as the person's clock showed it; None if not known."""


def told(text: str, sitting: Sitting) -> list[Span]:
    """Return the spans of sentences, one or several, parted by ";" or by lines.

    Raises
    ------
    ModelError
        If one names no state or no time, or several; or a time that is not in the session, or is there twice.
    """
    sentences = [part.strip() for part in re.split(r"[;\n]", text) if part.strip()]
    if not sentences:
        raise ModelError("The feedback is empty.", EXAMPLES)
    return _apart([_span(sentence, sitting) for sentence in sentences])


def tabled(text: str, sitting: Sitting) -> list[Span]:
    """Return the spans of a table with the columns start_s, end_s (seconds) or start, end (clock times), and state.

    Raises
    ------
    ModelError
        As `told`, and if a column is missing.
    """
    rows = csv.DictReader(io.StringIO(text))
    names = [name.strip() for name in rows.fieldnames or []]
    rows.fieldnames = names
    spans = []
    for row in rows:
        where = f"line {rows.line_num}"
        if "state" not in row or not ({"start_s", "end_s"} <= set(names) or {"start", "end"} <= set(names)):
            raise ModelError(f"The table of labels has the columns {', '.join(names)}.", "Expected: start_s,end_s,"
                             "state with seconds, or start,end,state with times such as 10:32.")
        unit, keys = (" s", ("start_s", "end_s")) if "start_s" in names else ("", ("start", "end"))
        begin, end, state = ((row.get(key) or "").strip() for key in (*keys, "state"))
        try:
            spans.append(_span(f"{begin} - {end}{unit} {state}", sitting))
        except ModelError as error:
            raise ModelError(f"The table of labels, {where}: {error.message}", error.next_step) from None
    if not spans:
        raise ModelError("The table of labels has no row.", "Expected: start_s,end_s,state and a row for each stretch.")
    return _apart(spans)


def laid(windows: Windows, spans: Sequence[Span], likelier: Callable[[Sequence[str], Mask], str]) -> Windows:
    """Return the session with these spans as its labels, and no others.

    Parameters
    ----------
    windows
    spans
    likelier
        Tells which of several states it was, over some steps (n,).

    Raises
    ------
    ModelError
        If no step lies in a span.
    """
    state: NDArray[np.int8] = np.full(len(windows), NOT_LABELLED, np.int8)
    for span in spans:
        inside: Mask = (windows.times_s >= span.begin_s) & (windows.times_s < span.end_s)
        if not inside.any():
            raise ModelError(f"'{span.said}': nothing was recorded from {span.begin_s:g} to {span.end_s:g} s.")
        name = span.states[0] if len(span.states) == 1 else likelier(span.states, inside)
        state[inside] = STATES.index(name)
    unknown = np.full(len(windows), np.nan, np.float32)
    return replace(windows, state=state, lapse_in_s=unknown, attention=unknown, vigilance=unknown, load=unknown)


def _span(said: str, sitting: Sitting) -> Span:
    words = said.lower()
    meant = [WORDS[found] for found in _STATE.findall(words)]
    if len(meant) != 1:
        raise ModelError(f"'{said}' names {'no state' if not meant else 'several states'}, expected one.", EXAMPLES)
    clock, elapsed = _CLOCK.findall(words), _ELAPSED.findall(words)
    if len(clock) + len(elapsed) != 1:
        raise ModelError(f"'{said}' names {'no time' if not clock and not elapsed else 'several times'}, expected one "
                         "time or one stretch.", EXAMPLES)
    if clock:
        if re.search(r"\d\s*[ap]\.?m\b", words):
            raise ModelError(f"'{said}': am and pm are not understood.", "Give the time as 0:00 to 23:59.")
        first, last = clock[0]
        begin, end = _of_clock(said, first, last, sitting)
    else:
        first, last, unit = elapsed[0]
        scale = 60.0 if unit.startswith("min") else 1.0
        begin, end = float(first) * scale, float(last or first) * scale
        if not last:
            begin, end = (begin, begin + 60.0) if scale > 1 else (begin - MOMENT_S, begin + MOMENT_S)
    if end <= begin:
        raise ModelError(f"'{said}' ends before it begins.", EXAMPLES)
    # A minute named without seconds may stick out of the session; a stretch that does is about something else.
    if end <= sitting.first_s or begin > sitting.last_s or begin < sitting.first_s - 60 or end > sitting.last_s + 60:
        raise ModelError(f"'{said}' is not within the session, which goes {_range(sitting)}.")
    return Span(max(begin, sitting.first_s), min(end, sitting.last_s + 1e-6), meant[0], said)


def _of_clock(said: str, first: str, last: str, sitting: Sitting) -> tuple[float, float]:
    if sitting.day_s is None:
        raise ModelError(f"'{said}' is a time of day, but when this session was is not known.",
                         "Give seconds of the session instead, such as: drowsy at 95 s")
    begin, whole = _day_s(said, first), 0.0 if first.count(":") == 2 else 60.0
    if last:
        length = (_day_s(said, last) - begin) % DAY_S  # over midnight
    else:
        begin, length = (begin, whole) if whole else (begin - MOMENT_S, 2 * MOMENT_S)
    since = (begin - sitting.day_s) % DAY_S
    days = [since + day * DAY_S for day in range(-1, int((sitting.last_s - sitting.first_s) // DAY_S) + 2)]
    within = [at for at in days if at + length > sitting.first_s and at <= sitting.last_s]
    if len(within) > 1:
        raise ModelError(f"'{said}' is in this session {len(within)} times, which lasts longer than a day.",
                         "Give seconds of the session instead.")
    if not within:
        raise ModelError(f"'{said}' is not within the session, which goes {_range(sitting)}.")
    return within[0], within[0] + length


def _day_s(said: str, text: str) -> float:
    hours, minutes, seconds = (*(int(part) for part in text.split(":")), 0)[:3]
    if hours > 23 or minutes > 59 or seconds > 59:
        raise ModelError(f"'{said}': {text} is no time of day.", "Expected 0:00 to 23:59, or 0:00:00 to 23:59:59.")
    return 3600.0 * hours + 60.0 * minutes + seconds


def _range(sitting: Sitting) -> str:
    def shown(seconds: float) -> str:
        whole = int((sitting.day_s or 0.0) + seconds) % int(DAY_S)
        return f"{whole // 3600:02d}:{whole // 60 % 60:02d}:{whole % 60:02d}"

    elapsed = f"from {sitting.first_s:g} to {sitting.last_s:g} s"
    if sitting.day_s is None:
        return elapsed
    return f"{elapsed}, {shown(sitting.first_s)} to {shown(sitting.last_s)} by the clock"


def _apart(spans: list[Span]) -> list[Span]:
    """Return spans in order of time; two that overlap and differ are refused."""
    ordered = sorted(spans)
    for k, one in enumerate(ordered):
        for other in ordered[k + 1:]:
            if other.begin_s < one.end_s - 1e-9 and one.states != other.states:
                raise ModelError(f"'{one.said}' and '{other.said}' overlap and name different states.",
                                 "Leave one of them out.")
    return ordered
