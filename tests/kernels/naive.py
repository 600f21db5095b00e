"""Slow, obvious float64 twins of the kernels, so plain that they need no test of their own."""

import numpy as np


def naive_window(times_ns, tick_ns, window_ns):
    return (times_ns > tick_ns - window_ns) & (times_ns <= tick_ns)


def naive_mean_sd(times_ns, values, tick_ns, window_ns):
    kept = values[naive_window(times_ns, tick_ns, window_ns)]
    kept = kept[np.isfinite(kept)]
    return (np.mean(kept), np.std(kept), len(kept)) if len(kept) else (np.nan, np.nan, 0)


def naive_means(times_ns, rows, tick_ns, window_ns):
    return np.array([naive_mean_sd(times_ns, row, tick_ns, window_ns)[0] for row in rows])


def naive_camera_window(times_ns, rows, target, trusted_face, longest_step_s, tick_ns):
    second = 1_000_000_000
    face = rows[0][naive_window(times_ns, tick_ns, 2 * second)]
    return np.array([
        np.mean(face >= trusted_face) if len(face) else np.nan, len(face),
        naive_mean_sd(times_ns, rows[1], tick_ns, second)[0], *naive_means(times_ns, rows[2:8], tick_ns, second // 2),
        *naive_spread(times_ns, rows[2], rows[3], target, tick_ns, 10 * second)[:2],
        naive_angular_speed(times_ns, rows[4], rows[5], rows[6], tick_ns, 2 * second, longest_step_s)])


def naive_latch(values, enter, leave, on=0.0):
    out = []
    for value in values:
        if not np.isnan(value):
            on = 1.0 if value >= enter else 0.0 if value < leave else on
        out.append(np.nan if np.isnan(value) else on)
    return np.array(out)


def naive_spread(times_ns, yaw, pitch, target, tick_ns, window_ns):
    kept = naive_window(times_ns, tick_ns, window_ns) & np.isfinite(yaw) & np.isfinite(pitch)
    if not kept.any():
        return np.nan, np.nan, 0
    points = np.column_stack([yaw[kept], pitch[kept]])
    distance = np.linalg.norm(points - points.mean(axis=0), axis=1)
    inside = np.linalg.norm(points - np.asarray(target[:2]), axis=1) <= target[2]
    return np.sqrt(np.mean(distance**2)), inside.mean(), len(points)


def naive_angular_speed(times_ns, yaw, pitch, roll, tick_ns, window_ns, longest_step_s):
    kept = naive_window(times_ns, tick_ns, window_ns)
    angles = np.column_stack([yaw, pitch, roll])[kept]
    steps = np.diff(times_ns[kept]) / 1e9
    squares = (np.diff(angles, axis=0) ** 2).sum(axis=1) / steps**2
    squares = squares[(steps <= longest_step_s) & np.isfinite(squares)]
    return np.sqrt(squares.mean()) if len(squares) else np.nan


def naive_glances(times_ns, yaw, pitch, target, debounce_s, longest_step_s):
    """Seconds away at each sample: away time since the last look back that lasted the debounce."""
    away, back, before, out = 0.0, 0.0, None, []
    for t, x, y in zip(times_ns, yaw, pitch, strict=True):
        if np.isfinite(x) and np.isfinite(y):
            step = 0.0 if before is None or (t - before) / 1e9 > longest_step_s else (t - before) / 1e9
            before = t
            if np.hypot(x - target[0], y - target[1]) > target[2]:
                away, back = away + step, 0.0
            else:
                back += step
                if back >= debounce_s - 1e-12:
                    away = 0.0
        out.append(np.nan if before is None else away)
    return np.array(out)


def naive_lid_opening(left, right, head_yaw, far_eye_rad):
    out = []
    for a, b, yaw in zip(left, right, head_yaw, strict=True):
        near = [a] if yaw > far_eye_rad else [b] if yaw < -far_eye_rad else [a, b]
        near = near if np.isfinite(near).any() else [a, b]
        near = [eye for eye in near if np.isfinite(eye)]
        out.append(np.mean(near) if near else np.nan)
    return np.array(out)


def naive_perclos(times_ns, openness, window_s, step_s=0.15, enter=0.2, leave=0.3, shortest_s=0.25, long_s=0.5,
                  bridge_s=0.5):
    """(P80, watched s, long closures) of the window that ends at the last sample, by listing every closure first."""
    steps = np.diff(times_ns, prepend=times_ns[0]) / 1e9
    steps[steps > step_s] = 0.0
    seen = np.flatnonzero(np.isfinite(openness))
    closures, running = [], []
    for before, k in zip([None, *seen[:-1]], seen, strict=True):
        lapsed = before is not None and (times_ns[k] - times_ns[before]) / 1e9 > bridge_s
        if running and (openness[k] > leave or lapsed):
            closures.append(running)
            running = []
        if running or openness[k] <= enter:
            running.append(k)
    closures.append(running)
    inside = times_ns > times_ns[-1] - round(window_s * 1e9)
    closed, long_closures = 0.0, 0
    for closure in closures:
        ages = [(times_ns[k] - times_ns[closure[0]]) / 1e9 + steps[closure[0]] for k in closure]
        waiting = 0.0
        for place, (k, age) in enumerate(zip(closure, ages, strict=True)):
            waiting += steps[k] if openness[k] <= enter else 0.0
            if age >= shortest_s - 1e-12:
                closed += waiting if inside[k] else 0.0
                waiting = 0.0
            if age >= long_s - 1e-12 and (place == 0 or ages[place - 1] < long_s - 1e-12):
                long_closures += int(inside[k])
    watched = steps[inside & np.isfinite(openness)].sum()
    return (closed / watched if watched > 0 else np.nan), watched, long_closures


def naive_blinks(times_ns, opening, depth=0.22, level_s=1.0, shortest_s=0.05, longest_s=0.5, gap_s=0.15):
    """Blinks as (onset_ns, lowest_ns, end_ns, duration_s, depth), over whole lists and in seconds."""
    kept = np.isfinite(opening)
    t, x = times_ns[kept] / 1e9, opening[kept]
    found, state, level, top, end, onset, low = [], "open", None, 0.0, 0.0, 0, 0
    for i, value in enumerate(x):
        if i == 0 or t[i] - t[i - 1] > gap_s:
            state, level = "open", value
        falls = False
        if state == "rising":
            top = max(top, value)
            if value > (1 - depth / 2) * level:
                state = "open"
            elif value < top - depth * level:
                falls = True
            elif t[i] - end > 0.4:
                state, level = "open", value
        elif state == "open":
            if value < (1 - depth) * level:
                falls = True
            elif i and t[i] - t[i - 1] <= gap_s:
                level += (1 - np.exp(-(t[i] - t[i - 1]) / level_s)) * (value - level)
        if falls:
            state, onset, low = "down", i, i
        if state != "down":
            continue
        low = i if value < x[low] else low
        half = (level + x[low]) / 2
        if value > half:
            left = next((k for k in range(low, -1, -1) if x[k] > half), 0)
            right = next(k for k in range(low, i + 1) if x[k] > half)
            down = np.interp(half, [x[left + 1], x[left]], [t[left + 1], t[left]])
            up = np.interp(half, [x[right - 1], x[right]], [t[right - 1], t[right]])
            if shortest_s <= up - down <= longest_s:
                found.append((t[onset], t[low], t[i], up - down, 1 - x[low] / level))
            state, top, end = "rising", value, t[i]
        elif t[i] - t[onset] > longest_s + 0.1:
            state, level = "open", value
    return np.array(found).reshape(-1, 5)


def naive_filter(sections, x):
    """Direct form I of each section in turn, from a past that was constant at the first sample."""
    y = np.asarray(x, np.float64)
    for b0, b1, b2, a1, a2 in sections:
        x1 = x2 = y[0]
        y1 = y2 = y[0] * (b0 + b1 + b2) / (1 + a1 + a2)
        out = []
        for value in y:
            now = b0 * value + b1 * x1 + b2 * x2 - a1 * y1 - a2 * y2
            x1, x2, y1, y2 = value, x1, now, y1
            out.append(now)
        y = np.array(out)
    return y


def naive_periodogram(segment, rate_hz, bins):
    """One-sided density of one Hann segment at bins 1..bins, by NumPy's FFT."""
    n = len(segment)
    window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(n) / n)
    spectrum = np.fft.rfft(segment * window)
    return (2 * np.abs(spectrum) ** 2 / (rate_hz * np.sum(window**2)))[1:bins + 1]


