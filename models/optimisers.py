"""What moves the weights: Muon for the matrices, AdamW for all else, and the average that is kept of them."""

from collections.abc import Iterator
from typing import Any

from torch import Tensor, nn, optim
from torch.optim.swa_utils import AveragedModel

from models.recipe import Recipe

AWAY = 10
"""The average of the first steps reaches back over a tenth of them."""


def optimisers(recipe: Recipe, net: nn.Module, others: nn.Module) -> list[optim.Optimizer]:
    """Return the optimisers of a training, each group with its full rate as `initial_lr`.

    The matrices of the net's layers and embeddings go with Muon (Jordan 2024), which makes all directions of an update
    equally large; biases, norms, tokens and readouts, and all `others`, with AdamW (Loshchilov 2019).
    """
    matrices = {name: p for name, p in net.named_parameters()
                if name.startswith(("layers.", "embed.")) and p.ndim == 2 and min(p.shape) > 1}
    rest = [p for name, p in net.named_parameters() if name not in matrices]
    made: list[optim.Optimizer] = [
        optim.Muon(matrices.values(), recipe.matrix_rate, weight_decay=recipe.weight_decay),
        optim.AdamW([*rest, *others.parameters()], recipe.learning_rate, weight_decay=recipe.weight_decay)]
    for group in groups(made):
        group["initial_lr"] = group["lr"]
    return made


def groups(made: list[optim.Optimizer]) -> Iterator[dict[str, Any]]:
    """Yield the groups of parameters of all optimisers."""
    for one in made:
        yield from one.param_groups


def average(net: nn.Module, decay: float) -> AveragedModel:
    """Return the running average of a net's weights, which is smoother than the last of them (Polyak 1992)."""
    def kept(mean: Tensor, new: Tensor, taken: "Tensor | int") -> Tensor:
        share = min(decay, (1 + int(taken)) / (AWAY + int(taken)))
        return mean.lerp(new, 1 - share)

    return AveragedModel(net, avg_fn=kept)
