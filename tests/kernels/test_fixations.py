"""Fixations: against the textbook over whole recordings, and on simulated scanpaths whose fixations are known."""

import math

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from kernels import fixations
from tests.reference import eyes as reference

SECOND = 1_000_000_000
START = 3_600 * SECOND


def run(times: np.ndarray, yaw: np.ndarray, pitch: np.ndarray, rate_hz: float) -> list[dict[str, float]]:
    record, out = np.zeros(1, fixations.FIXATIONS), []
    record["slope_samples"] = fixations.slope_samples(rate_hz)
    for k, (t, a, b) in enumerate(zip(times, yaw, pitch, strict=True)):
        if fixations.step(record[0], t, a, b):
            f = record["found"][0]
            out.append({"start_ns": int(f["start_ns"]), "end_ns": int(f["end_ns"]), "yaw": f["sum_yaw"] / f["frames"],
                        "pitch": f["sum_pitch"] / f["frames"], "known": k})
    return out


def scanpath(seconds: float, rate_hz: float, noise_deg: float, seed: int = 1,
             least_deg: float = 5.0) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Simulated gaze: times, yaw, pitch, and the true fixations as rows of (start s, end s, yaw, pitch).

    Fixations last 0.25 to 0.8 s. Saccades of 5 to 15 degrees last 21 ms + 2.2 ms per degree along a minimum-jerk path.
    """
    random = np.random.default_rng(seed)
    t = np.arange(int(seconds * rate_hz)) / rate_hz
    place, now, path, truth = np.zeros(2), 0.0, np.zeros((len(t), 2)), []
    while now < seconds:
        stay = random.uniform(0.25, 0.8)
        truth.append((now, now + stay, *place))
        path[(t >= now) & (t <= now + stay)] = place
        angle = random.uniform(0, 2 * math.pi)
        size = math.radians(random.uniform(least_deg, 15))
        aim = place + size * np.array([math.cos(angle), math.sin(angle)])
        if np.abs(aim).max() > 0.4:
            aim = place - size * np.sign(place) * np.abs([math.cos(angle), math.sin(angle)])
        lasts = 0.021 + 0.0022 * math.degrees(size)
        flight = (t > now + stay) & (t < now + stay + lasts)
        s = ((t[flight] - now - stay) / lasts)[:, None]
        path[flight] = place + (10 * s**3 - 15 * s**4 + 6 * s**5) * (aim - place)
        place, now = aim, now + stay + lasts
    path += np.radians(noise_deg) * random.normal(size=path.shape)
    return START + (t * SECOND).astype(np.int64), path[:, 0], path[:, 1], np.array(truth[:-2])


@pytest.mark.parametrize("rate_hz", [30.0, 60.0, 120.0, 250.0])
@pytest.mark.parametrize("kind", ["scanpath", "noise", "constant", "nan", "holes", "all nan", "short", "single",
                                  "empty"])
def test_fixations_match_the_textbook(kind: str, rate_hz: float) -> None:
    random = np.random.default_rng(5)
    times, yaw, pitch, _ = scanpath({"short": 0.09}.get(kind, 20), rate_hz, 0.25, least_deg=1.0)
    if kind == "noise":
        yaw, pitch = random.normal(0, 0.02, (2, len(times)))
    elif kind == "constant":
        yaw[:], pitch[:] = 0.1, 0.2
    elif kind == "nan":
        for first in random.integers(0, len(times), 60):
            yaw[first:first + int(random.integers(1, 0.4 * rate_hz))] = np.nan
    elif kind == "holes":
        kept = random.random(len(times)) < 0.8
        kept[len(times) // 2:len(times) // 2 + int(rate_hz)] = False
        times, yaw, pitch = times[kept], yaw[kept], pitch[kept]
    elif kind == "all nan":
        yaw[:] = np.nan
    elif kind in ("single", "empty"):
        times, yaw, pitch = (x[:int(kind == "single")] for x in (times, yaw, pitch))
    pitch = np.where(np.isnan(yaw), np.nan, pitch)
    after = times[-1:] + SECOND  # a frame without gaze, a second later, makes the last fixation known
    times, yaw, pitch = np.append(times, after), np.append(yaw, after * np.nan), np.append(pitch, after * np.nan)
    comp = run(times, yaw, pitch, rate_hz)
    ref = reference.fixations(times, yaw, pitch, fixations.slope_samples(rate_hz))
    assert_array_equal([(f["start_ns"], f["end_ns"]) for f in comp], [(f["start_ns"], f["end_ns"]) for f in ref])
    centres = [np.array([(f["yaw"], f["pitch"]) for f in found]) for found in (comp, ref)]
    assert_allclose(*centres, rtol=1e-9, atol=1e-12)
    if rate_hz <= 90:
        assert [f["known"] for f in comp] == [f["known"] for f in ref]
    assert (len(ref) > 0) == (kind not in ("all nan", "short", "single", "empty")) or kind == "noise"


@pytest.mark.parametrize(("rate_hz", "noise_deg"), [(30.0, 0.2), (60.0, 0.2), (120.0, 0.15), (250.0, 0.2)])
def test_simulated_fixations_are_found(rate_hz: float, noise_deg: float) -> None:
    """Nineteen in twenty within a frame or two: a frame in flight may seem to belong to a fixation."""
    times, yaw, pitch, truth = scanpath(60, rate_hz, noise_deg)
    found = run(times, yaw, pitch, rate_hz)
    starts, ends = (np.array([(f[side] - START) / SECOND for f in found]) for side in ("start_ns", "end_ns"))
    allowed_s = 1.6 / rate_hz if rate_hz <= 90 else 1 / rate_hz + fixations.SLOPE_S / 2
    hits, errors = 0, []
    for start, end, *centre in truth:
        overlapping = np.flatnonzero((starts < end) & (ends > start))
        assert len(overlapping) > 0
        one = overlapping[np.argmax((ends - starts)[overlapping])]
        hits += len(overlapping) == 1 and abs(starts[one] - start) <= allowed_s and abs(ends[one] - end) <= allowed_s
        errors.append(math.hypot(found[one]["yaw"] - centre[0], found[one]["pitch"] - centre[1]))
    assert len(truth) > 90
    assert hits / len(truth) > 0.95
    assert max(errors) < math.radians(0.8)
    assert abs(len(found) - len(truth)) <= 0.06 * len(truth)


def still(seconds: float = 3.0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    count = int(seconds * 30) + 1
    return START + np.arange(count) * SECOND // 30, np.zeros(count), np.zeros(count)


def test_a_flicker_within_a_fixation_is_mended_and_a_look_elsewhere_is_not() -> None:
    times, yaw, pitch = still()
    yaw[60:], yaw[30] = 0.3, 0.2  # one frame astray; the look elsewhere ends the fixation
    assert [(f["start_ns"], f["end_ns"]) for f in run(times, yaw, pitch, 30)] == [(times[0], times[59])]
    yaw[31:33] = 0.2  # three frames, 133 ms from end to start
    assert [(f["start_ns"], f["end_ns"]) for f in run(times, yaw, pitch, 30)] == [
        (times[0], times[29]), (times[33], times[59])]


def test_a_blink_does_not_end_a_fixation_and_a_longer_loss_does() -> None:
    times, yaw, pitch = still()
    yaw[60:], yaw[30:35] = 0.3, np.nan
    assert len(run(times, yaw, pitch, 30)) == 1
    yaw[30:40] = np.nan
    assert [(f["start_ns"], f["end_ns"]) for f in run(times, yaw, pitch, 30)] == [
        (times[0], times[29]), (times[40], times[59])]


def test_three_frames_and_ninety_milliseconds_are_no_fixation() -> None:
    times, yaw, pitch = still()
    yaw += np.repeat(np.arange(31), 3)[:91] * 0.1  # three frames each
    assert run(times, yaw, pitch, 30) == []
    yaw = np.repeat(np.arange(23), 4)[:91] * 0.1  # four frames are 100 ms from first to last
    assert len(run(times, yaw, pitch, 30)) > 15


def test_the_way_of_cutting_follows_the_rate() -> None:
    assert [fixations.slope_samples(rate) for rate in (0.0, 30.0, 90.0, 120.0, 250.0, 400.0)] == [0, 0, 0, 5, 11, 17]
