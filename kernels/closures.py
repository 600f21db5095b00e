"""Eyes that stay closed: the time that makes PERCLOS, and the rungs from blink to microsleep.

PERCLOS is the share of the watched time with the lids at least 80 % (P80) or 70 % (P70) closed (Wierwille 1994). Where
no eyes were seen, nobody knows: that time is neither closed nor watched. Most false alarms in the field came from
counting it as closed.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from kernels.jit import kernel

P80, P80_ENDS = 0.2, 0.3
"""Openness at which the lids are 80 % closed, and above which the closure is over."""
P70, P70_ENDS = 0.3, 0.34
"""The same for 70 %; it ends below the openness that a look down keeps (`kernels.ocular.LOOKING_DOWN`)."""
BLINK_NS, LONG_NS, MICROSLEEP_NS = 250_000_000, 500_000_000, 1_500_000_000
"""A closure under 0.25 s is a blink and no PERCLOS; one of 0.5 s is long. Microsleeps last 1 to 3 s, so a closure of
1.5 s is called one: waiting for 3 s misses a third of those that EEG sees (Skorucak 2020)."""
BRIDGE_NS = 500_000_000
"""Longest time without eyes that a closure survives."""

CLOSURE = np.dtype([("closing", np.int64), ("onset_ns", np.int64), ("seen_ns", np.int64), ("waiting_ns", np.int64),
                    ("age_ns", np.int64)], align=True)
"""The running closure: whether there is one, its begin, when eyes were seen last, closed time that may still turn out
to be a blink, and its age, -1 outside; see `clear`."""


def clear(records: NDArray[Any]) -> None:
    """Empty many records (any shape) at once; plain Python."""
    for name in ("closing", "onset_ns", "seen_ns", "waiting_ns"):
        records[name] = 0
    records["age_ns"] = -1


@kernel
def step(closure: Any, enter: float, leave: float, now_ns: int, step_ns: int, opened: float) -> int:
    """Take in one frame and return the closed time, in ns, that is now known.

    A closure counts once it has outlived a blink, then from its beginning. A short loss of the eyes does not end it.

    Parameters
    ----------
    closure : CLOSURE record
        Changed in place; `age_ns` is then the age of the running closure, or -1.
    enter, leave : float
        Openness at which a closure begins, and above which it ends.
    now_ns, step_ns : int
        Time of the frame, and how much time it stands for.
    opened : float
        Openness; NaN where no eye was seen.
    """
    if closure.closing == 1 and (opened > leave or now_ns - closure.seen_ns > BRIDGE_NS):
        closure.closing = 0
    if closure.closing == 0 and opened <= enter:
        closure.closing = 1
        closure.onset_ns = now_ns - step_ns
        closure.waiting_ns = 0
    if closure.closing == 0:
        closure.age_ns = -1
        return 0
    if not (opened <= leave):  # no eyes: the closure waits
        return 0
    closure.seen_ns = now_ns
    closure.age_ns = now_ns - closure.onset_ns
    if opened <= enter:
        closure.waiting_ns += step_ns
    if closure.age_ns < BLINK_NS:
        return 0
    known_ns = closure.waiting_ns
    closure.waiting_ns = 0
    return int(known_ns)
