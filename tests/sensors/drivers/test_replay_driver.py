"""The replay driver: the recorded samples again, on today's clock."""

from pathlib import Path

import numpy as np
import pytest

from sensors import driver, rig
from sensors.clock import SECOND, FakeClock
from sensors.driver import Samples, Setting
from sensors.drivers.replay import Replay
from sensors.drivers.replay_config import ReplayConfig
from sensors.errors import DeviceError
from sensors.messages import Chunk, Column, Health, StreamInfo, encode
from sensors.recording_file import RecordingFile

THEN_NS = 77 * SECOND
COUNT = 50


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two seconds of a 50 Hz stream in chunks of two, received 10 ms late, beside another stream of the same kind."""
    path = tmp_path_factory.mktemp("replay") / "s.mcap"
    file = RecordingFile(path, metadata={}, attachments={})
    info = StreamInfo(t_ns=THEN_NS, stream="eeg", kind="eeg", driver="eeg", rate_hz=50.0, device="board",
                      columns=(Column("Fz", "uV"), Column("Pz", "uV")), meta={"montage": "10-20"})
    file.add("info", encode(info), THEN_NS, 1)
    for number in range(COUNT):
        times = THEN_NS + np.array([number * 2, number * 2 + 1]) * 20_000_000
        values = np.arange(4, dtype=np.float32).reshape(2, 2) + number
        for stream in ("eeg", "other"):
            chunk = Chunk(t_ns=int(times[-1]), stream=stream, values=values, times_ns=times)
            file.add("eeg", encode(chunk), int(times[-1]) + 10_000_000, 2)
        file.add("health", encode(Health(t_ns=int(times[-1]), stream="eeg", status="ok", lost=3 + number // 10)),
                 int(times[-1]) + 11_000_000, 2)
        file.flush()
    file.finish({})
    return path


def opened(path: Path, clock: FakeClock, **config: object) -> tuple[Replay, StreamInfo]:
    replay = Replay(ReplayConfig(file=str(path), **config),  # type: ignore[arg-type]  # the test's own keywords
                    Setting(stream="eeg", start_ns=clock.now_ns(), clock=clock))
    return replay, replay.open()


def everything(replay: Replay) -> list[Samples]:
    read: list[Samples] = []
    while (samples := replay.read(10.0)) is not None:
        read.append(samples)
    return read


def joined(read: list[Samples]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    return (np.concatenate([samples.values for samples in read]), np.concatenate([s.times_ns for s in read]),
            np.concatenate([s.device_ns for s in read if s.device_ns is not None]))


def test_the_same_chunks_come_on_todays_clock_with_their_old_stamps_beside(made: Path, clock: FakeClock) -> None:
    start_ns = clock.now_ns()
    replay, info = opened(made, clock)
    assert (info.stream, info.kind, info.driver, info.rate_hz) == ("eeg", "eeg", "replay", 50.0)
    assert info.meta == {"montage": "10-20", "replayed": "yes", "holes": "kept", "speed": "1"}
    read = everything(replay)
    values, times, device = joined(read)
    assert [len(samples.times_ns) for samples in read] == [2] * COUNT
    assert np.array_equal(device, THEN_NS + np.arange(2 * COUNT) * 20_000_000)
    assert np.array_equal(times, device - THEN_NS + start_ns)
    assert np.array_equal(values[-1], np.array([2, 3], np.float32) + COUNT - 1)
    assert clock.now_ns() - start_ns == 99 * 20_000_000 + 10_000_000  # when the last chunk was received then
    replay.close()
    replay.close()


def test_nothing_comes_before_its_time_and_waiting_is_no_longer_than_asked(made: Path, clock: FakeClock) -> None:
    start_ns = clock.now_ns()
    replay, _ = opened(made, clock)
    silent = replay.read(0.02)
    assert silent is not None
    assert silent.values.shape == (0, 2)
    assert clock.now_ns() - start_ns == 20_000_000
    samples = replay.read(0.02)
    assert samples is not None
    assert len(samples.times_ns) == 2
    assert clock.now_ns() - start_ns == 30_000_000


def test_another_speed_draws_the_stamps_together_so_that_they_stay_true(made: Path, clock: FakeClock) -> None:
    start_ns = clock.now_ns()
    replay, info = opened(made, clock, speed=4.0)
    _, times, device = joined(everything(replay))
    assert info.rate_hz == 200.0
    assert np.array_equal(times, start_ns + (device - THEN_NS) // 4)
    assert clock.now_ns() - start_ns == (99 * 20_000_000 + 10_000_000) // 4


def test_speed_zero_waits_for_nothing_and_keeps_distances(made: Path, clock: FakeClock) -> None:
    start_ns = clock.now_ns()
    replay, _ = opened(made, clock, speed=0.0)
    _, times, device = joined(everything(replay))
    assert clock.now_ns() == start_ns
    assert np.array_equal(times - start_ns, device - THEN_NS)


def test_seeking_starts_later_in_the_recording_and_at_once_on_the_clock(made: Path, clock: FakeClock) -> None:
    start_ns = clock.now_ns()
    replay, _ = opened(made, clock, seek_s=1.0)
    read = everything(replay)
    _, times, device = joined(read)
    assert len(read) == COUNT // 2
    assert device[0] == THEN_NS + SECOND
    assert times[0] == start_ns


def test_laps_follow_each_other_with_rising_stamps(made: Path, clock: FakeClock) -> None:
    replay, _ = opened(made, clock, loop=True)
    read = []
    for _ in range(3 * COUNT):
        samples = replay.read(10.0)
        assert samples is not None
        read.append(samples)
    values, times, _ = joined(read)
    assert (np.diff(times) > 0).all()
    assert len(values) == 6 * COUNT
    assert np.array_equal(values[:2 * COUNT], values[2 * COUNT:4 * COUNT])


def test_samples_the_sensor_lost_then_are_told_again(made: Path, clock: FakeClock) -> None:
    replay, _ = opened(made, clock)
    assert replay.lost() == 0
    everything(replay)
    assert replay.lost() == 7
    sought, _ = opened(made, clock, seek_s=1.0)
    everything(sought)
    assert sought.lost() == 2


def test_a_stream_can_stand_in_for_a_table_of_another_name(made: Path, clock: FakeClock) -> None:
    replay = Replay(ReplayConfig(file=str(made), stream="eeg"),
                    Setting(stream="brain", start_ns=clock.now_ns(), clock=clock))
    assert replay.open().stream == "brain"


@pytest.mark.parametrize(("config", "says"), [
    ({"file": ""}, "replays no file"), ({"file": "none.mcap"}, "There is no recording none.mcap"),
    ({"stream": "camera"}, "no stream 'camera'.*It has: eeg"), ({"seek_s": 60.0}, "lasts 2.0 s")])
def test_what_cannot_be_replayed_is_told_in_a_sentence(
        made: Path, clock: FakeClock, config: dict[str, object], says: str) -> None:
    replay = Replay(ReplayConfig(**{"file": str(made), **config}),  # type: ignore[arg-type]  # the test's keywords
                    Setting(stream="eeg", start_ns=0, clock=clock))
    with pytest.raises(DeviceError, match=says):
        replay.open()
    with pytest.raises(DeviceError, match="was not opened"):
        replay.read(0.1)
    replay.close()


def test_the_rig_replay_plays_three_streams_of_one_file(made: Path, clock: FakeClock) -> None:
    loaded = rig.load("replay", [f"eeg.file={made}", "eeg.speed=2.0"])
    assert set(loaded.sensors) == {"camera", "microphone", "eeg"}
    built = driver.build("replay", loaded.sensors["eeg"], Setting(stream="eeg", start_ns=0, clock=clock))
    assert built.open().kind == "eeg"
    built.close()


@pytest.mark.parametrize("wrong", [{"speed": -1.0}, {"speed": 2000.0}, {"seek_s": -1.0}])
def test_impossible_settings_are_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="expected"):
        ReplayConfig(**wrong)  # type: ignore[arg-type]  # the test's keywords
