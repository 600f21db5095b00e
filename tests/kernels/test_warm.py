"""After `warm()`, real sessions compile nothing more."""

import importlib
from collections.abc import Iterator

import numpy as np
import pytest
from numba.core.dispatcher import Dispatcher

from fusion.features import TRACKERS
from fusion.person import Person
from kernels import layout
from kernels.warm import MODULES, warm
from sensors.clock import SECOND
from sensors.messages import Column, StreamInfo
from sensors.rig import SessionConfig

RATES = {"camera": 30.0, "microphone": 31.25, "eeg": 250.0, "context": 10.0}


def kernels() -> Iterator[tuple[str, Dispatcher]]:
    for name in MODULES:
        for attribute, value in vars(importlib.import_module(f"kernels.{name}")).items():
            if isinstance(value, Dispatcher):
                yield f"{name}.{attribute}", value


@pytest.mark.parametrize("cut", [1, 7, 300])
def test_warm_compiles_what_the_trackers_use(cut: int) -> None:
    warm()
    before = {name: set(kernel.signatures) for name, kernel in kernels()}
    assert len(before) > 20
    random = np.random.default_rng(0)
    for modality, rate in RATES.items():
        names = ("face", "ear_left", "ear_right", "gaze_yaw", "gaze_pitch", "speech", "f0", "demand", "speed_kmh")
        info = StreamInfo(t_ns=0, stream="s", kind=modality, driver="d", rate_hz=rate,
                          columns=tuple(Column(name, "uV") for name in names))
        tracker = TRACKERS[modality](info, SessionConfig(), Person(1.0))
        times = (np.arange(600) * SECOND / rate).astype(np.int64)
        values = random.random((600, len(names)), np.float32)
        for first in range(0, 600, cut):
            tracker.advance(values[first:first + cut], times[first:first + cut])
            tracker.fill(int(times[first:first + cut][-1]), np.full(layout.SIZE, np.nan, np.float32))
    for name, kernel in kernels():
        assert set(kernel.signatures) == before[name], name
