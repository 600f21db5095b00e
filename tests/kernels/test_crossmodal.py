"""Fusion features: against a twin over the whole session, planted couplings, and whatever the ticks."""

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

from kernels import crossmodal
from kernels.errors import InputError
from kernels.layout import FEATURES, INDEX, SIZE
from kernels.statistics import AVERAGE
from tests.reference import crossmodal as naive

SECOND, CELL = 1_000_000_000, 100_000_000
START = 3_600 * SECOND
FUSION = [f.name for f in FEATURES if f.modality == "fusion"]
QUALITIES = [INDEX[f"{kind}_quality"] for kind in naive.KINDS]

# The fields that the fusion kernels read of the other modalities' records.
STREAM = [("newest_ns", np.int64), ("first_ns", np.int64)]
SESSION = np.dtype([
    ("eyes", np.dtype([("blink_count", np.int64), ("blink_lowest_ns", np.int64, (64,)), *STREAM], align=True)),
    ("voice", np.dtype([("speaking", np.int64), *STREAM], align=True)),
    ("brain", np.dtype([("blink_count", np.int64), ("blink_ns", np.int64, (64,)), *STREAM], align=True)),
    ("cross", crossmodal.CROSS)], align=True)


def new_session(calibration_s: float = 8.0) -> np.ndarray:
    session = np.zeros(1, SESSION)
    for kind in ("eyes", "voice", "brain"):
        session[kind]["newest_ns"] = session[kind]["first_ns"] = -1
    crossmodal.reset(session["cross"], crossmodal.Setup(calibration_s))
    return session


def row_at(tick_ns: int, vector: np.ndarray, **changes: Any) -> dict[str, Any]:
    """What the session knows at a tick: all streams speak and no blink was seen, unless told otherwise."""
    return {"tick_ns": tick_ns, "vector": vector, "speaking": 0, "eyes_ns": tick_ns, "brain_ns": tick_ns,
            "voice_ns": tick_ns, "camera_blinks": [], "eeg_blinks": []} | changes


def show(session: np.ndarray, row: dict[str, Any]) -> None:
    one = session[0]
    for kind in ("eyes", "voice", "brain"):
        one[kind]["newest_ns"] = row[f"{kind}_ns"]
        one[kind]["first_ns"] = START if row[f"{kind}_ns"] >= 0 else -1
    one["voice"]["speaking"] = row["speaking"]
    for kind, ring, times in (("eyes", "blink_lowest_ns", "camera_blinks"), ("brain", "blink_ns", "eeg_blinks")):
        one[kind]["blink_count"] = len(row[times])
        for k in range(max(0, len(row[times]) - 64), len(row[times])):
            one[kind][ring][k % 64] = row[times][k]


def step(session: np.ndarray, row: dict[str, Any]) -> None:
    show(session, row)
    one = session[0]
    crossmodal.step(one["cross"], one["eyes"], one["voice"], one["brain"], row["vector"], row["tick_ns"])


def features(session: np.ndarray, row: dict[str, Any]) -> np.ndarray:
    show(session, row)
    one, out = session[0], np.full(SIZE, np.nan, np.float32)
    crossmodal.features(one["cross"], one["eyes"], one["brain"], row["vector"], row["tick_ns"], out)
    return out


def played(rows: list[dict[str, Any]], calibration_s: float = 8.0) -> dict[str, float]:
    """The fusion features at the last of the rows."""
    session = new_session(calibration_s)
    for row in rows:
        step(session, row)
    return {name: float(features(session, rows[-1])[INDEX[name]]) for name in FUSION}


def vectors(random: np.random.Generator, count: int) -> np.ndarray:
    """Slowly wandering features inside the layout's ranges, all modalities trusted, the gaze always on target."""
    low, high = np.array([[f.low, min(f.high, f.low + 20)] for f in FEATURES]).T
    wander = 0.5 + 0.1 * np.cumsum(random.normal(size=(count, SIZE)), axis=0) / np.sqrt(np.arange(count) + 1)[:, None]
    values = (low + (high - low) * np.clip(wander, 0, 1)).astype(np.float32)
    values[:, QUALITIES], values[:, INDEX["off_target_s"]] = 0.9, 0
    return values


def runs(random: np.random.Generator, count: int, cells: float) -> np.ndarray:
    return np.cumsum(random.random(count) < 1 / cells) % 2


