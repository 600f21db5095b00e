"""A training written down: everything that decides what comes out of it, in one TOML file."""

import tomllib
from dataclasses import asdict, dataclass, field, fields, is_dataclass
from pathlib import Path
from typing import Any, get_type_hints

from models.errors import ModelError
from models.presets import preset

RECIPES = Path(__file__).parent / "recipes"


@dataclass(frozen=True)
class Simulate:
    """Simulated people to train on; none where `people` is 0."""

    people: int = 0
    minutes: float = 8.0
    seed: int = 1


@dataclass(frozen=True)
class Augment:
    """How training sequences are disturbed."""

    modality_absent: float = 0.35
    """Chance that a modality is missing for a whole sequence; one that senses the person, drawn anew, never is."""
    modality_lost: float = 0.2
    """Chance that it is missing for a stretch."""
    context_absent: float = 0.2
    channel_absent: float = 0.03
    """Chance of each feature to be missing."""
    noise: float = 0.1
    """In standard deviations of each feature: at every step, and once for the whole sequence."""
    warp: float = 0.15
    """Time runs so much slower or faster."""
    adversarial_every: int = 4
    """Every so many batches the inputs are moved against the network; 0 never."""
    adversarial_size: float = 0.05


@dataclass(frozen=True)
class Recipe:
    """A training."""

    name: str = "unnamed"
    preset: str = "small"
    seed: int = 1
    folder: str = ""
    """Windows to train on, beside the simulated ones; a path, or empty."""
    epochs: int = 12
    pretrain_epochs: int = 0
    """Epochs of filling in masked features, without labels, before the states are learned."""
    batch: int = 24
    processes: int = 1
    """Processes that learn side by side, each from its own batches, as gradients are averaged: part of the result."""
    sequence_steps: int = 96
    learning_rate: float = 2e-3
    """Of biases, norms, tokens and readouts."""
    matrix_rate: float = 0.02
    """Of the matrices, whose updates are all of one size."""
    averaging: float = 0.995
    """Share of the averaged weights that stays at each step; these are what is validated and kept. 0 takes the last."""
    weight_decay: float = 0.02
    patience: int = 4
    """Epochs without a better loss on the validation people after which training stops."""
    validation_share: float = 0.12
    """Share of the people on whom training is stopped."""
    calibration_share: float = 0.12
    """Share on whom probabilities are calibrated; neither is trained on."""
    simulate: Simulate = field(default_factory=Simulate)
    augment: Augment = field(default_factory=Augment)

    def __post_init__(self) -> None:
        preset(self.preset)
        for name in ("epochs", "batch", "processes", "sequence_steps", "patience"):
            if getattr(self, name) < 1:
                raise ModelError(f"Recipe '{self.name}': {name} is {getattr(self, name)}, expected 1 or more.")
        for name in ("learning_rate", "matrix_rate"):
            if not getattr(self, name) > 0:
                raise ModelError(f"Recipe '{self.name}': {name} is {getattr(self, name)}, expected above 0.")
        if not 0 <= self.averaging < 1:
            raise ModelError(f"Recipe '{self.name}': averaging is {self.averaging}, expected 0 to under 1.")
        for name in ("validation_share", "calibration_share"):
            share = getattr(self, name)
            if not 0 < share < 0.5:
                raise ModelError(f"Recipe '{self.name}': {name} is {share}, expected above 0 to under 0.5.")

    def as_dict(self) -> dict[str, Any]:
        """Return the recipe as plain tables."""
        return asdict(self)


def read(name: str) -> Recipe:
    """Return the recipe of a TOML file, or a shipped one by name.

    Raises
    ------
    ModelError
        If there is none, or a key or value in it is wrong.
    """
    path = Path(name)
    if not path.suffix:
        path = RECIPES / f"{name}.toml"
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        shipped = ", ".join(sorted(found.stem for found in RECIPES.glob("*.toml")))
        raise ModelError(f"There is no recipe '{name}'.", f"Shipped ones: {shipped}; or give the path of a .toml file.",
                         ) from None
    except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ModelError(f"{path}: the recipe cannot be read ({error}).") from None
    recipe: Recipe = made(Recipe, table, str(path))
    return recipe


def made(kind: Any, table: dict[str, Any], where: str) -> Any:
    """Make a recipe, or a part of one, of a table; unknown keys and wrong types are told."""
    hints = get_type_hints(kind)
    unknown = sorted(set(table) - set(hints))
    if unknown:
        raise ModelError(f"{where}: unknown key '{unknown[0]}'.", f"Known keys: {', '.join(hints)}.")
    values: dict[str, Any] = {}
    for place in fields(kind):
        if place.name not in table:
            continue
        value, wanted = table[place.name], hints[place.name]
        if is_dataclass(wanted) and isinstance(value, dict):
            values[place.name] = made(wanted, value, f"{where} [{place.name}]")
            continue
        if wanted is float and type(value) is int:
            value = float(value)
        if type(value) is not wanted:
            raise ModelError(f"{where}: {place.name} is {value!r}, expected {wanted.__name__}.")
        values[place.name] = value
    return kind(**values)
