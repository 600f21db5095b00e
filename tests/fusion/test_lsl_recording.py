"""A real recording of an eye tracker and a Muse through real LSL outlets, the driver and the session.

The file is an evaluation take: a webcam eye tracker's point on the screen and head pose, nominally 60 Hz and really
about 27, beside EEG at 256 Hz. Its gaze and head are pushed again with the stamps they had, moved to the present.
"""

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("pylsl")
import pylsl

from fusion import estimator
from fusion.session import Session
from kernels.layout import INDEX
from sensors.clock import SECOND, SystemClock
from sensors.driver import Setting, aside_of
from sensors.drivers.lsl import Lsl
from sensors.drivers.lsl_config import LslConfig, ScreenConfig
from sensors.messages import Chunk, State, StreamInfo, Tick
from sensors.rig import SessionConfig

pytest.importorskip("pyxdf")
CLOCK = SystemClock()
SPEED = 4.0
"""Played so much faster, so that ten seconds take two and a half."""
CELLS = tuple(f"rot_m{row}{column}" for row in (1, 2, 3) for column in (1, 2, 3))
GAZE: dict[str, Any] = {
    "columns": {"gaze_yaw": "gaze_por_x", "gaze_pitch": "gaze_por_y", "gaze_confidence": "gaze_conf_int",
                "face": "head_conf_int"},
    "units": {"gaze_yaw": "px", "gaze_pitch": "px"}, "scales": {"gaze_confidence": 1 / 3, "face": 1 / 3},
    "kind": "gaze",
    "head_rotation": CELLS, "head_position": ("head_pos_x_m", "head_pos_y_m", "head_pos_z_m"), "frame": "opencv",
    "screen": ScreenConfig(width_px=1920, height_px=1080, width_m=0.53, height_m=0.3, distance_m=0.75)}


@pytest.fixture
def take(shared_data: Path) -> tuple[np.ndarray, np.ndarray, list[str], np.ndarray]:
    """Return values, stamps and labels of the gaze, and the offsets that its recorder measured, s."""
    import pyxdf

    path = shared_data / "xdf" / "muse_beamgaze_gsr_hr_10s.xdf"
    if not path.is_file():
        pytest.skip(f"no {path.name} among the real recordings")
    streams, _ = pyxdf.load_xdf(str(path), synchronize_clocks=False, dejitter_timestamps=False)
    gaze = next(stream for stream in streams if stream["info"]["type"][0] == "GazeHead")
    labels = [channel["label"][0] for channel in gaze["info"]["desc"][0]["channels"][0]["channel"]]
    return (np.asarray(gaze["time_series"], np.float32), np.asarray(gaze["time_stamps"]), labels,
            np.asarray(gaze["clock_values"]))


class Sender(threading.Thread):
    """Pushes the take when its time comes, with the stamps it had, drawn together and moved to the present."""

    def __init__(self, values: np.ndarray, stamps: np.ndarray, labels: list[str], ahead_s: float) -> None:
        super().__init__(daemon=True)
        info = pylsl.StreamInfo(f"beam-{CLOCK.now_ns()}", "GazeHead", len(labels), 60.0 * SPEED, "float32", "beam")
        listed = info.desc().append_child("channels")
        for label in labels:
            listed.append_child("channel").append_child_value("label", label)
        self.name_ = info.name()
        self._outlet = pylsl.StreamOutlet(info)
        self._values, self._past = values, (stamps - stamps[0]) / SPEED
        self._ahead_s = ahead_s
        self.sent = np.empty(0)

    def run(self) -> None:
        first = pylsl.local_clock() + 0.05
        self.sent = first + self._past + self._ahead_s
        for row, past in zip(self._values, self._past.tolist(), strict=True):
            CLOCK.sleep(first + past - pylsl.local_clock())
            self._outlet.push_sample(row, first + past + self._ahead_s)


def received(driver: Lsl, sender: Sender, count: int) -> Iterator[Chunk]:
    """Yield the chunks that the driver reads until all that was sent has come, or five seconds were in vain."""
    sender.start()
    until_ns, got = CLOCK.now_ns() + 8 * SECOND, 0
    while got < count and CLOCK.now_ns() < until_ns:
        samples = driver.read(0.1)
        if len(samples.times_ns):
            got += len(samples.times_ns)
            yield Chunk(t_ns=int(samples.times_ns[-1]), stream="gaze", values=samples.values,
                        times_ns=samples.times_ns, device_ns=samples.device_ns)


