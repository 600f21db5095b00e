"""Compile every kernel before a session says "live", so that no tick ever waits for a compiler."""

import importlib
from collections.abc import Callable

MODULES = ("audio", "audio_pitch", "audio_resample", "blinks", "filters", "gaze", "ocular", "quality", "spectral",
           "windows")
"""The kernel modules that a session or a driver runs."""


def warm(say: Callable[[str], None] = lambda name: None) -> None:
    """Compile all kernels, or load them from numba's cache.

    Parameters
    ----------
    say
        Told the name of each module before it is compiled, for a progress display.
    """
    for name in MODULES:
        say(name)
        importlib.import_module(f"kernels.{name}").warm()
