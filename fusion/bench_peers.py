"""The libraries beside which the kernels are timed: one row each, in the order in which they are shown.

The terms are the same for all: the same simulated minute, double precision and the memory order that the library likes,
its fastest way to the features as far as its documentation tells, one process, no Python loop where a call takes all
channels at once. Whatever can be prepared (filter coefficients, windows, state) is prepared before the clock starts.
A library computes from its window anew at each tick, for none of them keeps running sums.
"""

import importlib
from collections.abc import Mapping
from dataclasses import dataclass

from fusion.bench_example import Example
from fusion.bench_groups import Call, Peer


@dataclass(frozen=True)
class Row:
    """One library."""

    library: str
    module: str
    """Where its class `Beside` is."""


PEERS: tuple[Row, ...] = (
    Row("scipy", "fusion.bench_peers_scipy"),
    Row("mne", "fusion.bench_peers_mne"),
    Row("brainflow", "fusion.bench_peers_brainflow"),
    Row("neurokit2", "fusion.bench_peers_neurokit"),
    Row("antropy", "fusion.bench_peers_antropy"),
)


def load(example: Example) -> dict[str, Mapping[str, Call] | None]:
    """Return the groups of every library in `PEERS`; None for one that is not installed."""
    return {row.library: _groups(row, example) for row in PEERS}


def _groups(row: Row, example: Example) -> Mapping[str, Call] | None:
    try:
        module = importlib.import_module(row.module)
    except ImportError:
        return None
    beside: Peer = module.Beside(example)
    return beside.groups()
