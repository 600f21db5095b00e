"""Telling weights apart: a hash of the numbers themselves, which needs no torch to check."""

import hashlib
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from models.errors import ModelError


def fingerprint(weights: Mapping[str, NDArray[np.generic]]) -> str:
    """Return a short hash of named arrays, whatever their order."""
    digest = hashlib.sha256()
    for name in sorted(weights):
        value = np.ascontiguousarray(weights[name])
        digest.update(f"{name} {value.dtype.str} {value.shape}\n".encode())
        digest.update(value.tobytes())
    return digest.hexdigest()[:16]


def fingerprint_of(path: Path) -> str:
    """Return the hash of a checkpoint's weights, from its file.

    Raises
    ------
    ModelError
        If it cannot be read.
    """
    from safetensors import SafetensorError
    from safetensors.numpy import load_file

    try:
        return fingerprint(load_file(path))
    except (SafetensorError, OSError) as error:
        raise ModelError(f"{path}: the weights cannot be read ({error}).",
                         "Train some with: attnflow train --config default") from None
