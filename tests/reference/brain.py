"""Slow, obvious float64 twins of the EEG's kernels, over whole recordings, so plain that they need no test."""

from itertools import pairwise

import numpy as np
from scipy.signal import lfilter, lfiltic

from kernels import montage

BANDS = {"delta": (1, 4), "theta": (4, 8), "alpha": (8, 13), "beta": (13, 30), "gamma": (30, 45)}


def section(kind, hz, rate, quality=30.0, damping=2**0.5):
    """b0, b1, b2, a1, a2 by the bilinear transform, written from the analogue prototypes."""
    w = 2 * np.pi * hz / rate
    if kind == "notch":
        width = np.tan(w / 2 / quality)
        a = [1 + width, -2 * np.cos(w), 1 - width]
        b = [1, -2 * np.cos(w), 1]
    elif kind == "slow":
        a, b = [1 + np.tan(w / 2), np.tan(w / 2) - 1, 0], [1, -1, 0]
    else:
        k = np.tan(w / 2)
        a = [1 + damping * k + k * k, 2 * (k * k - 1), 1 - damping * k + k * k]
        b = [1, -2, 1] if kind == "high" else [k * k, 2 * k * k, k * k]
    return [*(np.array(b) / a[0]), a[1] / a[0], a[2] / a[0]]


def eeg_sections(rate):
    mains = [section("notch", hz, rate) for hz in (50, 60) if hz < 0.48 * rate]
    low = [section("low", 45, rate, damping=2 * np.sin(k * np.pi / 8)) for k in (1, 3) if rate * 0.48 > 45]
    return [section("high", 0.5, rate), *mains, *low]


def naive_filter(sections, x):
    """Each section in turn, from a past that was constant at the first sample."""
    y = np.asarray(x, np.float64)
    for b0, b1, b2, a1, a2 in sections:
        settled = y[0] * (b0 + b1 + b2) / (1 + a1 + a2)
        past = lfiltic([b0, b1, b2], [1, a1, a2], [settled, settled], [y[0], y[0]])
        y = lfilter([b0, b1, b2], [1, a1, a2], y, zi=past)[0]
    return y


def hold(x):
    """What is missing or impossible repeats the last value."""
    out, last = [], np.nan
    for value in x:
        last = value if abs(value) < 1e9 else last
        out.append(last)
    return np.array(out)


def stretches(times, period_ns):
    """(first, end) between holes of 0.5 s, each with its list of (first, end) between all holes."""
    steps = np.diff(times)
    far = [0, *(np.flatnonzero(steps > 5e8) + 1), len(times)]
    near = np.flatnonzero(steps > 1.5 * period_ns) + 1
    for a, b in pairwise(far):
        edges = [a, *(k for k in near if a < k < b), b]
        yield (a, b), list(pairwise(edges))


def filtered(sections, x, times, period_ns):
    x, out = hold(x), np.full(len(x), np.nan)
    for (a, b), _ in stretches(times, period_ns):
        heard = np.flatnonzero(~np.isnan(x[a:b]))
        if len(heard):
            out[a + heard[0]:b] = naive_filter(sections, x[a + heard[0]:b])
    return out


def segments(times, rate):
    """(first, end, begin of the run it lies in) of every segment, in order."""
    length = 2 * round(rate / 2)
    found = []
    for (a, _), runs in stretches(times, 1e9 / rate):
        for begin, stop in runs:
            first = max(begin, a + length)
            while first + length <= stop:
                found.append((first, first + length, begin))
                first += length // 2
    return found


def hann(length):
    window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(length) / length)
    return window[None] / np.sqrt(np.sum(window**2)), np.ones(1)


def naive_periodogram(segment, rate_hz, bins, windows=None):
    """One-sided density of one segment at bins 1..bins, by NumPy's FFT: mean over windows (energy 1) by weight."""
    tapers, weights = hann(len(segment)) if windows is None else windows
    each = [2 * np.abs(np.fft.rfft(segment * taper)) ** 2 / rate_hz for taper in tapers]
    return np.average(each, axis=0, weights=weights)[1:bins + 1]


def naive_exponent(log_density, log_hz, used):
    slopes = [(log_density[b] - log_density[a]) / (log_hz[b] - log_hz[a])
              for k, a in enumerate(used) for b in used[k + 1:]]
    slopes = [slope for slope in slopes if np.isfinite(slope)]
    return -np.median(slopes) if slopes else np.nan


def stuck_samples(raw, stuck=5):
    """How many samples each sample makes known as stuck on one value."""
    out, times, last = np.zeros(len(raw)), 0, np.nan
    for k, value in enumerate(raw):
        if not np.isnan(value):
            times = times + 1 if value == last else 1
            last = value
            out[k] = stuck if times == stuck else float(times > stuck)
    return out