def naive_welch(power, scores, ends_ns, after_ns, good):
    out = []
    for c in range(power.shape[1]):
        recent = ends_ns > after_ns
        use = recent & (scores[:, c] >= good) if (scores[recent, c] >= good).any() else recent
        use = use & np.isfinite(power[:, c, 0])
        out.append(power[use, c].mean(axis=0) if use.any() else np.full(power.shape[2], np.nan))
    return np.array(out)


def naive_exponent(log_density, log_hz, used):
    slopes = [(log_density[b] - log_density[a]) / (log_hz[b] - log_hz[a])
              for k, a in enumerate(used) for b in used[k + 1:]]
    slopes = [slope for slope in slopes if np.isfinite(slope)]
    return -np.median(slopes) if slopes else np.nan


def naive_statistics(raw, clean, stuck=5):
    """(lowest, highest, largest magnitude, largest step, lost, stuck) of a segment, after one sample before it."""
    measured = np.isfinite(raw[1:])
    runs, length = 0, 1
    values = raw[1:][measured]
    for k in range(1, len(values) + 1):
        if k < len(values) and values[k] == values[k - 1]:
            length += 1
        else:
            runs, length = runs + (length if length >= stuck else 0), 1
    return (clean[1:][measured].min(), clean[1:][measured].max(), np.abs(values).max(),
            np.abs(np.diff(clean[1:][measured])).max(), np.count_nonzero(~measured), runs)


def naive_score(statistics, power, length, rate_hz, full_scale_uv):
    """Trust in one channel for one segment: the table of limits, each interpolated, all multiplied."""
    low, high = power[:29].sum(), power[29:45].sum()
    if not low > 0:
        return 0.0
    lines = [power[hz - 2:hz + 1].sum() for hz in (50, 60) if len(power) > hz]
    table = [
        (statistics[4] / length, 0.0, 0.1), (statistics[5] / length, 0.05, 0.3),
        (statistics[0] - statistics[1], -3.0, -0.5), (statistics[1] - statistics[0], 150, 300),
        (statistics[2] / full_scale_uv, 0.75, 0.9), (statistics[3] * rate_hz / 250, 50, 100),
        (np.log10(max(1.0, max(lines, default=0.0) / (low + high))), 2.0, 3.5), (high / low, 0.3, 0.55)]
    return np.prod([np.interp(value, [good, bad], [1.0, 0.0]) for value, good, bad in table])
