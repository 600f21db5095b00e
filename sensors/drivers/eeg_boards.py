"""BrainFlow's boards: their names, what they measure, and the parameters each is opened with.

The only door to the brainflow library besides `sensors.drivers.eeg_session`; it is imported on first use.
"""

import difflib
import os
import re
import warnings
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

from sensors.drivers.eeg_config import EegConfig
from sensors.errors import DeviceError

PLAYBACK, STREAMING, SYNTHETIC = "PLAYBACK_FILE_BOARD", "STREAMING_BOARD", "SYNTHETIC_BOARD"

SIMULATED = "SIMULATED"
"""Not a BrainFlow board: the seeded participant's brain."""

SERIAL = ("CYTON_BOARD", "CYTON_DAISY_BOARD", "GANGLION_BOARD", "BRAINBIT_BLED_BOARD", "MUSE_S_BLED_BOARD",
          "MUSE_2_BLED_BOARD", "MUSE_2016_BLED_BOARD", "FREEEEG32_BOARD", "FREEEEG128_BOARD", "NEUROPAWN_KNIGHT_BOARD",
          "NEUROPAWN_KNIGHT_BOARD_IMU")
"""Boards behind a serial port or a USB dongle that looks like one."""

GAIN = {"CYTON_BOARD": 24, "CYTON_DAISY_BOARD": 24, "GANGLION_BOARD": 51, "GANGLION_NATIVE_BOARD": 51}
"""Amplifier gain that BrainFlow assumes when it converts to uV (OpenBCI's defaults)."""

FULL_SCALE_UV = {
    "CYTON_BOARD": 187_500, "CYTON_DAISY_BOARD": 187_500,            # ADS1299, 4.5 V over gain 24
    "GANGLION_BOARD": 15_686, "GANGLION_NATIVE_BOARD": 15_686,       # MCP3912, 1.2 V / 1.5 over gain 51
    "MUSE_2_BOARD": 1_000, "MUSE_S_BOARD": 1_000, "MUSE_2016_BOARD": 1_000,
    "MUSE_2_BLED_BOARD": 1_000, "MUSE_S_BLED_BOARD": 1_000, "MUSE_2016_BLED_BOARD": 1_000,  # 12 bit of 125/256 uV
    "UNICORN_BOARD": 750_000,
}
"""Largest magnitude that a board can report: a reading there is railed."""

MAC = re.compile(r"([0-9A-Fa-f]{2}:){5}[0-9A-Fa-f]{2}|[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")
"""A Bluetooth address, or the UUID that macOS gives instead."""


class Board(NamedTuple):
    """What BrainFlow says about one board."""

    name: str
    id: int
    channels: int
    """EEG channels; 0 for a board that takes them from elsewhere, or has none."""
    rate_hz: float
    """0 for a board that takes it from elsewhere."""
    electrodes: tuple[str, ...] = ()
    """BrainFlow's names of the channels, if it has any."""


@cache
def shim() -> ModuleType:
    """Return `brainflow.board_shim`, with BrainFlow's own log off.

    Raises
    ------
    DeviceError
        If brainflow, or the pkg_resources that it needs, is not installed.
    """
    try:
        with warnings.catch_warnings():
            # Loading BrainFlow's library imports pkg_resources, which warns that it will go away: nothing to act on.
            warnings.filterwarnings("ignore", message="pkg_resources is deprecated", category=UserWarning)
            warnings.filterwarnings("ignore", message="Deprecated call to `pkg_resources", category=DeprecationWarning)
            from brainflow import board_shim

            board_shim.BoardShim.disable_board_logger()
    except ModuleNotFoundError as error:
        if error.name == "pkg_resources":
            raise DeviceError("BrainFlow needs pkg_resources, which setuptools 81 and later no longer has.",
                              "Run: pip install 'setuptools<81'") from error
        raise DeviceError(f"The EEG driver needs BrainFlow, and '{error.name}' is not installed.",
                          "Run: pip install 'attnflow[eeg]'") from error
    module: ModuleType = board_shim
    return module


def _ids() -> dict[str, int]:
    return {board.name: int(board.value) for board in shim().BoardIds if board.name != "NO_BOARD"}


def board_id(name: str, key: str = "board") -> int:
    """Return BrainFlow's number of a board.

    Raises
    ------
    DeviceError
        If there is no such board; it says which ones sound alike.
    """
    ids = _ids()
    if name in ids:
        return ids[name]
    wanted = name.upper()
    near = [known for known in ids if wanted and known.startswith(wanted)]
    near = (near + difflib.get_close_matches(wanted, ids, n=3, cutoff=0.6)
            + difflib.get_close_matches(f"{wanted}_BOARD", ids, n=3, cutoff=0.6))
    hint = f"Did you mean {' or '.join(dict.fromkeys(near[:3]))}? " if near else ""
    raise DeviceError(f"BrainFlow has no board '{name}' (rig key eeg.{key}).", f"{hint}List them: attnflow devices")


def describe(name: str, master_board: str = "") -> dict[str, Any]:
    """Return BrainFlow's description of a board: rows of its data array, rate, electrode names.

    For a playback file or a stream that is the description of the board that made it.

    Raises
    ------
    DeviceError
        If the board, or the board that made the file or stream, is unknown, missing or has no EEG.
    """
    source = name
    if name in (PLAYBACK, STREAMING):
        if not master_board:
            raise DeviceError(f"{name} needs to know which board made its data (rig key eeg.master_board is empty).",
                              "Example: --set eeg.master_board=CYTON_BOARD")
        source = master_board
    number = board_id(source, "board" if source == name else "master_board")
    if source in (PLAYBACK, STREAMING) or not _description(number).get("eeg_channels"):
        raise DeviceError(f"{source} has no EEG channels.", "Boards that have some: attnflow devices")
    return _description(number)