def naive_statistics(raw, clean, stuck, first, end, begin):
    """(lowest, highest, largest magnitude, largest step, lost, stuck) of a segment in a run that begins at `begin`."""
    measured = [k for k in range(first, end) if not np.isnan(raw[k])]
    steps = [abs(clean[k] - clean[k - 1]) for k in measured if k > begin]
    kept = clean[measured] if measured else np.array([np.inf, -np.inf])
    return (kept.min(), kept.max(), np.abs(raw[measured]).max(initial=0.0), max(steps, default=0.0),
            end - first - len(measured), stuck[first:end].sum())


def naive_score(statistics, power, length, rate_hz, full_scale_uv):
    """Trust, and trust if swings were allowed: the table of limits, each interpolated, all multiplied."""
    low, high = power[:29].sum(), power[29:45].sum()
    if not low > 0:
        return 0.0, 0.0
    lines = [power[hz - 2:hz + 1].sum() for hz in (50, 60) if len(power) > hz]
    table = [
        (statistics[4] / length, 0.0, 0.1), (statistics[5] / length, 0.05, 0.3),
        (statistics[0] - statistics[1], -3.0, -0.5),
        (statistics[2] / full_scale_uv, 0.75, 0.9), (statistics[3] * rate_hz / 250, 50, 100),
        (np.log10(max(1.0, max(lines, default=0.0) / (low + high))), 2.0, 3.5), (high / low, 0.3, 0.55)]
    contact = np.prod([np.interp(value, [good, bad], [1.0, 0.0]) for value, good, bad in table])
    return contact * np.interp(statistics[1] - statistics[0], [150, 300], [1.0, 0.0]), contact


def moments(clean, first, end, begin):
    """Variances of the signal, its differences and its second differences within a segment; none across a hole."""
    d, e = np.diff(clean[max(first - 1, begin):end]), np.diff(clean[max(first - 2, begin):end], 2)
    return [np.var(clean[first:end]), np.var(d), np.var(e)]


@np.errstate(all="ignore")
def sum_up(raw, times, rate, full_scale_uv=187_500.0, windows=None):
    """Every segment of every channel: end (sample), start and end times, power, score, contact, variances."""
    length, bins = 2 * round(rate / 2), min(61, int(0.48 * rate))
    sections, found = eeg_sections(rate), []
    high = np.array([filtered(sections[:1], x, times, 1e9 / rate) for x in raw.T])
    clean = np.array([filtered(sections, x, times, 1e9 / rate) for x in raw.T])
    stuck = [stuck_samples(x) for x in raw.T]
    for first, end, begin in segments(times, rate):
        row = {"end": end - 1, "end_ns": times[end - 1], "start_ns": times[end - 1] - int((length - 1) * 1e9 / rate)}
        row["power"] = np.array([naive_periodogram(x[first:end], rate, bins, windows) for x in high])
        tables = [naive_statistics(raw[:, c], x, stuck[c], first, end, begin) for c, x in enumerate(clean)]
        both = [naive_score(table, power, length, rate, full_scale_uv)
                for table, power in zip(tables, row["power"], strict=True)]
        row["score"], row["contact"] = np.array(both).T
        row["variances"] = np.array([moments(x, first, end, begin) for x in clean])
        found.append(row)
    return found


def middle(values, chosen):
    kept = [value for value, is_chosen in zip(values, chosen, strict=True) if is_chosen and not np.isnan(value)]
    return np.median(kept) if kept else np.nan


def log10(x):
    return np.log10(x) if x > 0 else np.nan


def naive_window(rows, marks, frontal):
    """Mean trust, mean contact, density, variances, mains and muscle of each channel over the segments of a window."""
    end_ns = rows[-1]["end_ns"]
    rows = [row for row in rows if row["end_ns"] > end_ns - 3_250_000_000][-8:]
    out = {key: [] for key in ("trust", "contact", "density", "variances", "line", "muscle")}
    for c in range(len(rows[0]["score"])):
        measured = [row for row in rows if not np.isnan(row["power"][c, 0])]
        used = [row for row in measured if row["score"][c] >= 0.5] or measured
        if frontal[c]:
            used = [row for row in used if not any(
                end <= end_ns and end + 200_000_000 >= row["start_ns"] and onset - 200_000_000 <= row["end_ns"]
                for onset, end in marks)] or used
        bins = rows[0]["power"].shape[1]
        low, high, mains = 0.0, 0.0, 0.0
        for row in measured:
            power = row["power"][c]
            low, high = low + power[:29].sum(), high + power[29:45].sum()
            mains += max((power[hz - 2:hz + 1].sum() for hz in (50, 60) if bins > hz), default=0.0)
        out["line"].append(mains / (low + high) if low + high > 0 else np.nan)
        out["muscle"].append(high / low if low > 0 else np.nan)
        out["trust"].append(np.mean([row["score"][c] for row in rows]))
        out["contact"].append(np.mean([row["contact"][c] for row in rows]))
        out["density"].append(np.mean([row["power"][c] for row in used], axis=0) if used else np.full(bins, np.nan))
        out["variances"].append(np.mean([row["variances"][c] for row in used], axis=0) if used else np.full(3, np.nan))
    return {key: np.array(value) for key, value in out.items()}, len(rows)


