"""XDF files of LSL's LabRecorder: EEG by stream type, gaze where it has our columns, and markers.

Each stream has a clock of its own, and the file holds the offsets measured between it and the recorder's. pyxdf puts
all stamps on the recorder's clock, across restarts of a stream's clock as well; its smoothing of stamps is off, so
that holes and jitter stay. The stamps as the stream sent them travel beside ours.
"""

import logging
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sensors.clock import MILLISECOND
from sensors.errors import ForeignFileError
from sensors.importers.contents import Contents, Mark, Options, Stream, choose, eeg
from sensors.importers.muse import auxiliary
from sensors.importers.stamps import as_ns, as_they_are, place
from sensors.importers.units import agreed
from sensors.messages import Column

MAGIC = b"XDF:"
CAMERA = {"gaze_yaw": "rad", "gaze_pitch": "rad", "eye_yaw": "rad", "eye_pitch": "rad", "head_yaw": "rad",
          "head_pitch": "rad", "head_roll": "rad", "head_x": "m", "head_y": "m", "head_z": "m", "ear_left": "1",
          "ear_right": "1", "blink_left": "1", "blink_right": "1", "face": "1"}
"""Camera columns that a gaze stream may carry under our names, and our units of them."""
ANGLES = {"rad": 1.0, "radians": 1.0, "deg": np.pi / 180, "degrees": np.pi / 180}
"""rad of one unit of angle."""
DAMAGE = (ValueError, OSError, EOFError, IndexError, KeyError, TypeError, AttributeError, OverflowError, MemoryError,
          SyntaxError, struct.error)
"""What pyxdf raises at files that are cut or of another kind."""
OFFSET_TOLD_S = 1e-3
"""A spread of the measured clock offsets from which it is told."""


def looks_like(head: bytes) -> bool:
    """Return whether a file that begins like this is XDF."""
    return head.startswith(MAGIC)


def read(path: Path, options: Options) -> Contents:
    """Return EEG, gaze and markers of an XDF file.

    Raises
    ------
    ForeignFileError
        If it is damaged or holds nothing of these, or EEG in an unknown unit.
    """
    raw, _, _ = _load(path, synchronised=False)
    synchronised, about, told = _load(path, synchronised=True)
    as_sent = {stream["info"]["stream_id"]: stream["time_stamps"] for stream in raw}
    contents = Contents(warnings=told)
    contents.began_utc = _text(about["info"].get("datetime"))
    for stream in synchronised:
        kind, name = _text(stream["info"]["type"]), _text(stream["info"]["name"])
        called = f"{name or 'a stream'} ({kind or 'no type'})"
        if "marker" in kind.lower():
            contents.marks += _marks(stream, name)
        elif not len(stream["time_stamps"]):
            contents.left_out.append(f"{called}: empty")
        elif kind.lower() == "eeg" and _text(stream["info"]["channel_format"]) != "string":
            # pyxdf drops what a footer disowns only where it synchronises.
            sent = np.asarray(as_sent[stream["info"]["stream_id"]])[:len(stream["time_stamps"])]
            contents.streams.append(_eeg(stream, sent, options, f"{name or 'EEG'} in {path.name}", contents))
        elif "gaze" in kind.lower() and (found := _camera(stream, f"{name} in {path.name}")) is not None:
            contents.streams.append(found)
        else:
            why = ": its columns are not ours by name and unit" if "gaze" in kind.lower() else ""
            contents.left_out.append(f"{called}{why}")
        if len(stream["time_stamps"]):
            contents.warnings += _clock(stream, called)
    if not contents.streams and not contents.marks:
        raise ForeignFileError(f"{path.name} holds no stream of EEG and no marker; it holds "
                               f"{'; '.join(contents.left_out) or 'nothing'}.", "Choose another file.")
    return contents


def _load(path: Path, *, synchronised: bool) -> tuple[list[Any], Any, list[str]]:
    try:
        import pyxdf
    except ModuleNotFoundError as error:
        raise ForeignFileError("Reading XDF files needs pyxdf, which is not installed.",
                               "Run: pip install 'attnflow[import]'") from error
    # Opened here, because pyxdf leaves a file open that turns out to be no XDF.
    with _overheard() as told, path.open("rb") as file:
        try:
            streams, about = pyxdf.load_xdf(file, synchronize_clocks=synchronised, dejitter_timestamps=False)
        except DAMAGE as error:
            raise ForeignFileError(f"{path.name} cannot be read as XDF: {str(error) or type(error).__name__}.",
                                   "Was it copied whole?") from error
    return streams, about, told


