"""Simulated driving keeps to the figures that it states, and is the same however it is read."""

from collections import defaultdict

import numpy as np
import pytest

from sensors.simulated import driver_road
from sensors.simulated.driver import BLOCK, NAMES, RATE_HZ, Drive
from sensors.simulated.driver_motion import lids, moved, saccade_s, shut
from sensors.simulated.driver_plan import LEAST_GAP_S
from sensors.simulated.driver_scripted import LEAST_KMH, LOOK_S, SHUT_S
from sensors.simulated.driver_traits import BLINKS_PER_MIN, GLANCES, Driver, log_normal

HOURS = 6
FACE, GAZE_YAW, GAZE_PITCH, EAR = (NAMES.index(name) for name in ("face", "gaze_yaw", "gaze_pitch", "ear_left"))


@pytest.fixture(scope="module")
def drives() -> list[Drive]:
    return [Drive(seed, 3600.0) for seed in range(HOURS)]


@pytest.fixture(scope="module")
def misled() -> Drive:
    return Drive(5, 3600.0, misled=True)


@pytest.mark.parametrize(("target", "percentile_s"), [("left_mirror", 1.98), ("right_mirror", 1.95), ("cluster", 2.41)])
def test_glances_are_as_long_as_taoka_says(target: str, percentile_s: float, drives: list[Drive]) -> None:
    kind = next(kind for kind in GLANCES if kind.target == target)
    many = log_normal(np.random.default_rng(1), kind.mean_s, kind.sd_s, 200_000)
    assert (many.mean(), many.std()) == pytest.approx((kind.mean_s, kind.sd_s), rel=0.05)
    # The table's own percentiles are rounded from other sums: within a tenth.
    assert np.quantile(many, 0.99) == pytest.approx(percentile_s, rel=0.15)
    seen = [glance.end_s - glance.onset_s for drive in drives for glance in drive.plan.glances if glance.kind == target]
    assert len(seen) > 100
    assert np.mean(seen) == pytest.approx(kind.mean_s, rel=0.1)
    assert np.std(seen) == pytest.approx(kind.sd_s, rel=0.35)


def test_the_road_has_the_share_that_attentive_drivers_give_it(drives: list[Drive]) -> None:
    for drive in drives:
        grid = np.arange(0.0, 3600.0, 0.5)
        moving_s = 0.5 * (drive.plan.road.speed_kmh(grid) > 3.0).sum()
        away = sum(g.end_s - g.onset_s for g in drive.plan.glances if g.kind not in ("roadside", "junction"))
        assert 0.85 <= 1 - away / moving_s <= 0.92


def test_glances_come_as_often_as_stated_and_never_overlap(drives: list[Drive]) -> None:
    counts: dict[str, int] = defaultdict(int)
    moving_min = 0.0
    for drive in drives:
        moving_min += (drive.plan.road.speed_kmh(np.arange(0.0, 3600.0)) > 3.0).sum() / 60.0
        for before, after in zip(drive.plan.glances, drive.plan.glances[1:], strict=False):
            assert after.onset_s - before.end_s >= LEAST_GAP_S - 1e-9
        for glance in drive.plan.glances:
            counts[glance.kind] += 1
    for kind in GLANCES:
        assert counts[kind.target] / moving_min == pytest.approx(kind.per_min, rel=0.25), kind.target


def test_blinks_are_as_many_and_as_long_as_stated(drives: list[Drive]) -> None:
    people = np.array([Driver.drawn(seed).blinks_per_min for seed in range(400)])
    assert people.mean() == pytest.approx(BLINKS_PER_MIN, rel=0.08)
    assert people.std() == pytest.approx(0.6 * BLINKS_PER_MIN, rel=0.25)
    lengths = np.concatenate([np.diff(drive.plan.blinks, axis=1)[:, 0] for drive in drives])
    assert lengths.min() >= 0.15 - 1e-9
    assert lengths.max() <= 0.5 + 1e-9
    assert np.median(lengths) == pytest.approx(0.265, abs=0.01)
    assert 0.003 < np.mean(lengths > 0.4) < 0.025
    for drive in drives:
        per_min = len(drive.plan.blinks) / 60.0
        assert 0.8 * drive.plan.driver.blinks_per_min < per_min < 1.5 * drive.plan.driver.blinks_per_min


def test_measured_gaze_has_the_noise_of_a_webcam(drives: list[Drive]) -> None:
    drive = next(drive for drive in drives if not (drive.plan.driver.night or drive.plan.driver.sunglasses))
    values, times_ns = drive.camera(0, 5 * BLOCK)
    truth = drive.truth(times_ns * 1e-9)
    calm = (truth.lid == 0) & (truth.luma < 200) & np.isfinite(values[:, GAZE_YAW])
    error = np.degrees(values[calm, GAZE_YAW] - truth.gaze_yaw[calm])
    # Two steps of one frame hold the white part alone; all of it, without the mean, has the slow error, too.
    assert 2.0 < (error - error.mean()).std() < 4.0
    quick = np.degrees(np.diff(values[:, GAZE_YAW] - truth.gaze_yaw))[calm[1:] & calm[:-1]]
    assert 1.5 < quick.std() < 3.2
    assert error.mean() == pytest.approx(drive.plan.driver.mount_deg[0], abs=1.5)


