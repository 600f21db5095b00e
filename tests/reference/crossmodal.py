"""Twins of the fusion kernels so plain that they need no test: whole recordings, lists and float64."""

import math

import numpy as np

from kernels.layout import FEATURES, INDEX
from tests.reference.statistics import measured, scores

AXES = ("activation", "vigilance", "orienting", "load")
KINDS = ("camera", "microphone", "eeg")
FEWEST_PAIRS, FEWEST_BLINKS = 200, 3


def softmax(values):
    """Of a list whose absent entries are None: those get 0."""
    largest = max(v for v in values if v is not None)
    exponentials = [0.0 if v is None else math.exp(v - largest) for v in values]
    return [e / sum(exponentials) for e in exponentials]


def attention_rows(tokens, environment):
    """(self, external) attention as lists of rows; a token with anything but finite numbers has a row of zeros."""
    there = [all(math.isfinite(v) for v in token) for token in tokens]
    itself, external = [], []
    for x, here in zip(tokens, there, strict=True):
        if not here:
            itself.append([0.0] * len(tokens))
            external.append([0.0] * len(tokens))
            continue
        scored = [np.dot(x, y) if ok else None for y, ok in zip(tokens, there, strict=True)]
        pulled = [None if s is None else s + np.dot(y, environment) for s, y in zip(scored, tokens, strict=True)]
        itself.append(softmax(scored))
        external.append(softmax(pulled))
    return itself, external


def attention_flow(tokens, environment, alpha, beta):
    itself, external = attention_rows(tokens, environment)
    return alpha * np.array(itself) + beta * np.array(external)


def known(vector, name):
    return bool(measured(FEATURES[INDEX[name]], vector[INDEX[name]]))


def usable(vector, kind):
    return known(vector, f"{kind}_quality") and vector[INDEX[f"{kind}_quality"]] >= 0.3


def token_scores(rows, table, calibration_s):
    """For each row the signed z-scores [(kind, axis, score)] that enter its tokens."""
    names = [name for name, _, _ in table]
    z = scores([row["tick_ns"] for row in rows], [row["vector"] for row in rows], calibration_s, names)
    return [[(FEATURES[INDEX[name]].modality, axis, sign * scored[name]) for name, axis, sign in table
             if usable(row["vector"], FEATURES[INDEX[name]].modality) and not math.isnan(scored[name])]
            for row, scored in zip(rows, z, strict=True)]


def flow(rows, signed, alpha=0.5, beta=0.5):
    """The five flow features at the last of the rows, given their `token_scores`."""
    newest = rows[-1]["tick_ns"] // 10**9
    tokens, ages, kinds = [], [], []
    for age in range(8):
        for kind in KINDS:
            found = {axis: [] for axis in AXES}
            for row, entries in zip(rows, signed, strict=True):
                if row["tick_ns"] // 10**9 == newest - age:
                    for k, axis, score in entries:
                        if k == kind:
                            found[axis].append(score)
            if any(found.values()):
                tokens.append([np.mean(found[axis]) / 4**0.25 if found[axis] else 0.0 for axis in AXES])
                ages.append(age)
                kinds.append(kind)
    queries = [k for k, age in enumerate(ages) if age == 0]
    out = dict.fromkeys((*KINDS, "age", "external"), math.nan)
    if not queries or len(set(kinds)) < 2:
        return out
    vector = rows[-1]["vector"]
    demand = vector[INDEX["demand"]] if known(vector, "demand") else 0.0
    speed = min(1.0, abs(vector[INDEX["speed_kmh"]]) / 130) if known(vector, "speed_kmh") else 0.0
    environment = 2 * np.array([demand, speed, (demand + speed) / 2, demand], np.float64) / 4**0.25
    itself, external = attention_rows(tokens, environment)
    mean = [np.mean([alpha * itself[i][j] + beta * external[i][j] for i in queries]) for j in range(len(tokens))]
    for kind in set(kinds):
        out[kind] = sum(m for m, k in zip(mean, kinds, strict=True) if k == kind)
    out["age"] = sum(m * age for m, age in zip(mean, ages, strict=True))
    if known(vector, "demand") or known(vector, "speed_kmh"):
        out["external"] = np.mean([np.abs(np.subtract(itself[i], external[i])).sum() / 2 for i in queries])
    return out


def blind_cells(rows):
    """Cells in which the camera or the EEG was silent or not to be trusted."""
    blind = set()
    for row in rows:
        cell, newest_ns = row["tick_ns"] // 10**8, min(row["eyes_ns"], row["brain_ns"])
        if not (usable(row["vector"], "camera") and usable(row["vector"], "eeg")):
            blind.add(cell)
        if row["tick_ns"] - newest_ns > 5 * 10**8:
            blind.update(range(newest_ns // 10**8, cell + 1))
    return blind


def blinks(rows, first_ns):
    """(share matched, mean lag in s) at the last of the rows; `first_ns` is when the later of the two streams began."""
    row = rows[-1]
    camera, eeg = row["camera_blinks"][-64:], row["eeg_blinks"][-64:]
    if len(row["eeg_blinks"]) > 64:
        first_ns = max(first_ns, eeg[0])
    until_ns, blind = min(row["tick_ns"], row["eyes_ns"], row["brain_ns"] - 5 * 10**8), blind_cells(rows)
    judged, lags = 0, []
    for t in camera:
        low, high = t - 3 * 10**8, t + 3 * 10**8
        if t <= row["tick_ns"] - 60 * 10**9 or low < first_ns or high > until_ns \
                or blind & set(range(low // 10**8, high // 10**8 + 1)):
            continue
        judged += 1
        near = [other - t for other in eeg if abs(other - t) <= 3 * 10**8]
        if near:
            lags.append(min(near, key=abs) / 1e9)
    return (len(lags) / judged if judged >= FEWEST_BLINKS else math.nan,
            np.mean(lags) if len(lags) >= FEWEST_BLINKS else math.nan)


def strongest(leader, follower):
    """(r, lag in cells) over two lists of 0, 1 and None; the strongest, then the shortest, then the positive lag."""
    leader, follower = leader[-600:], follower[-600:]
    found = []
    for lag in range(-20, 21):
        pairs = [(leader[c - lag], b) for c, b in enumerate(follower) if 0 <= c - lag < len(leader)]
        pairs = np.array([pair for pair in pairs if None not in pair], np.float64).reshape(-1, 2)
        if len(pairs) >= FEWEST_PAIRS and np.ptp(pairs, axis=0).all():
            found.append((np.corrcoef(pairs.T)[0, 1], lag))
    return max(found, key=lambda one: (round(abs(one[0]), 12), -abs(one[1]), one[1]), default=(math.nan, 0))


def gaze_speech(rows):
    """(r, lag in s) at the last of the rows."""
    speaking, away = {}, {}
    for row in rows:
        vector, cell = row["vector"], row["tick_ns"] // 10**8
        if usable(vector, "microphone") and row["voice_ns"] >= 0 and row["tick_ns"] - row["voice_ns"] <= 5 * 10**8:
            speaking[cell] = row["speaking"]
        if usable(vector, "camera") and known(vector, "off_target_s"):
            away[cell] = int(vector[INDEX["off_target_s"]] > 0)
    newest = rows[-1]["tick_ns"] // 10**8
    cells = range(newest - 599, newest + 1)
    r, lag = strongest([speaking.get(c) for c in cells], [away.get(c) for c in cells])
    return r, lag / 10 if not math.isnan(r) else math.nan
