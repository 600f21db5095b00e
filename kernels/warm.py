"""Compile every kernel before a session says "live", so that no tick ever waits for a compiler."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kernels import audio, audio_pitch, audio_resample, brain, context, eyes, fused, sight, voice
from kernels.layout import SIZE


def warm(say: Callable[[str], None] = lambda name: None) -> None:
    """Compile what drivers and sessions run, or load it from the cache.

    Code for boards of more than 32 electrodes, and for batches, is compiled when it is first used.

    Parameters
    ----------
    say
        Told the name of each part before it is compiled, for a progress display; `PARTS` are their names.
    """
    for name, part in PARTS.items():
        say(name)
        part()


def _camera() -> None:
    fused.take_camera(_sessions(), *_one_row())


def _sight() -> None:
    records = np.zeros(1, sight.SIGHT)
    sight.reset(records, ("face",), 1.0)
    sight.follow_one(records, *_one_row())


def _microphone() -> None:
    fused.take_microphone(_sessions(), *_one_row())


def _eeg() -> None:
    setup = brain.Setup(("Cz",), ("uV",), 250.0)
    fused.take_eeg(_sessions(), brain.table(setup), *_one_row())


def _context() -> None:
    fused.take_context(_sessions(), *_one_row())


def _vector() -> None:
    fused.features(_sessions(), 0, np.empty(SIZE, np.float32))


def _sessions() -> NDArray[Any]:
    return fused.new_sessions(1, fused.Setup(
        camera=eyes.Setup(("face",), 30.0, 0.0, 0.0, 0.1, 1.0), microphone=voice.Setup(("speech",), 31.25),
        eeg=brain.Setup(("Cz",), ("uV",), 250.0), surroundings=context.Setup(("demand",))))


def _one_row() -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    return np.ones((1, 1), np.float32), np.ones(1, np.int64)


PARTS: dict[str, Callable[[], None]] = {
    "sound": audio.warm, "pitch": audio_pitch.warm, "resampling": audio_resample.warm, "camera": _camera,
    "sight": _sight, "microphone": _microphone, "EEG": _eeg, "context": _context, "feature vector": _vector}
"""What is compiled, by name."""