def session_rows(seed: int, seconds: float, gaps: float) -> list[dict[str, Any]]:
    """A session at 10 Hz with jitter; with gaps also missing features, bad trust, late and silent streams, leaps."""
    random = np.random.default_rng(seed)
    count = round(10 * seconds)
    values, speaking, away = vectors(random, count), runs(random, count, 12), runs(random, count, 9)
    values[:, INDEX["off_target_s"]] = away
    values[random.random(values.shape) < gaps] = np.nan
    values[random.random(values.shape) < gaps / 20] = 1e30
    camera = np.cumsum(random.uniform(0.7, 4, count))
    camera = camera[camera < seconds]
    eeg = np.sort(np.concatenate([camera[random.random(len(camera)) < 0.8], random.uniform(0, seconds, 20)]))
    eeg_ns = (START + 1e9 * (eeg + random.normal(0.05, 0.08, len(eeg)))).astype(np.int64)
    eeg_ns.sort()
    camera_ns = (START + 1e9 * camera).astype(np.int64)
    rows, held = [], {"eyes_ns": 0, "voice_ns": 0, "brain_ns": 0}
    skip_until = 0
    for k in range(count):
        tick_ns = START + k * CELL + int(random.integers(0, CELL))
        for stream in held:
            if held[stream] < tick_ns and random.random() < gaps / 20:
                held[stream] = tick_ns + int(random.uniform(0.3, 6) * SECOND)  # silent until then
        if random.random() < gaps / 40:
            skip_until = k + int(random.integers(2, 60))
        if k < skip_until:
            continue
        newest = {}
        for stream, until_ns in held.items():
            quiet = until_ns > tick_ns
            newest[stream] = rows[-1][stream] if quiet and rows else tick_ns - int(random.integers(0, 2 * CELL))
        rows.append(row_at(tick_ns, values[k], speaking=int(speaking[k]), **newest,
                           camera_blinks=camera_ns[camera_ns < tick_ns].tolist(),
                           eeg_blinks=eeg_ns[eeg_ns < tick_ns - 3 * CELL].tolist()))
    return rows


@pytest.mark.parametrize(("seed", "seconds", "gaps"), [(0, 80, 0.0), (1, 80, 0.05), (2, 80, 0.3), (3, 0.1, 0.0),
                                                       (4, 5, 0.1), (5, 160, 0.02)])
def test_against_the_twin(seed: int, seconds: float, gaps: float) -> None:
    rows = session_rows(seed, seconds, gaps)
    signed = naive.token_scores(rows, crossmodal.TOKENS, 8.0)
    session = new_session()
    seen = dict.fromkeys(FUSION, 0)
    for k, row in enumerate(rows):
        step(session, row)
        if k % 83 != 0 and k != len(rows) - 1:
            continue
        so_far = rows[:k + 1]
        flow = naive.flow(so_far[-90:], signed[max(0, k - 89):k + 1])
        expected = {f"flow_{name}": value for name, value in flow.items()}
        expected["blink_match_60s"], expected["blink_lag_60s"] = naive.blinks(so_far, START)
        expected["gaze_speech_60s"], expected["gaze_speech_lag_60s"] = naive.gaze_speech(so_far)
        got = features(session, row)
        for name in FUSION:
            assert_allclose(got[INDEX[name]], expected[name], rtol=1e-4, atol=1e-6, err_msg=f"{name} at {k}")
            seen[name] += math.isfinite(got[INDEX[name]])
    if seconds >= 80 and gaps < 0.3:
        assert min(seen.values()) > 0


def test_constant_features_attend_everywhere_alike() -> None:
    """All z-scores are 0, so all tokens are alike: each of 24 draws 1/24, mean age 3.5 s, nothing for E to move."""
    vector = vectors(np.random.default_rng(1), 1)[0]
    got = played([row_at(START + k * CELL, vector) for k in range(180)])
    assert_allclose([got[f"flow_{kind}"] for kind in naive.KINDS], 1 / 3, rtol=1e-6)
    assert_allclose([got["flow_age"], got["flow_external"]], [3.5, 0.0], atol=1e-6)
    assert math.isnan(got["gaze_speech_60s"])


def test_demand_moves_attention_to_tokens_that_carry_it() -> None:
    """Load rises for 2 s in the EEG: without demand or speed nothing moves, with demand the EEG's tokens draw more."""
    values = vectors(np.random.default_rng(2), 200)
    values[180:, INDEX["midline_theta"]] += 2
    shares = {}
    for demand, speed in ((math.nan, math.nan), (0.0, 0.0), (1.0, 0.0)):
        values[:, INDEX["demand"]], values[:, INDEX["speed_kmh"]] = demand, speed
        shares[demand] = played([row_at(START + k * CELL, values[k]) for k in range(200)])
    told_nothing, at_rest, demanding = shares.values()
    assert math.isnan(told_nothing["flow_external"])
    assert at_rest["flow_external"] == 0.0
    assert demanding["flow_external"] > 0.1
    assert demanding["flow_eeg"] > at_rest["flow_eeg"] + 0.02


