"""EDF, EDF+ and BDF: the EEG signals at their own rate and in their own unit, and the annotations as marks.

The header (Kemp 1992, Kemp and Olivan 2003; BioSemi for 24 bit) is read here for units and rates, because MNE takes a
unit that it does not know for volts and resamples slower signals; the samples and annotations are read by MNE.
"""

from collections import Counter
from pathlib import Path
from typing import NamedTuple

from sensors.errors import ForeignFileError
from sensors.importers.contents import Contents, Options, choose
from sensors.importers.mne_raw import fill, listed, reading
from sensors.importers.units import agreed, microvolts

FIXED, PER_SIGNAL = 256, 256
"""Bytes of the header, and of each signal's part of it."""
LABEL, TRANSDUCER, UNIT, LIMITS, FILTER, SAMPLES = 16, 80, 8, 32, 80, 8
"""Bytes of the fields of a signal, in their order; the limits are four of eight bytes."""
ANNOTATIONS = ("EDF Annotations", "BDF Annotations")
NO_EEG = ("ECG", "EKG", "EMG", "EOG", "RESP", "SPO2", "SAO2", "TEMP", "STATUS", "TRIG", "ACC", "GYR", "PULSE", "PPG",
          "GSR", "EDA", "MIC", "SOUND", "LIGHT")
"""How the labels of signals of another kind begin (EDF+ standard texts, and habits)."""
MNE_SCALES = {"uV": 1e-6, "µV": 1e-6, "μV": 1e-6, "mV": 1e-3}
"""What MNE multiplies a signal by, per unit; any other unit it leaves alone."""


class Signal(NamedTuple):
    """One signal of the header."""

    label: str
    unit: str
    samples: int
    """In one data record."""


class Header(NamedTuple):
    """What the header says."""

    bdf: bool
    plus: str
    """"EDF+C", "EDF+D" (with gaps), the same of BDF, or ""."""
    record_s: float
    signals: tuple[Signal, ...]


def looks_like(head: bytes) -> bool:
    """Return whether a file that begins like this is EDF or BDF."""
    return head.startswith((b"0       ", b"\xffBIOSEMI")) and len(head) > FIXED


def header(head: bytes, where: str) -> Header:
    """Return what the first bytes of a file say.

    Raises
    ------
    ForeignFileError
        If they are no header of EDF or BDF, or are cut.
    """
    try:
        count = int(head[252:256])
        if not looks_like(head) or count < 1 or len(head) < FIXED + count * PER_SIGNAL:
            raise ValueError("it is cut, or not of this kind")
        at, columns = FIXED, []
        for width in (LABEL, TRANSDUCER, UNIT, LIMITS, FILTER, SAMPLES):
            columns.append([head[at + width * n:at + width * (n + 1)].decode("latin-1").strip() for n in range(count)])
            at += width * count
        signals = tuple(Signal(label, unit, int(samples)) for label, unit, samples in
                        zip(columns[0], columns[2], columns[5], strict=True))
        record_s = float(head[244:252])
    except ValueError as error:
        raise ForeignFileError(f"The header of {where} is no header of EDF or BDF: {error}.",
                               "Was it copied whole?") from None
    return Header(head[:1] == b"\xff", head[192:197].decode("latin-1").strip(), record_s, signals)


def read(path: Path, options: Options) -> Contents:
    """Return the EEG and the annotations of an EDF or BDF file.

    Raises
    ------
    ForeignFileError
        If it is damaged, has no EEG, or a unit that is none of voltage and that `Options.unit` does not replace.
    """
    with path.open("rb") as file:
        first = file.read(FIXED)
        count = int(first[252:256]) if first[252:256].strip().isdigit() else 0
        told = header(first + file.read(count * PER_SIGNAL), path.name)
    kind = "BDF" if told.bdf else "EDF"
    if told.plus.endswith("+D"):
        raise ForeignFileError(f"{path.name} is {told.plus}: it has gaps whose places MNE does not give.",
                               "Cut it into files without gaps, e.g. with EDFbrowser, and import each.")
    why = _unfit(told, options)
    fitting = [signal.label for signal in told.signals if signal.label not in why]
    if not fitting:
        raise ForeignFileError(f"{path.name} has no EEG signal: {'; '.join(listed(list(why), why.__getitem__))}.",
                               "If one of them is EEG, say its unit with --unit.")
    contents = Contents(left_out=listed([label for label in why if label not in ANNOTATIONS], why.__getitem__))
    units = {signal.label: signal.unit for signal in told.signals}
    scales = []
    for label in fitting:
        factor, note = agreed(units[label], options.unit, f"The signal {label} of {path.name}")
        contents.warnings += [note] if note else []
        scales.append(factor / MNE_SCALES.get(units[label], 1.0))
    rate_hz = next(signal.samples for signal in told.signals if signal.label == fitting[0]) / told.record_s
    names = [*fitting, *(label for label in ANNOTATIONS if label in units)]
    with reading(path, kind) as warned:
        import mne

        reader = mne.io.read_raw_bdf if told.bdf else mne.io.read_raw_edf
        raw = reader(path, include=names, preload=False, stim_channel=False, verbose="error")
        chosen = choose(tuple(fitting), options, path.name)
        fill(contents, raw, chosen, fitting, scales,
             f"{path.name}, {len(chosen.names)} electrodes @ {options.rate_hz or rate_hz:g} Hz",
             options.rate_hz or rate_hz)
    contents.warnings += warned
    return contents


def _unfit(told: Header, options: Options) -> dict[str, str]:
    """Return why each signal that is no EEG column is none."""
    why: dict[str, str] = {}
    for signal in told.signals:
        if signal.label in ANNOTATIONS:
            why[signal.label] = "annotations"
        elif signal.label.upper().startswith(NO_EEG):
            why[signal.label] = "no EEG by its name"
        elif microvolts(signal.unit) is None and not options.unit:
            why[signal.label] = f"unit '{signal.unit}'" if signal.unit else "no unit"
    rates = Counter(signal.samples for signal in told.signals if signal.label not in why)
    if rates:
        usual = max(rates, key=lambda samples: (rates[samples], samples))
        for signal in told.signals:
            if signal.label not in why and signal.samples != usual:
                why[signal.label] = f"sampled at {signal.samples / told.record_s:g} Hz, unlike the others"
    return why
