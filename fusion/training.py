"""`attnflow train`: windows, simulated or a folder of them, to weights that a session can use."""

from collections.abc import Callable
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
            simulated(recipe.simulate, on_progress)
        group.wait()
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
