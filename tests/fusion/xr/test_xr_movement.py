"""Fixations and saccades against what is true, against naive twins, and over gaps."""

import math
from itertools import pairwise

import numpy as np
import pytest
from xr_signals import SECOND, START_NS, Truth, gaze, grid, looks

from fusion.xr import dispersion
from fusion.xr.dispersion import Dispersion
from fusion.xr.movement import Movement
from fusion.xr.velocity import PEAK_RAD_S, SLOWEST_RAD_S, Velocity


def run(path: Velocity | Dispersion, times: np.ndarray, where: np.ndarray) -> list[Movement]:
    found: list[Movement] = []
    for now, (yaw, pitch) in zip(times.tolist(), where.tolist(), strict=True):
        found += path.advance(now)
        if not math.isnan(yaw):
            found += path.step(now, yaw, pitch)
    return found + path.advance(int(times[-1]) + SECOND)


def of(kind: str, found: list[Movement]) -> list[Movement]:
    return [movement for movement in found if movement.kind == kind]


def seconds(t_ns: int) -> float:
    return (t_ns - START_NS) / SECOND


@pytest.mark.parametrize(("rate_hz", "noise_deg"), [(90.0, 0.05), (120.0, 0.1), (200.0, 0.1), (200.0, 0.0)])
def test_velocity_finds_every_saccade_and_no_other(rate_hz: float, noise_deg: float) -> None:
    truth = looks(60.0, 1, 3.0, 15.0)
    times = grid(60.0, rate_hz)
    found = run(Velocity(rate_hz), times, gaze(truth, times, noise_deg))
    pairs = [(one, after) for one, after in pairwise(truth) if after.begin_s < 59.8]
    saccades = of("saccade", found)
    assert len(saccades) == len(pairs)
    for saccade, (one, after) in zip(saccades, pairs, strict=True):
        size = math.hypot(after.yaw - one.yaw, after.pitch - one.pitch)
        lasts = after.begin_s - one.end_s
        if one.end_s < 1.0:
            continue  # until the noise is known the threshold is the highest, which cuts the ends of a saccade
        assert seconds(saccade.onset_ns) == pytest.approx(one.end_s, abs=1.5 / rate_hz + 0.01)
        assert seconds(saccade.end_ns) == pytest.approx(after.begin_s, abs=1.5 / rate_hz + 0.01)
        assert math.degrees(saccade.amplitude) == pytest.approx(math.degrees(size), abs=0.6)
        # The peak of a minimum-jerk movement is 15/8 of its mean; the slope of 20 ms flattens it.
        share = saccade.peak / (1.875 * size / lasts)
        assert (0.7 if size > math.radians(8.0) else 0.5) < share < 1.1
    fixations = of("fixation", found)
    assert len(fixations) == pytest.approx(len(pairs) + 1, abs=1)
    errors = [abs(seconds(f.onset_ns) - t.begin_s) + abs(seconds(f.end_ns) - t.end_s)
              for f, t in zip(fixations, truth, strict=False) if t.end_s < 59.0]
    assert np.percentile(errors, 95) < 0.05


@pytest.mark.parametrize(("rate_hz", "noise_deg"), [(30.0, 0.2), (60.0, 0.2), (30.0, 0.0)])
def test_dispersion_finds_fixations_and_what_lies_between(rate_hz: float, noise_deg: float) -> None:
    truth = looks(60.0, 2, 6.0, 15.0)
    times = grid(60.0, rate_hz)
    found = run(Dispersion(rate_hz), times, gaze(truth, times, noise_deg))
    whole = [one for one in truth if one.end_s < 59.5]
    fixations, saccades = of("fixation", found), of("saccade", found)
    assert len(whole) <= len(fixations) <= len(whole) + 2, "the last ones may be cut"
    late = [max(abs(seconds(fixation.onset_ns) - one.begin_s), abs(seconds(fixation.end_ns) - one.end_s))
            for fixation, one in zip(fixations, whole, strict=False)]
    assert np.percentile(late, 95) < 2 / rate_hz
    for fixation, one in zip(fixations, whole, strict=False):
        assert math.degrees(math.hypot(fixation.yaw - one.yaw, fixation.pitch - one.pitch)) < 0.5
    assert len(whole) - 1 <= len(saccades) <= len(whole) + 1
    for saccade, (one, after) in zip(saccades, pairwise(whole), strict=False):
        size = math.degrees(math.hypot(after.yaw - one.yaw, after.pitch - one.pitch))
        assert math.degrees(saccade.amplitude) == pytest.approx(size, abs=0.8)
        assert math.isnan(saccade.peak), "30 frames a second cannot measure it"


