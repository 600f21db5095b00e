"""What a predictor still tells when sensors are gone, beside models that never had the others."""

from collections.abc import Callable, Sequence

import numpy as np

from fusion.evaluate_figures import accuracy_of
from models import subsets
from models.labels import SENSING
from models.predictions import Predictions, Predictor, predict_all
from models.windows import Windows

TOLERATED = 0.02
"""A subset may be so much worse than the model of one of its modalities alone."""


def of_subsets(predictor: Predictor, test: Sequence[Windows], whole: Sequence[Predictions], singles: dict[str, float],
               say: Callable[[str, float], None]) -> dict[str, dict[str, float]]:
    """Return the same predictor's balanced accuracy with each subset of sensors, and how wide its doubt is.

    Parameters
    ----------
    predictor, test
    whole
        What it said with all sensors.
    singles
        Balanced accuracy of the models of one modality each; a subset stands beside the best of its own.
    say
        Told which subset comes, and the share of them that is done.
    """
    figures = {}
    for number, kept in enumerate(subsets.SUBSETS):
        say(subsets.name(kept), number / len(subsets.SUBSETS))
        said = whole if kept == SENSING else predict_all(predictor, [subsets.only(windows, kept) for windows in test])
        doubt = np.concatenate([one.attention_sd for one in said])
        doubt = doubt[np.isfinite(doubt)]
        right, best = accuracy_of(test, said), max(singles[modality] for modality in kept)
        figures[subsets.name(kept)] = {
            "balanced_accuracy": right, "best_unimodal": best, "behind_unimodal": best - right,
            "attention_sd": float(doubt.mean()) if len(doubt) else float("nan")}
    return figures


def worst(figures: dict[str, dict[str, float]]) -> dict[str, str | float | bool]:
    """Return the subset that is furthest behind its own best model of one modality, and whether that is tolerated."""
    name = max(figures, key=lambda subset: figures[subset]["behind_unimodal"])
    behind = figures[name]["behind_unimodal"]
    return {"subset": name, "behind_unimodal": behind, "tolerated": TOLERATED, "passed": behind <= TOLERATED}
