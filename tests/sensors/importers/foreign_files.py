"""Writers of tiny files of other programs, so that the importers are tested without any recording."""

import struct
from collections.abc import Sequence
from pathlib import Path
from xml.sax.saxutils import escape

import numpy as np

FORMAT_CODES = {"double64": "<f8", "float32": "<f4", "int16": "<i2"}


def openbci(path: Path, values: np.ndarray, numbers: np.ndarray, stamps_ms: np.ndarray) -> Path:
    """A file of the GUI's version 5 or 6: named columns, stamps in ms since 1970."""
    names = ", ".join(["Sample Index", *(f"EXG Channel {at}" for at in range(values.shape[1])), "Accel Channel 0",
                       "Timestamp", "Timestamp (Formatted)"])
    rows = [f"{number}, {', '.join(f'{value:.2f}' for value in row)}, 0.04, {stamp}, 12:00:53.329"
            for number, row, stamp in zip(numbers, values, stamps_ms, strict=True)]
    path.write_text("\n".join(["%OpenBCI Raw EXG Data", f"%Number of channels = {values.shape[1]}",
                               "%Sample Rate = 250 Hz", "%Board = OpenBCI_GUI$BoardCytonSerial", names, *rows]) + "\n")
    return path


def muse(path: Path, seconds: np.ndarray, values: np.ndarray) -> Path:
    """A Muse CSV with the auxiliary input."""
    rows = [f"{at:.3f}," + ",".join(f"{value:.3f}" for value in row) for at, row in zip(seconds, values, strict=True)]
    path.write_text("\n".join(["timestamps,TP9,AF7,AF8,TP10,Right AUX", *rows]) + "\n")
    return path


def edf(path: Path, signals: list[tuple[str, str, np.ndarray]], rates: list[int],
        notes: Sequence[tuple[float, float, str]] = (), *, bits: int = 16, plus: str = "EDF+C") -> Path:
    """An EDF+ (or BDF) of records of one second; values are digital numbers, +-32768 mapped to +-3276.8 of the unit."""
    highest = 2 ** (bits - 1)
    seconds = len(signals[0][2]) // rates[0]
    tals = [b"".join([f"+{at}\x14\x14\x00".encode(),
                      *(f"+{onset:g}\x15{length:g}\x14{text}\x14\x00".encode() for onset, length, text in notes
                        if int(onset) == at)]) for at in range(seconds)]
    width = bits // 8
    room = -(-max(map(len, tals)) // width)
    label = f"{'BDF' if bits == 24 else 'EDF'} Annotations"
    heads = [(name, unit, "-3276.8", f"{3276.8 * (highest - 1) / highest:.6f}"[:8], rate)
             for (name, unit, _), rate in zip(signals, rates, strict=True)] + [(label, "", "-1", "1", room)]
    count = len(heads)

    def field(text: object, size: int) -> bytes:
        return str(text).encode("latin-1").ljust(size)

    first = (b"\xffBIOSEMI" if bits == 24 else b"0       ") + field("X X X X", 80) + field(
        "Startdate 02-MAR-2020 X X X", 80) + b"02.03.20" + b"10.20.30" + field(256 * (count + 1), 8) + field(
        plus, 44) + field(seconds, 8) + field(1, 8) + field(count, 4)
    columns = [b"".join(field(head[0], 16) for head in heads), b" " * 80 * count,
               b"".join(field(head[1], 8) for head in heads), b"".join(field(head[2], 8) for head in heads),
               b"".join(field(head[3], 8) for head in heads), field(-highest, 8) * count, field(highest - 1, 8) * count,
               b" " * 80 * count, b"".join(field(head[4], 8) for head in heads), b" " * 32 * count]
    body = []
    for at in range(seconds):
        for (_, _, values), rate in zip(signals, rates, strict=True):
            body += [int(value).to_bytes(width, "little", signed=True) for value in values[at * rate:(at + 1) * rate]]
        body.append(tals[at].ljust(room * width, b"\x00"))
    path.write_bytes(first + b"".join(columns) + b"".join(body))
    return path


def xdf(path: Path, streams: list[dict[str, object]]) -> Path:
    """An XDF; a stream is {name, type, rate, format, labels, unit, stamps, values, offsets: [(time, value)]}."""
    out = [b"XDF:", _chunk(1, b'<?xml version="1.0"?><info><version>1.0</version></info>')]
    for number, stream in enumerate(streams, 1):
        labels: list[str] = stream.get("labels", [])  # type: ignore[assignment]
        unit = f"<unit>{stream['unit']}</unit>" if stream.get("unit") else ""
        described = "".join(f"<channel><label>{escape(label)}</label>{unit}</channel>" for label in labels)
        values: list[list[object]] = stream["values"]  # type: ignore[assignment]
        count = len(labels) or 1
        out.append(_chunk(2, struct.pack("<I", number) + (
            f"<info><name>{stream['name']}</name><type>{stream['type']}</type><channel_count>{count}</channel_count>"
            f"<nominal_srate>{stream['rate']}</nominal_srate><channel_format>{stream['format']}</channel_format>"
            f"<created_at>1.0</created_at><uid>{number}</uid><desc><channels>{described}</channels></desc></info>"
        ).encode()))
        samples = []
        for stamp, row in zip(stream["stamps"], values, strict=True):  # type: ignore[call-overload]
            samples.append(b"\x08" + struct.pack("<d", stamp))
            if stream["format"] == "string":
                samples += [b"\x04" + struct.pack("<I", len(str(one).encode())) + str(one).encode() for one in row]
            else:
                samples.append(np.array(row, FORMAT_CODES[str(stream["format"])]).tobytes())
        out.append(_chunk(3, struct.pack("<I", number) + b"\x04" + struct.pack("<I", len(values)) + b"".join(samples)))
        for at, value in stream.get("offsets", []):  # type: ignore[attr-defined]
            out.append(_chunk(4, struct.pack("<Idd", number, at, value)))
        out.append(_chunk(6, struct.pack("<I", number) + (
            f"<info><first_timestamp>0</first_timestamp><last_timestamp>0</last_timestamp>"
            f"<sample_count>{len(values)}</sample_count></info>").encode()))
    path.write_bytes(b"".join(out))
    return path


def _chunk(tag: int, content: bytes) -> bytes:
    return b"\x04" + struct.pack("<IH", len(content) + 2, tag) + content
