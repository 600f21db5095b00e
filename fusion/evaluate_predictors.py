"""What `attnflow evaluate` can judge, by name: each is made from the training people's windows."""

from collections.abc import Callable, Sequence

from models.errors import ModelError
from models.predictions import Predictor
from models.windows import Windows


def _rules(train: Sequence[Windows]) -> Predictor:
    from fusion.evaluate_rules import RulesPredictor

    return RulesPredictor()


def _boosting(train: Sequence[Windows]) -> Predictor:
    from models.baselines import GradientBoosting

    return GradientBoosting(train)


def _lagged(train: Sequence[Windows]) -> Predictor:
    from models.baselines import LAGS_S, GradientBoosting

    return GradientBoosting(train, lags_s=LAGS_S)


def _network(train: Sequence[Windows]) -> Predictor:
    from models.checkpoint import load
    from models.network import Network
    from models.shipped import path_of

    return Network(load(path_of("default")))


PREDICTORS: dict[str, Callable[[Sequence[Windows]], Predictor]] = {
    "network": _network, "rules": _rules, "gradient_boosting": _boosting, "gradient_boosting_lagged": _lagged}
"""Makers by name; one that brings its own weights does not look at the training windows."""
DEFAULT = "network"


def make(name: str, train: Sequence[Windows]) -> Predictor:
    """Return a predictor.

    Raises
    ------
    ModelError
        If there is none of that name.
    """
    if name not in PREDICTORS:
        raise ModelError(f"There is no estimator '{name}' to evaluate.",
                         f"Known ones: {', '.join(sorted(PREDICTORS))}.")
    return PREDICTORS[name](train)
