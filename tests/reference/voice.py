"""Twins of `kernels.voice` and `kernels.context` so plain that they need no test: every window from the beginning.

A recording is a dictionary of columns (n,) and the frames' times in ns; features come as a dictionary.
"""

import numpy as np
from scipy import signal

RANGES = {"speech": (0, 1), "loudness_momentary": (-120, 20), "loudness_short": (-120, 20), "rms_db": (-120, 0),
          "f0": (50, 500), "centroid": (0, 8000), "flatness": (0, 1), "flux": (0, 1.5), "transient": (0, 1),
          "clipped": (0, 1), "silent": (0, 1)}
"""What can be true."""


def believable(columns, count):
    """All columns in float64; NaN where one is missing or a value cannot be true."""
    clean = {}
    for name, (low, high) in RANGES.items():
        x = np.asarray(columns.get(name, np.full(count, np.nan)), np.float32).astype(float)
        clean[name] = np.array([v if low <= v <= high else np.nan for v in x])
    return clean


def latched(probability):
    """1 and 0 with hysteresis; NaN where nothing was measured."""
    on, out = 0.0, []
    for p in probability:
        on = 1.0 if p >= 0.5 else 0.0 if p < 0.35 else on
        out.append(np.nan if np.isnan(p) else on)
    return np.array(out)


def turns_and_pauses(speaking, times, frame_ns):
    """Times at which stretches became known, and (time known, length) of the pauses before them, in ns."""
    frames = [(int(t) - frame_ns, int(t), s == 1) for s, t in zip(speaking, times, strict=True) if not np.isnan(s)]
    spans = []  # of frames without a hole of 0.1 s
    for frame in frames:
        if spans and frame[0] - spans[-1][-1][1] < 100_000_000:
            spans[-1].append(frame)
        else:
            spans.append([frame])
    turns, pauses = [], []
    for span in spans:
        stretches = []  # of spoken frames without a silence of 0.1 s
        for frame in (f for f in span if f[2]):
            if stretches and frame[0] - stretches[-1][-1][1] < 100_000_000:
                stretches[-1].append(frame)
            else:
                stretches.append([frame])
        long = [s for s in stretches if s[-1][1] - s[0][0] >= 250_000_000]
        known = [next(f[1] for f in s if f[1] - s[0][0] >= 250_000_000) for s in long]
        turns += known
        for i in range(1, len(long)):
            pause = long[i][0][0] - long[i - 1][-1][1]
            if pause <= 3_000_000_000:
                pauses.append((known[i], pause))
    return turns, pauses


def movements(level, times, frame_ns, rate_hz):
    """Squares of the level's movement at 0.5-12 Hz and of its part at 3-7 Hz, NaN where it cannot be known."""
    out = np.full((2, len(level)), np.nan)
    if rate_hz < 25:
        return out
    runs = []
    for i in range(len(level)):
        if np.isnan(level[i]):
            continue
        if i and runs and runs[-1][-1] == i - 1 and times[i] - times[i - 1] <= 2.5 * frame_ns:
            runs[-1].append(i)
        else:
            runs.append([i])
    bands = [signal.butter(2, band, "bandpass", fs=rate_hz, output="sos") for band in ((0.5, 12), (3, 7))]
    for run in runs:
        wide = signal.sosfilt(bands[0], level[run] - level[run[0]])
        narrow = signal.sosfilt(bands[1], wide)
        settled = run[int(np.ceil(2 * rate_hz)):]
        out[0, settled] = wide[len(run) - len(settled):] ** 2
        out[1, settled] = narrow[len(run) - len(settled):] ** 2
    return out


def mean(x):
    """Of what was measured."""
    x = x[~np.isnan(x)]
    return np.mean(x) if x.size else np.nan


def deviation(x):
    """Of what was measured, at least two values."""
    x = x[~np.isnan(x)]
    return np.std(x) if x.size > 1 else np.nan


def background(level):
    """The tenth percentile, a value that occurred, as the middle of its class of 0.5 dB."""
    exact = np.percentile(level[~np.isnan(level)], 10, method="inverted_cdf")
    return min(np.floor(exact / 0.5), -1) * 0.5 + 0.25


def voice(columns, times, tick_ns, rate_hz=31.25):
    """All features of the microphone at a tick."""
    times = np.asarray(times)
    names = [*RANGES]
    known = times <= tick_ns
    clean = believable(columns, len(times))
    times, clean = times[known], {name: clean[name][known] for name in names}
    if not len(times) or tick_ns - times[-1] > 1_000_000_000:
        return {}
    frame_ns = round(1e9 / rate_hz)
    ten, minute = times > tick_ns - 10_000_000_000, times > tick_ns - 60_000_000_000
    speaking = latched(clean["speech"])
    spoken = speaking == 1
    turns, pauses = turns_and_pauses(speaking, times, frame_ns)
    heard_s = np.count_nonzero(~np.isnan(speaking[minute])) * frame_ns / 1e9
    rate = np.count_nonzero(np.array(turns) > tick_ns - 60_000_000_000) * 60 / heard_s if heard_s >= 10 else np.nan
    wide, narrow = movements(clean["rms_db"], times, frame_ns, rate_hz)[:, ten]
    moved = (np.count_nonzero(~np.isnan(wide)) * frame_ns >= 2_000_000_000 and mean(wide) >= 1e-2
             and mean(narrow) <= 1.1 * mean(wide))
    level = clean["rms_db"]
    speech_level = np.where(spoken & (level > -110), level, np.nan)
    levels_60s, levels_10s = (np.count_nonzero(~np.isnan(level[w])) for w in (minute, ten))
    ambient = background(level[minute]) if levels_60s >= 10_000_000_000 // frame_ns else np.nan
    now = background(level[ten]) if levels_10s >= 5_000_000_000 // frame_ns else np.nan
    clipped = mean(clean["clipped"][ten])
    loss = 0.0 if np.isnan(clipped) else min(1.0, clipped / 0.02)
    return {
        "speech_ratio_10s": mean(speaking[ten]), "speech_ratio_60s": mean(speaking[minute]),
        "turns_60s": rate if rate <= 120 else np.nan,
        "pause_mean_60s": mean(np.array([p / 1e9 for t, p in pauses if t > tick_ns - 60_000_000_000])),
        "loudness_momentary": clean["loudness_momentary"][-1], "loudness_3s": clean["loudness_short"][-1],
        "level_sd_10s": deviation(speech_level[ten]), "modulation_10s":
            min(1.0, mean(narrow) / mean(wide)) if moved else np.nan,
        "f0_mean_10s": mean(clean["f0"][ten]), "f0_sd_10s": deviation(clean["f0"][ten]),
        "centroid_10s": mean(np.where(spoken, clean["centroid"], np.nan)[ten]),
        "flatness_10s": mean(np.where(spoken, clean["flatness"], np.nan)[ten]),
        "flux_10s": mean(clean["flux"][ten]), "ambient_60s": ambient, "ambient_change_60s": now - ambient,
        "transients_10s": mean(clean["transient"][ten]) * np.count_nonzero(ten), "clip_share_10s": clipped,
        "microphone_quality": (1 - mean(clean["silent"][ten])) * (1 - loss),
    }


def context(columns, times, tick_ns, stale_ms=2000.0):
    """The newest believable value of each column that is not stale."""
    out = {}
    for name, low, high in (("demand", 0, 1), ("speed_kmh", -50, 500)):
        for t, x in zip(times, columns.get(name, ()), strict=False):
            if t <= tick_ns and tick_ns - t <= stale_ms * 1e6 and low <= x <= high:
                out[name] = x
    return out
