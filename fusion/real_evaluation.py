"""How well states of real people are told on two public EEG sets, leaving one person out; see `fusion.real_sets`.

Three views of the same moments: log band powers and covariances of the last 4 s of the raw channels, and the session's
own EEG features. Alignment takes a person's mean off (covariances: whitens by it). It uses no label, but it does use
all of that person's takes, of every label: a new user would have to have been recorded in all of these states before.

What is reported is a committee: the mean of the probabilities of all candidates, aligned and not. Nothing is chosen.
With four people a choice without the tested one rests on three, whose accuracies differ between candidates by less
than they differ between people: it picks by luck, and pays for it on the fourth. A mean of many has no such variance
(Breiman 1996). The choice is reported beside it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fusion.real_checks import leaks, why_excluded
from fusion.real_sets import MUSE, RealSet, Take, recorded, without
from fusion.real_windows import as_windows
from kernels.layout import FEATURES
from models import metrics
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
"""The committee."""
BESIDE = tuple(Candidate(view, "gradient_boosting", aligned) for view in ("bands", "features")
               for aligned in (False, True))
"""Stand in the table alone, too slow to choose from."""
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
    windows: tuple[Windows, ...]
    """Of each take, all steps: those of the rows, and those between which they lie."""


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
        windows = as_windows(take, which.name)
        fit = usable(take.times_s, take.rate_hz, windows.times_s)
        at_s = windows.times_s[fit]
        parts.append((take, at_s, band_powers(take.values_uv, take.times_s, take.rate_hz, at_s),
                      covariances(take.values_uv, take.times_s, take.rate_hz, at_s),
                      windows.features[fit][:, _EEG].astype(float), windows))
    counts = [len(part[1]) for part in parts]
    return Moments(np.repeat([take.person for take, *_ in parts], counts),
                   np.repeat([take.name for take, *_ in parts], counts),
                   np.repeat([which.labels.index(take.label) for take, *_ in parts], counts),
                   np.concatenate([part[1] for part in parts]),
                   {name: np.concatenate([part[number] for part in parts])
                    for number, name in ((2, "bands"), (3, "covariances"), (4, "features"))},
                   tuple(part[5] for part in parts))


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


def told_by(found: Moments, label: NDArray[np.int64], kept: NDArray[np.bool_], candidates: Sequence[Candidate],
            ) -> dict[Candidate, Doubles]:
    """Return the probabilities (kept row, class) that each candidate gives, leaving one person out."""
    person = found.person[kept].tolist()
    return {one: leave_one_out(rows(found, one, kept), label, person, one.method) for one in candidates}


def committee(told: Mapping[Candidate, Doubles], members: Sequence[Candidate]) -> Doubles:
    """Return the mean of the members' probabilities; it chooses nothing, so no choice can flatter it."""
    mean: Doubles = np.mean([told[one] for one in members], axis=0)
    return mean