@np.errstate(all="ignore")
def summary(rows, first_ns, rate, groups, pairs, marks=(), frontal=None):
    """The features of the 4 s before the last of the segments; `groups` maps names to booleans (channel,)."""
    frontal = groups["frontal"] if frontal is None else frontal
    window, count = naive_window(rows, marks, frontal)
    length = 2 * round(rate / 2)
    hz = np.arange(1, window["density"].shape[1] + 1) * rate / length
    trusted = window["trust"] >= 0.5
    density, trust = window["density"], window["trust"]
    good = {name: np.asarray(group, bool) & trusted for name, group in groups.items()}
    out = {}
    power = {}
    for name, (low, high) in BANDS.items():
        inside = (hz >= low - 0.01) & (hz < high - 0.01)
        fits = high <= hz[-1] + 1.0
        power[name] = np.array([log10(x[inside].sum() * rate / length) if fits else np.nan for x in density])
        out[name] = middle(power[name], good["everywhere"])
    out["frontal_theta"] = middle(power["theta"], good["frontal"])
    out["midline_theta"] = middle(power["theta"], good["midline"])
    out["posterior_alpha"] = middle(power["alpha"], good["posterior"])
    peak = (hz >= 7.99) & (hz < 12.99)
    beside = ((hz >= 3.99) & (hz < 6.99)) | ((hz >= 13.99) & (hz < 19.99))
    out["alpha_ratio"] = middle([x[peak].mean() / x[beside].mean() if x[beside].mean() > 0 else np.nan
                                 for x in density], good["posterior"])
    differences = [power["alpha"][r] - power["alpha"][k] for k, r in pairs if trusted[k] and trusted[r]]
    if differences:
        right, left = 10 ** np.median(differences), 1.0
        out["alpha_lateralisation"] = (right - left) / (right + left)
    out["theta_beta"] = out["theta"] - out["beta"]
    out["engagement"] = out["beta"] - np.log10(10 ** out["alpha"] + 10 ** out["theta"])
    if good["everywhere"].any():
        background = np.median(density[good["everywhere"]], axis=0)
        fit = [k for k, f in enumerate(hz) if 1.99 <= f < 40.01 and not 6.99 <= f <= 14.01]
        chi = out["aperiodic"] = naive_exponent(np.log10(background), np.log10(hz), fit)
        share = background[hz < 45.01] / background[hz < 45.01].sum()
        out["spectral_entropy"] = -np.sum(share * np.log(share)) / np.log(len(share))
        if good["posterior"].any():
            posterior = np.median(density[good["posterior"]], axis=0)
            b = np.median([np.log10(posterior[k]) + chi * np.log10(hz[k]) for k in fit])
            near = (hz > 6.99) & (hz < 13.01)
            under = 10 ** (b - chi * np.log10(hz[near]))
            above = np.maximum(0, posterior[near] - under)
            if posterior[near].sum() > 1.5 * under.sum():
                f = out["alpha_frequency"] = np.sum(hz[near] * above) / above.sum()
                fine = np.linspace(f - 2, f + 2, 40_001)
                nearest = np.clip(np.round(fine * length / rate).astype(int) - 1, 0, len(hz) - 1)
                out["individual_alpha"] = log10(4.0 * posterior[nearest].mean())
    activity = middle(window["variances"][:, 0], good["everywhere"])
    mobility = np.sqrt(window["variances"][:, 1] / window["variances"][:, 0])
    complexity = np.sqrt(window["variances"][:, 2] / window["variances"][:, 1]) / mobility
    out["hjorth_activity"] = log10(activity)
    out["hjorth_mobility"] = rate * middle(mobility, good["everywhere"])
    out["hjorth_complexity"] = middle(complexity, good["everywhere"])
    out["differential_entropy"] = 0.5 * np.log(2 * np.pi * np.e * activity) if activity > 0 else np.nan
    out["line_noise"], out["muscle"] = (
        log10(middle(window["line"], groups["everywhere"])), middle(window["muscle"], groups["everywhere"]))
    quality = np.median(trust)
    share = 1 - trusted.mean()
    quality = min(quality, 0.5 * (1 - share)) if share > 0.4 else quality
    elapsed = (rows[-1]["end_ns"] - first_ns) / 1e9
    due = 1 + max(0, np.floor(min(3.0, elapsed - 2.0) * rate / (length / 2) + 0.5))
    out["eeg_quality"] = quality * min(1.0, count / due)
    for name in ("frontal", "central", "posterior"):
        out[f"{name}_quality"] = middle(trust, groups[name])
    return out, window["contact"]


