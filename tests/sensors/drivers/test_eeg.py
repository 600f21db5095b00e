"""The EEG driver on a fake clock: polling, silence, losses as holes, and every way an opening is refused."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from sensors import driver as drivers
from sensors.clock import MILLISECOND, SECOND, FakeClock
from sensors.driver import Setting
from sensors.drivers import eeg_boards
from sensors.drivers.eeg import Eeg
from sensors.drivers.eeg_config import EegConfig
from sensors.drivers.eeg_session import Batch, Granted
from sensors.errors import DeviceError
from sensors.simulated.story import Fault, ParticipantConfig

PERIOD_NS = 4 * MILLISECOND


class Script:
    """Stands in for a BrainFlow session: 250 Hz on the fake clock, with whatever happens to it set by a test."""

    def __init__(self, clock: FakeClock) -> None:
        self.clock, self.start_ns = clock, clock.now_ns()
        self.values = np.arange(20_000, dtype=np.float32).reshape(-1, 2)
        self.missing: set[int] = set()
        self.silent_from_s, self.looped = float("inf"), 10_000
        self.given, self.drains, self.closed, self.ends_at = 0, 0, 0, 10_000

    def open(self) -> Granted:
        return Granted(("Fp1", "Fp2"), 250.0, "scripted", {"board": "CYTON_BOARD", "simulated": "no"})

    def drain(self) -> Batch:
        self.drains += 1
        past_s = min((self.clock.now_ns() - self.start_ns) / SECOND, self.silent_from_s)
        rows = [row for row in range(self.given, min(round(past_s * 250), self.ends_at)) if row not in self.missing]
        self.given = max(self.given, min(round(past_s * 250), self.ends_at))
        index = np.array(rows, np.int64) % self.looped
        return Batch(self.values[index], 1_700_000_000 * SECOND + index * PERIOD_NS, (index % 256).astype(float))

    def over(self) -> bool:
        return self.given >= self.ends_at

    def close(self) -> None:
        self.closed += 1


@pytest.fixture
def script(clock: FakeClock, monkeypatch: pytest.MonkeyPatch) -> Script:
    made = Script(clock)
    monkeypatch.setattr("sensors.drivers.eeg.BoardSession", lambda config: made)
    return made


@pytest.fixture
def make(clock: FakeClock) -> Callable[..., Eeg]:
    def build(**config: object) -> Eeg:
        setting = Setting(stream="eeg", start_ns=clock.now_ns(), clock=clock)
        built = drivers.build("eeg", EegConfig(**config), setting)  # type: ignore[arg-type]  # keys vary by test
        assert isinstance(built, Eeg)
        return built

    return build


def read_on(eeg: Eeg) -> None:
    for _ in range(100):
        eeg.read(0.25)


def test_it_says_what_it_is(make, script: Script):
    info = make(board="CYTON_BOARD").open()
    assert (info.kind, info.driver, info.stream, info.rate_hz) == ("eeg", "eeg", "eeg", 250.0)
    assert [(column.name, column.unit) for column in info.columns] == [("Fp1", "uV"), ("Fp2", "uV")]


def test_every_poll_brings_what_came_since_stamped_on_the_session_clock(make, script: Script, clock: FakeClock):
    eeg = make(board="CYTON_BOARD", poll_ms=40.0)
    eeg.open()
    parts = [eeg.read(0.25) for _ in range(50)]
    assert {len(part.times_ns) for part in parts} == {10}
    times = np.concatenate([part.times_ns for part in parts])
    assert np.all(np.diff(times) == PERIOD_NS)
    assert times[-1] == clock.now_ns()
    assert np.array_equal(np.concatenate([part.values for part in parts]), script.values[:500])
    assert parts[0].device_ns.tolist() == [1_700_000_000 * SECOND + row * PERIOD_NS for row in range(10)]
    assert 50 <= script.drains <= 51


def test_a_shorter_wait_than_a_poll_comes_back_empty(make, script: Script, clock: FakeClock):
    eeg = make(board="CYTON_BOARD", poll_ms=40.0)
    eeg.open()
    before = clock.now_ns()
    samples = eeg.read(0.010)
    assert samples.values.shape == (0, 2)
    assert samples.values.dtype == np.float32
    assert samples.times_ns.dtype == np.int64
    assert clock.now_ns() - before == 10 * MILLISECOND
    assert len(eeg.read(0.1).times_ns) == 10


def test_lost_packets_are_counted_and_left_as_holes(make, script: Script):
    script.missing = {33, 34, 35, 257}
    eeg = make(board="CYTON_BOARD")
    eeg.open()
    parts = [eeg.read(0.25) for _ in range(40)]
    times = np.concatenate([part.times_ns for part in parts])
    kept = np.delete(np.arange(400), sorted(script.missing))
    assert ((times - times[0]) // PERIOD_NS).tolist() == kept.tolist()
    assert np.array_equal(np.concatenate([part.values for part in parts]), script.values[kept])
    assert eeg.lost() == 4


def test_nan_and_rails_pass_through_untouched(make, script: Script):
    script.values[3] = [np.nan, 187_500.0]
    eeg = make(board="CYTON_BOARD")
    eeg.open()
    assert np.array_equal(eeg.read(0.25).values, script.values[:10], equal_nan=True)


def test_a_board_that_stops_is_reported_after_two_seconds(make, script: Script, clock: FakeClock):
    script.silent_from_s = 1.0
    eeg = make(board="CYTON_BOARD")
    eeg.open()
    with pytest.raises(DeviceError, match=r"CYTON_BOARD stopped sending \(2\.0 s of silence\).*battery") as caught:
        read_on(eeg)
    assert 3.0 <= (clock.now_ns() - script.start_ns) / SECOND < 3.1
    assert caught.value.next_step


def test_a_board_that_never_begins_is_given_five_seconds(make, script: Script, clock: FakeClock):
    script.silent_from_s = 0.0
    eeg = make(board="CYTON_BOARD")
    eeg.open()
    with pytest.raises(DeviceError, match=r"opened, but sends nothing \(5\.0 s"):
        read_on(eeg)
    assert 5.0 <= (clock.now_ns() - script.start_ns) / SECOND < 5.1


def test_an_opening_anew_counts_anew(make, script: Script):
    script.missing = {5}
    eeg = make(board="CYTON_BOARD")
    eeg.open()
    eeg.read(0.25)
    assert eeg.lost() == 1
    eeg.close()
    eeg.open()
    assert eeg.lost() == 0


def test_the_end_of_a_recording_is_none_and_its_holes_are_waited_out(make, script: Script):
    script.ends_at = 100
    script.silent_from_s = 0.2
    eeg = make(board="PLAYBACK_FILE_BOARD", master_board="CYTON_BOARD")
    eeg.open()
    silent = [eeg.read(0.25) for _ in range(60)][-1]  # 15 s, and no DeviceError
    assert silent is not None
    assert not len(silent.times_ns)
    script.silent_from_s = float("inf")
    assert eeg.read(0.25) is not None
    assert eeg.read(0.25) is None


@pytest.mark.parametrize("rows", [150, 155])
def test_a_looped_recording_begins_anew_without_a_loss_wherever_the_chunk_is_cut(make, script: Script, rows: int):
    script.looped = rows  # its numbers go back to 0 from 149: as if 106 had been lost
    eeg = make(board="PLAYBACK_FILE_BOARD", master_board="CYTON_BOARD", loop=True, poll_ms=40.0)
    eeg.open()
    times_ns = np.concatenate([eeg.read(0.25).times_ns for _ in range(50)])
    assert eeg.lost() == 0
    assert np.all(np.diff(times_ns) == PERIOD_NS)


def test_closing_is_safe_before_opening_and_twice(make):
    eeg = make(board="CYTON_BOARD")
    eeg.close()
    eeg.close()


@pytest.mark.parametrize(("config", "said"), [
    ({"board": "cyton"}, "no board 'cyton'.*eeg.board.*Did you mean CYTON_BOARD.*attnflow devices"),
    ({"board": "CYTN_BORD"}, "no board 'CYTN_BORD'.*Did you mean CYTON_BOARD"),
    ({"board": "qqqqqqqq"}, "no board 'qqqqqqqq' .rig key eeg.board.. List them: attnflow devices"),
    ({"board": "NO_BOARD"}, "no board 'NO_BOARD'"),
    ({"board": "CYTON_BOARD"}, "CYTON_BOARD needs a serial port.*Serial ports here: .*--set eeg.serial_port="),
    ({"board": "CYTON_BOARD", "serial_port": "/dev/ttyUSB99"}, "no serial port /dev/ttyUSB99.*Serial ports here: "),
    ({"board": "CYTON_BOARD", "serial_port": "/dev/null"}, "port /dev/null cannot be opened"),
    ({"board": "MUSE_2_BOARD", "mac_address": "00:55:DA"}, "'00:55:DA' is no Bluetooth address.*bluetoothctl devices"),
    ({"board": "PLAYBACK_FILE_BOARD"}, "which board made its data.*--set eeg.master_board=CYTON_BOARD"),
    ({"board": "PLAYBACK_FILE_BOARD", "master_board": "muse"}, "no board 'muse' .rig key eeg.master_board"),
    ({"board": "PLAYBACK_FILE_BOARD", "master_board": "CYTON_BOARD"}, "needs a recording.*--set eeg.file="),
    ({"board": "PLAYBACK_FILE_BOARD", "master_board": "CYTON_BOARD", "file": "no.csv"}, "no EEG recording no.csv"),
    ({"board": "STREAMING_BOARD", "master_board": "CYTON_BOARD"}, "multicast group.*eeg.ip_port=6677"),
    ({"board": "STREAMING_BOARD", "ip_address": "225.1.1.1", "ip_port": 6677}, "which board made its data"),
    ({"board": "EMOTIBIT_BOARD"}, "EMOTIBIT_BOARD has no EEG channels.*attnflow devices"),
    ({"board": "SYNTHETIC_BOARD", "channels": ("Fz",)}, "names 1 electrodes .eeg.channels., and Synthetic has 16"),
])
def test_what_cannot_be_opened_says_why_and_what_to_do(make, config: dict, said: str):
    eeg = make(**config)
    with pytest.raises(DeviceError, match=f"(?s){said}") as caught:
        eeg.open()
    assert caught.value.next_step
    eeg.close()


def test_a_port_without_permission_names_the_dialout_group(make, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("os.access", lambda path, mode: False)
    with pytest.raises(DeviceError, match=r"may not open /dev/null.*usermod -aG dialout"):
        make(board="CYTON_BOARD", serial_port="/dev/null").open()


@pytest.mark.parametrize(("text", "said"), [
    ("", "is empty"), ("1,2,3\n", r"no BrainFlow recording of CYTON_BOARD: its first line has 3 values, expected 24")])
def test_a_wrong_recording_is_refused(make, tmp_path: Path, text: str, said: str):
    (tmp_path / "eeg.csv").write_text(text, encoding="utf-8")
    with pytest.raises(DeviceError, match=said):
        make(board="PLAYBACK_FILE_BOARD", master_board="CYTON_BOARD", file=str(tmp_path / "eeg.csv")).open()


def test_brainflow_not_installed_is_a_sentence(make, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "brainflow", None)
    eeg_boards.shim.cache_clear()
    try:
        with pytest.raises(DeviceError, match=r"'brainflow' is not installed.*pip install 'attnflow\[eeg\]'"):
            make().open()
    finally:
        eeg_boards.shim.cache_clear()


FRESH = """
import sys
{before}
from sensors.drivers.eeg_boards import list_boards
try:
    print(len(list_boards()) > 60)
