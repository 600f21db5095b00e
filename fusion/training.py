"""`attnflow train`: windows, simulated or a folder of them, to weights that a session can use."""

import os
import socket
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from fusion.simulated_sets import HELD_OUT, simulated
from models.errors import ModelError
from models.windows import Windows, load_folder

if TYPE_CHECKING:
    from models.checkpoint import Trained
    from models.recipe import Recipe
    from models.train import Told


def windows_of(recipe: "Recipe", on_progress: Callable[[float], None]) -> list[Windows]:
    """Return the windows that a recipe trains on; of several processes the first one simulates.

    Raises
    ------
    ModelError
        If the recipe names none, or simulates the people that are kept for testing.
    """
    from models.parallel import Group

    found: list[Windows] = []
    if recipe.simulate.people:
        if recipe.simulate.seed == HELD_OUT.seed:
            raise ModelError(f"The recipe '{recipe.name}' simulates with the seed {HELD_OUT.seed}, whose people are "
                             "kept for testing.", "Choose another seed.")
        group = Group()
        if group.first:
            found += simulated(recipe.simulate, on_progress)
        group.wait()
        if not group.first:
            found += simulated(recipe.simulate)
    if recipe.folder:
        found += load_folder(Path(recipe.folder))
    if not found:
        raise ModelError(f"The recipe '{recipe.name}' names nothing to train on.",
                         "Give it a folder of windows, or people to simulate.")
    return found


def train(recipe: "Recipe", sessions: list[Windows], out: Path, say: Callable[["Told"], None], device: str = "cpu",
          *, resume: bool = False) -> "tuple[Trained, float]":
    """Train, calibrate, and write `<name>.safetensors` and `<name>.onnx` into `out`; return the export's error, too.

    Of several processes that torchrun started, the first one writes.
    """
    from models.build import build
    from models.checkpoint import save
    from models.export import export
    from models.parallel import Group

    trained = build(recipe, sessions, out / "progress", say, device, resume=resume)
    if not Group().first:
        return trained, 0.0
    save(out / f"{recipe.name}.safetensors", trained)
    return trained, export(out / f"{recipe.name}.onnx", trained)


def alone() -> bool:
    """Return whether this process is not one of several that train together."""
    return "WORLD_SIZE" not in os.environ


def together(count: int, arguments: Sequence[str]) -> int:
    """Run the command in so many processes that train together, one thread each, and return the exit status.

    They are started as torchrun would; when one fails, the others are ended.
    """
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port = found.getsockname()[1]
    common = {"WORLD_SIZE": str(count), "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port), "OMP_NUM_THREADS": "1"}
    running = [subprocess.Popen([sys.executable, "-m", "fusion.cli", *arguments],
                                env=os.environ | common | {"RANK": str(rank)}) for rank in range(count)]
    try:
        for process in running:
            if process.wait():
                return process.returncode
    finally:
        for process in running:
            process.terminate()
            process.wait()
    return 0
