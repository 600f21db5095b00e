"""Who is talking, and how: stretches of speech and the silences between them over the last minute.

A frame covers the time from one frame length before its stamp to its stamp. The segmenter is Silero's own: speech
begins at a probability of 0.5 and ends under 0.35, a silence under 0.1 s does not split a stretch, and less than
0.25 s of speech is none. Turns and pauses follow Heldner and Edlund 2010 (J. Phonetics 38, 555-568), who count the
silences between stretches of one channel; one microphone cannot tell who ended the silence.
"""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kernels.jit import kernel

ENTER = 0.5
"""Probability at which speech begins (Silero VAD, threshold)."""
LEAVE = 0.35
"""Probability under which it ends (Silero VAD, negative threshold)."""
SPLIT_NS = 100_000_000
"""A silence this long splits a stretch (Silero VAD, shortest silence); a shorter one belongs to the speech."""
STRETCH_NS = 250_000_000
"""Speech this long is a stretch (Silero VAD, shortest speech); it is known, and counts, once it lasted so long."""
LONGEST_PAUSE_NS = 3_000_000_000
"""A longer silence is the end of a conversation, not a pause in it."""
LEAST_HEARD_NS = 10_000_000_000
"""Turns per minute need this much heard time, as the blink rate does."""
FASTEST = 120.0
"""Stretches per minute; more is a fluttering detector, not talk."""

CAPACITY = 2400
"""Frames of a minute at the highest rate, 40 a second."""

HEARD, SPEAKING, TURN = 1, 2, 4
"""Bits of a frame's mark."""

SPEECH = np.dtype([
    ("frame_ns", np.int64),
    ("begin_ns", np.int64), ("end_ns", np.int64),  # of the newest stretch or blip, while it may still go on
    ("counted", np.int64),  # 1 once it is a stretch
    ("spoken_ns", np.int64),  # end of the newest stretch, -1 when what followed it was not all heard
    ("heard_ns", np.int64),
    ("marks", np.int8, (CAPACITY,)), ("pauses_ns", np.int64, (CAPACITY,)),
    ("totals", np.int64, (5,)), ("scratch", np.int64, (5,)),  # heard, speaking, turns, pauses, their ns
], align=True)
"""State of one microphone's speech."""


def reset(records: NDArray[np.void], frame_ns: int) -> None:
    """Set (n,) `SPEECH` records to the start of a stream whose frames last `frame_ns`."""
    records[...] = np.zeros((), SPEECH)
    records["frame_ns"] = frame_ns
    for name in ("begin_ns", "end_ns", "spoken_ns", "heard_ns"):
        records[name] = -1


@kernel
def latch(speaking: int, probability: float) -> int:
    """Return 1 while somebody speaks, else 0; a probability that is NaN changes nothing."""
    if probability >= ENTER:
        return 1
    if probability < LEAVE:
        return 0
    return speaking


@kernel
def add(speech: Any, slot: int, heard: bool, speaking: int, time_ns: int) -> None:
    """Take in a frame.

    Parameters
    ----------
    speech : SPEECH
    slot
        Where in the ring of the last minute the frame goes; free.
    heard
        Whether the speech probability was measured.
    speaking
        From `latch`.
    time_ns
        End of the frame.
    """
    mark, pause_ns = 0, 0
    if heard:
        mark = HEARD
        start_ns = time_ns - speech.frame_ns
        if speech.heard_ns < 0 or start_ns - speech.heard_ns >= SPLIT_NS:
            # What was not heard is no silence; that it is no speech follows from its length.
            speech.spoken_ns = -1
        speech.heard_ns = time_ns
        if speaking == 1:
            mark += SPEAKING
            if speech.begin_ns < 0 or start_ns - speech.end_ns >= SPLIT_NS:
                speech.begin_ns = start_ns
                speech.counted = 0
            speech.end_ns = time_ns
            if speech.counted == 0 and time_ns - speech.begin_ns >= STRETCH_NS:
                speech.counted = 1
                mark += TURN
                if speech.spoken_ns >= 0 and speech.begin_ns - speech.spoken_ns <= LONGEST_PAUSE_NS:
                    pause_ns = speech.begin_ns - speech.spoken_ns
            if speech.counted == 1:
                speech.spoken_ns = time_ns
    speech.marks[slot] = mark
    speech.pauses_ns[slot] = pause_ns
    _tally(speech.totals, mark, pause_ns, 1)


@kernel
def drop(speech: Any, slot: int) -> None:
    """Forget the frame in a slot of the ring."""
    _tally(speech.totals, speech.marks[slot], speech.pauses_ns[slot], -1)


@kernel
def _tally(totals: NDArray[np.int64], mark: int, pause_ns: int, sign: int) -> None:
    if mark & HEARD:
        totals[0] += sign
    if mark & SPEAKING:
        totals[1] += sign
    if mark & TURN:
        totals[2] += sign
    if pause_ns > 0:
        totals[3] += sign
        totals[4] += sign * pause_ns


@kernel
def minute(speech: Any, oldest: int, first: int) -> tuple[float, float, float]:
    """Return speech ratio 0..1, turns per minute of heard time and mean pause in s; NaN where not measured.

    Parameters
    ----------
    speech : SPEECH
    oldest, first
        Number of the oldest frame in the ring, and of the first that is inside the window.
    """
    totals = speech.scratch
    for k in range(5):
        totals[k] = speech.totals[k]
    for number in range(oldest, first):
        slot = number % CAPACITY
        _tally(totals, speech.marks[slot], speech.pauses_ns[slot], -1)
    ratio, turns, pause = math.nan, math.nan, math.nan
    if totals[0] > 0:
        ratio = totals[1] / totals[0]
    heard_ns = totals[0] * speech.frame_ns
    if heard_ns >= LEAST_HEARD_NS:
        turns = totals[2] * 60e9 / heard_ns
        if turns > FASTEST:
            turns = math.nan
    if totals[3] > 0:
        pause = totals[4] * 1e-9 / totals[3]
    return ratio, turns, pause