def folded(info: StreamInfo, chunks: list[Chunk]) -> tuple[list[State], np.ndarray]:
    """Return the session's states over the chunks, and the feature vectors behind them."""
    session = Session(SessionConfig(calibration_s=0.5, estimator="rules"), estimator.make("rules"))
    states: list[State] = []
    vectors: list[np.ndarray] = []
    first = int(chunks[0].times_ns[0])
    for message in (Tick(t_ns=first - SECOND // 10), info, *chunks):
        for said in session.update(message):
            if isinstance(said, State):
                states.append(said)
                vectors.append(session.vector.copy())
    assert session.refused == 0
    return states, np.array(vectors)


@pytest.mark.parametrize("ahead_s", [0.0, -600.0])
def test_recorded_gaze_and_head_stream_with_their_own_clock(take: Any, ahead_s: float,
                                                            monkeypatch: pytest.MonkeyPatch) -> None:
    """At 600 s behind, the sender's clock is another machine's, as the offset says that LSL would measure to it."""
    values, stamps, labels, offsets = take
    if ahead_s:
        from sensors.drivers import lsl_clock

        monkeypatch.setattr(lsl_clock, "correction", lambda inlet, timeout_s: (-ahead_s, 1e-4))
    sender = Sender(values, stamps, labels, ahead_s)
    if not pylsl.resolve_byprop("name", sender.name_, timeout=3.0):
        pytest.skip("LSL finds no stream on this host: neither multicast nor UDP on loopback gets through")
    driver = Lsl(LslConfig(name=sender.name_, resolve_s=0.5, **GAZE),
                 Setting(stream="gaze", start_ns=CLOCK.now_ns(), clock=CLOCK))
    info = driver.open()
    try:
        chunks = list(received(driver, sender, len(values)))
        told = aside_of(driver).detail
    finally:
        driver.close()
    sender.join(timeout=5)
    rows = np.concatenate([chunk.values for chunk in chunks])
    times = np.concatenate([chunk.times_ns for chunk in chunks])
    device = np.concatenate([chunk.device_ns for chunk in chunks if chunk.device_ns is not None])
    assert len(rows) == len(values) == 275
    assert (driver.lost(), told) == (0, ""), "nothing was left out, moved or guessed"
    assert device == pytest.approx(np.round(sender.sent * 1e9), abs=300), "the sender's own stamps travel beside ours"
    offset_ns = float(info.meta["lsl_offset_s"]) * 1e9 - int(info.meta["lsl_bridge_ns"])
    assert abs(offset_ns + ahead_s * 1e9) < 5e6
    late_ms = np.abs(times - device - offset_ns) / 1e6
    assert np.median(late_ms) < 1.0
    assert np.diff(times).min() > 0
    assert float(np.abs(offsets).max()) < 1e-3, "what the recorder measured then: one machine"
    columns = {column.name: rows[:, place] for place, column in enumerate(info.columns)}
    seen = np.isfinite(columns["gaze_yaw"])
    assert int(seen.sum()) == int((values[:, 0] > 1.5).sum()) == 173
    assert (columns["face"] > 0.5).all()
    assert np.corrcoef(columns["gaze_yaw"][seen], columns["head_yaw"][seen])[0, 1] > 0.7, "the head goes with the gaze"
    assert 0.5 < float(columns["head_z"].mean()) < 1.0
    states, vectors = folded(info, chunks)
    assert len(states) >= 15
    measured = {name: float(np.nanmedian(vectors[:, INDEX[name]])) for name in (
        "gaze_yaw", "gaze_pitch", "head_yaw", "head_pitch", "gaze_dispersion_10s", "face_share", "camera_quality")}
    assert all(np.isfinite(value) for value in measured.values()), measured
    assert measured["head_yaw"] == pytest.approx(float(np.median(columns["head_yaw"])), abs=0.1)
    assert measured["gaze_yaw"] == pytest.approx(float(np.median(columns["gaze_yaw"][seen])), abs=0.25)
