"""Classifiers for sets of a few people: fitted in seconds, judged and chosen without the person who is tested."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models import metrics
from models.errors import ModelError

Doubles = NDArray[np.float64]
Labels = NDArray[np.integer]


def make(method: str) -> Any:
    """Return a fresh classifier with scaling inside, so that it is fitted on training people alone."""
    from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
    from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
    from sklearn.impute import SimpleImputer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler
    from sklearn.svm import SVC

    makers = {
        "logistic": lambda: LogisticRegression(C=1.0, class_weight="balanced", max_iter=5000),
        "shrinkage_lda": lambda: LinearDiscriminantAnalysis(solver="lsqr", shrinkage="auto"),
        "kernel_svm": lambda: SVC(C=1.0, class_weight="balanced", decision_function_shape="ovr"),
        "forest": lambda: RandomForestClassifier(200, min_samples_leaf=5, class_weight="balanced", random_state=0),
        "gradient_boosting": lambda: HistGradientBoostingClassifier(
            max_iter=80, learning_rate=0.05, max_leaf_nodes=8, early_stopping=False, class_weight="balanced",
            random_state=0),
    }
    if method not in makers:
        raise ModelError(f"There is no classifier '{method}', expected one of: {', '.join(makers)}.")
    return make_pipeline(SimpleImputer(strategy="median", keep_empty_features=True), StandardScaler(), makers[method]())


def chances(model: Any, rows: Doubles) -> Doubles:
    """Return probabilities (n, class); of a support vector machine, its margins squashed, which are not calibrated."""
    if hasattr(model, "predict_proba"):
        told: Doubles = model.predict_proba(rows)
        return told
    margins = np.asarray(model.decision_function(rows), float)
    if margins.ndim == 1:
        margins = np.stack((-margins, margins), axis=1)
    grown = np.exp(margins - margins.max(axis=1, keepdims=True))
    squashed: Doubles = grown / grown.sum(axis=1, keepdims=True)
    return squashed


@dataclass(frozen=True)
class Candidate:
    """One way to classify: which rows, how aligned, by what."""

    view: str
    """"bands", "tangent" or "features"."""
    method: str
    aligned: bool

    @property
    def name(self) -> str:
        """Return the candidate in words."""
        return f"{self.view}, {self.method}, alignment {'on' if self.aligned else 'off'}"


def leave_one_out(rows: Doubles, label: Labels, person: Sequence[str], method: str) -> Doubles:
    """Return the probabilities (n, class) that a model fitted on all other people gives each person's rows.

    Raises
    ------
    ModelError
        If there is one person only, or a class is missing without somebody.
    """
    named = np.asarray(person)
    everybody = np.unique(named)
    if len(everybody) < 2:
        raise ModelError(f"These rows are of {len(everybody)} person; leave-one-person-out needs at least two.",
                         "Add recordings of somebody else.")
    classes = np.unique(label)
    told = np.zeros((len(rows), len(classes)))
    for name in everybody:
        tested = named == name
        missing = np.setdiff1d(classes, label[~tested])
        if len(missing):
            raise ModelError(f"Without {name} there is no example of class {missing[0]} to train on.",
                             "Add recordings of it by somebody else.")
        told[tested] = chances(make(method).fit(rows[~tested], label[~tested]), rows[tested])
    return told


def nested(views: Mapping[Candidate, Doubles], label: Labels, person: Sequence[str],
           ) -> tuple[Doubles, dict[str, Candidate]]:
    """Return the probabilities of the candidate that was best without the tested person, and which that was.

    For each person, every candidate is judged by leaving one of the others out in turn (balanced accuracy); the best
    is fitted on all others. The figure that follows is honest even though many candidates were tried.
    """
    named = np.asarray(person)
    told = np.zeros((len(label), len(np.unique(label))))
    chosen: dict[str, Candidate] = {}
    for name in np.unique(named):
        others = named != name
        figures = {candidate: metrics.balanced_accuracy(label[others], leave_one_out(
            rows[others], label[others], named[others].tolist(), candidate.method).argmax(axis=1))
            for candidate, rows in views.items()}
        best = max(figures, key=figures.__getitem__)
        rows = views[best]
        told[~others] = chances(make(best.method).fit(rows[others], label[others]), rows[~others])
        chosen[str(name)] = best
    return told, chosen
