"""How well states of real people are told on two public EEG sets, leaving one person out; see `fusion.real_sets`.

Three views of the same moments: log band powers and covariances of the last 4 s of the raw channels, and the session's
own EEG features. Alignment takes a person's mean off (covariances: whitens by it). It uses no label, but it does use
all of that person's takes, of every label: a new user would have to have been recorded in all of these states before.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fusion.real_sets import MUSE, RealSet, Take, takes
from fusion.real_windows import as_windows
from kernels.layout import FEATURES
from models import leakage, metrics
from models.intervals import Interval, Told, over_people, permutation_p
from models.riemann import centred, euclidean_alignment, tangent
from models.small_classifiers import Candidate, leave_one_out, nested
from models.spectra import WINDOW_S, band_powers, covariances, usable
from models.windows import Windows

Doubles = NDArray[np.float64]

PAIRS = tuple((view, method) for view, methods in (
    ("bands", ("logistic", "kernel_svm", "shrinkage_lda")), ("tangent", ("logistic", "kernel_svm")),
    ("features", ("logistic", "kernel_svm"))) for method in methods)
CANDIDATES = tuple(Candidate(view, method, aligned) for view, method in PAIRS for aligned in (False, True))
"""What is chosen from, without the tested person."""
BESIDE = tuple(Candidate(view, "gradient_boosting", aligned) for view in ("bands", "features")
               for aligned in (False, True))
"""Stand in the table, too slow to choose from."""
FOREST = Candidate("bands", "forest", False)
_EEG = [position for position, feature in enumerate(FEATURES) if feature.modality == "eeg"]


@dataclass(frozen=True, eq=False)
class Moments:
    """Rows of all takes at which the last 4 s are without a hole."""

    person: NDArray[np.str_]
    take: NDArray[np.str_]
    label: NDArray[np.int64]
    at_s: Doubles
    views: dict[str, Doubles]
    """"bands" (n, k), "covariances" (n, band, c, c), "features" (n, k)."""


@dataclass(frozen=True)
class Scored:
    """One row of the table."""

    candidate: str
    balanced_accuracy: float
    per_take: float
    """Balanced accuracy when a take's probabilities are averaged."""
    auc: float
    """Of the last class against the rest; of several classes, their mean."""
    people: dict[str, float]
    """Balanced accuracy of each person."""


def moments(which: RealSet, found: Sequence[Take]) -> Moments:
    """Return the rows of a set, on the session's grid of 0.5 s."""
    parts = []
    for take in found:
        windows: Windows = as_windows(take, which.name)
        fit = usable(take.times_s, take.rate_hz, windows.times_s)
        at_s = windows.times_s[fit]
        parts.append((take, at_s, band_powers(take.values_uv, take.times_s, take.rate_hz, at_s),
                      covariances(take.values_uv, take.times_s, take.rate_hz, at_s),
                      windows.features[fit][:, _EEG].astype(float)))
    counts = [len(part[1]) for part in parts]
    return Moments(np.repeat([take.person for take, *_ in parts], counts),
                   np.repeat([take.name for take, *_ in parts], counts),
                   np.repeat([which.labels.index(take.label) for take, *_ in parts], counts),
                   np.concatenate([part[1] for part in parts]),
                   {name: np.concatenate([part[number] for part in parts])
                    for number, name in ((2, "bands"), (3, "covariances"), (4, "features"))})


def rows(found: Moments, candidate: Candidate, kept: NDArray[np.bool_]) -> Doubles:
    """Return what a candidate sees of the kept rows; a person's mean is that of the kept rows."""
    person = found.person[kept].tolist()
    if candidate.view == "tangent":
        of_bands = found.views["covariances"][kept]
        return tangent(euclidean_alignment(of_bands, person) if candidate.aligned else of_bands)
    plain = found.views[candidate.view][kept]
    return centred(plain, person) if candidate.aligned else plain


def scored(name: str, found: Moments, label: NDArray[np.int64], kept: NDArray[np.bool_], told: Doubles) -> Scored:
    """Return the figures of one classifier's probabilities of the kept rows."""
    person, take = found.person[kept], found.take[kept]
    takes_seen = np.unique(take)
    truth = np.array([label[take == each][0] for each in takes_seen])
    mean = np.array([told[take == each].mean(axis=0) for each in takes_seen])
    area = metrics.auc(label == 1, told[:, 1]) if told.shape[1] == 2 else metrics.macro_auc(label, told)
    return Scored(name, metrics.balanced_accuracy(label, told.argmax(axis=1)),
                  metrics.balanced_accuracy(truth, mean.argmax(axis=1)), area,
                  {str(each): metrics.balanced_accuracy(label[person == each], told[person == each].argmax(axis=1))
                   for each in np.unique(person)})


def area(truth: NDArray[np.integer], told: NDArray[np.floating]) -> float:
    """Return the area under the ROC curve of the second of two classes."""
    return metrics.auc(truth == 1, told[:, 1])


