"""Windows files: one session of one person as feature vectors on a grid, with what is known about each.

The file is a safetensors file: plain arrays and a header of text, which no program can be hidden in. The header
carries the hash of the feature layout, so that vectors of another layout are refused instead of misread.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field, fields
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from kernels.layout import MODALITIES, SIZE, layout_hash
from models.errors import ModelError
from models.files import appearing
from models.labels import NOT_LABELLED, STATES

FORMAT = "attnflow windows 1"
SUFFIX = ".windows"
STEP_S = 0.5
"""The usual distance of two vectors; EEG features are refreshed as often."""


@dataclass(frozen=True, eq=False)
class Windows:
    """One session of one person; n steps in order of time."""

    person: str
    """Who it is, as a pseudonym: nobody may be on both sides of a split."""
    session: str
    source: str
    """Where it comes from: "simulated", or the name of the recording's data set."""
    times_s: NDArray[np.float64]
    """(n,) seconds since the session began, increasing."""
    features: NDArray[np.float32]
    """(n, SIZE) in the order of `kernels.layout`; NaN where not measured."""
    quality: NDArray[np.float32]
    """(n, modality) trust 0..1 in the order of `kernels.layout.MODALITIES`; 0 for one that is absent or stale."""
    state: NDArray[np.int8]
    """(n,) position in `models.labels.STATES`; `NOT_LABELLED` where the truth is not known."""
    lapse_in_s: NDArray[np.float32]
    """(n,) time until the next lapse begins, inf without one; NaN where not known, or while one lasts."""
    attention: NDArray[np.float32]
    """(n,) 0..1, NaN where not known; so are the next two."""
    vigilance: NDArray[np.float32]
    load: NDArray[np.float32]
    truth: NDArray[np.float32] = field(default_factory=lambda: np.zeros((0, 0), np.float32))
    """(n, k) what generated a simulated session, for the ceiling alone: no model that is reported sees it."""
    truth_names: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        n = len(self.times_s)
        shapes = {"times_s": (n,), "features": (n, SIZE), "quality": (n, len(MODALITIES))}
        shapes |= dict.fromkeys(("state", "lapse_in_s", "attention", "vigilance", "load"), (n,))
        shapes["truth"] = (n if self.truth_names else len(self.truth), len(self.truth_names))
        for name, expected in shapes.items():
            got = getattr(self, name).shape
            if got != expected:
                raise ModelError(f"{self.where}: {name} has the shape {got}, expected {expected}.")
        if not self.person or not self.session:
            raise ModelError(f"{self.where}: person and session need a name each.")
        if n and not (np.diff(self.times_s) > 0).all():
            raise ModelError(f"{self.where}: times_s does not increase at every step.")
        if n and (self.state.min() < NOT_LABELLED or self.state.max() >= len(STATES)):
            raise ModelError(f"{self.where}: state holds {self.state.min()} to {self.state.max()}, "
                             f"expected {NOT_LABELLED} to {len(STATES) - 1}.")

    def __len__(self) -> int:
        return len(self.times_s)

    @property
    def where(self) -> str:
        """Return what to call these windows in an error."""
        return f"Windows of {self.person or '?'}, {self.session or '?'}"


_ARRAYS = tuple(f.name for f in fields(Windows) if f.name not in ("person", "session", "source", "truth_names"))


def save(path: Path, windows: Windows) -> None:
    """Write a windows file; it appears whole or not at all."""
    from safetensors.numpy import save as to_bytes

    header = {"format": FORMAT, "layout": layout_hash(), "person": windows.person, "session": windows.session,
              "source": windows.source, "truth_names": ",".join(windows.truth_names)}
    data = to_bytes({name: np.ascontiguousarray(getattr(windows, name)) for name in _ARRAYS}, metadata=header)
    with appearing(path) as part:
        part.write_bytes(_ordered(data))


def _ordered(data: bytes) -> bytes:
    """Return a safetensors file with its header in order of names: the library's own order is another each time."""
    size = int.from_bytes(data[:8], "little")
    header = json.dumps(json.loads(data[8:8 + size]), sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    text = header.encode()
    text = text.ljust(-(-len(text) // 8) * 8)
    return len(text).to_bytes(8, "little") + text + data[8 + size:]


def load(path: Path) -> Windows:
    """Read a windows file.

    Raises
    ------
    ModelError
        If it is no windows file, is damaged, or was written for another feature layout.
    """
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="np") as file:
            header = file.metadata() or {}
            if header.get("format") != FORMAT:
                raise ModelError(f"{path}: this is no windows file, its format is '{header.get('format', '')}', "
                                 f"expected '{FORMAT}'.", "Make one with: attnflow dataset build")
            if header["layout"] != layout_hash():
                raise ModelError(f"{path}: it was written for the feature layout {header['layout']}, "
                                 f"this version has {layout_hash()}.", "Build it again with: attnflow dataset build")
            arrays = {name: file.get_tensor(name) for name in _ARRAYS}
    except (SafetensorError, KeyError) as error:
        raise ModelError(f"{path}: the file is damaged ({error}).",
                         "Build it again with: attnflow dataset build") from None
    except OSError as error:
        raise ModelError(f"{path}: it cannot be read ({error.strerror or error}).") from None
    names = tuple(name for name in header["truth_names"].split(",") if name)
    return Windows(person=header["person"], session=header["session"], source=header["source"], truth_names=names,
                   **arrays)


def load_folder(folder: Path) -> list[Windows]:
    """Read all windows files of a folder, in order of their names.

    Raises
    ------
    ModelError
        If there is none, or one cannot be used.
    """
    found = [load(path) for path in sorted(folder.glob(f"*{SUFFIX}"))]
    if not any(len(windows) for windows in found):
        raise ModelError(f"{folder}: there are no windows here ({len(found)} files).",
                         "Make some with: attnflow dataset simulate, or attnflow dataset build")
    return found


def people(sessions: Iterable[Windows]) -> list[str]:
    """Return everybody in these sessions, once, in order of their names."""
    return sorted({windows.person for windows in sessions})
