"""Training sequences: pieces of sessions, cut anew in every epoch, as tensors."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from kernels.layout import SIZE
from models.inputs import prepare
from models.labels import HORIZONS_S, NOT_LABELLED, STATES
from models.windows import STEP_S, Windows


class Batch(NamedTuple):
    """Sequences side by side."""

    inputs: Tensor
    """(batch, step, 2, SIZE); NaN where not measured."""
    quality: Tensor
    """(batch, step, modality)."""
    times_s: Tensor
    """(batch, step)."""
    state: Tensor
    """(batch, step) int64; `NOT_LABELLED` where not known, or behind the end."""
    scores: Tensor
    """(batch, step, 3) attention, vigilance and load; NaN where not known."""
    lapse: Tensor
    """(batch, step, 2) 1 if a lapse begins within the horizon; NaN where not known."""


@dataclass(frozen=True, eq=False)
class Session:
    """One session, prepared once."""

    inputs: NDArray[np.float32]
    quality: NDArray[np.float32]
    state: NDArray[np.int64]
    scores: NDArray[np.float32]
    lapse: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.state)


def session(windows: Windows) -> Session:
    """Prepare one session's windows."""
    ahead = windows.lapse_in_s[:, None]
    lapse = np.where(np.isnan(ahead), np.nan, ahead <= np.array(HORIZONS_S)).astype(np.float32)
    return Session(prepare(windows.features, windows.quality), windows.quality, windows.state.astype(np.int64),
                   np.stack([windows.attention, windows.vigilance, windows.load], axis=1), lapse)


def whole(windows: Windows) -> tuple[Tensor, Tensor, Tensor]:
    """Return a whole session's inputs, quality and times, as a batch of one."""
    inputs = prepare(windows.features, windows.quality)
    return (torch.from_numpy(inputs)[None], torch.from_numpy(windows.quality)[None],
            torch.from_numpy(windows.times_s)[None])


def batches(sessions: Sequence[Session], size: int, steps: int, warp: float,
            draw: np.random.Generator) -> Iterator[Batch]:
    """Yield one epoch: every session cut into pieces at a place of its own, in a random order.

    Parameters
    ----------
    sessions
    size, steps
        Sequences of a batch, and steps of a sequence.
    warp
        Each sequence runs slower or faster by up to this share: steps of it are repeated or left out.
    draw
        Decides everything.
    """
    starts = [(k, start) for k, one in enumerate(sessions)
              for start in range(int(draw.integers(0, steps)) - steps + 1, len(one), steps) if start + steps > 0]
    order = draw.permutation(len(starts))
    for first in range(0, len(order), size):
        yield stacked([_piece(sessions[starts[k][0]], starts[k][1], steps, warp, draw)
                       for k in order[first:first + size]])


def _piece(one: Session, start: int, steps: int, warp: float,
           draw: np.random.Generator) -> tuple[NDArray[np.generic], ...]:
    pace = 1.0 + warp * float(draw.uniform(-1, 1))
    index = start + np.floor(np.arange(steps) * pace + 0.5).astype(np.int64)
    outside = (index < 0) | (index >= len(one))
    index = np.clip(index, 0, len(one) - 1)
    inputs, quality, state = one.inputs[index], one.quality[index], one.state[index]
    inputs[outside], quality[outside], state[outside] = np.nan, 0.0, NOT_LABELLED
    scores, lapse = one.scores[index], one.lapse[index]
    scores[outside] = lapse[outside] = np.nan
    # The session's own time: attention sees differences, but nothing should be learned that needs a start at 0.
    times_s = (start + np.arange(steps)) * STEP_S
    return inputs, quality, times_s, state, scores, lapse


def stacked(pieces: Sequence[tuple[NDArray[np.generic], ...]]) -> Batch:
    """Put pieces side by side."""
    return Batch(*(torch.from_numpy(np.stack(parts)) for parts in zip(*pieces, strict=True)))


def scaling(sessions: Sequence[Session]) -> tuple[Tensor, Tensor]:
    """Return the mean (SIZE,) of each level and the spread (2, SIZE) of levels and changes, over training people."""
    count, total, square = np.zeros((2, SIZE)), np.zeros((2, SIZE)), np.zeros((2, SIZE))
    for one in sessions:
        known = np.isfinite(one.inputs)
        values = np.where(known, one.inputs, 0.0).astype(np.float64)
        count += known.sum(axis=0)
        total += values.sum(axis=0)
        square += (values**2).sum(axis=0)
    count = np.maximum(count, 1)
    mean = total / count
    spread = np.sqrt(np.maximum(square / count - mean**2, 0.0))
    # One that never moves says nothing; dividing by 1 keeps it small.
    spread = np.where(spread > 1e-6, spread, 1.0)
    return torch.from_numpy(mean[0]).float(), torch.from_numpy(spread).float()


def balance(sessions: Sequence[Session]) -> Tensor:
    """Return the weight (state,) of each state's examples, so that rare states count as much as frequent ones.

    A state without any example has the weight 0.
    """
    counts = sum((np.bincount(one.state[one.state >= 0], minlength=len(STATES)) for one in sessions),
                 np.zeros(len(STATES), np.int64))
    present = counts > 0
    weights = np.where(present, counts.sum() / np.maximum(counts, 1) / max(1, present.sum()), 0.0)
    return torch.from_numpy(weights).float()
