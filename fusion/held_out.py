"""Simulated people that nothing was trained on: the same everywhere, made once and kept in the user's cache."""

from collections.abc import Callable
from pathlib import Path

from kernels.jit import cache_root, source_hash
from kernels.layout import layout_hash
from models.windows import Windows, load_folder

SEED = 90_001
"""No recipe may simulate with it."""
PEOPLE, MINUTES = 60, 8.0


def people(count: int = PEOPLE, on_progress: Callable[[float], None] = lambda share: None) -> list[Windows]:
    """Return the first `count` of the held-out people, each with other traits, confounds and faults."""
    from fusion.bench_roofline import available_cores
    from fusion.dataset import simulate_people

    folder = folder_of(count)
    if not folder.is_dir():
        part = folder.with_suffix(".part")
        simulate_people(count, MINUTES, SEED, part, available_cores(), on_progress)
        part.replace(folder)
    return load_folder(folder)


def folder_of(count: int) -> Path:
    """Return where so many people are kept; made anew when the layout or a kernel changes."""
    return cache_root() / f"held-out-{count}x{MINUTES:g}-{layout_hash()}-{source_hash()}"
