"""Whether an explanation names what matters: without the groups it names, the state must become less likely.

A step's groups are ordered by what they speak for its state. The first few are taken away, as if they had not been
measured, and so are as many others drawn at random, and as many that the explanation puts last (Samek 2017).
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from models.checkpoint import Trained
from models.explain import before, reasons
from models.explain_groups import COLUMNS, NAMES
from models.labels import STATES
from models.windows import Windows

DRAWS = 5
"""Random choices of groups at each step."""


@dataclass(frozen=True)
class Deletion:
    """Mean fall of the probability of the told state, over steps."""

    steps: int
    taken: int
    """Groups taken away."""
    named: float
    """The ones that the explanation puts first; so many at random; the ones it puts last."""
    random: float
    last: float
    margin: float
    """named less random."""
    low: float
    """Ends of the 95 % interval of the margin, by drawing sessions anew."""
    high: float

    def as_dict(self) -> dict[str, Any]:
        """Return the figures as a plain table."""
        return asdict(self)


def deletion(trained: Trained, sessions: Sequence[Windows], taken: int = 2, steps: int = 8, seed: int = 0,
             points: int = 24) -> Deletion:
    """Return the figures of the deletion test.

    Parameters
    ----------
    trained
    sessions
        Of people that the network was not trained on.
    taken
        How many groups are taken away.
    steps
        Steps drawn from each session, behind its first minute or, in a short one, its first half.
    seed
        Decides which.
    points
        See `models.explain.reasons`.
    """
    draw = np.random.default_rng(seed)
    falls = [np.array([_falls(trained, one, int(step), taken, points, draw)
                       for step in draw.integers(min(120, len(one) // 2), len(one), steps)]) for one in sessions]
    means = np.array([fall.mean(axis=0) for fall in falls])
    margins = means[:, 0] - means[:, 1]
    again = margins[draw.integers(0, len(margins), (2000, len(margins)))].mean(axis=1)
    named, random, last = means.mean(axis=0).tolist()
    low, high = np.quantile(again, [0.025, 0.975]).tolist()
    return Deletion(sum(len(fall) for fall in falls), taken, named, random, last, named - random, low, high)


def _falls(trained: Trained, windows: Windows, step: int, taken: int, points: int,
           draw: np.random.Generator) -> tuple[float, float, float]:
    """Return the fall of the probability at one step without the first, random, and the last groups."""
    why = reasons(trained, windows, step, points=points)
    measured = ~np.isnan(before(trained, windows, step)[0].numpy()).all(axis=(0, 1, 2))
    there = [name for name in NAMES if measured[COLUMNS[name]].any()]
    order = sorted(there, key=lambda name: -why.groups[name])
    taken = min(taken, len(there))
    chosen = [order[:taken], order[-taken:], *([*draw.permutation(there)[:taken]] for _ in range(DRAWS))]
    left = _without(trained, windows, step, why.state, chosen)
    fall = why.probability - left
    return float(fall[0]), float(fall[2:].mean()), float(fall[1])


@torch.inference_mode()
def _without(trained: Trained, windows: Windows, step: int, state: str,
             chosen: Sequence[Sequence[str]]) -> NDArray[np.float64]:
    """Return the probability of the state with each choice of groups taken away."""
    inputs, quality, times_s = before(trained, windows, step)
    n = len(chosen)
    without = inputs.repeat(n, 1, 1, 1)
    for row, names in enumerate(chosen):
        without[row, :, :, [column for name in names for column in COLUMNS[name]]] = torch.nan
    out = trained.net.eval()(without, quality.expand(n, -1, -1), times_s.expand(n, -1))
    probabilities = trained.calibration.probabilities(out.readout.state[:, -1].numpy())
    return probabilities[:, STATES.index(state)].astype(np.float64)
