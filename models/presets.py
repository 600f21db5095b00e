"""Named architectures of the network."""

from dataclasses import dataclass

from models.errors import ModelError

BARRED = -1e9
"""Added to the score of a key that may not be attended to."""
PERIODS_S = (1.0, 120.0)
"""Shortest and longest period of the rotations that carry time."""


@dataclass(frozen=True)
class Preset:
    """The size of a network; all of it is stored with the weights."""

    width: int
    """Numbers a token has."""
    layers: int
    heads: int
    bottlenecks: int
    """Tokens through which the modalities speak to each other (Nagrani 2021, attention bottlenecks)."""
    reach: int
    """Steps that a layer looks back, itself included; the whole network looks back `layers` times as far."""
    spread: int = 2
    """Width of the hidden layer over the width of a token."""
    dropout: float = 0.1

    @property
    def size(self) -> int:
        """Return how many numbers a head's key has."""
        return self.width // self.heads

    def __post_init__(self) -> None:
        if self.width % (2 * self.heads):
            raise ModelError(f"A preset has the width {self.width} and {self.heads} heads, expected a width that "
                             f"{2 * self.heads} divides.")


PRESETS: dict[str, Preset] = {
    "tiny": Preset(width=32, layers=2, heads=2, bottlenecks=2, reach=12),
    "small": Preset(width=64, layers=3, heads=4, bottlenecks=4, reach=16),
    "base": Preset(width=96, layers=4, heads=4, bottlenecks=4, reach=16, spread=3),
}
"""By name: tiny for tests and for one modality, small for the default weights, base for larger data."""


def preset(name: str) -> Preset:
    """Return the preset of that name.

    Raises
    ------
    ModelError
        If there is none.
    """
    if name not in PRESETS:
        raise ModelError(f"There is no network preset '{name}'.", f"Known presets: {', '.join(PRESETS)}.")
    return PRESETS[name]