def _description(number: int) -> dict[str, Any]:
    try:
        known: dict[str, Any] = shim().BoardShim.get_board_descr(number)
    except shim().BrainFlowError:
        return {}  # playback and streaming have no description of their own; describe() says what they need
    return known


def electrode_names(given: tuple[str, ...], named: tuple[str, ...], count: int, device: str) -> tuple[str, ...]:
    """Return a name for each of `count` channels: the rig's, else the device's, else ch1, ch2, ...

    Raises
    ------
    DeviceError
        If the rig names another number of electrodes than the device has.
    """
    if given and len(given) != count:
        raise DeviceError(f"The rig names {len(given)} electrodes (eeg.channels), and {device} has {count}.",
                          "Name each of them in channel order, or leave eeg.channels out.")
    return given or (named if len(named) == count else tuple(f"ch{index + 1}" for index in range(count)))


def list_boards() -> tuple[Board, ...]:
    """Return every board that the installed BrainFlow knows, by number, and the simulated one last."""
    boards = []
    for name, number in sorted(_ids().items(), key=lambda item: item[1]):
        known = _description(number)
        named = known.get("eeg_names", "")
        boards.append(Board(name, number, len(known.get("eeg_channels", ())), float(known.get("sampling_rate", 0)),
                            tuple(named.split(",")) if named else ()))
    return (*boards, Board(SIMULATED, number + 1, 0, 0.0))


def serial_ports() -> list[str]:
    """Return the serial ports of this machine that a dongle could be on."""
    return sorted(str(path) for pattern in ("ttyUSB*", "ttyACM*", "cu.usb*") for path in Path("/dev").glob(pattern))


def parameters(config: EegConfig) -> Any:
    """Return BrainFlow's input parameters for a config.

    Raises
    ------
    DeviceError
        If something that can be known before opening is wrong: the port, the address, the file, the master board.
    """
    _check_serial(config)
    if config.mac_address and not MAC.fullmatch(config.mac_address):
        raise DeviceError(f"'{config.mac_address}' is no Bluetooth address (rig key eeg.mac_address).",
                          "It looks like 00:55:DA:B7:12:34; find it with: bluetoothctl devices")
    if config.board == PLAYBACK:
        _check_file(config)
    if config.board == STREAMING and not (config.ip_address and config.ip_port):
        raise DeviceError("STREAMING_BOARD needs the sender's multicast group (rig keys eeg.ip_address, eeg.ip_port).",
                          "Example: --set eeg.ip_address=225.1.1.1 --set eeg.ip_port=6677")
    made = shim().BrainFlowInputParams()
    made.serial_port, made.mac_address, made.other_info = config.serial_port, config.mac_address, config.other_info
    made.ip_address, made.ip_port = config.ip_address, config.ip_port
    made.ip_protocol = {"none": 0, "udp": 1, "tcp": 2}[config.ip_protocol]
    made.serial_number, made.timeout, made.file = config.serial_number, config.timeout_s, config.file
    if config.master_board:
        made.master_board = board_id(config.master_board, "master_board")
    return made


def _check_serial(config: EegConfig) -> None:
    port, seen = config.serial_port, ", ".join(serial_ports()) or "none"
    if config.board in SERIAL and not port:
        raise DeviceError(f"{config.board} needs a serial port (rig key eeg.serial_port is empty).",
                          f"Serial ports here: {seen}. Example: --set eeg.serial_port=/dev/ttyUSB0")
    if not port.startswith("/"):
        return
    if not Path(port).exists():
        raise DeviceError(f"There is no serial port {port} (rig key eeg.serial_port).",
                          f"Plug the dongle in. Serial ports here: {seen}.")
    if not os.access(port, os.R_OK | os.W_OK):
        raise DeviceError(f"This user may not open {port}.",
                          "Run: sudo usermod -aG dialout $USER, then log out and in again.")


def _check_file(config: EegConfig) -> None:
    if not config.file:
        raise DeviceError(f"{PLAYBACK} needs a recording (rig key eeg.file is empty).",
                          "Example: --set eeg.file=recording.csv")
    path = Path(config.file)
    if not path.is_file():
        raise DeviceError(f"There is no EEG recording {path} (looked in {Path.cwd()}).",
                          "Give its path: --set eeg.file=recording.csv")
    rows = describe(config.board, config.master_board)["num_rows"]
    with path.open("r", encoding="utf-8", errors="replace") as text:
        first = text.readline()
    if not first.strip():
        raise DeviceError(f"The EEG recording {path} is empty.", "Record it again, or give another: --set eeg.file=...")
    columns = values_of_line(first)
    if columns != rows:
        raise DeviceError(f"{path} is no BrainFlow recording of {config.master_board}: its first line has {columns} "
                          f"values, expected {rows}.",
                          "Check eeg.master_board; a file of the OpenBCI GUI must be its BrainFlow-RAW_*.csv.")


def values_of_line(line: str) -> int:
    """Return how many values a line of a BrainFlow recording holds; they are parted by tabs, else by commas."""
    line = line.rstrip("\r\n")
    return len([value for value in line.split("\t" if "\t" in line else ",") if value])