def compare(found: Moments, label: NDArray[np.int64], kept: NDArray[np.bool_],
            candidates: Sequence[Candidate] = (*CANDIDATES, *BESIDE, FOREST)) -> list[Scored]:
    """Return every candidate's figures, leaving one person out; last, those of the mean of all that can be chosen.

    The mean chooses nothing, so no choice can flatter it.
    """
    person = found.person[kept].tolist()
    told = {one: leave_one_out(rows(found, one, kept), label, person, one.method) for one in candidates}
    mean = [each for one, each in told.items() if one in CANDIDATES]
    figures = [scored(one.name, found, label, kept, each) for one, each in told.items()]
    if len(mean) > 1:
        figures.append(scored(f"mean of {len(mean)} candidates", found, label, kept, np.mean(mean, axis=0)))
    return figures


def evaluate(which: RealSet, root: Path, *, candidates: Sequence[Candidate] = CANDIDATES,
             table: bool = True, peer: bool = True, draws: int = 1000) -> dict[str, Any]:
    """Return the figures of a set, as `attnflow evaluate --data` writes them.

    Parameters
    ----------
    which
        The set.
    root
        Folder that holds it.
    candidates
        What the classifier is chosen from, for each tested person without that person.
    table
        Whether to add every candidate's own figures.
    peer
        Whether to run BrainFlow's metric beside ours, where it applies.
    """
    read = takes(which, root)
    found = moments(which, read)
    everything = np.ones(len(found.label), bool)
    told, chosen = nested({one: rows(found, one, everything) for one in candidates}, found.label,
                          found.person.tolist())
    sessions = told_by_person(found.person, found.label, told)
    ours = scored("chosen without the tested person", found, found.label, everything, told)
    out: dict[str, Any] = {
        "data": which.name, "simulated": False, "people": len(np.unique(found.person)), "takes": len(read),
        "windows": len(found.label), "window_s": WINDOW_S, "labels": which.labels, "excluded": which.excluded,
        "why_excluded": which.why_excluded, "balanced_accuracy": ours.balanced_accuracy,
        "balanced_accuracy_per_take": ours.per_take, "auc": ours.auc, "people_balanced_accuracy": ours.people,
        "leave_one_subject_out": over_people(sessions, draws=draws),
        "permutation_p": permutation_p(sessions, draws=draws), "ece": metrics.ece(found.label, told),
        "per_state": dict(zip(which.labels, metrics.per_class(found.label, told), strict=True)),
        "chosen": {person: one.name for person, one in chosen.items()}}
    if len(which.labels) == 2:
        out["auc_interval"] = over_people(sessions, area, chance=0.5, draws=draws)
    if which is MUSE:
        out |= _against_peer(which, read, found, candidates, peer=peer, draws=draws)
    forest = scored(FOREST.name, found, found.label, everything,
                    leave_one_out(rows(found, FOREST, everything), found.label, found.person.tolist(), FOREST.method))
    out["baselines"] = {"band_power_forest": forest}
    if table:
        out["table"] = compare(found, found.label, everything)
    out["leakage"] = leaks(read, which)
    return out


def told_by_person(person: NDArray[np.str_], label: NDArray[np.int64], told: Doubles) -> list[Told]:
    """Return the rows of each person."""
    return [Told(str(name), label[person == name], told[person == name]) for name in np.unique(person)]


def _against_peer(which: RealSet, read: Sequence[Take], found: Moments, candidates: Sequence[Candidate], *, peer: bool,
                  draws: int) -> dict[str, Any]:
    """Return concentrating against relaxed: our area under the ROC curve, and that of BrainFlow's metric."""
    kept = found.label != which.labels.index("neutral")
    label = (found.label[kept] == which.labels.index("concentrating")).astype(np.int64)
    person = found.person[kept]
    told, chosen = nested({one: rows(found, one, kept) for one in candidates}, label, person.tolist())
    ours: Interval = over_people(told_by_person(person, label, told), area, chance=0.5, draws=draws)
    out: dict[str, Any] = {"ours_auc": ours.value, "ours": ours, "ours_people": _people_area(person, label, told[:, 1]),
                           "chosen": {name: one.name for name, one in chosen.items()},
                           "brainflow_mindfulness_auc": None}
    if peer:
        from fusion.peer_mindfulness import mindfulness

        by_name = {take.name: take for take in read}
        score = np.zeros(len(label))
        for name in np.unique(found.take[kept]):
            here = found.take[kept] == name
            score[here] = mindfulness(by_name[str(name)], found.at_s[kept][here], WINDOW_S)
        out |= {"brainflow_mindfulness_auc": metrics.auc(label == 1, score),
                "brainflow_people": _people_area(person, label, score)}
    return {"peer": out, "table_concentrating_relaxed": compare(found, label, kept)} if peer else {"peer": out}


def _people_area(person: NDArray[np.str_], label: NDArray[np.int64], score: Doubles) -> dict[str, float]:
    return {str(name): metrics.auc(label[person == name] == 1, score[person == name]) for name in np.unique(person)}


def leaks(read: Sequence[Take], which: RealSet) -> list[leakage.Finding]:
    """Return what take length and contact trouble tell of the labels of the takes that are used."""
    person = [take.person for take in read]
    label = np.array([which.labels.index(take.label) for take in read])
    rail_uv = 1000.0 if which is MUSE else 187_500.0
    trouble = np.array([leakage.contact_trouble(take.values_uv, take.rate_hz, rail_uv) for take in read])
    return [leakage.duration_tells_nothing(person, label, np.array([take.seconds for take in read])),
            leakage.quality_tells_nothing(person, label, trouble)]
