"""Small networks and random steps for tests."""

import numpy as np
import torch

from kernels.layout import MODALITIES, SIZE
from models.calibration import Calibration
from models.checkpoint import Trained
from models.fusion_net import FusionNet
from models.presets import preset


def net(seed: int = 0, name: str = "tiny") -> FusionNet:
    torch.manual_seed(seed)
    return FusionNet(preset(name)).eval()


def trained(seed: int = 0, name: str = "tiny", limit: float = np.inf) -> Trained:
    made = net(seed, name)
    draw = np.random.default_rng(seed)
    width = made.preset.width
    made.limit.fill_(limit)
    return Trained(made, Calibration(1.3, 0.8, draw.normal(size=(6, width)).astype(np.float32),
                                     np.eye(width, dtype=np.float32), 40.0), {"name": "made for a test"})


def steps(n: int, seed: int = 0, batch: int = 1) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Return inputs, quality and times, with features and whole modalities missing here and there."""
    draw = np.random.default_rng(seed)
    inputs = draw.normal(size=(batch, n, 2, SIZE)).astype(np.float32)
    inputs[draw.random(inputs.shape) < 0.1] = np.nan
    inputs[:, n // 3:n // 2, :, :30] = np.nan
    times = np.cumsum(draw.uniform(0.3, 0.8, (batch, n)), axis=1)
    return (torch.from_numpy(inputs), torch.from_numpy(draw.uniform(0, 1, (batch, n, len(MODALITIES))).astype(
        np.float32)), torch.from_numpy(times))
