"""Checks that tell when an evaluation would fool its reader; each fails with a sentence or passes with its figures.

A take is one uninterrupted piece of recording. Some of the checks train a small model on what must not tell the label
(how long a take is and where in it a window lies; how many samples are railed or missing; how healthy an electrode is)
and fail if it tells it on people it has not seen. "Clearly" is both more than `MARGIN` above chance in area under the
ROC curve and not explained by luck: labels dealt out again among the same person's takes do as well in at most `LUCK`
of the draws. What is wrong with electrodes is tested for each two labels: see `models.take_test`.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models import metrics
from models.errors import ModelError
from models.splits import GUARD_S, Split
from models.take_test import DRAWS as TAKE_DRAWS
from models.take_test import Pair, holm, pairs
from models.windows import Windows, people

MARGIN = 0.10
LUCK = 0.05
DRAWS = 100
FOLDS = 5

Doubles = NDArray[np.floating]
Labels = NDArray[np.integer]


@dataclass(frozen=True)
class Finding:
    """What one check found."""

    check: str
    passed: bool
    sentence: str
    figure: float = float("nan")
    """The check's own number: an area under the ROC curve, or a count."""


def require(findings: Sequence[Finding]) -> None:
    """Refuse an evaluation of which a check failed.

    Raises
    ------
    ModelError
        With the sentences of the failed checks.
    """
    failed = [finding.sentence for finding in findings if not finding.passed]
    if failed:
        raise ModelError(" ".join(failed), "Split by people, and leave out what gives the label away.")


def people_apart(split: Split) -> Finding:
    """Fail if somebody is on both sides."""
    both = sorted(set(people(split.train)) & set(people(split.test)))
    if not both:
        return Finding("people", True, f"Nobody is both trained and tested on in '{split.name}'.", 0)
    return Finding("people", False, f"{', '.join(both[:5])}{' and others' if len(both) > 5 else ''} "
                   f"({len(both)} of {len(people(split.test))}) are both trained and tested on in '{split.name}'.",
                   len(both))


def neighbours_apart(split: Split, guard_s: float = GUARD_S) -> Finding:
    """Fail if a tested step lies within `guard_s` of a trained one of the same person's same session."""
    close = total = 0
    for tested in split.test:
        trained = [windows.times_s for windows in split.train
                   if (windows.person, windows.session) == (tested.person, tested.session) and len(windows)]
        total += len(tested)
        if trained:
            close += int((_distance(np.sort(np.concatenate(trained)), tested.times_s) < guard_s).sum())
    return _neighbours(close, total, guard_s, split.name)


def rows_apart(sessions: Sequence[str], times_s: Doubles, on_test: NDArray[np.bool_],
               guard_s: float = GUARD_S) -> Finding:
    """Do as `neighbours_apart` for a table of rows, each with its session, its time and its side, (n,) each."""
    named = np.asarray(sessions)
    close = 0
    for session in np.unique(named):
        here = named == session
        trained, tested = times_s[here & ~on_test], times_s[here & on_test]
        if len(trained) and len(tested):
            close += int((_distance(np.sort(trained), tested) < guard_s).sum())
    return _neighbours(close, int(on_test.sum()), guard_s, "the rows")


def _neighbours(close: int, total: int, guard_s: float, where: str) -> Finding:
    share = close / total if total else 0.0
    if close:
        return Finding("neighbours", False, f"{share:.0%} of the tested steps lie within {guard_s:g} s of a trained "
                       f"one of the same session in '{where}': they share samples or slow drift with it.", share)
    return Finding("neighbours", True, f"No tested step is within {guard_s:g} s of a trained one in '{where}'.", 0.0)


def _distance(trained: Doubles, tested: Doubles) -> Doubles:
    """Return how far each tested time is from the nearest trained one; `trained` is sorted and not empty."""
    after = np.minimum(np.searchsorted(trained, tested), len(trained) - 1)
    nearest: Doubles = np.minimum(np.abs(trained[after] - tested), np.abs(trained[np.maximum(after - 1, 0)] - tested))
    return nearest


def duration_tells_nothing(person: Sequence[str], label: Labels, seconds: Doubles, *, draws: int = DRAWS,
                           seed: int = 0) -> Finding:
    """Fail if how long a take lasted tells its label; one row a take, (n,) each."""
    return _tells("duration", "how long a take lasts", np.asarray(person), label, seconds[:, None], draws, seed)


def position_tells_nothing(person: Sequence[str], label: Labels, order: Doubles, *, draws: int = DRAWS,
                           seed: int = 0) -> Finding:
    """Fail if where a take stands in the person's file or day, 0..1, tells its label; one row a take, (n,) each."""
    return _tells("position", "where a take stands in the file", np.asarray(person), label, order[:, None], draws,
                  seed)


def quality_tells_nothing(person: Sequence[str], label: Labels, trouble: Doubles, *, draws: int = TAKE_DRAWS,
                          seed: int = 0, labels: Sequence[str] = ()) -> Finding:
    """Fail if the trouble of the channels tells the label; one row a take, `trouble` (n, measure).

    Measures are shares of railed, saturated or missing samples, or `models.channel_health.contact_trouble` of all
    channels; `labels` are the words for the numbers.
    """
    return _apart("quality", ["how many samples are railed, saturated or missing"], person, label,
                  [trouble], draws, seed, labels)[0]


