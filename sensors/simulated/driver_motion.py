"""How eyes, heads and lids get from one place to the next: smooth movements that take their time."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

SACCADE_S, SACCADE_S_RAD = 0.021, 0.0022 * 180.0 / np.pi
"""Duration of a saccade: 21 ms and 2.2 ms for each degree (main sequence, Carpenter 1988)."""
LONGEST_SACCADE_S = 0.12
"""The head takes part in what is larger."""
HEAD_S = 0.30
"""A turn of the head to a mirror takes about this long."""
CLOSING_S, OPENING_S = 0.075, 0.150
"""Lids close in about half the time in which they open (Evinger et al. 1991)."""
SHUT = 0.75
"""Lids that are so far down hide the pupil; a closure's time runs from there to there."""


def saccade_s(amplitude: ArrayLike) -> NDArray[np.float64]:
    """Return how long the eyes take for an amplitude in rad."""
    return np.minimum(LONGEST_SACCADE_S, SACCADE_S + SACCADE_S_RAD * np.abs(np.asarray(amplitude, np.float64)))


def minimum_jerk(share: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the way made, 0..1, after a share 0..1 of the time (Flash and Hogan 1985)."""
    return share**3 * (10.0 - 15.0 * share + 6.0 * share**2)


def moved(t_s: NDArray[np.float64], onset_s: NDArray[np.float64], duration_s: NDArray[np.float64],
          targets: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return where something is that moves from target to target.

    Parameters
    ----------
    t_s : (n,)
        When.
    onset_s : (m,)
        When it sets out for each target, ascending; before the first it is at the first.
    duration_s : (m,)
        How long it takes. Where the next one comes sooner, it sets out from where it would have arrived.
    targets : (m, k)

    Returns
    -------
    (n, k)
    """
    place = np.searchsorted(onset_s, t_s, side="right") - 1
    after, before = np.maximum(place, 0), np.maximum(place - 1, 0)
    share = minimum_jerk(np.clip((t_s - onset_s[after]) / duration_s[after], 0.0, 1.0))[:, None]
    way: NDArray[np.float64] = targets[before] + share * (targets[after] - targets[before])
    return way


def shut(from_s: float, to_s: float) -> tuple[float, float]:
    """Return when lids set out and when they are open again that are shut, which is `SHUT` down, between two times."""
    grid = np.linspace(0.0, 1.0, 1001)
    share = float(np.interp(SHUT, minimum_jerk(grid), grid))
    return from_s - share * CLOSING_S, to_s + share * OPENING_S


def lids(t_s: NDArray[np.float64], start_s: NDArray[np.float64], end_s: NDArray[np.float64],
         depth: NDArray[np.float64] | float = 1.0) -> NDArray[np.float64]:
    """Return how far the lids are closed, 0 open to `depth`.

    Parameters
    ----------
    t_s : (n,)
        When.
    start_s, end_s : (m,)
        When each closure begins and when the lids are open again, ascending and apart. The shortest closures close and
        open in a third and two thirds of their time.
    depth
        How far each goes, 1 fully.
    """
    if len(start_s) == 0:
        return np.zeros(len(t_s))
    place = np.searchsorted(start_s, t_s, side="right") - 1
    known = place >= 0
    place = np.maximum(place, 0)
    length = end_s - start_s
    closing = np.minimum(CLOSING_S, length / 3.0)[place]
    opening = np.minimum(OPENING_S, length * 2.0 / 3.0)[place]
    down = minimum_jerk(np.clip((t_s - start_s[place]) / closing, 0.0, 1.0))
    up = minimum_jerk(np.clip((end_s[place] - t_s) / opening, 0.0, 1.0))
    how = np.broadcast_to(np.asarray(depth, np.float64), start_s.shape)[place]
    closed: NDArray[np.float64] = np.where(known, np.minimum(down, up) * how, 0.0)
    return closed
