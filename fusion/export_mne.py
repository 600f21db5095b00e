"""MNE-FIF: each EEG stream as a Raw in volts, with markers, states, alerts and holes as annotations.

FIF knows only regular sampling, so samples are put on a grid of their measured rate (`fusion.regular`); what was done
is logged and written into the file's description. Annotations that start with "BAD" are left out by MNE's own tools.
"""

import logging
from datetime import datetime, timedelta
from pathlib import Path

import mne
import numpy as np

from fusion.regular import Gridded, regular
from sensors.clock import SECOND
from sensors.errors import RecordingError
from sensors.messages import Alert, Chunk, FloatArray, Marker, State, StreamInfo, TimeArray
from sensors.recording import Recording

_LOG = logging.getLogger(__name__)

Annotation = tuple[float, float, str, list[str]]
"""(onset, duration) in seconds from the first sample, description, channel names (all when empty)."""


def write(recording: Recording, folder: Path) -> list[Path]:
    """Write each EEG stream of `recording` as ``*_raw.fif`` into `folder` and return the files.

    A whole stream is held in memory: 115 MB an hour for 16 channels at 250 Hz.

    Raises
    ------
    RecordingError
        If the recording has no EEG.
    """
    infos = {name: info for name, info in recording.streams().items() if info.kind == "eeg"}
    samples = {name: _samples(recording, info) for name, info in infos.items()}
    written = []
    for name, (times_ns, values) in samples.items():
        if len(times_ns):
            path = folder / f"{recording.path.stem}-{name}_raw.fif"
            raw = _raw(recording, infos[name], times_ns, values)
            raw.save(path, overwrite=True, verbose="error")
            written.append(path)
    if not written:
        raise RecordingError(f"{recording.path} holds no EEG that could be exported.",
                             f"It holds: {', '.join(sorted(recording.streams())) or 'no stream'}.")
    return written


def _samples(recording: Recording, info: StreamInfo) -> tuple[TimeArray, FloatArray]:
    times, values = [np.empty(0, np.int64)], [np.empty((0, len(info.columns)), np.float32)]
    newest_ns = -(1 << 62)
    for _, _, payload in recording.messages(("eeg",)):
        chunk = recording.decoded(payload)
        if isinstance(chunk, Chunk) and chunk.stream == info.stream:
            if chunk.values.shape[1] != len(info.columns):
                raise RecordingError(f"Stream '{info.stream}' changed its columns within the recording.",
                                     "Use --to parquet, or export the parts before and after apart.")
            # A board that was opened again may repeat a few samples; time in a Raw only goes forward.
            new = chunk.times_ns > newest_ns
            times.append(chunk.times_ns[new])
            values.append(chunk.values[new])
            newest_ns = max(newest_ns, int(chunk.t_ns))
    return np.concatenate(times), np.concatenate(values)


def _raw(recording: Recording, info: StreamInfo, times_ns: TimeArray, values: FloatArray) -> mne.io.BaseRaw:
    grid = regular(times_ns, values, info.rate_hz)
    report = _report(info, grid)
    _LOG.info("%s", report)
    volts = [1e-6 if column.unit == "uV" else 1.0 for column in info.columns]
    kinds = ["eeg" if column.unit == "uV" else "misc" for column in info.columns]
    described = mne.create_info(list(info.names), grid.rate_hz, kinds, verbose="error")
    described["description"] = report
    origin_ns = min(recording.start_ns, int(times_ns[0]))
    first = round((int(times_ns[0]) - origin_ns) / SECOND * grid.rate_hz)
    raw = mne.io.RawArray((grid.values * volts).T, described, first_samp=first, verbose="error")
    began = recording.metadata.get("start_utc")
    if began:
        offset = (origin_ns - int(recording.metadata.get("start_ns", origin_ns))) / SECOND
        raw.set_meas_date(datetime.fromisoformat(began) + timedelta(seconds=offset))
    _place(raw)
    notes = [*_events(recording, int(times_ns[0])), *((onset, length, "BAD_gap", []) for onset, length in grid.holes),
             *((onset, length, "BAD_nan", [info.names[i] for i in columns])
               for onset, length, columns in grid.unmeasured)]
    inside = [note for note in sorted(notes) if 0 <= note[0] <= raw.times[-1]]
    raw.set_annotations(mne.Annotations(
        [note[0] + raw.first_time if began else note[0] for note in inside], [note[1] for note in inside],
        [note[2] for note in inside], orig_time=raw.info["meas_date"], ch_names=[note[3] for note in inside]),
        verbose="error")
    return raw


def _report(info: StreamInfo, grid: Gridded) -> str:
    how = "interpolated onto the grid" if grid.resampled else "placed on the grid unchanged"
    return (f"attnflow stream '{info.stream}' ({info.device or info.driver}): measured rate {grid.rate_hz:.4f} Hz "
            f"(nominal {info.rate_hz:g} Hz), samples {how}, largest distance {grid.jitter_s * 1e3:.2f} ms, "
            f"{len(grid.holes)} gaps")


def _place(raw: mne.io.BaseRaw) -> None:
    """Give electrodes with 10-20, 10-10 or 10-05 names their standard places."""
    # MNE 1.13 renamed it and warns of the old name; older versions know only that.
    named = "colin27_1005" if "colin27_1005" in mne.channels.get_builtin_montages() else "standard_1005"
    montage = mne.channels.make_standard_montage(named)
    known = {name.lower() for name in montage.ch_names}
    if any(name.lower() in known for name in raw.ch_names):
        raw.set_montage(montage, match_case=False, on_missing="ignore", verbose="error")


def _events(recording: Recording, first_ns: int) -> list[Annotation]:
    notes: list[Annotation] = []
    now: State | None = None
    began_ns = newest_ns = 0
    for _, _, payload in recording.messages(("marker", "state", "alert")):
        message = recording.decoded(payload)
        at_s = (message.t_ns - first_ns) / SECOND
        if isinstance(message, Marker):
            notes.append((at_s, 0.0, f"{message.name}={message.value}" if message.value else message.name, []))
        elif isinstance(message, Alert) and message.active:
            notes.append(((message.onset_ns - first_ns) / SECOND, 0.0, f"alert/{message.rule}/{message.level}", []))
        elif isinstance(message, State):
            if now is not None and now.state != message.state:
                notes.append(_stay(now, began_ns, message.t_ns, first_ns))
            if now is None or now.state != message.state:
                began_ns = message.t_ns
            now, newest_ns = message, message.t_ns
    if now is not None:
        notes.append(_stay(now, began_ns, newest_ns, first_ns))
    return notes


def _stay(state: State, began_ns: int, ended_ns: int, first_ns: int) -> Annotation:
    # What began before the first sample is shown from there on.
    began_ns = max(began_ns, first_ns)
    return (began_ns - first_ns) / SECOND, max(0, ended_ns - began_ns) / SECOND, f"state/{state.state}", []
