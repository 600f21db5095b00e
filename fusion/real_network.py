"""FusionNet on a public EEG set, leaving one person out, with alignment and pre-training on and off."""

from typing import Any

import numpy as np

from fusion.real_evaluation import Moments, area, scored, told_by_person
from models.intervals import over_people
from models.labels import NOT_LABELLED

NOTE = ("The network is trained anew for each tested person, on the labels of all others, without a look at how well "
        "it does. Pre-training fills in hidden features of the training people; the tested person's takes are not used "
        "for it. Alignment uses the tested person's takes of every label, without their labels.")


def variants(found: Moments, classes: int, *, draws: int = 1000) -> dict[str, dict[str, Any]]:
    """Return the figures of each of `models.fold_network.VARIANTS` by name, over the rows of `found`.

    Returns
    -------
    dict
        Balanced accuracy as value, low, high and chance; "auc", of two classes with "auc_interval"; "per_take"; and
        "people", balanced accuracy of each.
    """
    from models.fold_network import VARIANTS, leave_one_out

    places = [np.searchsorted(one.times_s, found.at_s[found.take == one.session] - 1e-6) for one in found.windows]
    label = []
    for one, place in zip(found.windows, places, strict=True):
        steps: np.ndarray[Any, np.dtype[np.int64]] = np.full(len(one), NOT_LABELLED, np.int64)
        steps[place] = found.label[found.take == one.session]
        label.append(steps)
    everything = np.ones(len(found.label), bool)
    figures: dict[str, dict[str, Any]] = {}
    for variant in VARIANTS:
        told = np.zeros((len(found.label), classes))
        for one, place, said in zip(found.windows, places, leave_one_out(found.windows, label, variant), strict=True):
            told[found.take == one.session] = said[place]
        sessions = told_by_person(found.person, found.label, told)
        whole = over_people(sessions, draws=draws)
        row = scored(variant.name, found, found.label, everything, told)
        figures[variant.name] = {"value": whole.value, "low": whole.low, "high": whole.high, "chance": whole.chance,
                                 "auc": row.auc, "per_take": row.per_take, "people": row.people}
        if classes == 2:
            figures[variant.name]["auc_interval"] = over_people(sessions, area, chance=0.5, draws=draws)
    return figures
