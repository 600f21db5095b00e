"""Which camera or headset the outputs follow: the one that the session follows."""

import numpy as np

from fusion.outputs.gaze import SILENT_NS, GazeReader
from sensors.clock import SECOND
from sensors.messages import Chunk, Column, StreamInfo


def info(stream: str, t_ns: int, *names: str) -> StreamInfo:
    return StreamInfo(t_ns=t_ns, stream=stream, kind="camera", driver="", rate_hz=0.0,
                      columns=tuple(Column(name, "rad") for name in names or ("gaze_yaw", "gaze_pitch")))


def row(stream: str, t_ns: int) -> Chunk:
    return Chunk(t_ns=t_ns, stream=stream, values=np.full((1, 2), 0.25, np.float32),
                 times_ns=np.array([t_ns], np.int64))


def test_a_second_camera_is_read_only_once_the_first_is_silent() -> None:
    reader = GazeReader()
    reader.meet(info("camera", 0))
    assert len(reader.read(row("camera", SECOND))) == 1
    reader.meet(info("headset", SECOND + SILENT_NS))
    assert reader.read(row("headset", SECOND + SILENT_NS)) == []
    assert len(reader.read(row("camera", SECOND + 1))) == 1
    reader.meet(info("headset", SECOND + SILENT_NS + 2))
    assert [gaze.status for gaze in reader.read(row("headset", SECOND + SILENT_NS + 2))] == ["ok"]
    reader.meet(info("camera", SECOND + SILENT_NS + 3))
    assert reader.read(row("camera", SECOND + SILENT_NS + 3)) == []


def test_a_camera_that_never_spoke_and_one_without_gaze_are_in_nobodys_way() -> None:
    reader = GazeReader()
    reader.meet(info("blind", 0, "head_yaw", "head_pitch"))
    reader.meet(info("camera", 0))
    reader.meet(info("headset", 1))
    assert len(reader.read(row("headset", 2))) == 1
