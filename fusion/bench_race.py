"""Time several calls in turn, so that whatever disturbs the machine disturbs all of them alike."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from sensors.clock import SECOND, now_ns

LEAST_ROUNDS = 15
MOST_ROUNDS = 2_000
BUDGET_S = 20.0
WARM_UP = 3


@dataclass(frozen=True)
class Times:
    """How long a call takes, in microseconds."""

    p50: float
    p99: float
    mean: float


def race(calls: Mapping[str, Callable[[], object]], budget_s: float = BUDGET_S,
         most: int = MOST_ROUNDS) -> dict[str, Times]:
    """Return how long each call takes, none of them always after the same neighbour.

    Parameters
    ----------
    calls
        Name to call; each is called a few times before the clock starts.
    budget_s
        Rounds are run until this has passed, but at least 15.
    most
        Rounds that are enough in any case.
    """
    times: dict[str, list[int]] = {name: [] for name in calls}
    order = list(calls)
    for name in order * WARM_UP:
        calls[name]()
    until = now_ns() + round(budget_s * SECOND)
    rounds = 0
    while order and rounds < most and (rounds < LEAST_ROUNDS or now_ns() < until):
        order.append(order.pop(0))
        for name in order:
            call = calls[name]
            began = now_ns()
            call()
            times[name].append(now_ns() - began)
        rounds += 1
    return {name: _told(values) for name, values in times.items()}


def _told(durations: list[int]) -> Times:
    us = np.array(durations) / 1e3
    p50, p99 = np.percentile(us, (50, 99))
    return Times(float(p50), float(p99), float(us.mean()))
