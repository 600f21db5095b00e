"""What a predictor is measured against: rules, gradient boosting, one modality alone, and the ceiling."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from fusion.evaluate_rules import RulesPredictor
from models.baselines import LAGS_S, GradientBoosting, single
from models.ceiling import Ceiling
from models.labels import SENSING
from models.predictions import Predictions, predict_all
from models.windows import Windows

PLAIN, LAGGED, RULES, CEILING = "gradient_boosting", "gradient_boosting_lagged", "rules", "ceiling"

Say = Callable[[str, float], None]


@dataclass(frozen=True, eq=False)
class Rivals:
    """What each said about the test sessions."""

    said: dict[str, list[Predictions]]
    """By name: `RULES`, `PLAIN`, `LAGGED`, `CEILING` if the windows tell what generated them, and each modality."""
    every: int
    """Trees learned from every n-th labelled step of the training people,"""
    rows: int
    """so many in all."""


def rivals(train: Sequence[Windows], test: Sequence[Windows], rounds: int, seed: int, say: Say) -> Rivals:
    """Train all on the training people and have them predict the test people.

    Parameters
    ----------
    train, test
    rounds
        Trees of each class.
    seed
    say
        Told what comes, and the share that is done.
    """
    say("rules", 0.0)
    said = {RULES: predict_all(RulesPredictor(), test)}
    say("gradient boosting", 0.02)
    plain = GradientBoosting(train, lapses=False, rounds=rounds, seed=seed)
    said[PLAIN] = predict_all(plain, test)
    for number, modality in enumerate(SENSING):
        say(f"gradient boosting on {modality} alone", 0.2 + 0.1 * number)
        said[modality] = predict_all(single(train, modality, rounds=rounds, seed=seed), test)
    say("gradient boosting with earlier steps", 0.4)
    said[LAGGED] = predict_all(GradientBoosting(train, lags_s=LAGS_S, lapses=False, rounds=rounds, seed=seed), test)
    if all(windows.truth_names for windows in (*train, *test)):
        say("ceiling", 0.8)
        said[CEILING] = predict_all(Ceiling(train, rounds=rounds, seed=seed), test)
    return Rivals(said, plain.every, plain.rows)
