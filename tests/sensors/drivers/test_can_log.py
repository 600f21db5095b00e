"""Logs of a bus: candump, ASC and BLF at their own pace, and every way in which such a file can be broken."""

import math
from pathlib import Path

import can
import numpy as np
import pytest
from can_messages import driver, frame

from sensors.clock import SECOND, FakeClock
from sensors.drivers.can_config import CanConfig
from sensors.errors import DeviceError
from sensors.messages import FloatArray, TimeArray

FORMATS = (".log", ".asc", ".blf")
FIRST_S = 1_700_000_000.0


def logged(path: Path, speeds: list[float], step_s: float = 0.1, hole_s: float = 0.0) -> Path:
    """Write a log of speeds at `step_s`, with a hole after the first half."""
    with can.Logger(path) as writer:
        for number, speed in enumerate(speeds):
            at_s = FIRST_S + number * step_s + (hole_s if number >= len(speeds) // 2 else 0.0)
            writer(frame("VehicleSpeed", at_s, Speed=speed))
            writer(can.Message(timestamp=at_s + 0.01, arbitration_id=0x7DF, is_extended_id=False, data=b"\2\1\0"))
    return path


Played = tuple[FloatArray, TimeArray, TimeArray, bool]


def played(path: Path, clock: FakeClock, seconds: float, **keys: object) -> Played:
    """Return speeds, times since the session's start, the log's own stamps, and whether the log ended."""
    source, start_ns = driver(CanConfig(source=str(path), **keys), clock), clock.now_ns()  # type: ignore[arg-type]
    info = source.open()
    assert info.meta["holes"] == "kept"
    assert info.device.startswith(path.name)
    values, times, own, over = [], [], [], False
    while clock.now_ns() - start_ns < seconds * SECOND and not over:
        samples = source.read(0.1)
        over = samples is None
        if samples is not None and len(samples.times_ns):
            assert samples.times_ns[-1] <= clock.now_ns(), "nothing is handed out before its time"
            assert samples.device_ns is not None
            values.append(samples.values[:, 0])
            times.append(samples.times_ns - start_ns)
            own.append(samples.device_ns)
    source.close()
    return np.concatenate(values), np.concatenate(times), np.concatenate(own), over


@pytest.mark.parametrize("suffix", FORMATS)
def test_a_log_plays_at_its_own_pace(suffix: str, tmp_path: Path, clock: FakeClock) -> None:
    path = logged(tmp_path / f"drive{suffix}", [10.0, 20.0, 30.0, 40.0], hole_s=8.0)
    begin_ns = clock.now_ns()
    speeds, times, own, over = played(path, clock, 20.0)
    assert speeds.tolist() == [10.0, 20.0, 30.0, 40.0]
    assert times / SECOND == pytest.approx([0.0, 0.1, 8.2, 8.3], abs=2e-6)
    assert (own - own[0]) / SECOND == pytest.approx([0.0, 0.1, 8.2, 8.3], abs=2e-6)
    assert over
    assert (clock.now_ns() - begin_ns) / SECOND == pytest.approx(8.3, abs=0.2), "it ends when it is over"


def test_a_looped_log_goes_on_forward(tmp_path: Path, clock: FakeClock) -> None:
    path = logged(tmp_path / "drive.log", [10.0, 20.0])
    speeds, times, _, over = played(path, clock, 2.0, loop=True)
    assert not over
    assert set(speeds.tolist()) == {10.0, 20.0}
    assert len(speeds) > 20
    assert bool(np.all(np.diff(times) > 0))


def test_a_restart_joins_at_the_present(tmp_path: Path, clock: FakeClock) -> None:
    path = logged(tmp_path / "drive.log", [float(speed) for speed in range(100)])
    source = driver(CanConfig(source=str(path)), clock)
    clock.advance(5.0)
    source.open()
    samples = source.read(0.0)
    assert samples is not None
    assert samples.values[:, 0].tolist() == [50.0]


def test_stamps_that_step_back_do_not_take_time_back(tmp_path: Path, clock: FakeClock) -> None:
    path = tmp_path / "merged.log"
    path.write_text("".join(f"({at_s:.6f}) can0 1A0#{int(100 * speed).to_bytes(2, 'little').hex()}0000\n"
                            for at_s, speed in ((5.0, 1), (5.2, 2), (5.1, 3), (5.3, 4))))
    speeds, times, _, _ = played(path, clock, 5.0)
    assert speeds.tolist() == [1.0, 2.0, 3.0, 4.0]
    assert times.tolist() == [0, 200_000_000, 200_000_001, 300_000_000]


@pytest.mark.parametrize("suffix", FORMATS)
def test_a_missing_or_empty_log_is_one_sentence(suffix: str, tmp_path: Path, clock: FakeClock) -> None:
    path = tmp_path / f"drive{suffix}"
    with pytest.raises(DeviceError, match=rf"There is no CAN log '.*drive\{suffix}'"):
        driver(CanConfig(source=str(path)), clock).open()
    path.write_bytes(b"")
    with pytest.raises(DeviceError, match=r"The CAN log '.*' (holds no frame|is damaged after 0\.0 s)"):
        driver(CanConfig(source=str(path)), clock).open()


@pytest.mark.parametrize("suffix", FORMATS)
@pytest.mark.parametrize("damage", ["cut", "noise", "zeros", "head"])
def test_a_damaged_log_is_a_sentence_or_no_damage(damage: str, suffix: str, tmp_path: Path, clock: FakeClock) -> None:
    path = logged(tmp_path / f"drive{suffix}", [float(speed) for speed in range(400)], step_s=0.01)
    data = bytearray(path.read_bytes())
    middle = len(data) // 2
    noise = np.random.default_rng(3).integers(0, 256, 300, np.uint8).tobytes()
    if damage == "cut":
        del data[middle + 7:]
    elif damage == "head":
        data[:40] = noise[:40]
    else:
        data[middle:middle + 300] = noise if damage == "noise" else bytes(300)
    path.write_bytes(bytes(data))
    if suffix == ".asc" or (suffix, damage) == (".log", "cut"):
        speeds, times, _, _ = played(path, clock, 10.0)  # the reader passes over lines that it does not understand
        assert len(speeds) > 150
        assert bool(np.all(np.diff(times) > 0))
        assert bool(np.all((speeds >= 0) & (speeds < 401) | np.isnan(speeds)))
    else:  # a BLF is compressed and knows its size: nothing of it can go unseen
        with pytest.raises(DeviceError, match=r"drive\.\w+' is (damaged after|cut off|no BLF).+\. \w+"):
            played(path, clock, 10.0)


def test_the_place_of_the_damage_is_told(tmp_path: Path, clock: FakeClock) -> None:
    path = logged(tmp_path / "drive.log", [float(speed) for speed in range(50)])
    good = path.read_text()
    path.write_text(good + "(1700000005.1) can0 what is this\n" + good)
    with pytest.raises(DeviceError, match=r"drive\.log' is damaged after 4\.9 s: .+\. Record it again"):
        played(path, clock, 20.0)


def test_error_and_remote_frames_of_a_log_are_passed_over(tmp_path: Path, clock: FakeClock) -> None:
    path = tmp_path / "drive.log"
    with can.Logger(path) as writer:
        writer(frame("VehicleSpeed", 1.0, Speed=10.0))
        writer(can.Message(timestamp=1.1, is_error_frame=True))
        writer(can.Message(timestamp=1.2, arbitration_id=416, is_extended_id=False, is_remote_frame=True, dlc=4))
        writer(frame("VehicleGear", 1.3, Gear="forward_2"))
    speeds, times, _, _ = played(path, clock, 3.0)
    assert speeds.tolist() == [10.0, 10.0]
    assert not any(math.isnan(speed) for speed in speeds.tolist())
    assert times.tolist() == [0, 300_000_000]
