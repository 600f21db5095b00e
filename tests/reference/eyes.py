"""Slow, obvious float64 twins of the camera's kernels: whole recordings, plain lists, seconds."""

import math
from collections import Counter

import numpy as np

SECOND = 1_000_000_000
DEGREE = math.pi / 180


def window(times_ns, tick_ns, seconds):
    return (times_ns > tick_ns - round(seconds * SECOND)) & (times_ns <= tick_ns)


def mean(times_ns, values, tick_ns, seconds):
    kept = values[window(times_ns, tick_ns, seconds)]
    kept = kept[np.isfinite(kept)]
    return np.mean(kept) if len(kept) else np.nan


def spread(times_ns, yaw, pitch, target, tick_ns, seconds):
    """(dispersion, BCEA, share on target)."""
    kept = window(times_ns, tick_ns, seconds) & np.isfinite(yaw) & np.isfinite(pitch)
    if not kept.any():
        return np.nan, np.nan, np.nan
    points = np.column_stack([yaw[kept], pitch[kept]])
    distance = np.linalg.norm(points - points.mean(axis=0), axis=1)
    inside = np.linalg.norm(points - np.asarray(target[:2]), axis=1) <= target[2]
    sx, sy = points.std(axis=0)
    area = np.nan
    if len(points) >= 3:
        r = np.corrcoef(points.T)[0, 1] if sx > 0 and sy > 0 else 0.0
        area = 2 * 1.14 * np.pi * sx * sy * np.sqrt(max(0.0, 1 - r**2))
    return np.sqrt(np.mean(distance**2)), area, inside.mean()


def angular_speed(times_ns, yaw, pitch, roll, tick_ns, seconds=2.0, longest_step_s=0.2):
    kept = window(times_ns, tick_ns, seconds)
    angles = np.column_stack([yaw, pitch, roll])[kept]
    steps = np.diff(times_ns[kept]) / 1e9
    squares = (np.diff(angles, axis=0) ** 2).sum(axis=1) / steps**2
    squares = squares[(steps <= longest_step_s) & np.isfinite(squares)]
    return np.sqrt(squares.mean()) if len(squares) else np.nan


def lid_opening(left, right, head_yaw, far_eye_rad=30 * DEGREE):
    out = []
    for a, b, yaw in zip(left, right, head_yaw, strict=True):
        near = [a] if yaw > far_eye_rad else [b] if yaw < -far_eye_rad else [a, b]
        near = near if np.isfinite(near).any() else [a, b]
        near = [eye for eye in near if np.isfinite(eye)]
        out.append(np.mean(near) if near else np.nan)
    return np.array(out)


def steps_s(times_ns, longest_s=0.15):
    steps = np.diff(times_ns, prepend=times_ns[:1]) / 1e9
    steps[steps > longest_s] = 0.0
    return steps


def openness(times_ns, opening, score, head_yaw, head_pitch, calibration_s):
    """(openness, open level) of each frame; the level is the 0.8 quantile of all that was seen, in bins of 0.0025."""
    seen, weights = [104], [0.5]
    level, closed, trough, resting, learnt, frozen = 0.26, 0.4, 1.0, 0.1, np.nan, False
    rows, levels = [], []
    for k, step in enumerate(steps_s(times_ns)):
        value = opening[k]
        if not np.isfinite(value):
            rows.append(np.nan)
            levels.append(level)
            continue
        frontal = not (abs(head_yaw[k]) > math.radians(22) or abs(head_pitch[k]) > math.radians(22))
        if frontal and not frozen:
            seen.append(min(255, int(value / 0.0025 + 0.5)))
            weights.append(step)
            order = np.argsort(seen, kind="stable")
            below = np.cumsum(np.array(weights)[order])
            level = max(0.12, 0.0025 * np.array(seen)[order][np.searchsorted(below, 0.8 * below[-1] - 1e-9)])
            if ((times_ns[k] - times_ns[0]) / 1e9 >= calibration_s
                    and sum(weights[1:]) >= min(5.0, calibration_s / 2) - 1e-9):
                frozen, learnt = True, level
        ratio = value / level
        if frontal and frozen and ratio > 0.6:
            push = 0.8 if value > level else -0.2
            level = np.clip(level + push * 0.005 * learnt * step, 0.9 * learnt, 1.5 * learnt)
        if ratio < 0.55:
            trough = min(trough, ratio)
        elif ratio > 0.7 and trough < 1:
            if trough < 0.45:
                closed = min(0.4, closed + 0.25 * (max(0.2, trough) - closed))
            trough = 1.0
        opened = np.clip((ratio - closed) / (1 - closed), 0, 1.5)
        if np.isfinite(score[k]):
            if ratio > 0.8:
                resting += (1 - np.exp(-step / 5)) * (score[k] - resting)
            if ratio > 0.3:
                opened = max(opened, 0.35 * (1 - np.clip((score[k] - resting) / 0.2, 0, 1)))
        rows.append(opened)
        levels.append(level)
    return np.array(rows), np.array(levels)


