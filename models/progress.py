"""What a training keeps between epochs, so that an interruption costs one epoch at most."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn, optim

from models.errors import ModelError
from models.recipe import Recipe
from models.tensors import read, write

STATE, BEST = "training.safetensors", "best.safetensors"


class Progress:
    """The folder of one training; without a folder only the best weights are kept, in memory.

    Parameters
    ----------
    folder
    recipe
        A training goes on only with the recipe that it began with.
    writes
        Whether this process is the one that writes.
    """

    def __init__(self, folder: Path | None, recipe: Recipe, writes: bool = True) -> None:
        self._folder = folder
        self._writes, self._recipe = writes and folder is not None, json.dumps(recipe.as_dict(), sort_keys=True)
        self._best: dict[str, Tensor] = {}
        self._log: Any = None
        if self._writes and folder is not None:
            folder.mkdir(parents=True, exist_ok=True)

    def keep(self, parts: Mapping[str, nn.Module], optimisers: Sequence[optim.Optimizer], epoch: int, best: float,
             waited: int, better: nn.Module | None) -> None:
        """Keep all that is needed to go on after `epoch`, and the weights of `better`, if they are the best so far."""
        if better is not None:
            self._best = {name: value.detach().clone() for name, value in better.state_dict().items()}
        if not self._writes or self._folder is None:
            return
        tensors = {f"{part}.{name}": value for part, module in parts.items()
                   for name, value in module.state_dict().items()}
        for k, optimiser in enumerate(optimisers):
            for place, moments in optimiser.state_dict()["state"].items():
                tensors |= {f"optimiser.{k}.{place}.{name}": torch.as_tensor(value) for name, value in moments.items()}
        self._write(STATE, tensors, {"epoch": epoch, "best": best, "waited": waited})
        if better is not None:
            self._write(BEST, self._best, {"epoch": epoch})

    def restore(self, parts: Mapping[str, nn.Module], optimisers: Sequence[optim.Optimizer],
                ) -> tuple[int, float, int]:
        """Return epoch, best loss and epochs waited of the training that was interrupted, with everything put back.

        Raises
        ------
        ModelError
            If there is none in the folder, or it was begun with another recipe.
        """
        told, tensors = self._read(STATE)
        for part, module in parts.items():
            module.load_state_dict(_under(part, tensors))
        for k, optimiser in enumerate(optimisers):
            moments: dict[int, dict[str, Tensor]] = {}
            for key, value in _under(f"optimiser.{k}", tensors).items():
                place, _, name = key.partition(".")
                moments.setdefault(int(place), {})[name] = value
            optimiser.load_state_dict(optimiser.state_dict() | {"state": moments})
        if told["best"] < float("inf"):
            self._best = self._read(BEST)[1]
        return told["epoch"], told["best"], told["waited"]

    def best(self, net: nn.Module) -> None:
        """Give the network the best weights there were."""
        if self._best:
            net.load_state_dict(self._best)

    def log(self, epoch: int, training: float, validation: float) -> None:
        """Write the losses where TensorBoard finds them, if it is installed."""
        if not self._writes:
            return
        if self._log is None:
            try:
                from torch.utils.tensorboard import SummaryWriter
            except ModuleNotFoundError:
                self._log = False
                return
            self._log = SummaryWriter(str(self._folder))
        if self._log:
            self._log.add_scalar("loss/training", training, epoch)
            self._log.add_scalar("loss/validation", validation, epoch)
            self._log.flush()

    def _write(self, name: str, tensors: dict[str, Tensor], told: dict[str, Any]) -> None:
        assert self._folder is not None
        write(self._folder / name, tensors, {"recipe": self._recipe, "told": json.dumps(told)})

    def _read(self, name: str) -> tuple[dict[str, Any], dict[str, Tensor]]:
        from safetensors import SafetensorError

        path = (self._folder or Path()) / name
        try:
            header, tensors = read(path)
        except (SafetensorError, OSError) as error:
            raise ModelError(f"{path}: there is no training to go on with ({error}).",
                             "Start it anew without --resume.") from None
        if header.get("recipe") != self._recipe:
            raise ModelError(f"{path}: that training was begun with another recipe.",
                             "Give the same one, or start anew without --resume.")
        return json.loads(header["told"]), tensors


def _under(part: str, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Return the tensors whose names begin with a part, without it."""
    return {key.removeprefix(f"{part}."): value for key, value in tensors.items() if key.startswith(f"{part}.")}