@contextmanager
def _overheard() -> Iterator[list[str]]:
    """Give what pyxdf logs as sentences, instead of letting it print."""
    told: list[str] = []

    class Listener(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            # Smoothing and its segments are off, so what pyxdf says of them is no news.
            if record.levelno >= logging.WARNING and "egments" not in record.getMessage():
                told.append(f"pyxdf says: {record.getMessage()}")

    logger, listener = logging.getLogger("pyxdf"), Listener()
    spreads, logger.propagate = logger.propagate, False
    logger.addHandler(listener)
    try:
        yield told
    finally:
        logger.removeHandler(listener)
        logger.propagate = spreads


def _eeg(stream: Any, sent: NDArray[np.float64], options: Options, where: str, contents: Contents) -> Stream:
    values = np.asarray(stream["time_series"], np.float64)
    labels, units = _channels(stream, values.shape[1])
    unwanted = tuple(at for at, label in enumerate(labels) if auxiliary(label))
    if len(unwanted) == len(labels):
        unwanted = ()
    chosen = choose(labels, options, where, unwanted)
    if unwanted and not options.columns:
        contents.left_out.append(f"{', '.join(labels[at] for at in unwanted)} (auxiliary inputs; name all channels "
                                 "with --columns to keep them)")
    scales = np.ones(len(labels))
    for at in chosen.positions:
        scales[at], told = agreed(units[at], options.unit, f"Channel {labels[at]} of {where}")
        contents.warnings += [told] if told and told not in contents.warnings else []
    nominal_hz = options.rate_hz or float(_text(stream["info"]["nominal_srate"]) or 0.0)
    placed = place(as_ns(np.asarray(stream["time_stamps"])), len(values), nominal_hz, fixed_rate=options.rate_hz > 0)
    contents.warnings += placed.warnings
    return eeg(chosen, values * scales, placed, meta={}, device_ns=as_ns(sent),
               device=f"{where}, {len(chosen.names)} electrodes @ {placed.rate_hz:g} Hz")


def _camera(stream: Any, where: str) -> Stream | None:
    """Return a gaze stream whose columns have our names, in our units; None if none of them does."""
    values = np.asarray(stream["time_series"], np.float64)
    labels, units = _channels(stream, values.shape[1])
    columns, kept = [], []
    for at, (label, unit) in enumerate(zip(labels, units, strict=True)):
        ours = CAMERA.get(label)
        if ours is None or (ours == "rad" and unit.lower() not in ANGLES) or (ours == "m" and unit != "m"):
            continue
        columns.append(Column(label, ours))
        kept.append(values[:, at] * (ANGLES[unit.lower()] if ours == "rad" else 1.0))
    stamps = as_ns(np.asarray(stream["time_stamps"]))
    forward = np.concatenate(([True], stamps[1:] > np.maximum.accumulate(stamps)[:-1]))
    if not columns:
        return None
    rate_hz = float(_text(stream["info"]["nominal_srate"]) or 0.0)
    return Stream("camera", "camera", tuple(columns), rate_hz, np.stack(kept, axis=1)[forward].astype(np.float32),
                  as_they_are(stamps[forward], rate_hz), None, where, {"simulated": "no", "holes": "kept"})


def _marks(stream: Any, source: str) -> list[Mark]:
    stamps = as_ns(np.asarray(stream["time_stamps"], np.float64)).tolist()
    return [Mark(t_ns, source or "markers", " ".join(str(part) for part in row)) for t_ns, row in
            zip(stamps, stream["time_series"], strict=True)]


def _channels(stream: Any, count: int) -> tuple[tuple[str, ...], list[str]]:
    """Return label and unit of each channel; ch1, ch2 ... and "" where the stream does not say."""
    try:
        listed = stream["info"]["desc"][0]["channels"][0]["channel"]
    except (TypeError, KeyError, IndexError):
        listed = []
    if len(listed) != count:
        return tuple(f"ch{at + 1}" for at in range(count)), [""] * count
    return (tuple(_text(one.get("label")) or f"ch{at + 1}" for at, one in enumerate(listed)),
            [_text(one.get("unit")) for one in listed])


def _clock(stream: Any, called: str) -> list[str]:
    """Return what is to be told of a stream's clock."""
    told = []
    pieces = len(stream["info"].get("clock_segments") or [])
    if pieces > 1:
        told.append(f"{called}: its clock was reset {pieces - 1} time{'s' if pieces > 2 else ''}; pyxdf joined the "
                    "parts by the offsets measured in each.")
    values = np.asarray(stream.get("clock_values", []), np.float64)
    if not values.size:
        told.append(f"{called}: no clock offset was recorded, so its stamps are as it sent them.")
    elif pieces <= 1 and float(np.ptp(values)) > OFFSET_TOLD_S:
        told.append(f"{called}: its clock offset moved by {float(np.ptp(values)) * 1e9 / MILLISECOND:.1f} ms.")
    return told


def _text(value: Any) -> str:
    """Return the text of a field, which pyxdf gives as a list of one, or as None."""
    while isinstance(value, list):
        value = value[0] if value else None
    return "" if value is None else str(value)
