"""Reading and writing safetensors files of torch: tensors by name, and a header of text."""

from collections.abc import Mapping
from pathlib import Path

from torch import Tensor

from models.files import appearing


def write(path: Path, tensors: Mapping[str, Tensor], text: Mapping[str, str]) -> None:
    """Write a file; it appears whole or not at all."""
    from safetensors.torch import save_file

    with appearing(path) as part:
        save_file({name: value.contiguous() for name, value in tensors.items()}, part, metadata=dict(text))


def read(path: Path) -> tuple[dict[str, str], dict[str, Tensor]]:
    """Return the header and the tensors of a file.

    Raises
    ------
    OSError
        If it cannot be opened.
    safetensors.SafetensorError
        If it is damaged.
    """
    from safetensors import safe_open

    with safe_open(path, framework="pt") as file:
        return file.metadata() or {}, {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