def evaluate(which: RealSet, root: Path, *, candidates: Sequence[Candidate] = CANDIDATES,
             table: bool = True, peer: bool = True, network: bool = True, draws: int = 1000) -> dict[str, Any]:
    """Return the figures of a set, as `attnflow evaluate --data` writes them.

    Parameters
    ----------
    which
        The set.
    root
        Folder that holds it.
    candidates
        The committee's members.
    table
        Whether to add every candidate's own figures.
    peer
        Whether to run BrainFlow's metric beside ours, where it applies.
    network
        Whether to train FusionNet for each person, too, which takes most of the time.
    """
    whole = recorded(which, root)
    read = [without(take, which.excluded) for take in whole]
    found = moments(which, read)
    everything = np.ones(len(found.label), bool)
    beside = BESIDE if table else ()
    each = told_by(found, found.label, everything, (*candidates, *beside, FOREST))
    told = committee(each, candidates)
    sessions = told_by_person(found.person, found.label, told)
    ours = scored(f"mean of {len(candidates)} candidates", found, found.label, everything, told)
    out: dict[str, Any] = {
        "data": which.name, "simulated": False, "people": len(np.unique(found.person)), "takes": len(read),
        "windows": len(found.label), "window_s": WINDOW_S, "labels": which.labels, "excluded": which.excluded,
        "why_excluded": which.why_excluded, "balanced_accuracy": ours.balanced_accuracy,
        "balanced_accuracy_per_take": ours.per_take, "auc": ours.auc, "people_balanced_accuracy": ours.people,
        "leave_one_subject_out": over_people(sessions, draws=draws),
        "permutation_p": permutation_p(sessions, draws=draws), "ece": metrics.ece(found.label, told),
        "per_state": dict(zip(which.labels, metrics.per_class(found.label, told), strict=True)),
        "committee": [one.name for one in candidates],
        "nested_choice": _chosen(found, found.label, everything, candidates, draws=draws)}
    if len(which.labels) == 2:
        out["auc_interval"] = over_people(sessions, area, chance=0.5, draws=draws)
    if which is MUSE:
        out |= _against_peer(which, read, found, candidates, peer=peer, draws=draws)
    out["baselines"] = {"band_power_forest": scored(FOREST.name, found, found.label, everything, each[FOREST])}
    if table:
        out["table"] = [*(scored(one.name, found, found.label, everything, of) for one, of in each.items()), ours]
    if network:
        from fusion.real_network import NOTE, variants

        out |= {"network": variants(found, len(which.labels), draws=draws), "network_note": NOTE}
    return out | {"leakage": leaks(whole, which), "leakage_of_excluded": why_excluded(whole, which)}


def told_by_person(person: NDArray[np.str_], label: NDArray[np.int64], told: Doubles) -> list[Told]:
    """Return the rows of each person."""
    return [Told(str(name), label[person == name], told[person == name]) for name in np.unique(person)]


def _chosen(found: Moments, label: NDArray[np.int64], kept: NDArray[np.bool_], candidates: Sequence[Candidate], *,
            draws: int) -> dict[str, Any]:
    """Return the figures of the one candidate that was best without the tested person, and which that was."""
    person = found.person[kept]
    told, chosen = nested({one: rows(found, one, kept) for one in candidates}, label, person.tolist())
    return {"balanced_accuracy": over_people(told_by_person(person, label, told), draws=draws),
            "auc": scored("", found, label, kept, told).auc,
            "chosen": {name: one.name for name, one in chosen.items()}}


def _against_peer(which: RealSet, read: Sequence[Take], found: Moments, candidates: Sequence[Candidate], *, peer: bool,
                  draws: int) -> dict[str, Any]:
    """Return concentrating against relaxed: our area under the ROC curve, and that of BrainFlow's metric."""
    kept = found.label != which.labels.index("neutral")
    label = (found.label[kept] == which.labels.index("concentrating")).astype(np.int64)
    person = found.person[kept]
    each = told_by(found, label, kept, (*candidates, *BESIDE, FOREST) if peer else candidates)
    told = committee(each, candidates)
    ours: Interval = over_people(told_by_person(person, label, told), area, chance=0.5, draws=draws)
    out: dict[str, Any] = {"ours_auc": ours.value, "ours": ours, "ours_people": _people_area(person, label, told[:, 1]),
                           "nested_choice": _chosen(found, label, kept, candidates, draws=draws),
                           "brainflow_mindfulness_auc": None}
    if not peer:
        return {"peer": out}
    from fusion.peer_mindfulness import mindfulness

    by_name = {take.name: take for take in read}
    score = np.zeros(len(label))
    for name in np.unique(found.take[kept]):
        here = found.take[kept] == name
        score[here] = mindfulness(by_name[str(name)], found.at_s[kept][here], WINDOW_S)
    out |= {"brainflow_mindfulness_auc": metrics.auc(label == 1, score),
            "brainflow_people": _people_area(person, label, score)}
    table = [*(scored(one.name, found, label, kept, of) for one, of in each.items()),
             scored(f"mean of {len(candidates)} candidates", found, label, kept, told)]
    return {"peer": out, "table_concentrating_relaxed": table}


def _people_area(person: NDArray[np.str_], label: NDArray[np.int64], score: Doubles) -> dict[str, float]:
    return {str(name): metrics.auc(label[person == name] == 1, score[person == name]) for name in np.unique(person)}
