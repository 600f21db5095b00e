"""Where shipped weights lie."""

from pathlib import Path

FOLDER = Path(__file__).parent / "weights"


def path_of(name: str, suffix: str = ".safetensors") -> Path:
    """Return the file of weights given by name, or as a path."""
    return Path(name) if name.endswith(suffix) else FOLDER / f"{name}{suffix}"
