"""One simulated headset: the brain's samples as a montage picks them up, with muscles, bad contact and none at all."""

import msgspec
import numpy as np
from numpy.typing import NDArray

from sensors.messages import Column
from sensors.simulated import head_map
from sensors.simulated.brain import Brain
from sensors.simulated.confounds import EegConfounds, Spells, inside
from sensors.simulated.randomness import generator
from sensors.simulated.story import ParticipantConfig

PICKED: dict[str, tuple[tuple[str, tuple[tuple[str, float], ...]], ...]] = {
    "16 electrodes": tuple((name, ((name, 1.0),)) for name in head_map.CHANNELS),
    "8 electrodes": tuple((name, ((name, 1.0),)) for name in ("Fp1", "Fp2", "C3", "C4", "P3", "P4", "O1", "O2")),
    "4 frontal": (("TP9", (("PO7", 0.55), ("C3", 0.25))), ("AF7", (("Fp1", 0.8), ("F3", 0.2))),
                  ("AF8", (("Fp2", 0.8), ("F4", 0.2))), ("TP10", (("PO8", 0.55), ("C4", 0.25)))),
}
"""Electrodes of each montage, each a mixture of the simulated sites nearest to it; the last one is a headband's."""

DESK_UV, DESK_S = 60.0, 3.0
"""A headset that was taken off picks up noise for a while, then lies still."""


def columns(confounds: EegConfounds) -> tuple[Column, ...]:
    """Return the headset's columns."""
    return tuple(Column(name, "uV") for name, _ in PICKED[confounds.montage])


def sample_times(length_s: float, confounds: EegConfounds) -> NDArray[np.int64]:
    """Return when each sample was taken: (n,) ns since the session began."""
    return np.asarray(np.rint(np.arange(int(length_s * confounds.rate_hz) + 1) * (1e9 / confounds.rate_hz)), np.int64)


def eeg_columns(config: ParticipantConfig, length_s: float, confounds: EegConfounds) -> NDArray[np.float32]:
    """Return all samples of a session: (n, electrode) float32 uV, at `sample_times`."""
    rate_hz, count = confounds.rate_hz, int(length_s * confounds.rate_hz) + 1
    struck = msgspec.structs.replace(config, faults=(*config.faults, *confounds.faults))
    brain = Brain(struck, rate_hz, confounds.reaction, confounds.rhythm_db)
    sites = np.concatenate([brain.samples(start, min(round(60 * rate_hz), count - start))
                            for start in range(0, count, round(60 * rate_hz))])
    times_s = np.arange(count) / rate_hz
    draw = generator(config.seed, "headset")
    _add_bursts(sites, times_s, confounds.bursts, confounds.burst_uv, draw)
    picked = PICKED[confounds.montage]
    if confounds.montage == "16 electrodes":
        values = sites
    else:
        mix = np.zeros((len(head_map.CHANNELS), len(picked)), np.float32)
        for column, (_, parts) in enumerate(picked):
            for name, weight in parts:
                mix[head_map.CHANNELS.index(name), column] = weight
        gone = np.isnan(sites)
        values = np.where(gone, np.float32(0), sites) @ mix
        values[(gone.astype(np.float32) @ (mix > 0)) > 0] = np.nan
    for span in confounds.off:
        first, last = np.searchsorted(times_s, (span.start_s, span.end_s))
        loose = min(int(last), int(first) + round(DESK_S * rate_hz))
        values[first:loose] = DESK_UV * draw.standard_normal((loose - first, len(picked)))
        values[loose:last] = 0.0
    return np.ascontiguousarray(values, np.float32)


def _add_bursts(sites: NDArray[np.float32], times_s: NDArray[np.float64], bursts: Spells, burst_uv: float,
                draw: np.random.Generator) -> None:
    """Add muscle noise, which rises with frequency, strongest at the rim of the scalp."""
    where = np.flatnonzero(inside(times_s, bursts))
    if not where.size:
        return
    white = draw.standard_normal((where.size + 1, len(head_map.CHANNELS)))
    # A first difference of white noise: power that rises with frequency, as muscle's does to 30 Hz and beyond.
    sites[where] += (burst_uv / np.sqrt(2) * np.diff(white, axis=0) * head_map.MUSCLE).astype(np.float32)