def naive_velocity(times: np.ndarray, where: np.ndarray, size: int) -> list[tuple[int, int, float]]:
    """Label every sample by the slope of a fitted line, then cut: onset, end and peak of what was fast enough."""
    half = size // 2
    speeds = np.full(len(times), np.nan)
    for k in range(half, len(times) - half):
        window = slice(k - half, k + half + 1)
        t = (times[window] - times[k]) / SECOND
        speeds[k] = math.hypot(np.polyfit(t, where[window, 0], 1)[0], np.polyfit(t, where[window, 1], 1)[0])
    fast = np.flatnonzero(speeds >= SLOWEST_RAD_S)
    runs = np.split(fast, np.flatnonzero(np.diff(fast) > 1) + 1)
    return [(int(times[run[0]]), int(times[run[-1] + 1]), float(speeds[run].max())) for run in runs
            if speeds[run].max() >= PEAK_RAD_S]


@pytest.mark.parametrize("rate_hz", [120.0, 200.0])
def test_velocity_equals_the_naive_twin(rate_hz: float) -> None:
    times = grid(20.0, rate_hz)
    where = gaze(looks(20.0, 3, 2.5, 12.0), times, 0.02)
    path = Velocity(rate_hz)
    found = of("saccade", run(path, times, where))
    assert path.onset_rad_s == SLOWEST_RAD_S, "so quiet an eye keeps the lowest threshold, as the twin does"
    # The first second goes by until the noise is known; what lands in the last 50 ms is not yet known.
    begin, end = START_NS + SECOND, START_NS + 19 * SECOND
    expected = [one for one in naive_velocity(times, where, {120.0: 3, 200.0: 5}[rate_hz]) if begin < one[0] < end]
    assert len(expected) > 30
    np.testing.assert_allclose([(s.onset_ns, s.end_ns, s.peak) for s in found if begin < s.onset_ns < end], expected,
                               rtol=1e-9)


def naive_dispersion(times: np.ndarray, where: np.ndarray, limit: float) -> list[tuple[int, int]]:
    """Salvucci and Goldberg's own: the shortest window that fits, then as long as it fits; neighbours are joined."""
    found, k = [], 0
    while k < len(times):
        stop = k + 1
        while stop < len(times) and np.ptp(where[k:stop + 1], axis=0).sum() <= limit:
            stop += 1
        long_enough = stop - k >= dispersion.LEAST_FRAMES and times[stop - 1] - times[k] >= dispersion.LEAST_NS
        if long_enough:
            found.append((k, stop))
        k = stop if long_enough else k + 1
    joined: list[tuple[int, int]] = []
    for begin, end in found:
        near = joined and times[begin] - times[joined[-1][1] - 1] < 75_000_000 and math.dist(
            where[begin:end].mean(axis=0), where[slice(*joined[-1])].mean(axis=0)) < math.radians(1.0)
        joined = [*joined[:-1], (joined[-1][0], end)] if near else [*joined, (begin, end)]
    return [(int(times[begin]), int(times[end - 1])) for begin, end in joined]