def closures(times_ns, opened, enter=0.2, leave=0.3, bridge_s=0.5):
    """Every closure as a list of (frame, age in s)."""
    steps = steps_s(times_ns)
    seen = np.flatnonzero(np.isfinite(opened))
    found, running = [], []
    for k, before in zip(seen, [None, *seen], strict=False):
        lapsed = before is not None and (times_ns[k] - times_ns[before]) / 1e9 > bridge_s
        if running and (opened[k] > leave or lapsed):
            found.append(running)
            running = []
        if running or opened[k] <= enter:
            first = running[0][0] if running else k
            running.append((k, (times_ns[k] - times_ns[first]) / 1e9 + steps[first]))
    return [*found, running] if running else found


def closed_s(times_ns, opened, enter=0.2, leave=0.3, shortest_s=0.25):
    """Closed time that becomes known at each frame: from the beginning, once a closure has outlived a blink."""
    steps, out = steps_s(times_ns), np.zeros(len(times_ns))
    for closure in closures(times_ns, opened, enter, leave):
        waiting = 0.0
        for k, age in closure:
            waiting += steps[k] if opened[k] <= enter else 0.0
            if age >= shortest_s - 1e-12:
                out[k] += waiting
                waiting = 0.0
    return out


def rungs(times_ns, opened, age_s):
    """Frames at which a closure reaches an age."""
    return [next(k for k, age in closure if age >= age_s - 1e-12)
            for closure in closures(times_ns, opened) if closure[-1][1] >= age_s - 1e-12]


def blinks(times_ns, opening, depth=0.22, level_s=1.0, shortest_s=0.05, longest_s=0.5, gap_s=0.15):
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


def glances(times_ns, yaw, pitch, target):
    """(seconds away at each frame, watched seconds of each frame, the glances that ended as (frame, seconds))."""
    away, back, before, aways, watched, found = 0.0, 0.0, None, [], [], []
    for k, (t, x, y) in enumerate(zip(times_ns, yaw, pitch, strict=True)):
        step = 0.0
        if np.isfinite(x) and np.isfinite(y):
            gap = 0.0 if before is None else (t - before) / 1e9
            step = gap if gap <= 0.2 else 0.0
            if gap > 2:
                away = back = 0.0
            before = t
            if np.hypot(x - target[0], y - target[1]) > target[2]:
                away, back = away + step, 0.0
            else:
                back += step
                if back >= 0.1 - 1e-12:
                    found += [(k, away)] if away >= 0.12 - 1e-12 else []
                    away = 0.0
        watched.append(step)
        aways.append(np.nan if before is None else away)
    return np.array(aways), np.array(watched), found


def extent(yaw, pitch, first, last):
    return np.ptp(yaw[first:last + 1]) + np.ptp(pitch[first:last + 1])


def long_enough(times_ns, first, last):
    return last - first >= 3 and times_ns[last] - times_ns[first] >= 100_000_000


def dispersed(times_ns, yaw, pitch, limit=3 * DEGREE):
    """Salvucci and Goldberg's I-DT: (first, last, sample at which it was long enough) of each fixation."""
    found, first, count = [], 0, len(times_ns)
    while first < count:
        last = next((k for k in range(first, count) if long_enough(times_ns, first, k)), None)
        if last is None:
            break
        if extent(yaw, pitch, first, last) > limit:
            first += 1
            continue
        sure = last
        while last + 1 < count and extent(yaw, pitch, first, last + 1) <= limit:
            last += 1
        found.append((first, last, sure))
        first = last + 1
    return found


def slow(times_ns, yaw, pitch, samples, limit=30 * DEGREE):
    """I-VT: (first, last, sample at which it was long enough); the speed is the slope of a fitted line."""
    half, calm = samples // 2, []
    for k in range(half, len(times_ns) - half):
        part = slice(k - half, k + half + 1)
        t = (times_ns[part] - times_ns[k]) / 1e9
        calm.append(np.hypot(np.polyfit(t, yaw[part], 1)[0], np.polyfit(t, pitch[part], 1)[0]) < limit)
    found, first = [], None
    for k, still in enumerate([*calm, False]):
        if still and first is None:
            first = k + half
        elif not still and first is not None:
            last, sure = k + half - 1, None
            sure = next((j for j in range(first, last + 1) if long_enough(times_ns, first, j)), None)
            found += [(first, last, sure)] if sure is not None else []
            first = None
    return found


