"""One opened BrainFlow board: what it granted, and its new samples."""

import contextlib
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from sensors.drivers import eeg_boards as boards
from sensors.drivers.eeg_config import EegConfig
from sensors.errors import DeviceError
from sensors.messages import FloatArray, TimeArray

BUFFER_S = 60
"""How much BrainFlow may buffer when nobody fetches."""


class Granted(NamedTuple):
    """What an opened source offers."""

    electrodes: tuple[str, ...]
    rate_hz: float
    device: str
    meta: dict[str, str]


class Batch(NamedTuple):
    """Samples fetched at once."""

    values: FloatArray
    """(time, electrode) float32, uV."""
    device_ns: TimeArray
    """(time,) int64, the board's own stamps, ns since 1970."""
    numbers: NDArray[np.float64]
    """(time,) package numbers; NaN where the board has none."""


class BoardSession:
    """A BrainFlow board from its rig table.

    Parameters
    ----------
    config
        The rig's ``[eeg]`` table.
    """

    def __init__(self, config: EegConfig) -> None:
        self._config = config
        self._shim: Any = None
        self._fetched = 0
        self._rows_of_file: int | None = None

    def open(self) -> Granted:
        """Open the board and start it.

        Raises
        ------
        DeviceError
            If it cannot be; nothing stays half open.
        """
        config = self._config
        number = boards.board_id(config.board)
        known = boards.describe(config.board, config.master_board)
        made = boards.parameters(config)
        self._eeg = list(known["eeg_channels"])
        self._stamp, self._number = known["timestamp_channel"], known.get("package_num_channel")
        rate = float(known["sampling_rate"])
        named = tuple(known["eeg_names"].split(",")) if known.get("eeg_names") else ()
        electrodes = boards.electrode_names(config.channels, named, len(self._eeg), known["name"])
        library = boards.shim()
        try:
            self._shim = library.BoardShim(number, made)
            self._shim.prepare_session()
            if config.board == boards.PLAYBACK:
                # The recording's own stamps are the device's; session time is ours to give.
                self._shim.config_board("old_timestamps")
                self._shim.config_board("loopback_true" if config.loop else "loopback_false")
                if not config.loop:
                    self._rows_of_file = _count_rows(Path(config.file), known["num_rows"])
            self._shim.start_stream(round(BUFFER_S * rate))
        except library.BrainFlowError as error:
            self.close()
            raise _refused(config, error) from error
        maker = config.master_board or config.board
        meta = {"board": config.board, "montage": config.montage,
                "simulated": "yes" if boards.SYNTHETIC in (config.board, maker) else "no"}
        if config.file:
            meta["holes"] = "kept"  # a recording's own silence is waited out, not taken for a dead board
        if config.master_board:
            meta["master_board"] = config.master_board
        if maker in boards.GAIN:
            meta["gain"] = str(boards.GAIN[maker])
        if maker in boards.FULL_SCALE_UV:
            meta["full_scale_uv"] = str(boards.FULL_SCALE_UV[maker])
        place = config.serial_port or config.mac_address or config.file or config.ip_address or config.serial_number
        device = f"{known['name']}{f' on {place}' if place else ''}, {len(electrodes)} electrodes @ {rate:g} Hz"
        return Granted(electrodes, rate, device, meta)

    def drain(self) -> Batch:
        """Return everything that came since the last call, without waiting.

        Raises
        ------
        DeviceError
            If BrainFlow no longer serves the board.
        """
        try:
            data: NDArray[np.float64] = self._shim.get_board_data()
        except boards.shim().BrainFlowError as error:
            raise DeviceError(f"{self._config.board} gives no data any more: {error}.",
                              "Check its cable, battery and range; it is tried again.") from error
        self._fetched += data.shape[1]
        numbers = data[self._number] if self._number is not None else np.full(data.shape[1], np.nan)
        return Batch(np.ascontiguousarray(data[self._eeg].T, np.float32), _nanoseconds(data[self._stamp]), numbers)

    def over(self) -> bool:
        """Return whether a playback file has been read to its end."""
        return self._rows_of_file is not None and self._fetched >= self._rows_of_file

    def close(self) -> None:
        """Release the board; safe to call twice."""
        shim, self._shim = self._shim, None
        if shim is not None and shim.is_prepared():
            # A board that was pulled out cannot be told to stop; its session is freed all the same.
            with contextlib.suppress(boards.shim().BrainFlowError):
                shim.release_session()


def _nanoseconds(seconds: NDArray[np.float64]) -> TimeArray:
    # BrainFlow's stamps are float64 seconds since 1970 with steps of 0.24 us; microseconds are what they can tell.
    whole = np.where(np.isfinite(seconds), seconds, 0.0)
    full = np.floor(whole)
    return full.astype(np.int64) * 1_000_000_000 + np.rint((whole - full) * 1e6).astype(np.int64) * 1_000


def _count_rows(path: Path, values: int) -> int:
    # BrainFlow skips lines of another length, and says nothing at the end of the file: it only falls silent.
    with path.open("r", encoding="utf-8", errors="replace") as text:
        return sum(boards.values_of_line(line) == values for line in text)


def _refused(config: EegConfig, error: Any) -> DeviceError:
    """Return BrainFlow's exit code as a sentence."""
    name = config.board
    where = config.serial_port or config.mac_address or config.ip_address or config.serial_number
    at = f" at {where}" if where else ""
    known = boards.shim().BrainFlowExitCodes
    match error.exit_code:
        case known.UNABLE_TO_OPEN_PORT_ERROR | known.SER_PORT_ERROR | known.PORT_ALREADY_OPEN_ERROR:
            if config.serial_port:
                return DeviceError(f"{name}: the port {config.serial_port} cannot be opened.",
                                   "Close other programs that use it; check permissions: attnflow doctor")
            return DeviceError(f"{name} was not reached{at}.",
                               "Switch it on, keep other programs and phones off it, check Bluetooth and "
                               "eeg.mac_address: bluetoothctl devices")
        case known.BOARD_NOT_READY_ERROR | known.INITIAL_MSG_ERROR | known.SYNC_TIMEOUT_ERROR:
            return DeviceError(f"{name}{at} does not answer.",
                               "Check that the board (not only its dongle) is on, charged and near, then try again.")
        case known.INVALID_ARGUMENTS_ERROR:
            return DeviceError(f"{name} cannot be opened with these parameters{at}.",
                               "See which ones it needs: https://brainflow.readthedocs.io/en/stable/SupportedBoards.html")
        case known.ANOTHER_BOARD_IS_CREATED_ERROR:
            return DeviceError(f"{name}{at} is already open in this process.", "Give each board one table in the rig.")
        case known.UNSUPPORTED_BOARD_ERROR:
            return DeviceError(f"{name} is not supported on this operating system.", "List others: attnflow devices")
        case _:
            return DeviceError(f"{name} cannot be opened{at}: {error}.",
                               "Check that it is on and that its driver library is installed.")