def test_a_modality_that_is_not_trusted_has_no_share() -> None:
    values = vectors(np.random.default_rng(3), 200)
    values[110:, INDEX["microphone_quality"]] = 0.29
    got = played([row_at(START + k * CELL, values[k]) for k in range(200)])
    assert math.isnan(got["flow_microphone"])
    assert_allclose(got["flow_camera"] + got["flow_eeg"], 1.0, rtol=1e-6)
    values[110:, INDEX["eeg_quality"]] = np.nan
    got = played([row_at(START + k * CELL, values[k]) for k in range(200)])
    assert all(math.isnan(got[name]) for name in FUSION if name.startswith("flow"))


def test_flow_of_anything_is_shares() -> None:
    rows = session_rows(6, 60, 0.2)
    session = new_session()
    for row in rows:
        step(session, row)
        got = features(session, row)
        shares = [got[INDEX[f"flow_{kind}"]] for kind in naive.KINDS]
        if np.isfinite(shares).any():
            assert_allclose(np.nansum(shares), 1.0, rtol=1e-5)
        for name in FUSION:
            feature, value = FEATURES[INDEX[name]], got[INDEX[name]]
            assert np.isnan(value) or np.float32(feature.low) <= value <= np.float32(feature.high), name


def test_speech_that_leads_looking_away_by_700_ms() -> None:
    random = np.random.default_rng(7)
    speaking, values = runs(random, 700, 14), vectors(random, 700)
    values[7:, INDEX["off_target_s"]] = speaking[:-7]
    rows = [row_at(START + k * CELL, values[k], speaking=int(speaking[k])) for k in range(700)]
    got = played(rows)
    assert_allclose([got["gaze_speech_60s"], got["gaze_speech_lag_60s"]], [1.0, 0.7], rtol=1e-6)
    for row in rows:
        row["speaking"] = 1 - row["speaking"]
    assert_allclose(played(rows)["gaze_speech_60s"], -1.0, rtol=1e-6)


@pytest.mark.parametrize(("what", "value"), [("voice_ns", START), ("microphone_quality", 0.2), ("off_target_s", 1e30),
                                             ("camera_quality", math.nan), ("voice_ns", -1)])
def test_speech_and_gaze_that_were_not_measured_do_not_correlate(what: str, value: float) -> None:
    random = np.random.default_rng(8)
    speaking, values = runs(random, 700, 14), vectors(random, 700)
    values[:, INDEX["off_target_s"]] = speaking
    rows = [row_at(START + k * CELL, values[k], speaking=int(speaking[k])) for k in range(700)]
    assert_allclose(played(rows)["gaze_speech_60s"], 1.0)
    for row in rows:
        if what in row:
            row[what] = value
        else:
            row["vector"][INDEX[what]] = value
    assert math.isnan(played(rows)["gaze_speech_60s"])


