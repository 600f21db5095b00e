"""Whether a few numbers of each take tell two labels apart on people not trained on, and whether luck explains it.

The classifier is fixed and tiny, so that every way of dealing the labels out can be tried: numbers become ranks, and
the difference of the two labels' mean ranks over the training people is the direction that the tested person's takes
are put in order along. Labels are dealt out among whole takes of the same person: windows of one take are no
witnesses of their own (Good 2005, restricted permutation). With more than two labels each pair is tested, and the
least chances are made larger for the number of tests (Holm 1979): a trap that shows in one pair is not thinned out by
the pairs in which it does not.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations, product
from math import comb, prod

import numpy as np
from numpy.typing import NDArray

from models.errors import ModelError

MOST = 20_000
"""Up to so many ways to deal the labels out are all tried; of more, some are drawn."""
DRAWS = 2000
AT_ONCE = 500

Doubles = NDArray[np.floating]
Labels = NDArray[np.integer]
Dealt = NDArray[np.bool_]


@dataclass(frozen=True)
class Pair:
    """How well two labels are told apart."""

    first: int
    second: int
    area: float
    """Under the ROC curve, leaving one person out; 0.5 is chance."""
    p: float
    """Share of the ways to deal the labels out that do as well."""


def pairs(person: Sequence[str], label: Labels, columns: Doubles, *, draws: int = DRAWS, seed: int = 0) -> list[Pair]:
    """Test every two labels of which two people have takes; one row a take.

    Parameters
    ----------
    person : (n,)
    label : (n,)
    columns : (n, k)
        Finite numbers of each take.
    draws
        Ways to deal labels out that are drawn where there are more than `MOST`.

    Raises
    ------
    ModelError
        If there are not two labels and two people.
    """
    from scipy.stats import rankdata

    named = np.asarray(person)
    if len(np.unique(label)) < 2 or len(np.unique(named)) < 2:
        raise ModelError(f"A test of takes needs two labels and two people, got {len(np.unique(label))} and "
                         f"{len(np.unique(named))}.")
    found = []
    for first, second in combinations(np.unique(label).tolist(), 2):
        here = np.isin(label, (first, second))
        who, is_second = named[here], label[here] == second
        if len(np.unique(who)) < 2:
            continue
        ranks = rankdata(columns[here], axis=0) / here.sum()
        real = areas(who, is_second[None], ranks)[0]
        every, ways = _ways(who, is_second, draws, np.random.default_rng(seed))
        hits = sum(int((areas(who, dealt, ranks) >= real - 1e-9).sum()) for dealt in _portions(ways))
        # Among all ways the true one is counted already.
        found.append(Pair(first, second, float(real), hits / every if every else (1 + hits) / (1 + draws)))
    return found


def holm(chances: Sequence[float]) -> list[float]:
    """Return chances made larger for how many there are (Holm 1979), in their own order; at most 1."""
    order = np.argsort(chances, kind="stable")
    larger = np.asarray(chances, float)[order] * np.arange(len(order), 0, -1)
    result: NDArray[np.float64] = np.zeros(len(order))
    result[order] = np.minimum(np.maximum.accumulate(larger), 1.0)
    return [float(chance) for chance in result]


def areas(person: NDArray[np.str_], dealt: Dealt, ranks: Doubles) -> NDArray[np.float64]:
    """Return the area under the ROC curve, leaving one person out, of each way (way, n) to deal two labels out."""
    from scipy.stats import rankdata

    scores = np.zeros(dealt.shape)
    for name in np.unique(person):
        tested = person == name
        of_train, rows = dealt[:, ~tested], ranks[~tested]
        many = of_train.sum(axis=1)[:, None]
        few = of_train.shape[1] - many
        ones = of_train @ rows / np.maximum(many, 1)
        zeros = (rows.sum(axis=0) - of_train @ rows) / np.maximum(few, 1)
        towards = np.where((many > 0) & (few > 0), ones - zeros, 0.0)
        middle = ((ones + zeros) / 2 * towards).sum(axis=1, keepdims=True)
        scores[:, tested] = towards @ ranks[tested].T - middle
    # The same score up to rounding is the same score.
    order = rankdata(np.round(scores, 9), axis=1)
    ones_of = dealt.sum(axis=1)
    area: NDArray[np.float64] = ((order * dealt).sum(axis=1) - ones_of * (ones_of + 1) / 2) / (
        ones_of * (dealt.shape[1] - ones_of))
    return area


def _ways(person: NDArray[np.str_], is_second: Dealt, draws: int,
          draw: np.random.Generator) -> tuple[int, Iterator[Dealt]]:
    """Return how many ways there are to deal a person's labels out among that person's takes, and each, (n,).

    The number is 0 where there are too many, and `draws` of them are drawn.
    """
    places = [np.flatnonzero(person == name) for name in np.unique(person)]
    counts = [comb(len(place), int(is_second[place].sum())) for place in places]
    if prod(counts) <= MOST:
        return prod(counts), _all_ways(places, is_second)
    return 0, _drawn_ways(places, is_second, draws, draw)


def _all_ways(places: Sequence[NDArray[np.intp]], is_second: Dealt) -> Iterator[Dealt]:
    for chosen in product(*(combinations(place.tolist(), int(is_second[place].sum())) for place in places)):
        dealt = np.zeros(len(is_second), bool)
        dealt[[take for of_person in chosen for take in of_person]] = True
        yield dealt


def _drawn_ways(places: Sequence[NDArray[np.intp]], is_second: Dealt, draws: int,
                draw: np.random.Generator) -> Iterator[Dealt]:
    for _ in range(draws):
        dealt = is_second.copy()
        for place in places:
            dealt[place] = is_second[draw.permutation(place)]
        yield dealt


def _portions(ways: Iterator[Dealt]) -> Iterator[Dealt]:
    portion: list[Dealt] = []
    for dealt in ways:
        portion.append(dealt)
        if len(portion) == AT_ONCE:
            yield np.array(portion)
            portion = []
    if portion:
        yield np.array(portion)
