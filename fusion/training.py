"""`attnflow train`: windows, simulated or a folder of them, to weights that a session can use."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from models.errors import ModelError
from models.windows import Windows, load_folder

if TYPE_CHECKING:
    from models.checkpoint import Trained
    from models.recipe import Recipe
    from models.train import Told


def windows_of(recipe: "Recipe", folder: Path, on_progress: Callable[[float], None]) -> list[Windows]:
    """Return the windows that a recipe trains on; simulated ones are made in `folder` unless they are there.

    Raises
    ------
    ModelError
        If the recipe names none.
    """
    found: list[Windows] = []
    if recipe.simulate.people:
        from fusion.simulation import simulate

        made = folder / f"simulated-{recipe.simulate.seed}-{recipe.simulate.people}x{recipe.simulate.minutes:g}"
        simulate(made, recipe.simulate.people, recipe.simulate.minutes, recipe.simulate.seed, on_progress)
        found += load_folder(made)
    if recipe.folder:
        found += load_folder(Path(recipe.folder))
    if not found:
        raise ModelError(f"The recipe '{recipe.name}' names nothing to train on.",
                         "Give it a folder of windows, or people to simulate.")
    return found


def train(recipe: "Recipe", out: Path, say: Callable[["Told"], None], on_progress: Callable[[float], None],
          device: str = "cpu", *, resume: bool = False) -> "tuple[Trained, float]":
    """Train, calibrate and write `<name>.safetensors` and `<name>.onnx` into `out`; return them and the export's error.
    """
    from models.build import build
    from models.checkpoint import save
    from models.export import export

    out.mkdir(parents=True, exist_ok=True)
    sessions = windows_of(recipe, out, on_progress)
    trained = build(recipe, sessions, out / "progress", say, device, resume=resume)
    save(out / f"{recipe.name}.safetensors", trained)
    return trained, export(out / f"{recipe.name}.onnx", trained)
