"""Real BrainFlow boards through the driver: an emulated Cyton, a recording, a stream, the synthetic board.

BrainFlow's boards run on threads of their own in real time, so these tests do too; each takes a second or three.
"""

import csv
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from cyton_on_a_pty import UV_PER_COUNT, CytonOnAPty

from sensors.clock import SECOND, SystemClock
from sensors.driver import Samples, Setting
from sensors.drivers.eeg import Eeg
from sensors.drivers.eeg_boards import list_boards
from sensors.drivers.eeg_config import EegConfig
from sensors.errors import DeviceError
from sensors.messages import StreamInfo

RECORDING = "eeg/brainflow_playback_cyton_blinks_jaw_alpha.csv.gz"


class Opened:
    """A driver on the real clock, closed at the test's end."""

    def __init__(self, config: EegConfig) -> None:
        clock = SystemClock()
        self.driver = Eeg(config, Setting(stream="eeg", start_ns=clock.now_ns(), clock=clock))
        self.info: StreamInfo = self.driver.open()

    def read(self, rows: int, within_s: float) -> Samples:
        """Read until there are `rows` samples, the source is over, or time is."""
        parts, clock = [], SystemClock()
        until = clock.now_ns() + round(within_s * SECOND)
        while sum(len(part.times_ns) for part in parts) < rows and clock.now_ns() < until:
            part = self.driver.read(0.1)
            if part is None:
                break
            parts.append(part)
        empty = np.empty(0, np.int64)
        return Samples(np.concatenate([np.empty((0, len(self.info.columns)), np.float32), *(p.values for p in parts)]),
                       np.concatenate([empty, *(part.times_ns for part in parts)]),
                       np.concatenate([empty, *(part.device_ns for part in parts if part.device_ns is not None)]))


@pytest.fixture
def opened() -> Iterator[Callable[..., Opened]]:
    made: list[Opened] = []

    def make(**config: object) -> Opened:
        made.append(Opened(EegConfig(**config)))  # type: ignore[arg-type]  # keys vary by board
        return made[-1]

    yield make
    for one in made:
        one.driver.close()
        one.driver.close()


def cyton_counts(rows: int) -> np.ndarray:
    counts = np.random.default_rng(5).integers(-(2**23), 2**23, (rows, 8)).astype(np.int32)
    counts[0] = [0, 1, -1, 2**23 - 1, -(2**23), 255, 256, -256]  # both rails and each byte's edges
    return counts


