"""The camera's features: against the plain twin, whatever the cut, and in stories."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from kernels import eyes
from kernels.errors import InputError
from kernels.layout import FEATURES, INDEX, SIZE
from tests.reference import camera as reference

SECOND = 1_000_000_000
START = 3_600 * SECOND + 123_456_789
NAMES = ("face", "ear_left", "ear_right", "blink_left", "blink_right", "gaze_yaw", "gaze_pitch", "head_yaw",
         "head_pitch", "head_roll", "jaw_open", "luma", "motion")
(FACE, EAR_LEFT, EAR_RIGHT, BLINK_LEFT, BLINK_RIGHT, GAZE_YAW, GAZE_PITCH, HEAD_YAW, HEAD_PITCH, HEAD_ROLL, JAW,
 LUMA) = range(12)
CAMERA = [feature for feature in FEATURES if feature.modality == "camera"]


def grid(count: int, rate_hz: float = 30.0) -> np.ndarray:
    return START + (np.arange(count) * SECOND / rate_hz).astype(np.int64)


def person(seconds: float, rate_hz: float = 30.0) -> tuple[np.ndarray, np.ndarray]:
    """A calm face with open eyes on the target: values (n, column) and times (n,)."""
    count = int(seconds * rate_hz)
    values = np.zeros((count, len(NAMES)))
    values[:, FACE], values[:, EAR_LEFT:EAR_RIGHT + 1], values[:, LUMA] = 0.98, 0.28, 120
    values[:, BLINK_LEFT:BLINK_RIGHT + 1] = 0.1
    noise = np.random.default_rng(0).normal(0, 0.002, values.shape)
    noise[:, JAW] = np.abs(noise[:, JAW])
    return (values + noise).astype(np.float32), grid(count, rate_hz)


def lively(seconds: float, rate_hz: float = 30.0, seed: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """The same face looking about, blinking, dozing, nodding and yawning, at jittered times."""
    random = np.random.default_rng(seed)
    values, times = person(seconds, rate_hz)
    count = len(times)
    steps = random.choice([0.5, 0.9, 1.0, 1.1, 1.5], count, p=[.02, .2, .56, .2, .02]) * SECOND / rate_hz
    times = START + np.cumsum(steps).astype(np.int64)
    for angle, spread in ((GAZE_YAW, 0.20), (GAZE_PITCH, 0.10)):
        held = np.repeat(random.normal(0, spread, count), random.integers(5, 20, count))[:count]
        values[:, angle] += held + random.normal(0, 0.003, count)
    values[:, HEAD_YAW] += 0.4 * values[:, GAZE_YAW]
    for first in random.integers(0, count - 60, int(seconds / 3)):
        close(values, first, first + int(random.choice([3, 4, 5, 12, 20, 60], p=[.3, .3, .2, .1, .05, .05])))
    for first in random.integers(0, count - 60, int(seconds / 20)):
        values[first:first + 15, HEAD_PITCH] -= 0.4
        values[first:first + int(random.integers(30, 60)), JAW] = 0.8
        values[first:first + 40, LUMA] = 30
        values[first + 60:first + 75, FACE] = 0.2
    return values, times


def close(values: np.ndarray, first: int, last: int) -> None:
    values[first:last, EAR_LEFT:EAR_RIGHT + 1] = 0.04
    values[first:last, BLINK_LEFT:BLINK_RIGHT + 1] = 0.55


def setup(**other: object) -> eyes.Setup:
    plain = {"columns": NAMES, "rate_hz": 30.0, "target_yaw": 0.0, "target_pitch": 0.0, "target_radius": 0.26,
             "calibration_s": 5.0}
    return eyes.Setup(**(plain | other))  # type: ignore[arg-type]


def fresh(**other: object) -> np.ndarray:
    records = np.zeros(1, eyes.EYES)
    eyes.reset(records, setup(**other))
    return records


def read(records: np.ndarray, tick_ns: int) -> np.ndarray:
    out = np.full(SIZE, np.nan, np.float32)
    eyes.features(records[0], tick_ns, out)
    return out


def run(values: np.ndarray, times: np.ndarray, tick_hz: float = 20.0, **other: object) -> tuple[np.ndarray, np.ndarray]:
    """Tick times in seconds from the first frame, and the vectors (tick, feature)."""
    records, vectors, done = fresh(**other), [], 0
    ticks = times[0] + (np.arange(1, int((times[-1] - times[0]) / SECOND * tick_hz) + 1) * SECOND / tick_hz
                        ).astype(np.int64)
    for tick in ticks:
        stop = int(np.searchsorted(times, tick, side="right"))
        eyes.push(records[0], values[done:stop], times[done:stop])
        done = stop
        vectors.append(read(records, int(tick)))
    return (ticks - times[0]) / SECOND, np.array(vectors)


def column(vectors: np.ndarray, name: str) -> np.ndarray:
    return vectors[:, INDEX[name]]


def recording(kind: str) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(7)
    values, times = lively({"too short": 0.5, "minutes": 190}.get(kind, 75))
    if kind == "constant":
        values[:] = values[0]
    elif kind == "offset":
        values += np.float32(1e8)
    elif kind == "riddled":
        values[random.random(values.shape) < 0.1] = np.nan
        values[900:1000] = np.nan
        values[1200:1205, GAZE_YAW] = np.inf
        values[1300, :] = 1e30
    elif kind == "holes":
        kept = np.ones(len(times), bool)
        kept[400:420], kept[700:702], kept[1000:1200] = False, False, False
        values, times = values[kept], times[kept]
    elif kind == "strangers":
        values[500:600, FACE] = 0.3
        values[800:1000, FACE] = np.nan
    elif kind in ("single", "empty"):
        values, times = values[:int(kind == "single")], times[:int(kind == "single")]
    return values, times


@pytest.mark.parametrize("kind", ["random", "minutes", "constant", "offset", "riddled", "holes", "strangers", "single",
                                  "empty", "too short"])
def test_every_feature_matches_the_naive_twin(kind: str) -> None:
    values, times = recording(kind)
    twin = reference.Camera(times, values, NAMES)
    last = int(times[-1]) if len(times) else START
    records, done = fresh(), 0
    for tick in [*(START + np.array([3, 8, 15, 31, 62, 74]) * SECOND + 77_000_000), last, last + 10**7, last + 10**9]:
        if tick < last or done < len(times):
            stop = int(np.searchsorted(times, min(tick, last), side="right"))
            eyes.push(records[0], values[done:stop], times[done:stop])
            done = stop
        tick = max(int(tick), int(times[done - 1]) if done else START)
        comp, expected = read(records, tick), twin.features(tick)
        for feature in FEATURES:
            ref = expected.get(feature.name, np.nan)
            assert_allclose(comp[INDEX[feature.name]], ref, rtol=1e-4, atol=2e-6,
                            err_msg=f"{feature.name} at {(tick - START) / SECOND} s")


def test_the_lively_recording_exercises_every_feature() -> None:
    """Without this the twin might agree about nothing but NaN and zeros."""
    _, vectors = run(*recording("minutes"), tick_hz=2.0)
    for feature in CAMERA:
        rows = column(vectors, feature.name)
        assert np.nanmax(rows) > np.nanmin(rows), feature.name


def state(values: np.ndarray, times: np.ndarray, edges: list[int], ask: bool = False) -> bytes:
    records = fresh()
    for first, last in zip([0, *edges], [*edges, len(times)], strict=True):
        eyes.push(records[0], values[first:last], times[first:last])
        if ask and last:
            read(records, int(times[last - 1]))
    records["summary"], records["counts"] = 0, 0
    records["visits"]["stays"], records["visits"]["moves"] = 0, 0
    return records.tobytes() + read(records, int(times[-1]) + 1_000_000).tobytes()


RIDDLED = recording("riddled")
WHOLE = None


@settings(max_examples=25)
@given(st.lists(st.integers(0, len(RIDDLED[1])), max_size=40).map(sorted), st.booleans())
def test_the_cut_changes_no_bit(edges: list[int], ask: bool) -> None:
    global WHOLE
    WHOLE = WHOLE or state(*RIDDLED, [])
    assert state(*RIDDLED, edges, ask) == WHOLE


@pytest.mark.parametrize("edges", [range(len(RIDDLED[1])), range(0, len(RIDDLED[1]), 17),
                                   np.repeat(range(0, len(RIDDLED[1]), 50), 3)], ids=["single", "uniform", "empty"])
def test_the_usual_cuts_change_no_bit(edges: range) -> None:
    assert state(*RIDDLED, list(edges), ask=True) == state(*RIDDLED, [])


@pytest.mark.parametrize("kind", ["noise", "huge", "infinite", "twitching", "nothing"])
def test_no_rubbish_ever_looks_like_a_measurement_out_of_range(kind: str) -> None:
    random = np.random.default_rng(3)
    values, times = person(70)
    if kind == "noise":
        values[:, :JAW + 1] = random.uniform(-4, 4, (len(times), JAW + 1))
    elif kind == "huge":
        values[:] = random.choice([1e30, -1e30, 1e8], values.shape)
    elif kind == "infinite":
        values[:] = random.choice([np.inf, -np.inf, np.nan], values.shape)
    elif kind == "twitching":
        values[(np.arange(len(times)) % 5 < 2) & (times > START + 30 * SECOND), EAR_LEFT:EAR_RIGHT + 1] = 0.05
        values[::2, [GAZE_YAW, HEAD_PITCH]] = 1.5
        values[:, JAW] = np.tile([0.9] * 60 + [0.1], 35)[:len(times)]
        times[:900] = START + np.arange(900) ** 2 * 37_000  # from bunches of frames to 15 a second
    else:
        values[:] = np.nan
    _, vectors = run(values, times, tick_hz=3.0)
    low, high = (np.array([getattr(feature, side) for feature in FEATURES]) for side in ("low", "high"))
    assert (np.isnan(vectors) | ((vectors >= low) & (vectors <= high))).all()
    if kind in ("huge", "infinite", "nothing"):
        names = [feature.name for feature in CAMERA if np.isfinite(column(vectors, feature.name)).any()]
        assert names == ["face_share", "face_absent_s", "camera_quality"]
        assert np.nanmax(column(vectors, "camera_quality")) == 0


def test_hours_of_silence_leave_nothing_behind() -> None:
    values, times = lively(70)
    records = fresh()
    eyes.push(records[0], values, times)
    last = int(times[-1])
    assert np.isfinite(read(records, last)).sum() > 30
    for silence in (3 * SECOND, 5 * 3600 * SECOND):
        assert np.isnan(read(records, last + silence)).all()
    later = times[:30] - times[0] + last + 5 * 3600 * SECOND
    eyes.push(records[0], values[:30], later)
    vector = read(records, int(later[-1]))
    for name in ("perclos_60s", "perclos_180s", "blink_rate_60s", "glance_rate_60s", "fixation_rate_30s", "nods_60s",
                 "yawns_180s", "gaze_entropy_60s"):
        assert np.isnan(vector[INDEX[name]]), name
    assert vector[INDEX["long_closures_60s"]] == 0


@pytest.mark.parametrize("missing", ["face", "ear_left", "gaze_pitch", "head_pitch", "jaw_open", "blink_left"])
def test_a_missing_column_takes_only_its_own_features(missing: str) -> None:
    values, times = lively(70)
    kept = [name for name in NAMES if name != missing]
    values = values[:, [NAMES.index(name) for name in kept]]
    records = fresh(columns=tuple(kept))
    eyes.push(records[0], values, times)
    tick = int(times[-1])
    comp, expected = read(records, tick), reference.Camera(times, values, kept).features(tick)
    for feature in CAMERA:
        assert_allclose(comp[INDEX[feature.name]], expected.get(feature.name, np.nan), rtol=1e-4, atol=2e-6,
                        err_msg=feature.name)
    lost = {"face": "camera_quality", "gaze_pitch": "gaze_yaw_smooth", "head_pitch": "nods_60s",
            "jaw_open": "yawns_180s"}.get(missing)
    assert lost is None or np.isnan(comp[INDEX[lost]])
    assert np.isfinite(comp[INDEX["perclos_60s"]])


@pytest.mark.parametrize(("wrong", "sentence"), [
    ({"rate_hz": -30.0}, "Setup.rate_hz is -30.0, expected 0 to 400 Hz."),
    ({"rate_hz": math.nan}, "Setup.rate_hz is nan, expected 0 to 400 Hz."),
    ({"rate_hz": "30"}, "Setup.rate_hz is '30', expected 0 to 400 Hz."),
    ({"target_radius": 0.0}, "Setup.target_radius is 0, expected more than 0 rad."),
    ({"target_yaw": 40.0}, "Setup.target_yaw is 40.0, expected -3.14159 to 3.14159 rad."),
    ({"calibration_s": -1.0}, "Setup.calibration_s is -1.0, expected 0 to 3600 s."),
    ({"columns": ()}, "Setup.columns is (), expected at least one of face"),
    ({"columns": ("speech",)}, "Setup.columns is ('speech',), expected at least one of face"),
    ({"columns": ("face", "")}, "Setup.columns is ('face', ''), expected a tuple of names."),
    ({"columns": "face"}, "Setup.columns is 'face', expected a tuple of names."),
    ({"columns": ("face", "face")}, "Setup.columns is ('face', 'face'), expected every name once."),
])
def test_a_wrong_setup_is_told_in_a_sentence(wrong: dict[str, object], sentence: str) -> None:
    with pytest.raises(InputError) as error:
        fresh(**wrong)
    assert str(error.value).startswith(sentence)


@pytest.mark.parametrize("wrong", [np.zeros(1), np.zeros((1, 1), eyes.EYES), None])
def test_a_wrong_record_is_told_in_a_sentence(wrong: object) -> None:
    with pytest.raises(InputError, match=r"eyes.reset got records of .*, expected a 1-D array of EYES\."):
        eyes.reset(wrong, setup())  # type: ignore[arg-type]


def test_many_records_begin_alike_and_forget_what_was() -> None:
    records = np.zeros(3, eyes.EYES)
    values, times = lively(20)
    eyes.reset(records, setup())
    blank = records.tobytes()
    eyes.push(records[1], values, times)
    assert records[:1].tobytes() == records[2:].tobytes() != records[1:2].tobytes()
    eyes.reset(records, setup())
    assert records.tobytes() == blank


def test_a_calm_face() -> None:
    _, vectors = run(*person(20))
    last = {name: float(column(vectors, name)[-1]) for name in (
        "face_share", "face_absent_s", "openness", "closure_s", "perclos_60s", "perclos70_60s", "blink_rate_60s",
        "long_closures_60s", "microsleeps_60s", "on_target_share_10s", "off_target_s", "glance_rate_60s", "nods_60s",
        "yawns_180s", "gaze_yaw_smooth", "head_roll", "camera_quality", "luma")}
    assert last == pytest.approx({
        "face_share": 1, "face_absent_s": 0, "openness": 1, "closure_s": 0, "perclos_60s": 0, "perclos70_60s": 0,
        "blink_rate_60s": 0, "long_closures_60s": 0, "microsleeps_60s": 0, "on_target_share_10s": 1, "off_target_s": 0,
        "glance_rate_60s": 0, "nods_60s": 0, "yawns_180s": 0, "gaze_yaw_smooth": 0, "head_roll": 0, "camera_quality": 1,
        "luma": 120}, abs=0.05)
    assert float(column(vectors, "gaze_dispersion_10s")[-1]) < 0.01
    assert float(column(vectors, "head_motion_2s")[-1]) < 0.3


def test_blinks_are_counted_timed_and_no_perclos() -> None:
    values, times = person(60)
    for first in range(200, 1700, 100):
        close(values, first, first + 4)
    records = fresh()
    eyes.push(records[0], values, times)
    seen, vector = records[0], read(records, int(times[-1]))
    assert seen["blink_count"] == 15
    assert_allclose(seen["blink_onset_ns"][:15], times[200:1700:100], atol=34e6)
    assert (seen["blink_onset_ns"][:15] <= seen["blink_lowest_ns"][:15]).all()
    assert (seen["blink_lowest_ns"][:15] < seen["blink_end_ns"][:15]).all()
    assert vector[INDEX["blink_rate_60s"]] == pytest.approx(15, rel=0.05)
    assert vector[INDEX["blink_duration_60s"]] == pytest.approx(4 / 30, abs=0.02)
    assert vector[INDEX["perclos_60s"]] == vector[INDEX["perclos70_60s"]] == 0
    assert seen["open_level"] == pytest.approx(0.28, abs=0.01)


def test_perclos_by_hand() -> None:
    """60 s of watched time: a closure of 6 s and 20 blinks give 0.1; a minute without eyes changes nothing."""
    values, times = person(190)
    for first in range(3650, 5400, 90):
        close(values, first, first + 4)
    close(values, 4000, 4180)
    tick = (START // SECOND + 181) * SECOND - 1  # the end of a second, so that windows are whole
    for lost in (False, True):
        if lost:
            values[1800:3600, EAR_LEFT:EAR_RIGHT + 1] = np.nan
        records = fresh()
        kept = times <= tick
        eyes.push(records[0], values[kept], times[kept])
        vector = read(records, tick)
        assert vector[INDEX["perclos_60s"]] == pytest.approx(6 / 60, rel=0.01)
        assert vector[INDEX["perclos70_60s"]] == pytest.approx(6 / 60, rel=0.01)
        assert vector[INDEX["perclos_180s"]] == pytest.approx(6 / (120 if lost else 180), rel=0.01)


def test_lids_three_quarters_shut_are_p70_only() -> None:
    values, times = person(60)
    closed = 0.4  # of the open ratio: where openness is 0 before a full closure taught otherwise
    values[900:1800, EAR_LEFT:EAR_RIGHT + 1] = 0.28 * (closed + 0.25 * (1 - closed))
    values[900:1800, BLINK_LEFT:BLINK_RIGHT + 1] = 0.55
    _, vectors = run(values, times, tick_hz=1.0)
    assert column(vectors, "perclos_60s")[-1] == 0
    assert column(vectors, "perclos70_60s")[-1] == pytest.approx(0.5, abs=0.02)


def test_the_ladder_of_closures() -> None:
    """Closures of 0.4, 0.8, 1.3 and 4 s: three are long, one is a microsleep, counted at 1.5 s and once."""
    values, times = person(30)
    for first, last in ((150, 162), (300, 324), (450, 489), (600, 720)):
        close(values, first, last)
    at, vectors = run(values, times)
    micro, long_closures = column(vectors, "microsleeps_60s"), column(vectors, "long_closures_60s")
    assert (long_closures[-1], micro[-1]) == (3, 1)
    assert at[np.argmax(micro)] == pytest.approx(21.5, abs=0.1)
    assert column(vectors, "closure_s")[np.searchsorted(at, 23.0)] == pytest.approx(3.0, abs=0.07)
    assert column(vectors, "closure_s")[at > 24.1].max() == 0


def test_slow_cameras_have_no_blinks_and_fixations() -> None:
    values, times = person(60, 12.0)
    _, vectors = run(values, times, rate_hz=12.0)
    for name in ("blink_rate_60s", "fixation_rate_30s", "gaze_entropy_60s", "k_coefficient_30s"):
        assert np.isnan(column(vectors, name)).all()
    assert np.isfinite(column(vectors, "perclos_60s")[-1])


def test_a_glance_away_runs_ends_and_counts() -> None:
    values, times = person(20)
    values[200:215, GAZE_YAW] = math.radians(40)
    values[300:390, GAZE_YAW] = math.radians(40)
    values[450:452, GAZE_YAW] = math.radians(40)  # too short for eyes: a flicker of the tracker
    at, vectors = run(values, times)
    away = column(vectors, "off_target_s")
    assert away[np.searchsorted(at, 12.9)] == pytest.approx(2.9, abs=0.1)
    assert away[(at > 13.2) & (at < 14.9)].max() == 0
    assert column(vectors, "on_target_share_10s")[np.searchsorted(at, 13.0)] == pytest.approx(0.65, abs=0.02)
    assert column(vectors, "glance_rate_60s")[-1] == pytest.approx(2 * 60 / 20, rel=0.02)
    assert column(vectors, "glance_mean_60s")[-1] == pytest.approx(1.75, abs=0.01)
    assert column(vectors, "glance_longest_60s")[-1] == pytest.approx(3.0, abs=0.01)
    assert np.nanmax(column(vectors, "glance_longest_60s")[at < 12.9]) < 0.6


def test_the_target_is_the_rigs() -> None:
    values, times = person(12)
    values[:, GAZE_YAW] = math.radians(40)
    _, vectors = run(values, times, target_yaw=math.radians(40), target_radius=math.radians(5))
    assert column(vectors, "on_target_share_10s")[-1] == 1


def test_eyes_closed_are_not_a_glance_and_after_two_seconds_nobody_knows() -> None:
    values, times = person(20)
    close(values, 300, 450)
    values[300:450, GAZE_PITCH] = math.radians(-40)  # what irises seem to do under falling lids
    at, vectors = run(values, times)
    away = column(vectors, "off_target_s")
    assert away[(at > 10) & (at < 11.9)].max() == 0
    assert np.isnan(away[(at > 12.2) & (at < 14.9)]).all()
    assert column(vectors, "glance_rate_60s")[-1] == 0


def test_a_face_that_leaves_is_absent_at_once_and_its_columns_are_not_used() -> None:
    values, times = person(20)
    values[300:, FACE] = 0.0
    values[300:, GAZE_YAW] = 1.0  # a stale value beside a lost face must not count
    at, vectors = run(values, times)
    assert column(vectors, "face_absent_s")[at < 10].max() == 0
    assert column(vectors, "face_absent_s")[np.searchsorted(at, 10.5)] == pytest.approx(0.5, abs=0.05)
    assert column(vectors, "face_share")[-1] == column(vectors, "camera_quality")[-1] == 0
    for name in ("gaze_yaw", "gaze_yaw_smooth", "openness", "head_roll", "jaw_open"):
        assert np.isnan(column(vectors, name)[-1]), name
    assert column(vectors, "on_target_share_10s")[np.searchsorted(at, 12)] == 1


def test_nobody_ever() -> None:
    values, times = person(10)
    values[:, FACE] = np.nan
    at, vectors = run(values, times)
    assert column(vectors, "face_absent_s")[-1] == pytest.approx(at[-1], abs=0.05)
    assert column(vectors, "face_share")[-1] == 0


@pytest.mark.parametrize(("place", "value"), [(LUMA, 8.0), (HEAD_YAW, math.radians(62))])
def test_quality_falls_in_the_dark_and_in_profile(place: int, value: float) -> None:
    values, times = person(10)
    values[150:, place] = value
    assert column(run(values, times)[1], "camera_quality")[-1] < 0.1


def test_head_motion_is_an_angular_speed() -> None:
    values, times = person(10)
    values[:, HEAD_YAW] = 0.5 * np.sin(2 * np.pi * 0.5 * np.arange(300) / 30)
    expected = 0.5 * 2 * np.pi * 0.5 / math.sqrt(2)
    assert column(run(values, times)[1], "head_motion_2s")[-1] == pytest.approx(expected, rel=0.05)


def test_a_nod_and_a_yawn_are_seen_in_the_stream() -> None:
    values, times = person(30)
    values[300:310, HEAD_PITCH] = np.linspace(0, -0.4, 10)
    values[310:320, HEAD_PITCH] = np.linspace(-0.4, 0, 10)
    values[600:690, JAW] = 0.8
    at, vectors = run(values, times)
    assert column(vectors, "nods_60s")[-1] == 1
    assert column(vectors, "nods_60s")[(at > 5.5) & (at < 10)].max() == 0
    assert column(vectors, "yawns_180s")[-1] == 1
    assert at[np.nanargmax(column(vectors, "yawns_180s"))] == pytest.approx(21.5, abs=0.1)