def test_dispersion_equals_the_naive_twin(monkeypatch: pytest.MonkeyPatch) -> None:
    limit = math.radians(2.5)
    monkeypatch.setattr(dispersion, "NARROWEST_RAD", limit)
    monkeypatch.setattr(dispersion, "WIDEST_RAD", limit)
    times = grid(40.0, 30.0)
    where = gaze(looks(40.0, 4, 6.0, 14.0, shortest_s=0.12), times, 0.12)
    found = of("fixation", run(Dispersion(30.0), times, where))
    assert len(found) > 60
    assert [(f.onset_ns, f.end_ns) for f in found] == naive_dispersion(times, where, limit)


def rest(rate_hz: float, lost_s: float, apart_deg: float, noise_deg: float = 0.03) -> tuple[np.ndarray, np.ndarray]:
    """Gaze that rests, is lost at 1 s, and rests again."""
    times = grid(2.0, rate_hz)
    t = (times - START_NS) / SECOND
    where = np.random.default_rng(3).normal(0, math.radians(noise_deg), (len(t), 2))
    where[t >= 1.0, 0] += math.radians(apart_deg)
    where[(t >= 1.0) & (t < 1.0 + lost_s)] = np.nan
    return times, where


@pytest.mark.parametrize("rate_hz", [30.0, 60.0, 120.0, 200.0])
@pytest.mark.parametrize(("lost_s", "apart_deg", "fixations"), [(0.12, 0.0, 1), (0.12, 8.0, 2), (0.5, 0.0, 2)])
def test_a_gap_is_never_a_saccade(rate_hz: float, lost_s: float, apart_deg: float, fixations: int) -> None:
    path = Velocity(rate_hz) if rate_hz > 90 else Dispersion(rate_hz)
    found = run(path, *rest(rate_hz, lost_s, apart_deg))
    assert of("saccade", found) == []
    assert len(of("fixation", found)) == fixations


@pytest.mark.parametrize("rate_hz", [60.0, 120.0])
def test_lost_gaze_ends_a_fixation_after_its_limit(rate_hz: float) -> None:
    times, where = rest(rate_hz, 0.6, 0.0)
    path = Velocity(rate_hz) if rate_hz > 90 else Dispersion(rate_hz)
    first = of("fixation", run(path, times, where))[0]
    newest = times[(times - START_NS) / SECOND < 1.0][-1]
    assert first.known_ns == newest + 200_000_000
    assert first.end_ns == pytest.approx(newest, abs=2 * SECOND / rate_hz)


def test_lids_that_drag_the_pupil_before_they_hide_it_make_no_saccade() -> None:
    times, where = rest(200.0, 0.15, 0.0)
    t = (times - START_NS) / SECOND
    where[:, 1] -= np.interp(t, [0.94, 0.96, 1.17, 1.19], np.radians([0.0, 4.0, 4.0, 0.0]))
    assert of("saccade", run(Velocity(200.0), times, where)) == []
    assert of("saccade", run(Velocity(200.0), times, np.nan_to_num(where))) != [], "without the gap they would be"


def test_a_flicker_cuts_no_fixation() -> None:
    times, where = rest(200.0, 0.0, 0.0)
    where[200, 0] += math.radians(0.8)
    assert len(of("fixation", run(Velocity(200.0), times, where))) == 1


def test_thresholds_follow_the_noise() -> None:
    times = grid(10.0, 120.0)
    still = [Truth(0.0, 20.0, 0.0, 0.0)]
    noisy, quiet = Velocity(120.0), Velocity(120.0)
    assert of("saccade", run(noisy, times, gaze(still, times, 0.3))) == []
    run(quiet, times, gaze(still, times, 0.02))
    assert noisy.onset_rad_s > 2 * quiet.onset_rad_s
    slow, slower = Dispersion(30.0), Dispersion(30.0)
    times = grid(10.0, 30.0)
    run(slow, times, gaze(still, times, 0.27))
    run(slower, times, gaze(still, times, 0.02))
    assert slow.limit_rad > slower.limit_rad == dispersion.NARROWEST_RAD
