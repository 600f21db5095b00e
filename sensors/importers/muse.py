"""CSV files of Muse recorders: a column of seconds, then TP9, AF7, AF8, TP10 in uV, and perhaps the auxiliary input.

This is what muselsl's ``record`` and its kin write. The auxiliary input is left out unless it is named: BrainFlow
publishes four electrodes of a Muse, and a socket with nothing in it is none.
"""

from pathlib import Path

import numpy as np

from sensors.clock import utc_text
from sensors.drivers.eeg_boards import FULL_SCALE_UV
from sensors.errors import ForeignFileError
from sensors.importers.contents import Contents, Options, choose, eeg
from sensors.importers.plain import damage, lines, numbers
from sensors.importers.stamps import as_ns, place
from sensors.importers.units import agreed

STAMPS = ("timestamps", "timestamp", "time")
RATES_HZ = (256.0, 220.0)
"""Of the Muse of 2016 and later, and of the first one."""
NEAR = 0.05
"""Share by which the stamps' rate may differ from a model's."""
SINCE_1970 = 1e8
"""Smaller stamps count from somewhere else, and tell no date."""


def looks_like(head: bytes) -> bool:
    """Return whether a file that begins like this is a Muse CSV."""
    fields = _fields(head.decode("utf-8-sig", "replace").partition("\n")[0])
    return bool(fields) and fields[0].lower() in STAMPS and {"TP9", "TP10"} <= set(fields)


def auxiliary(name: str) -> bool:
    """Return whether a channel is a Muse's auxiliary input: "Right AUX", "AUX_RIGHT", "AUX_1"."""
    return "AUX" in name.upper().replace("_", " ").split()


def read(path: Path, options: Options) -> Contents:
    """Return the EEG of a Muse CSV.

    Raises
    ------
    ForeignFileError
        If it has no column of stamps, no electrode, or no sample.
    """
    text = lines(path)
    fields = _fields(text[0]) if text else []
    if len(fields) < 2 or fields[0].lower() not in STAMPS:
        raise ForeignFileError(f"{path.name} does not begin with a line 'timestamps,TP9,AF7,AF8,TP10'.",
                               "Is it the EEG file of a Muse recorder? Name another format with --format.")
    rows = [_fields(line) for line in text[1:] if line.strip()]
    table, _, bad = numbers(rows, list(range(len(fields))), len(fields))
    contents = Contents(warnings=damage(bad, len(rows), path.name))
    legible = np.isfinite(table[:, 0])
    if not legible.all():
        contents.warnings.append(f"{int((~legible).sum())} samples have no legible stamp and were left out.")
        table = table[legible]
    if not len(table):
        raise ForeignFileError(f"No sample of {path.name} has a stamp.", "Was it copied whole?")
    unwanted = tuple(at for at, name in enumerate(fields[1:]) if auxiliary(name))
    chosen = choose(tuple(fields[1:]), options, path.name, unwanted)
    if unwanted and not options.columns:
        contents.left_out.append(f"{', '.join(fields[1 + at] for at in unwanted)} (name all channels with --columns "
                                 "to keep it)")
    factor, told = agreed("uV", options.unit, path.name)
    stamps_ns = as_ns(table[:, 0])
    placed = place(stamps_ns, len(table), options.rate_hz or _model_hz(table[:, 0]), fixed_rate=options.rate_hz > 0)
    contents.warnings += [*placed.warnings, *([told] if told else [])]
    if table[0, 0] > SINCE_1970:
        contents.began_utc = utc_text(float(table[0, 0]))
    contents.streams.append(eeg(chosen, table[:, 1:] * factor, placed, device_ns=stamps_ns,
                                device=f"Muse in {path.name}, {len(chosen.names)} electrodes @ {placed.rate_hz:g} Hz",
                                meta={"full_scale_uv": str(FULL_SCALE_UV["MUSE_2_BOARD"])}))
    return contents


def _fields(line: str) -> list[str]:
    return [field.strip() for field in line.split(",")]


def _model_hz(seconds: "np.ndarray[tuple[int], np.dtype[np.float64]]") -> float:
    """Return the rate of the Muse whose rate the stamps have; 0 if they are of none."""
    if len(seconds) < 2:
        return RATES_HZ[0]
    # Stamps can come in bursts, so the mean tells the rate, and holes must not count into it.
    steps = np.diff(seconds)
    usual = steps[steps < 0.1]
    mean_s = float(usual.mean()) if usual.size else 0.0
    return next((rate for rate in RATES_HZ if abs(mean_s * rate - 1) < NEAR), 0.0)
