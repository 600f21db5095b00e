"""Weights on disk: a safetensors file with the layout's hash, the architecture, the calibration and the model card."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torch import Tensor

from models import tensors
from models.calibration import Calibration
from models.errors import ModelError
from models.fusion_net import FusionNet
from models.header import AGAIN, Header, checked


@dataclass(frozen=True, eq=False)
class Trained:
    """A network ready for use."""

    net: FusionNet
    calibration: Calibration
    card: dict[str, Any]
    """What it was trained and tested on, as plain tables."""

    @property
    def header(self) -> Header:
        """Return what goes with the weights."""
        return Header(self.net.preset, self.calibration, self.card)


def save(path: Path, trained: Trained) -> None:
    """Write a checkpoint; it appears whole or not at all."""
    tensors.write(path, trained.net.state_dict(), trained.header.as_text())


def load(path: Path) -> Trained:
    """Read a checkpoint.

    Raises
    ------
    ModelError
        If it is missing, damaged, no checkpoint of ours, or made for another feature layout or other states.
    """
    text, values = _read(path)
    header = checked(str(path), text)
    net = FusionNet(header.preset)
    try:
        net.load_state_dict(values)
    except RuntimeError as error:
        raise ModelError(f"{path}: the weights do not fit the network that they name "
                         f"({str(error).splitlines()[-1].strip()}).", AGAIN) from None
    return Trained(net.eval(), header.calibration, header.card)


def _read(path: Path) -> tuple[dict[str, str], dict[str, Tensor]]:
    from safetensors import SafetensorError

    try:
        return tensors.read(path)
    except FileNotFoundError:
        raise ModelError(f"There are no weights at {path}.", AGAIN) from None
    except (SafetensorError, OSError) as error:
        raise ModelError(f"{path}: the weights are damaged ({error}).", AGAIN) from None
