"""FIF files of MNE: the EEG channels, and the annotations as marks."""

from pathlib import Path

from sensors.errors import ForeignFileError
from sensors.importers.contents import Contents, Options, choose
from sensors.importers.mne_raw import fill, listed, reading

MAGIC = b"\x00\x00\x00\x64"
"""Tag 100, the file's id, with which every FIF begins (big-endian)."""
LAST = b"\xff\xff\xff\xff"
"""The end of the last tag: no other one follows."""
IN_VOLTS = 1e6


def looks_like(head: bytes) -> bool:
    """Return whether a file that begins like this is a FIF."""
    return head.startswith(MAGIC)


def read(path: Path, options: Options) -> Contents:
    """Return the EEG and the annotations of a raw FIF; MNE keeps EEG in volts.

    Raises
    ------
    ForeignFileError
        If the file is damaged, no raw recording, or has no EEG channel.
    """
    contents = Contents()
    with reading(path, "FIF") as told:
        import mne

        raw = mne.io.read_raw_fif(path, preload=False, allow_maxshield=True, on_split_missing="warn", verbose="error")
        kinds = dict(zip(raw.ch_names, raw.get_channel_types(), strict=True))
        picks = [name for name, kind in kinds.items() if kind == "eeg"]
        if not picks:
            raise ForeignFileError(f"{path.name} has no EEG channel; it has "
                                   f"{', '.join(sorted(set(kinds.values())))}.", "Choose another file.")
        chosen = choose(tuple(picks), options, path.name)
        rate_hz = options.rate_hz or float(raw.info["sfreq"])
        fill(contents, raw, chosen, picks, [IN_VOLTS] * len(picks),
             f"{path.name}, {len(chosen.names)} electrodes @ {rate_hz:g} Hz", rate_hz)
    contents.warnings += told
    with path.open("rb") as file:
        file.seek(-len(LAST), 2)
        if file.read() != LAST:
            contents.warnings.append("The file does not end as a FIF should; it may have been cut.")
    if options.unit:
        contents.warnings.append("A FIF keeps EEG in volts, so --unit was not used.")
    contents.left_out += listed([name for name in kinds if name not in picks], lambda name: f"{kinds[name]}, no EEG")
    return contents
