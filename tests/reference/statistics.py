"""Twins of `kernels.statistics` so plain that they need no test: lists, float64 and the defining sums."""

import itertools
import math

import numpy as np

from kernels.layout import FEATURES, INDEX

KINDS = ("camera", "microphone", "eeg")
WHOLE_EVENTS = ("long_closures_60s", "microsleeps_60s", "nods_60s", "yawns_180s", "transients_10s")
FLOORS = {"1": 0.02, "s": 0.01, "1/min": 1.0, "rad": 0.02, "rad2": 0.001, "rad/s": 0.02, "LUFS": 0.5, "dB": 0.5,
          "dBFS": 0.5, "Hz": 0.2, "log10 uV2": 0.05, "log10": 0.05, "nat": 0.1}


def weighted(times_s, values, tau_s):
    """(mean, variance) from the weights written out: each value counts a = 1 - exp(-dt / tau), all before lose it."""
    kept = [(float(t), float(x)) for t, x in zip(times_s, values, strict=True) if math.isfinite(x)]
    if not kept:
        return math.nan, math.nan
    steps = [after[0] - before[0] for before, after in itertools.pairwise(kept)]
    shares = [1 - math.exp(-step / tau_s) for step in ([steps[0], *steps] if steps else [tau_s])]
    weights = [share * math.prod(1 - later for later in shares[k + 1:]) for k, share in enumerate(shares)]
    x = np.array([value for _, value in kept])
    mean = np.average(x, weights=weights)
    return mean, np.average((x - mean) ** 2, weights=weights)


def measured(feature, value):
    """Whether a float32 value is one that the layout allows."""
    return np.float32(feature.low) <= value <= np.float32(feature.high)


def scores(ticks_ns, vectors, calibration_s, names):
    """The z-scores of some features at every tick, each from the list of values that its baseline kept so far."""
    first, kept, usual, out = {}, {name: [] for name in names}, {}, []
    for tick_ns, vector in zip(ticks_ns, vectors, strict=True):
        row = {}
        for name in names:
            feature = FEATURES[INDEX[name]]
            kind, value = feature.modality, vector[INDEX[name]]
            row[name] = math.nan
            if kind not in KINDS:
                continue
            trusted = 0.5 <= vector[INDEX[f"{kind}_quality"]] <= 1
            if trusted:
                first.setdefault(kind, tick_ns)
            over = kind in first and (tick_ns - first[kind]) / 1e9 > calibration_s
            if trusted and measured(feature, value) and (not over or len(kept[name]) < 50):
                kept[name].append(float(value))
            if over and len(kept[name]) >= 50 and measured(feature, value):
                floor = 0.5 if name in WHOLE_EVENTS else FLOORS[feature.unit]
                if usual.get(name, (0,))[0] != len(kept[name]):  # only a list that grew has another mean
                    usual[name] = len(kept[name]), np.mean(kept[name]), max(np.std(kept[name], ddof=1), floor)
                _, mean, sd = usual[name]
                row[name] = min(6.0, max(-6.0, (float(value) - mean) / sd))
        out.append(row)
    return out
