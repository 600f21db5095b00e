"""Where the simulated electrodes sit, and how strongly each rhythm and artefact reaches them."""

import numpy as np
from numpy.typing import NDArray

CHANNELS = ("Fp1", "Fp2", "F3", "Fz", "F4", "C3", "Cz", "C4", "P3", "Pz", "P4", "PO7", "PO8", "O1", "Oz", "O2")
"""Sixteen sites of the 10-20 and 10-10 systems."""

#          x (+ right), y (+ front), in head radii
_PLACES = {"Fp1": (-.29, .90), "Fp2": (.29, .90), "F3": (-.39, .53), "Fz": (0, .50), "F4": (.39, .53),
           "C3": (-.50, 0), "Cz": (0, 0), "C4": (.50, 0), "P3": (-.39, -.53), "Pz": (0, -.50), "P4": (.39, -.53),
           "PO7": (-.55, -.74), "PO8": (.55, -.74), "O1": (-.29, -.90), "Oz": (0, -.95), "O2": (.29, -.90)}
#                Fp   F(3, z, 4)      C(3, z, 4)      P(3, z, 4)      PO7  PO8  O1   Oz   O2
_ALPHA = np.array([.10, .10, .16, .18, .16, .32, .35, .32, .66, .72, .66, .92, .92, 1.0, 1.0, 1.0])
_THETA = np.array([.45, .45, .65, 1.0, .65, .40, .70, .40, .25, .35, .25, .18, .18, .15, .15, .15])
_BETA = np.array([.80, .80, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, .95, .95, .95, .85, .85, .85, .85, .85])
_MUSCLE = np.array([1.0, 1.0, .60, .40, .60, .30, .20, .30, .25, .20, .25, .40, .40, .35, .30, .35])

ALPHA, THETA, BETA = _ALPHA, _THETA, _BETA
"""Amplitude of each rhythm by channel, 1 at its strongest site: posterior alpha, frontal midline theta, beta."""

MUSCLE = _MUSCLE
"""Amplitude of muscle activity by channel: forehead most, temples and neck at the rim, least at the vertex."""

POSITIONS: NDArray[np.float64] = np.array([_PLACES[name] for name in CHANNELS])
"""(channel, 2) in head radii."""

# Blinks halve every 3.5 cm of the way back over the scalp; from Fp to Fz that is 7.2 cm (20 % of 36 cm) and 0.4 here.
BLINK: NDArray[np.float64] = 0.5 ** ((0.90 - POSITIONS[:, 1]) * 18 / 3.5)
"""Amplitude of the blink artefact by channel, 1 at Fp1 and Fp2."""

ROLL: NDArray[np.float64] = BLINK * np.sign(POSITIONS[:, 0])
"""Slow eye rolling: opposite signs on the two sides."""


def mixing(centres: list[tuple[float, float]], width: float) -> NDArray[np.float64]:
    """Return (source, channel) weights that fall with the distance to each source, every channel with unit power."""
    apart = np.linalg.norm(np.array(centres)[:, None] - POSITIONS[None], axis=2)
    weights = np.exp(-(apart / width) ** 2 / 2)
    unit: NDArray[np.float64] = weights / np.sqrt((weights**2).sum(axis=0))
    return unit