def channels_tell_nothing(person: Sequence[str], label: Labels, trouble: Doubles, channels: Sequence[str], *,
                          draws: int = TAKE_DRAWS, seed: int = 0, labels: Sequence[str] = ()) -> list[Finding]:
    """Fail for each channel whose health alone tells two labels apart, with what is allowed to luck over all of them.

    Parameters
    ----------
    person, label : (n,)
        One row a take.
    trouble : (n, channel, measure)
        `models.channel_health.contact_trouble` of each take.
    channels
        Their names.
    labels
        Words for the numbers.
    """
    return _apart("channel health", [f"the health of {channel}" for channel in channels], person, label,
                  [trouble[:, place] for place in range(len(channels))], draws, seed, labels)


def normalised_on_train(centre: Doubles, scale: Doubles, train: Sequence[Windows], *, tolerance: float = 1e-3,
                        ) -> Finding:
    """Fail if a model's normalisation, (SIZE,) each, is not what the training people alone give.

    Columns that the model does not normalise are NaN in both. The expected values are mean and standard deviation
    over all measured training steps.
    """
    rows = np.concatenate([windows.features for windows in train]).astype(float)
    used = np.isfinite(centre) & np.isfinite(scale) & np.isfinite(rows).any(axis=0)
    mean, sd = np.nanmean(rows[:, used], axis=0), np.nanstd(rows[:, used], axis=0)
    unit = np.maximum(sd, 1e-6)
    off = np.maximum(np.abs(centre[used] - mean) / unit, np.abs(scale[used] - sd) / unit)
    worst = float(off.max()) if used.any() else 0.0
    if worst > tolerance:
        return Finding("normalisation", False, f"The normalisation is off by {worst:.3g} standard deviations from "
                       "what the training people give: it was fitted on somebody else, too.", worst)
    return Finding("normalisation", True, "The normalisation is that of the training people alone.", worst)


def _apart(check: str, whats: Sequence[str], person: Sequence[str], label: Labels, tables: Sequence[Doubles],
           draws: int, seed: int, labels: Sequence[str]) -> list[Finding]:
    """Test each table of columns for each two labels; the tests share what is allowed to luck."""
    of_tables = [pairs(person, label, table, draws=draws, seed=seed) for table in tables]
    adjusted = iter(holm([pair.p for of_table in of_tables for pair in of_table]))
    return [_worst(check, what, [(pair, next(adjusted)) for pair in of_table], labels)
            for what, of_table in zip(whats, of_tables, strict=True)]


def _worst(check: str, what: str, found: Sequence[tuple[Pair, float]], labels: Sequence[str]) -> Finding:
    """Return the finding on the two labels that are told apart most clearly."""
    pair, p = min(found, key=lambda one: (one[0].area - 0.5 <= MARGIN, one[1], -one[0].area))
    first, second = (labels[number] if labels else f"label {number}" for number in (pair.first, pair.second))
    told = (f"{what[0].upper()}{what[1:]} alone tells {second} from {first} in people not trained on with an area "
            f"under the ROC curve of {pair.area:.2f} (chance 0.50, p {p:.3f} over all tests)")
    if pair.area - 0.5 > MARGIN and p <= LUCK:
        return Finding(check, False, told + ": a model may learn that instead.", pair.area)
    return Finding(check, True, told + ", which is not clearly more than chance.", pair.area)


def _tells(check: str, what: str, person: NDArray[np.str_], label: Labels, columns: Doubles, draws: int,
           seed: int) -> Finding:
    """Train on some people's takes and tell the labels of the others' from these columns alone."""
    if len(np.unique(label)) < 2 or len(np.unique(person)) < 2:
        raise ModelError(f"The check of {check} needs two labels and two people, got {len(np.unique(label))} and "
                         f"{len(np.unique(person))}.")
    real = _area(person, label, columns, seed)
    draw = np.random.default_rng(seed)
    hits = sum(_area(person, _dealt(person, label, draw), columns, seed) >= real for _ in range(draws))
    luck = (1 + hits) / (1 + draws)
    told = (f"{what[0].upper()}{what[1:]} alone tells the label of people not trained on with an area under the ROC "
            f"curve of {real:.2f} (chance 0.50, p {luck:.3f})")
    if real - 0.5 > MARGIN and luck <= LUCK:
        return Finding(check, False, told + ": a model may learn that instead.", real)
    return Finding(check, True, told + ", which is not clearly more than chance.", real)


def _dealt(person: NDArray[np.str_], label: Labels, draw: np.random.Generator) -> Labels:
    dealt = label.copy()
    for name in np.unique(person):
        here = np.flatnonzero(person == name)
        dealt[here] = label[draw.permutation(here)]
    return dealt


def _area(person: NDArray[np.str_], label: Labels, columns: Doubles, seed: int) -> float:
    """Return the macro area under the ROC curve of a small decision tree over folds of people."""
    from sklearn.tree import DecisionTreeClassifier

    everybody = np.unique(person)
    order = np.random.default_rng(seed).permutation(len(everybody))
    classes = np.unique(label)
    scores = np.full((len(label), len(classes)), 1.0 / len(classes))
    for fold in range(min(FOLDS, len(everybody))):
        tested = np.isin(person, everybody[order[fold::FOLDS]])
        if len(np.unique(label[~tested])) < 2:
            continue
        tree = DecisionTreeClassifier(max_depth=3, min_samples_leaf=3, class_weight="balanced", random_state=seed)
        tree.fit(columns[~tested], label[~tested])
        scores[np.ix_(tested, np.isin(classes, tree.classes_))] = tree.predict_proba(columns[tested])
    return metrics.macro_auc(np.searchsorted(classes, label), scores)
