"""After `warm()`, real sessions compile nothing more."""

import importlib
import pkgutil
from collections.abc import Iterator

import numpy as np
import pytest
from numba.core.dispatcher import Dispatcher

import kernels
from fusion.features import Features
from kernels.warm import PARTS, warm
from sensors.clock import SECOND
from sensors.messages import Column, StreamInfo
from sensors.rig import SessionConfig

RATES = {"camera": 30.0, "microphone": 31.25, "eeg": 250.0, "context": 10.0}


def compiled() -> Iterator[tuple[str, Dispatcher]]:
    for module in pkgutil.iter_modules(kernels.__path__, "kernels."):
        if not module.ispkg:
            for attribute, value in vars(importlib.import_module(module.name)).items():
                if isinstance(value, Dispatcher):
                    yield f"{module.name}.{attribute}", value


@pytest.mark.parametrize("cut", [1, 7, 300])
def test_warm_compiles_what_sessions_use(cut: int) -> None:
    told: list[str] = []
    warm(told.append)
    assert told == list(PARTS)
    before = {name: set(kernel.signatures) for name, kernel in compiled()}
    random = np.random.default_rng(0)
    features = Features(SessionConfig())
    names = ("face", "ear_left", "ear_right", "gaze_yaw", "gaze_pitch", "speech", "f0", "demand", "speed_kmh")
    for modality, rate in RATES.items():
        features.meet(StreamInfo(t_ns=0, stream="s", kind=modality, driver="d", rate_hz=rate,
                                 columns=tuple(Column(name, "uV") for name in names)))
        times = (np.arange(600) * SECOND / rate).astype(np.int64)
        values = random.random((600, len(names)), np.float32)
        for first in range(0, 600, cut):
            features.advance(modality, values[first:first + cut], times[first:first + cut])
            features.fill(int(times[first:first + cut][-1]))
    for name, kernel in compiled():
        assert set(kernel.signatures) == before[name], name