def blinking(lag_ns: int, missed: tuple[int, ...] = (), seconds: int = 30) -> list[dict[str, Any]]:
    """Blinks of the camera each 3 s; EEG blinks `lag_ns` later but for the missed ones, known 0.3 s after that."""
    values = vectors(np.random.default_rng(9), 10 * seconds)
    camera = [START + k * 3 * SECOND for k in range(1, seconds // 3 + 1)]
    eeg = [t + lag_ns for k, t in enumerate(camera) if k not in missed]
    return [row_at(tick, values[k], camera_blinks=[t for t in camera if t <= tick - CELL],
                   eeg_blinks=[t for t in eeg if t <= tick - 3 * CELL])
            for k, tick in enumerate(START + k * CELL for k in range(10 * seconds))]


def test_a_clock_80_ms_off_shows_in_the_blinks() -> None:
    got = played(blinking(80_000_000))
    assert_allclose([got["blink_match_60s"], got["blink_lag_60s"]], [1.0, 0.08], rtol=1e-6)
    got = played(blinking(-80_000_000, missed=(1, 4, 7)))  # blinks 0..8 are over: six of nine were seen
    assert_allclose([got["blink_match_60s"], got["blink_lag_60s"]], [6 / 9, -0.08], rtol=1e-6)


def test_streams_out_of_step_by_half_a_second_match_nothing() -> None:
    got = played(blinking(500_000_000))
    assert got["blink_match_60s"] == 0.0
    assert math.isnan(got["blink_lag_60s"])


def test_two_blinks_are_too_few() -> None:
    rows = blinking(0)
    assert math.isnan(played(rows[:98])["blink_match_60s"])  # the third, at 9 s, is judged from 9.8 s on
    assert played(rows[:99])["blink_match_60s"] == 1.0


def test_a_blink_is_not_called_missed_before_the_eeg_can_have_told() -> None:
    session = new_session()
    for row in blinking(80_000_000):
        step(session, row)
        assert not features(session, row)[INDEX["blink_match_60s"]] < 1.0


def test_blinks_without_eeg_are_no_mismatch() -> None:
    for change in ({"brain_ns": -1, "eeg_blinks": []}, {"brain_ns": START, "eeg_blinks": []}):
        got = played([row | change for row in blinking(0)])
        assert math.isnan(got["blink_match_60s"])
    rows = blinking(0, missed=tuple(range(100)))
    for row in rows:
        row["vector"][INDEX["eeg_quality"]] = 0.1
    assert math.isnan(played(rows)["blink_match_60s"])


@settings(max_examples=15)
@given(st.lists(st.integers(1, 4), min_size=150, max_size=150), st.lists(st.booleans(), min_size=150, max_size=150))
def test_how_often_it_is_asked_changes_no_bit(asks: list[int], looks: list[bool]) -> None:
    """Each tick is repeated, later ones of its cell with another vector; features are asked for now and then."""
    rows = session_rows(10, 30, 0.05)[:250]
    plain, asked = new_session(), new_session()
    stranger = session_rows(11, 1, 0.0)[0]
    for k, row in enumerate(rows):
        step(plain, row)
        for again in range(asks[k % 150]):
            later_ns = min(row["tick_ns"] + again * 1_000_000, row["tick_ns"] // CELL * CELL + CELL - 1)
            step(asked, row if again == 0 else stranger | {"tick_ns": later_ns})
            if looks[k % 150]:
                features(asked, row)
        step(asked, stranger | {"tick_ns": row["tick_ns"] - 5 * CELL})
        if looks[(k + 1) % 150]:
            assert_array_equal(features(asked, row), features(plain, row))
    state = [name for name in crossmodal.CROSS.names or () if name not in
             ("environment", "tokens", "present", "itself", "external", "flow")]
    for name in state:
        assert plain["cross"][name].tobytes() == asked["cross"][name].tobytes(), name


def test_features_may_be_written_into_the_vector_they_are_read_from() -> None:
    rows = session_rows(12, 40, 0.0)
    session = new_session()
    for row in rows:
        step(session, row)
    expected, one = features(session, rows[-1]), session[0]
    vector = rows[-1]["vector"].copy()
    vector[[INDEX[name] for name in FUSION]] = np.nan
    crossmodal.features(one["cross"], one["eyes"], one["brain"], vector, rows[-1]["tick_ns"], vector)
    for name in FUSION:
        assert_array_equal(vector[INDEX[name]], expected[INDEX[name]])
    others = [k for k, f in enumerate(FEATURES) if f.modality != "fusion"]
    assert np.isnan(expected[others]).all()


def test_an_hour_of_silence_forgets_all_but_the_person() -> None:
    rows = session_rows(13, 80, 0.0)
    session = new_session()
    for row in rows:
        step(session, row)
    learnt = session["cross"]["person"].copy()
    late = row_at(rows[-1]["tick_ns"] + 3_600 * SECOND, np.full(SIZE, np.nan, np.float32),
                  **{name: rows[-1][name] for name in ("eyes_ns", "voice_ns", "brain_ns", "camera_blinks",
                                                       "eeg_blinks")})
    step(session, late)
    assert np.isnan(features(session, late)).all()
    for name in ("count", "level", "m2"):
        assert_array_equal(session["cross"]["person"][name], learnt[name])


def test_the_table_covers_the_axes_of_every_modality() -> None:
    for kind in naive.KINDS:
        axes = {axis for name, axis, _ in crossmodal.TOKENS if FEATURES[INDEX[name]].modality == kind}
        assert axes == set(crossmodal.AXES), kind


def test_no_field_hides_behind_a_method_of_numpys_records() -> None:
    """In numba's CUDA simulator a record's methods, such as mean, win over its fields."""

    def names(dtype: np.dtype) -> set[str]:
        return set(dtype.names or ()).union(*(names(dtype[k]) for k in range(len(dtype))))

    assert not names(np.dtype([("cross", crossmodal.CROSS), ("average", AVERAGE)])) & set(dir(np.void))


@pytest.mark.parametrize(("setup", "words"), [
    (crossmodal.Setup(-1.0), "calibration_s -1.0"),
    (crossmodal.Setup(alpha=0.7), "alpha 0.7 and beta 0.5; expected two shares that sum to 1"),
    (crossmodal.Setup(alpha=math.nan), "alpha nan"),
])
def test_a_wrong_setup_is_refused(setup: crossmodal.Setup, words: str) -> None:
    with pytest.raises(InputError, match=words):
        crossmodal.reset(np.zeros(1, crossmodal.CROSS), setup)


def test_wrong_records_are_refused() -> None:
    with pytest.raises(InputError, match=r"expected kernels\.crossmodal\.CROSS"):
        crossmodal.reset(np.zeros(1), crossmodal.Setup())
