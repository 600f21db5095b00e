"""A small store of what a person labelled before, so that learning something new does not forget it.

Only feature vectors are kept: of each session the beginning, which the person's own level is taken from, and the
labelled steps with those that the network looks back on.
"""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from models.errors import ModelError
from models.holdout import Mask
from models.inputs import BASELINE_STEPS
from models.labels import NOT_LABELLED
from models.presets import Preset
from models.windows import SUFFIX, Windows, load, save

SESSIONS_KEPT = 8
"""The newest ones."""
BEGINNING = 2 * BASELINE_STEPS
"""Steps kept from the start: a level that is frozen after a minute of measured time, with gaps in it."""


def trimmed(windows: Windows, preset: Preset) -> Windows:
    """Return a session without the steps that no labelled one needs."""
    needed: Mask = np.arange(len(windows)) < BEGINNING
    labelled = windows.state != NOT_LABELLED
    # Each layer looks `reach` - 1 steps back on what the layer under it had looked back on.
    back = preset.layers * (preset.reach - 1)
    count = np.concatenate([[0], np.cumsum(labelled)])
    until = np.minimum(np.arange(len(windows)) + back + 1, len(windows))
    needed |= count[until] > count[:-1]
    fields = ("times_s", "features", "quality", "state", "lapse_in_s", "attention", "vigilance", "load")
    return replace(windows, **{name: getattr(windows, name)[needed] for name in fields},
                   truth=np.zeros((0, 0), np.float32), truth_names=())


def remembered(folder: Path) -> list[Windows]:
    """Return the stored sessions, oldest first; none where the folder is missing."""
    return [load(path) for path in sorted(folder.glob(f"*{SUFFIX}"))]


def remember(folder: Path, sessions: Sequence[Windows]) -> None:
    """Store sessions behind those that are there, and let the oldest go.

    Raises
    ------
    ModelError
        If the folder cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        there = sorted(folder.glob(f"*{SUFFIX}"))
        number = int(there[-1].stem) + 1 if there else 0
        for k, windows in enumerate(sessions):
            save(folder / f"{number + k:06d}{SUFFIX}", windows)
        for path in sorted(folder.glob(f"*{SUFFIX}"))[:-SESSIONS_KEPT]:
            path.unlink()
    except OSError as error:
        raise ModelError(f"{folder} cannot be written ({error.strerror or error}).") from None
