"""The rhythm of syllables: how much of the level's movement lies at 3 to 7 Hz.

Speech moves its envelope with the syllables, most of all near 4 to 5 Hz, which is where it differs from music, wind
and engines (Houtgast and Steeneken 1985, J. Acoust. Soc. Am. 77, 1069-1077). Here the level in dB runs through a
band-pass of 0.5 to 12 Hz, and what comes out of that through one of 3 to 7 Hz; with w and n the two outputs, the share
over a window is sum(n^2) / sum(w^2). Both are Butterworth band-passes of the second-order prototype, so a level that
moves as a sine reads 1 / (1 + ((f^2 - 21) / (4 f))^4) up to the bending of frequencies by the bilinear transform:
0.998 at 5 Hz, 0.5 at the edges, 0.002 at 1 Hz. White movement reads about the ratio of the bandwidths, 4 / 11.5.
"""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kernels.jit import kernel

MOVEMENT_HZ = (0.5, 12.0)
"""All of the movement that counts."""
SYLLABLES_HZ = (3.0, 7.0)
"""The part that is syllables."""
LEAST_RATE_HZ = 25.0
"""Slower frames cannot carry 12 Hz."""
SETTLE_S = 2.0
"""Time after a beginning or a hole in which the filters' start still shows: a full period of the lowest frequency."""
LEAST_DB2 = 1e-2
"""Mean square of the movement, (0.1 dB)^2, under which there is none: even steady noise flickers by 0.27 dB."""
RINGING = 1.1
"""More syllables than movement: all that a window holds is the later filter's echo of what went before it."""
MOST_DB2 = 1e5
"""Largest square of a movement; more than a jump of 120 dB, from digital silence to full scale, can make."""
QUIET = 1e-30
"""Filter state under which it is nothing; keeps a constant level from running on in denormal numbers."""

MODULATION = np.dtype([
    ("sections", np.float64, (4, 5)), ("state", np.float64, (4, 2)),
    ("origin", np.float64), ("count", np.int64), ("settle", np.int64),
], align=True)
"""State of the two band-passes, two sections each; `settle` frames say nothing, -1 when no frame ever does."""


def band_pass(low_hz: float, high_hz: float, rate_hz: float) -> NDArray[np.float64]:
    """Return a Butterworth band-pass (second-order prototype) as two sections b0, b1, b2, a1, a2 (a0 is 1).

    Bilinear transform with pre-warping, so the gain is -3 dB at both edges exactly and 1 at their warped geometric
    mean.
    """
    low, high = (math.tan(math.pi * edge / rate_hz) for edge in (low_hz, high_hz))
    half = complex(-math.sqrt(0.5), math.sqrt(0.5)) * (high - low) / 2
    root = (half * half - low * high) ** 0.5
    centre = complex(1.0, math.sqrt(low * high))
    z = (centre / centre.conjugate()) ** -1
    sections = []
    for pole in (half + root, half - root):
        image = (1 + pole) / (1 - pole)
        a1, a2 = -2 * image.real, abs(image) ** 2
        gain = abs((1 + a1 * z + a2 * z * z) / (1 - z * z))
        sections.append((gain, 0.0, -gain, a1, a2))
    return np.array(sections)


def reset(records: NDArray[np.void], rate_hz: float) -> None:
    """Set (n,) `MODULATION` records to the start of a stream; `rate_hz` 0 or too slow measures nothing."""
    records[...] = np.zeros((), MODULATION)
    records["settle"] = -1
    if rate_hz >= LEAST_RATE_HZ:
        records["settle"] = math.ceil(SETTLE_S * rate_hz)
        records["sections"][:, :2] = band_pass(*MOVEMENT_HZ, rate_hz)
        records["sections"][:, 2:] = band_pass(*SYLLABLES_HZ, rate_hz)


@kernel
def step(modulation: Any, level_db: float, broken: bool) -> tuple[float, float]:
    """Return the squares of all movement and of the syllables' at one frame, dB^2; NaN while the filters settle.

    Parameters
    ----------
    modulation : MODULATION
    level_db
        Level of the frame; NaN where not measured, after which the filters settle anew.
    broken
        Whether frames are missing before this one, which has the same effect.
    """
    if broken or math.isnan(level_db) or modulation.settle < 0:
        modulation.count = 0
    if math.isnan(level_db) or modulation.settle < 0:
        return math.nan, math.nan
    if modulation.count == 0:
        # A level that never moved leaves these states, so an offset makes no transient.
        modulation.origin = level_db
        for section in range(4):
            modulation.state[section, 0] = 0.0
            modulation.state[section, 1] = 0.0
    modulation.count += 1
    y = level_db - modulation.origin
    movement = 0.0
    for section in range(4):
        x = y
        y = modulation.sections[section, 0] * x + modulation.state[section, 0]
        z1 = modulation.sections[section, 1] * x - modulation.sections[section, 3] * y + modulation.state[section, 1]
        z2 = modulation.sections[section, 2] * x - modulation.sections[section, 4] * y
        modulation.state[section, 0] = z1 if abs(z1) > QUIET else 0.0
        modulation.state[section, 1] = z2 if abs(z2) > QUIET else 0.0
        if section == 1:
            movement = y * y
    if modulation.count <= modulation.settle:
        return math.nan, math.nan
    return min(MOST_DB2, movement), min(MOST_DB2, y * y)


@kernel
def share(movement_db2: float, syllables_db2: float) -> float:
    """Return the share of the movement that is syllables, from the two mean squares over one window."""
    if not (movement_db2 >= LEAST_DB2 and syllables_db2 <= RINGING * movement_db2):
        return math.nan
    return min(1.0, syllables_db2 / movement_db2)
