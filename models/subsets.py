"""Windows as if some sensors had never been there: what each of the seven subsets of sensors is tested on."""

from collections.abc import Iterable
from dataclasses import replace
from itertools import combinations

import numpy as np

from kernels.layout import FEATURES, MODALITIES
from models.labels import SENSING
from models.windows import Windows

SUBSETS = tuple(kept for size in range(len(SENSING), 0, -1) for kept in combinations(SENSING, size))
"""All subsets of the sensing modalities but the empty one, the whole first."""

PARTS = {"flow_camera": ("camera",), "flow_microphone": ("microphone",), "flow_eeg": ("eeg",),
         "flow_age": (), "flow_external": (), "blink_match_60s": ("camera", "eeg"),
         "blink_lag_60s": ("camera", "eeg"), "gaze_speech_60s": ("camera", "microphone"),
         "gaze_speech_lag_60s": ("camera", "microphone")}
"""The sensors that each feature of kind "fusion" needs."""


def name(kept: Iterable[str]) -> str:
    """Return a subset's name, "camera+eeg"."""
    return "+".join(kept)


def columns(kept: Iterable[str]) -> list[int]:
    """Return the positions of the features that can be measured with these modalities, context aside.

    The flow features mix all sensors that are there; they stay only while no sensor is missing, because what they
    would have been without one cannot be worked out from the vector.
    """
    there = set(kept)
    whole = there >= set(SENSING)
    found = []
    for position, feature in enumerate(FEATURES):
        if feature.modality == "fusion":
            measurable = whole if feature.name.startswith("flow") else there >= set(PARTS[feature.name])
        else:
            measurable = feature.modality in there
        if measurable:
            found.append(position)
    return found


def only(windows: Windows, kept: Iterable[str]) -> Windows:
    """Return the windows with every other sensing modality gone: features NaN, quality 0; context stays."""
    there = {*kept, *(modality for modality in MODALITIES if modality not in SENSING)}
    features = np.full_like(windows.features, np.nan)
    positions = columns(there)
    features[:, positions] = windows.features[:, positions]
    quality = windows.quality.copy()
    quality[:, [number for number, modality in enumerate(MODALITIES) if modality not in there]] = 0.0
    return replace(windows, features=features, quality=quality)
