"""One call a tick: the whole feature vector of one session, or of thousands.

A session is one record. Samples are taken in as they come, every tick reads the vector out; nothing is allocated on
the way. `kernels.cuda.fused` runs the same functions on a GPU.
"""

from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kernels import brain, context, crossmodal, eyes, voice
from kernels.errors import InputError
from kernels.jit import kernel, parallel, prange
from kernels.layout import SIZE


@dataclass(frozen=True)
class Setup:
    """What is fixed about a session; a modality whose setup is None has no stream and stays unmeasured."""

    camera: eyes.Setup | None = None
    microphone: voice.Setup | None = None
    eeg: brain.Setup | None = None
    surroundings: context.Setup | None = None
    fusion: crossmodal.Setup = field(default_factory=crossmodal.Setup)


_NO_CAMERA = eyes.Setup(("face",), 30.0, 0.0, 0.0, 0.1, 0.0)
_NO_MICROPHONE = voice.Setup(("speech",), 31.25)
_NO_EEG = brain.Setup((), (), 0.0)
_NO_CONTEXT = context.Setup(("demand",))
"""Stand-ins that never get a sample, so that nothing of theirs is ever measured."""


def session_dtype(electrodes: int) -> "np.dtype[Any]":
    """Return the record of one session with room for so many electrodes.

    It is one object for each capacity: numba compares equal but distinct ones field by field at every call.
    """
    return _session_dtype(brain.capacity(electrodes))


@lru_cache
def _session_dtype(capacity: int) -> "np.dtype[Any]":
    return np.dtype([
        ("tick_ns", np.int64), ("marked", np.int64), ("eyes", eyes.EYES), ("voice", voice.VOICE),
        ("brain", brain.brain_dtype(capacity)), ("context", context.CONTEXT),
        ("cross", crossmodal.CROSS)], align=True)


def new_sessions(count: int, setup: Setup) -> NDArray[Any]:
    """Return `count` sessions that have seen nothing, as an array (count,) of `session_dtype`.

    Raises
    ------
    InputError
        If `count` is negative, or something in `setup` is not possible.
    """
    if count < 0:
        raise InputError(f"fused.new_sessions: count is {count}, expected 0 or more.")
    sessions = np.zeros(count, session_dtype(len(setup.eeg.electrodes) if setup.eeg else 0))
    sessions["tick_ns"] = -1
    eyes.reset(sessions["eyes"], setup.camera or _NO_CAMERA)
    voice.reset(sessions["voice"], setup.microphone or _NO_MICROPHONE)
    brain.reset(sessions["brain"], setup.eeg or _NO_EEG)
    context.reset(sessions["context"], setup.surroundings or _NO_CONTEXT)
    crossmodal.reset(sessions["cross"], setup.fusion)
    return sessions


def widened(sessions: NDArray[Any], electrodes: int) -> NDArray[Any]:
    """Return the sessions with room for so many electrodes: themselves, or copies whose EEG must be reset.

    The rest of each record is kept, so an EEG board may join a running session.
    """
    dtype = session_dtype(electrodes)
    if dtype == sessions.dtype:
        return sessions
    wider = np.zeros(len(sessions), dtype)
    for name in dtype.names or ():
        if name != "brain":
            wider[name] = sessions[name]
    return wider


@kernel
def take_camera(sessions: NDArray[Any], values: NDArray[np.float32], times_ns: NDArray[np.int64]) -> None:
    """Take in frames of the first session's camera: values (n, column), times (n,), increasing; n may be 0."""
    _take_camera(sessions[0], values, times_ns)


@kernel
def take_microphone(sessions: NDArray[Any], values: NDArray[np.float32], times_ns: NDArray[np.int64]) -> None:
    """Take in rows of the first session's microphone; see `take_camera`."""
    voice.push(sessions[0].voice, values, times_ns)


@kernel
def take_eeg(sessions: NDArray[Any], table: NDArray[np.float32], values: NDArray[np.float32],
             times_ns: NDArray[np.int64]) -> None:
    """Take in samples of the first session's EEG, with the table of `brain.table`; see `take_camera`."""
    brain.push(sessions[0].brain, table, values, times_ns)