def fixations(times_ns, yaw, pitch, samples=0, limit=3 * DEGREE):
    """Fixations as dicts of start_ns, end_ns, yaw, pitch, and by dispersion also the frame at which they were known."""
    measured = np.flatnonzero(np.isfinite(yaw) & np.isfinite(pitch))
    breaks = np.flatnonzero(np.diff(times_ns[measured]) > 200_000_000) + 1
    out = []
    for piece in np.split(measured, breaks):
        t, x, y = times_ns[piece], yaw[piece], pitch[piece]
        parts = [(list(range(first, last + 1)), sure) for first, last, sure in
                 (slow(t, x, y, samples) if samples else dispersed(t, x, y, limit))]
        lapse = next((k for k in range(len(times_ns)) if len(t) and times_ns[k] - t[-1] > 200_000_000), None)
        place = 0
        while place < len(parts):
            inside, _ = parts[place]
            after = inside[-1] + 1
            following = parts[place + 1] if place + 1 < len(parts) else None
            if following and t[following[0][0]] - t[inside[-1]] < 75_000_000:
                early = [k for k in following[0] if k <= following[1]]
                apart = np.hypot(x[inside].mean() - x[early].mean(), y[inside].mean() - y[early].mean())
                if apart < (0.5 if samples else 1.0) * DEGREE:
                    parts[place:place + 2] = [(inside + following[0], following[1])]
                    continue
            known, first = lapse, after
            for k in range(after, len(t)):
                while extent(x, y, first, k) > limit:
                    first += 1
                if t[first] - t[inside[-1]] >= 75_000_000 or long_enough(t, first, k):
                    known = piece[k]
                    break
            out.append({"start_ns": int(t[inside[0]]), "end_ns": int(t[inside[-1]]), "yaw": x[inside].mean(),
                        "pitch": y[inside].mean(), "known": known})
            place += 1
    return out


def cell(yaw, pitch):
    row, column = (int(np.clip(np.floor(np.degrees(angle) / 10) + 2, 0, 3)) for angle in (pitch, yaw))
    return row * 4 + column


def entropy(counts):
    p = np.array([count for count in counts if count > 0], np.float64)
    p /= p.sum()
    return -(p * np.log2(p)).sum()


def entropies(cells, befores):
    """(stationary, transition) of fixation cells and the cell before each, None where there was none."""
    moves = [(a, b) for a, b in zip(befores, cells, strict=True) if a is not None and a != b]
    stationary = entropy(Counter(cells).values()) / 4 if len(cells) >= 50 else np.nan
    if len(moves) < 50:
        return stationary, np.nan
    rows = [Counter(b for a, b in moves if a == start) for start in {a for a, _ in moves}]
    return stationary, sum(sum(row.values()) / len(moves) * entropy(row.values()) for row in rows) / np.log2(15)


def k_coefficients(durations, amplitudes):
    """K of each pair, from the mean and standard deviation of the pairs so far."""
    out = []
    for k in range(1, len(durations) + 1):
        d, a = np.array(durations[:k]), np.array(amplitudes[:k])
        varied = k >= 10 and d.std() > 1e-4 * d.mean() and a.std() > 1e-4 * a.mean()
        out.append(np.clip((d[-1] - d.mean()) / d.std() - (a[-1] - a.mean()) / a.std(), -20, 20) if varied else np.nan)
    return out


def one_euro(times_ns, yaw, pitch, least_hz=1.0, beta=0.05 / DEGREE, jump=3 * DEGREE):
    """Filtered direction (n, 2) of measured gaze, after Casiez 2012."""
    def alpha(cutoff_hz, step):
        tau = 1 / (2 * np.pi * cutoff_hz)
        return 1 / (1 + tau / step)
    out, speed, jumped = [], np.zeros(2), 0
    for k, point in enumerate(np.column_stack([yaw, pitch])):
        step = (times_ns[k] - times_ns[k - 1]) / 1e9 if k else np.inf
        jumped = jumped + 1 if k and np.linalg.norm(point - out[-1]) > jump else 0
        if step > 0.2 or jumped == 2:
            out.append(point)
            speed, jumped = np.zeros(2), 0
            continue
        a = alpha(1.0, step)
        speed = a * (point - out[-1]) / step + (1 - a) * speed
        a = np.array([alpha(least_hz + beta * abs(one), step) for one in speed])
        out.append(a * point + (1 - a) * out[-1])
    return np.array(out).reshape(-1, 2)


def nods(times_ns, pitch):
    """Frames at which a nod ended."""
    found, down, ready, before = [], None, -np.inf, -np.inf
    t = times_ns / 1e9
    for k in np.flatnonzero(np.isfinite(pitch)):
        if t[k] - before > 0.5:
            down, ready = None, max(ready, t[k])
        before = t[k]
        if down is None:
            if t[k] >= ready:
                highest = np.nanmax(pitch[(t > t[k] - 1) & (t >= ready) & (t <= t[k])])
                if highest - pitch[k] >= 15 * DEGREE:
                    down, top, low = t[k], highest, pitch[k]
            continue
        low = min(low, pitch[k])
        if t[k] - down > 2:
            down, ready = None, t[k]
        elif pitch[k] - low >= 0.5 * (top - low):
            found.append(k)
            down, ready = None, t[k] + 1
    return found


def yawns(times_ns, jaw):
    """Frames at which a jaw had been wide open for 1.5 s."""
    found, since, counted, ready, before = [], None, False, -np.inf, -np.inf
    t = times_ns / 1e9
    for k in np.flatnonzero(np.isfinite(jaw)):
        if since is not None and (jaw[k] < 0.4 or t[k] - before > 0.5):
            ready = t[k] + 0.5 if counted else ready
            since, counted = None, False
        before = t[k]
        if since is None and jaw[k] >= 0.5 and t[k] >= ready:
            since = t[k]
        if since is not None and not counted and t[k] - since >= 1.5:
            counted = True
            found.append(k)
    return found