def test_an_emulated_cyton_gives_exact_microvolts_counts_its_losses_and_is_found_silent(
        opened, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("sensors.drivers.eeg.SILENT_S", 0.3)
    counts, dropped = cyton_counts(120), frozenset({17, 55, 56, 80, 81, 82})  # rows 55, 56 are numbers 255 and 0
    board = CytonOnAPty(counts, dropped, first_number=200)
    try:
        eeg = opened(board="CYTON_BOARD", serial_port=board.port, channels=tuple("ABCDEFGH"))
        samples = eeg.read(len(counts) - len(dropped), within_s=2.5)
        kept = np.array([row for row in range(len(counts)) if row not in dropped])
        assert np.array_equal(samples.values, (counts[kept] * UV_PER_COUNT).astype(np.float32))
        assert eeg.driver.lost() == len(dropped)
        holes = np.flatnonzero(np.diff(kept) > 1)
        assert len(holes) == 3
        # Half pace is the least that a hole can be stamped with while the clock still settles.
        assert np.all(np.diff(samples.times_ns)[holes] >= 2e6 * np.diff(kept)[holes])
        with pytest.raises(DeviceError, match=r"CYTON_BOARD stopped sending \(0\.\d s"):
            eeg.read(1, within_s=1.0)
        assert board.commands.startswith(b"v")
        assert eeg.info.names == tuple("ABCDEFGH")
        assert eeg.info.rate_hz == 250.0
        assert {column.unit for column in eeg.info.columns} == {"uV"}
        assert eeg.info.meta["simulated"] == "no"
        assert eeg.info.meta["gain"] == "24"
        assert board.port in eeg.info.device
    finally:
        board.close()


def test_a_recording_comes_back_value_for_value(opened, unpacked: Callable[[str], Path]):
    path = unpacked(RECORDING)
    eeg = opened(board="PLAYBACK_FILE_BOARD", master_board="CYTON_BOARD", file=str(path), poll_ms=100.0)
    samples = eeg.read(450, within_s=4.0)
    with path.open(encoding="utf-8") as text:
        rows = np.array([row for row, _ in zip(csv.reader(text, delimiter="\t"), samples.values, strict=False)], float)
    assert len(samples.values) >= 450
    assert np.array_equal(samples.values, rows[:, 1:9].astype(np.float32))
    assert samples.device_ns is not None
    assert np.array_equal(samples.device_ns, np.rint(rows[:, 22] * 1e6).astype(np.int64) * 1000)
    assert eeg.info.names == ("Fp1", "Fp2", "C3", "C4", "P7", "P8", "O1", "O2")
    assert eeg.info.meta == {"board": "PLAYBACK_FILE_BOARD", "master_board": "CYTON_BOARD", "montage": "10-20",
                             "gain": "24", "full_scale_uv": "187500", "simulated": "no", "holes": "kept"}
    assert eeg.driver.lost() == 0


def short_recording(path: Path, rows: int) -> np.ndarray:
    values = np.zeros((rows, 24))
    values[:, 0] = np.arange(rows) % 256
    values[:, 1:9] = np.random.default_rng(1).normal(0, 30, (rows, 8)).round(3)
    values[:, 22] = 1_700_000_000 + np.arange(rows) / 250
    np.savetxt(path, values, fmt="%.6f", delimiter="\t")
    return values


def test_a_recording_ends_with_none(opened, tmp_path: Path):
    values = short_recording(tmp_path / "short.csv", 50)
    eeg = opened(board="PLAYBACK_FILE_BOARD", master_board="CYTON_BOARD", file=str(tmp_path / "short.csv"))
    samples = eeg.read(1000, within_s=2.0)
    assert np.array_equal(samples.values, values[:, 1:9].astype(np.float32))
    assert eeg.driver.read(0.1) is None


def test_a_looped_recording_goes_on_without_a_loss(opened, tmp_path: Path):
    values = short_recording(tmp_path / "short.csv", 150)  # 149 to 0: as if 106 had been lost
    eeg = opened(board="PLAYBACK_FILE_BOARD", master_board="CYTON_BOARD", file=str(tmp_path / "short.csv"), loop=True)
    samples = eeg.read(180, within_s=3.0)
    assert len(samples.values) >= 180
    expected = np.resize(np.arange(150), len(samples.values))
    assert np.array_equal(samples.values, values[expected, 1:9].astype(np.float32))
    assert eeg.driver.lost() == 0


def test_nan_and_rails_in_a_recording_pass_through(opened, tmp_path: Path):
    values = short_recording(tmp_path / "bad.csv", 30)
    values[10, 1], values[11, 2], values[12, 3] = np.nan, 187500.0, -187500.0
    np.savetxt(tmp_path / "bad.csv", values, fmt="%.6f", delimiter="\t")
    eeg = opened(board="PLAYBACK_FILE_BOARD", master_board="CYTON_BOARD", file=str(tmp_path / "bad.csv"))
    samples = eeg.read(30, within_s=2.0)
    assert np.array_equal(samples.values, values[:, 1:9].astype(np.float32), equal_nan=True)


def test_the_synthetic_board_streams_and_says_it_is_simulated(opened):
    eeg = opened(board="SYNTHETIC_BOARD")
    samples = eeg.read(60, within_s=3.0)
    assert samples.values.shape[1] == 16
    assert samples.values.dtype == np.float32
    assert samples.values.flags.c_contiguous
    assert np.all(np.diff(samples.times_ns) > 0)
    assert eeg.info.meta["simulated"] == "yes"
    assert eeg.driver.lost() == 0


SENDER = """
import sys, warnings
warnings.simplefilter("ignore")
from brainflow.board_shim import BoardShim, BrainFlowInputParams
BoardShim.disable_board_logger()
board = BoardShim(-1, BrainFlowInputParams())
board.prepare_session()
board.start_stream(45000, "streaming_board://225.1.1.1:16677")
print("sending", flush=True)
sys.stdin.readline()
board.release_session()
"""


def test_another_process_is_heard_by_multicast(opened):
    with subprocess.Popen([sys.executable, "-c", SENDER], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                          text=True) as sender:
        try:
            assert sender.stdout is not None
            assert sender.stdout.readline().strip() == "sending"
            eeg = opened(board="STREAMING_BOARD", master_board="SYNTHETIC_BOARD", ip_address="225.1.1.1",
                         ip_port=16677)
            samples = eeg.read(60, within_s=2.0)
            eeg.driver.close()  # before the sender stops: BrainFlow's receiver waits 5 s for a last packet
            if not len(samples.values):
                pytest.skip("this machine has no multicast route (ip route add 224.0.0.0/4 dev lo)")
            assert samples.values.shape[1] == 16
            assert eeg.info.meta == {"board": "STREAMING_BOARD", "master_board": "SYNTHETIC_BOARD",
                                     "montage": "10-20", "simulated": "yes"}
            assert eeg.driver.lost() == 0
        finally:
            sender.communicate("stop\n", timeout=10)


def test_every_board_of_brainflow_is_listed():
    boards = {board.name: board for board in list_boards()}
    assert boards["CYTON_BOARD"] == ("CYTON_BOARD", 0, 8, 250.0, ("Fp1", "Fp2", "C3", "C4", "P7", "P8", "O1", "O2"))
    assert {"SYNTHETIC_BOARD", "PLAYBACK_FILE_BOARD", "STREAMING_BOARD", "MUSE_2_BOARD", "SIMULATED"} <= set(boards)
    assert "NO_BOARD" not in boards
    assert len(boards) > 60
