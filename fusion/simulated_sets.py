"""Sets of simulated people by seed: made once, the same on every machine, and kept in the user's cache."""

from collections.abc import Callable
from pathlib import Path

from fusion.machine import available_cores
from kernels.jit import cache_root, source_hash
from kernels.layout import layout_hash
from models.recipe import Simulate
from models.windows import Windows, load_folder

HELD_OUT = Simulate(people=60, minutes=8.0, seed=90_001)
"""People that nothing is trained on, with other traits, confounds and faults; no recipe may simulate with this seed."""


def simulated(which: Simulate, on_progress: Callable[[float], None] = lambda share: None) -> list[Windows]:
    """Return the windows of a set, which is made where it is not in the cache yet."""
    from fusion.dataset import simulate_people

    folder = folder_of(which)
    if not folder.is_dir():
        part = folder.with_suffix(".part")
        simulate_people(which.people, which.minutes, which.seed, part, available_cores(), on_progress)
        part.replace(folder)
    return load_folder(folder)


def folder_of(which: Simulate) -> Path:
    """Return where a set is kept; it is made anew when the layout or a kernel changes."""
    name = f"{which.seed}-{which.people}x{which.minutes:g}-{layout_hash()}-{source_hash()}"
    return cache_root() / "simulated-people" / name.replace(".", "_")
