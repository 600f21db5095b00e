"""`attnflow train`: windows, simulated or a folder of them, to weights that a session can use."""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from fusion.bench_roofline import available_cores
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
    from models.parallel import Group

    found: list[Windows] = []
    group = Group()
    if recipe.simulate.people:
        from fusion.dataset import simulate_people

        wanted = recipe.simulate
        made = folder / f"simulated-{wanted.seed}-{wanted.people}x{wanted.minutes:g}"
        if group.first and not made.is_dir():
            part = made.with_suffix(".part")
            simulate_people(wanted.people, wanted.minutes, wanted.seed, part, available_cores(), on_progress)
            part.replace(made)
        group.wait()
        found += load_folder(made)
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
