"""Why the network said what it said: how much each modality and group of features moved a state's logit.

Integrated gradients (Sundararajan 2017) from the person's own ordinary level to what was there: what the groups
contribute adds up to the difference of the logits at both ends. What was not measured stays so at both ends, and
contributes nothing; so does the trust in a modality, which is held.
"""

from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from models.checkpoint import Trained
from models.errors import ModelError
from models.explain_groups import COLUMNS, MODALITY_OF, NAMES
from models.familiar import heard_alone, listening
from models.inputs import KINDS
from models.labels import LANES, STATES
from models.network import Network
from models.sequences import whole
from models.windows import Windows

POINTS = 48
"""Points between the two ends (Gauss and Legendre's rule)."""


class Reasons(NamedTuple):
    """Why one step was told as it was."""

    state: str
    probability: float
    """Calibrated."""
    groups: dict[str, float]
    """What each of `models.explain_groups.NAMES` adds to the state's logit; + speaks for the state."""
    modalities: dict[str, float]
    """The same, summed for each of `models.inputs.KINDS`."""
    total: float
    """Difference of the logits at both ends, which the parts add up to."""
    missed: float
    """What is left between the two, an error of the rule."""


class Flow(NamedTuple):
    """Where attention went over a session."""

    times_s: NDArray[np.float64]
    weights: NDArray[np.float32]
    """(n, lane) share of each of `models.labels.LANES`."""
    beta: NDArray[np.float32]
    """(n,) share of external attention."""


def flow(trained: Trained, windows: Windows) -> Flow:
    """Return the attention flow of every step."""
    out = Network(trained).outputs(windows)
    assert out.weights.shape[-1] == len(LANES)
    return Flow(windows.times_s, out.weights[0].numpy(), out.beta[0].numpy())


def sight(trained: Trained) -> int:
    """Return how many steps a step follows from, itself included."""
    preset = trained.net.preset
    return preset.layers * (preset.reach - 1) + 1


def before(trained: Trained, windows: Windows, step: int) -> tuple[Tensor, Tensor, Tensor]:
    """Return inputs, quality and times (each a batch of one) of a step and of those that it follows from.

    Raises
    ------
    ModelError
        If there is no such step.
    """
    if not 0 <= step < len(windows):
        raise ModelError(f"{windows.where}: there is no step {step}, expected 0 to {len(windows) - 1}.")
    first = max(0, step + 1 - sight(trained))
    inputs, quality, times_s = (part[:, first:step + 1] for part in whole(windows))
    return inputs, quality, times_s


def reasons(trained: Trained, windows: Windows, step: int, state: str = "", points: int = POINTS) -> Reasons:
    """Return why a step was told as it was.

    Parameters
    ----------
    trained
    windows
        The session; what the person is like is taken from its beginning.
    step
        Which one.
    state
        Of `models.labels.STATES`; the likeliest where empty.
    points
        Points of the rule; more are slower and leave less over.

    Raises
    ------
    ModelError
        If there is no such step or state.
    """
    from captum.attr import IntegratedGradients

    if state and state not in STATES:
        raise ModelError(f"There is no state '{state}'.", f"Known states: {', '.join(STATES)}.")
    net = trained.net.eval()
    inputs, quality, times_s = before(trained, windows, step)
    inputs = heard_alone(net, inputs)
    gone = torch.isnan(inputs)

    def logits(given: Tensor) -> Tensor:
        n = len(given)
        # Interpolation would spread the mark of what was not measured; it is put back where it was.
        out: Tensor = listening(net, torch.where(gone.expand_as(given), torch.nan, given), quality.expand(n, -1, -1),
                                times_s.expand(n, -1)).readout.state[:, -1]
        return out

    there = torch.nan_to_num(inputs)
    ordinary = torch.where(gone, 0.0, torch.stack([net.mean, torch.zeros_like(net.mean)]).expand_as(inputs))
    with torch.no_grad():
        ends = logits(torch.cat([there, ordinary]))
    probabilities = trained.calibration.probabilities(ends[0].numpy())
    place = STATES.index(state) if state else int(probabilities.argmax())
    parts = IntegratedGradients(logits).attribute(there, ordinary, target=place, n_steps=points,
                                                  internal_batch_size=points)
    by_feature = parts.detach().sum(dim=(0, 1, 2)).numpy()
    groups = {name: float(by_feature[COLUMNS[name]].sum()) for name in NAMES}
    total = float(ends[0, place] - ends[1, place])
    modalities = {kind: sum(groups[name] for name in NAMES if MODALITY_OF[name] == kind) for kind in KINDS}
    return Reasons(STATES[place], float(probabilities[place]), groups, modalities, total, total - sum(groups.values()))