except Exception as error:
    print(type(error).__name__, error)
"""


@pytest.mark.parametrize(("before", "said"), [
    ("", "True\n"),
    ("sys.modules['pkg_resources'] = None",
     "DeviceError BrainFlow needs pkg_resources, which setuptools 81 and later no longer has. "
     "Run: pip install 'setuptools<81'\n")])
def test_a_fresh_process_has_neither_warning_nor_log(before: str, said: str):
    ran = subprocess.run([sys.executable, "-Werror", "-c", FRESH.format(before=before)], capture_output=True, text=True,
                         timeout=60, check=True)
    assert (ran.stdout, ran.stderr) == (said, "")


# --- board SIMULATED -----------------------------------------------------------------------------------------------


def simulated(clock: FakeClock, start_ns: int, *faults: Fault, **config: object) -> Eeg:
    setting = Setting(stream="eeg", start_ns=start_ns, clock=clock, participant=ParticipantConfig(faults=faults))
    return Eeg(EegConfig(board="SIMULATED", **config), setting)  # type: ignore[arg-type]  # keys vary by test


def heard(eeg: Eeg, seconds: float) -> tuple[np.ndarray, np.ndarray]:
    parts = [eeg.read(0.04) for _ in range(round(seconds / 0.04))]
    return np.concatenate([part.values for part in parts]), np.concatenate([part.times_ns for part in parts])


def test_the_simulated_brain_is_a_function_of_session_time(clock: FakeClock):
    from sensors.simulated.brain import Brain

    start_ns = clock.now_ns()
    eeg = simulated(clock, start_ns, rate_hz=200.0)
    info = eeg.open()
    values, times_ns = heard(eeg, 2.0)
    brain = Brain(ParticipantConfig(), 200.0)
    assert info.names == brain.channels
    assert info.meta["simulated"] == "yes"
    assert np.array_equal(values, brain.samples(0, len(values)))
    assert times_ns.tolist() == [start_ns + row * 5 * MILLISECOND for row in range(len(values))]
    assert len(values) >= 390


def test_a_simulated_brain_opened_late_goes_on_where_session_time_is(clock: FakeClock):
    start_ns = clock.now_ns()
    whole, late = simulated(clock, start_ns), simulated(clock, start_ns)
    whole.open()
    heard(whole, 1.0)
    opened_ns = clock.now_ns()
    late.open()
    values, times_ns = heard(late, 0.4)
    rest, rest_ns = heard(whole, 0.04)
    assert opened_ns <= times_ns[0] < opened_ns + PERIOD_NS
    shared = np.isin(rest_ns, times_ns)
    assert shared.any()
    assert np.array_equal(rest[shared], values[np.isin(times_ns, rest_ns)])


def test_the_fault_packet_loss_leaves_holes_that_are_counted(clock: FakeClock):
    start_ns = clock.now_ns()
    eeg = simulated(clock, start_ns, Fault(stream="eeg", kind="packet_loss", at_s=0.5, for_s=1.0, amount=0.3))
    eeg.open()
    _, times_ns = heard(eeg, 2.0)
    index = (times_ns - start_ns) // PERIOD_NS
    missing = np.setdiff1d(np.arange(index[-1] + 1), index)
    assert eeg.lost() == len(missing)
    assert 45 < len(missing) < 105
    assert missing.min() >= 125
    assert missing.max() < 375
    again = simulated(clock, clock.now_ns(), Fault(stream="eeg", kind="packet_loss", at_s=0.5, for_s=1.0, amount=0.3))
    again.open()
    heard(again, 2.0)
    assert again.lost() == eeg.lost()