def naive_blinks(times, values, rate):
    """Times of blink peaks in a 1-10 Hz signal, uV, with NaN where nobody looked or the stream has a hole."""
    level, ended, running, found = 60 / (5 * 1.4826), None, [], []
    for t, value in zip(times, values, strict=True):
        if np.isnan(value):
            running = []
            continue
        limit = max(60.0, 5 * 1.4826 * level)
        level *= np.exp((1 if abs(value) > level else -1) / (10.0 * rate))
        level = min(1000.0, max(1.0, level))
        if running and abs(value) <= running[0][2] / 2:
            lasted, after = t - running[0][0], np.inf if ended is None else running[0][0] - ended
            if max(one[1] for one in running) > running[0][2] and lasted >= 1e8 and after >= 2e8:
                ended = t
                if lasted <= 5e8:
                    found.append((max(running, key=lambda one: one[1])[0], t))
            running = []
        elif running or abs(value) > limit / 2:
            running.append((t, abs(value), limit))
    return found


def named_features(raw, times, tick_ns, rate, names, **more):
    """`features` for electrodes of these names: which belong to which region is told by `kernels.montage`."""
    groups = {"everywhere": np.ones(len(names), bool), "frontal": montage.region(names, montage.FRONTAL),
              "central": montage.own(names, montage.CENTRAL), "midline": montage.midline(names),
              "posterior": montage.region(names, montage.POSTERIOR, montage.TEMPORAL)}
    pairs = [(left, right) for left, right in enumerate(montage.mirrors(names))
             if right >= 0 and groups["posterior"][left]]
    return features(raw, times, tick_ns, rate, groups, pairs, montage.blink_sites(names),
                    frontal=montage.own(names, montage.FRONTAL), **more)


def features(raw, times, tick_ns, rate, groups, pairs, sites, calibration_s=5.0, marks=(), frontal=None,
             full_scale_uv=187_500.0, windows=None):
    """Every EEG feature at a tick; what is missing from the result is not measured."""
    rows = sum_up(raw, times, rate, full_scale_uv, windows)
    rows = [row for row in rows if row["end_ns"] <= tick_ns]
    levels, out, contacts = {name: [] for name in ("alpha", "theta", "beta")}, {}, [(-1, np.zeros(raw.shape[1]))]
    for k, row in enumerate(rows):
        out, contact = summary(rows[:k + 1], times[0], rate, groups, pairs, marks, frontal)
        contacts.append((row["end"], contact))
        for name, source in (("alpha", "posterior_alpha"), ("theta", "frontal_theta"), ("beta", "beta")):
            seen = levels[name]
            done = len(seen) >= 8 and seen[-1][0] - seen[0][0] >= calibration_s * 1e9
            if out["eeg_quality"] >= 0.5 and not np.isnan(out[source]) and not done:
                seen.append((row["end_ns"], out[source]))
            if len(seen) >= 8 and seen[-1][0] - seen[0][0] >= calibration_s * 1e9:
                out[f"{name}_db"] = 10 * (out[source] - np.mean([value for _, value in seen]))
    mains = [section("notch", hz, rate) for hz in (50, 60) if hz < 0.48 * rate]
    band = [section("slow", 1.0, rate), *mains, section("low", 10.0, rate)]
    slow = {c: filtered(band, raw[:, c], times, 1e9 / rate) for c in np.flatnonzero(sites)}
    signal = np.full(len(times), np.nan)
    for (begin, contact), (stop, _) in zip(contacts, [*contacts[1:], (len(times), None)], strict=True):
        seeing = [c for c in slow if contact[c] >= 0.5]
        for i in range(begin + 1, min(stop + 1, len(times))):
            signal[i] = np.mean([slow[c][i] for c in seeing]) if seeing else np.nan
    watched = blinks = 0
    pieces = [0, *(np.flatnonzero(np.diff(times) > 1.5e9 / rate) + 1), len(times)]
    stream, stamps = [], []
    for a, b in pairwise(pieces):
        stream += [np.nan, *signal[a:b]]
        stamps += [times[a], *times[a:b]]
        for i in range(a + 1, b):
            inside = tick_ns // 10**9 - 59 <= times[i] // 10**9 <= tick_ns // 10**9
            if inside and not np.isnan(signal[i]) and not np.isnan(signal[i - 1]):
                watched += times[i] - times[i - 1]
    found = naive_blinks(stamps, stream, rate)
    for _, end in found:
        blinks += tick_ns // 10**9 - 59 <= end // 10**9 <= tick_ns // 10**9
    if watched >= 10e9:
        out["eeg_blinks_60s"] = blinks / (watched / 60e9)
    return out, [peak for peak, _ in found]