@kernel
def take_context(sessions: NDArray[Any], values: NDArray[np.float32], times_ns: NDArray[np.int64]) -> None:
    """Take in rows of the first session's context; see `take_camera`."""
    context.push(sessions[0].context, values, times_ns)


@kernel
def features(sessions: NDArray[Any], tick_ns: int, out: NDArray[np.float32]) -> None:
    """Fill `out` (SIZE,) with the first session's whole vector at a tick; NaN where not measured."""
    sessions[0].tick_ns = tick_ns
    fill(sessions[0], out)


@kernel
def camera_features(sessions: NDArray[Any], tick_ns: int, out: NDArray[np.float32]) -> None:
    """Fill in the camera's part of the first session's vector alone; for measuring it."""
    eyes.features(sessions[0].eyes, tick_ns, out)


@kernel
def microphone_features(sessions: NDArray[Any], tick_ns: int, out: NDArray[np.float32]) -> None:
    """Fill in the microphone's part alone; see `camera_features`."""
    voice.features(sessions[0].voice, tick_ns, out)


@kernel
def eeg_features(sessions: NDArray[Any], tick_ns: int, out: NDArray[np.float32]) -> None:
    """Fill in the EEG's part alone; see `camera_features`."""
    brain.features(sessions[0].brain, tick_ns, out)


@parallel
def features_batch(sessions: NDArray[Any], table: NDArray[np.float32], inboxes: NDArray[Any],
                   out: NDArray[np.float32]) -> None:
    """Run one tick of many sessions, spread over the cores; each gives the bits it would give by itself.

    Parameters
    ----------
    sessions : (n,) records of `session_dtype`
        Changed in place.
    table : (taper, length, width) float32
        From `brain.table`; all sessions have EEG of one rate.
    inboxes : (n,) records of `kernels.inbox.inbox_dtype`
        What came in since the last tick, and when this tick is.
    out : (n, SIZE) float32
        Filled with the vectors.
    """
    for i in prange(sessions.shape[0]):
        take_others(sessions[i], inboxes[i])
        count = inboxes[i].eeg_count
        brain.push(sessions[i].brain, table, inboxes[i].eeg[:count], inboxes[i].eeg_ns[:count])
        fill(sessions[i], out[i])


@kernel
def take_others(session: Any, inbox: Any) -> None:
    """Take in what an inbox holds of all streams but the EEG, which a GPU shares out over lanes."""
    session.tick_ns = inbox.tick_ns
    count = inbox.camera_count
    _take_camera(session, inbox.camera[:count], inbox.camera_ns[:count])
    count = inbox.microphone_count
    voice.push(session.voice, inbox.microphone[:count], inbox.microphone_ns[:count])
    count = inbox.context_count
    context.push(session.context, inbox.context[:count], inbox.context_ns[:count])


@kernel
def _take_camera(session: Any, values: NDArray[np.float32], times_ns: NDArray[np.int64]) -> None:
    eyes.push(session.eyes, values, times_ns)
    seen = session.eyes
    oldest = seen.blink_count - seen.blink_onset_ns.shape[0]
    while session.marked < seen.blink_count:
        k = max(session.marked, oldest) % seen.blink_onset_ns.shape[0]
        brain.mark_blink(session.brain, seen.blink_onset_ns[k], seen.blink_end_ns[k])
        session.marked = max(session.marked, oldest) + 1


@kernel
def fill(session: Any, out: NDArray[np.float32]) -> None:
    """Fill `out` (SIZE,) with one session's vector: each modality, then what needs several of them."""
    for k in range(SIZE):
        out[k] = np.nan
    tick_ns = session.tick_ns
    eyes.features(session.eyes, tick_ns, out)
    voice.features(session.voice, tick_ns, out)
    brain.features(session.brain, tick_ns, out)
    context.features(session.context, tick_ns, out)
    crossmodal.step(session.cross, session.eyes, session.voice, session.brain, out, tick_ns)
    crossmodal.features(session.cross, session.eyes, session.brain, out, tick_ns, out)