def test_the_same_seed_gives_the_same_bits_however_it_is_read() -> None:
    one, other = Drive(3, 600.0), Drive(3, 600.0)
    whole, times_ns = one.camera(BLOCK - 50, 100)
    pieces = [other.camera(BLOCK - 50 + start, 10)[0] for start in range(90, -1, -10)][::-1]
    np.testing.assert_array_equal(whole, np.concatenate(pieces))
    assert np.diff(times_ns).min() > 0
    assert not np.array_equal(whole, Drive(4, 600.0).camera(BLOCK - 50, 100)[0])
    rows, _ = one.vehicle(100, 50)
    np.testing.assert_array_equal(rows, np.concatenate([other.vehicle(100, 20)[0], other.vehicle(120, 30)[0]]))


def test_a_face_that_is_lost_and_eyes_that_glare_hides_are_not_measured(drives: list[Drive]) -> None:
    drive = max(drives, key=lambda each: len(each.plan.lost))
    start_s, end_s = drive.plan.lost[np.diff(drive.plan.lost, axis=1)[:, 0].argmax()]
    values, _ = drive.camera(int(start_s * RATE_HZ) + 1, int((end_s - start_s) * RATE_HZ) - 1)
    assert (values[:, FACE] == 0).all()
    assert np.isnan(values[:, :8]).all()
    assert any(drive.plan.driver.sunglasses for drive in (Drive(seed, 60.0) for seed in range(40)))


def test_what_is_put_in_is_at_speed_and_is_what_the_camera_sees(misled: Drive) -> None:
    scripted = [episode for episode in misled.plan.episodes if episode.scripted]
    assert {episode.kind for episode in scripted} == {"look", "series", "microsleep"}
    assert len(scripted) >= 25
    assert not misled.plan.driver.sunglasses
    for episode in scripted:
        grid = np.arange(episode.onset_s, episode.end_s, 0.1)
        assert misled.plan.road.speed_kmh(grid).min() >= LEAST_KMH - 1.0
        truth = misled.truth(grid[5:-5])
        length_s = episode.end_s - episode.onset_s
        if episode.kind == "microsleep":
            assert SHUT_S[0] <= length_s <= SHUT_S[1]
            assert (truth.lid > 0.7).all()
        elif episode.kind == "look":
            assert LOOK_S[0] <= length_s <= LOOK_S[1]
            np.testing.assert_allclose(np.degrees(truth.gaze_pitch), episode.pitch_deg, atol=6.0)
        assert not any(g.onset_s < episode.end_s and episode.onset_s < g.end_s for g in misled.plan.glances)


def test_an_attentive_drive_has_no_scripted_episode(drives: list[Drive]) -> None:
    assert not any(episode.scripted for drive in drives for episode in drive.plan.episodes)
    assert all(blink[1] - blink[0] <= 0.5 + 1e-9 for drive in drives for blink in drive.plan.blinks)


def test_a_look_down_lowers_the_lids_and_closes_no_eye(misled: Drive) -> None:
    look = next(e for e in misled.plan.episodes if e.scripted and e.kind == "look" and e.place in ("lap", "knee"))
    start = int((look.onset_s + 1.0) * RATE_HZ)
    values, _ = misled.camera(start, int((look.end_s - look.onset_s - 1.5) * RATE_HZ))
    level = misled.plan.driver.open_eye
    median = np.nanmedian(values[:, EAR])
    assert 0.45 * level < median < 0.92 * level


def test_the_road_is_driven_as_cars_drive() -> None:
    for seed in range(8):
        road = driver_road.drawn(seed, 3600.0)
        speed = road.speed_kmh(np.arange(0.0, 3600.0, 0.1))
        assert speed.min() >= 0.0
        assert speed.max() <= 135.0
        assert np.abs(np.diff(speed)).max() <= 1.0
        assert len(road.stops_s) >= 1
        assert (np.diff(road.knots_s) > 0).all()


def test_movements_arrive_and_lids_close_when_they_should() -> None:
    t_s = np.arange(0.0, 3.0, 0.001)
    way = moved(t_s, np.array([0.0, 1.0]), np.array([0.1, 0.1]), np.array([[0.0], [1.0]]))[:, 0]
    assert way[t_s < 1.0].max() == 0.0
    assert way[t_s > 1.1].min() == pytest.approx(1.0)
    assert t_s[way > 0.5][0] == pytest.approx(1.05, abs=0.002)
    assert saccade_s(np.radians(10.0)) == pytest.approx(0.043)
    start_s, end_s = shut(1.0, 2.0)
    closed = lids(t_s, np.array([start_s]), np.array([end_s]))
    assert (t_s[closed >= 0.75][0], t_s[closed >= 0.75][-1]) == pytest.approx((1.0, 2.0), abs=0.003)
    assert closed.max() == pytest.approx(1.0)
