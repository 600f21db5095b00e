"""The microphone's features against their plain twins, worked examples and closed forms."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose

from kernels import voice
from kernels.errors import InputError
from kernels.layout import FEATURES, INDEX, SIZE
from tests.reference import voice as reference

SECOND = 1_000_000_000
FRAME = 32_000_000
START = 3_600 * SECOND
RATE = 31.25
NAMES = ("voicing", *voice.WANTED, "band_0")
MINE = [feature.name for feature in FEATURES if feature.modality == "microphone"]


def grid(count):
    return START + FRAME * np.arange(1, count + 1)


def talk(count, seed=0):
    """Return believable columns of somebody who talks now and then."""
    random = np.random.default_rng(seed)
    speech = np.repeat(random.random(count // 6 + 1), 6)[:count]
    return {
        "speech": speech, "loudness_momentary": random.uniform(-40, -20, count),
        "loudness_short": random.uniform(-40, -20, count), "rms_db": -60 + 25 * speech + random.normal(0, 4, count),
        "f0": np.where(speech > 0.4, random.normal(150, 20, count), np.nan),
        "centroid": random.uniform(300, 4000, count), "flatness": 10 ** random.uniform(-6, -1, count),
        "flux": random.uniform(0, 1.4, count), "transient": (random.random(count) < 0.02).astype(float),
        "clipped": random.uniform(0, 0.004, count), "silent": (random.random(count) < 0.01).astype(float)}


def stack(columns, count, names=NAMES):
    return np.stack([np.asarray(columns.get(name, np.full(count, np.nan)), np.float32) for name in names], axis=1)


def start(names=NAMES, rate_hz=RATE, count=1):
    records = np.zeros(count, voice.VOICE)
    voice.reset(records, voice.Setup(names, rate_hz))
    return records


def ask(records, tick_ns):
    out = np.full(SIZE, np.nan, np.float32)
    voice.features(records[0], tick_ns, out)
    assert np.isnan([out[INDEX[f.name]] for f in FEATURES if f.modality != "microphone"]).all()
    return out


def last(columns, times=None, late_ns=0, **setup):
    """Return the features after a whole recording, by name."""
    count = len(next(iter(columns.values())))
    times = grid(count) if times is None else times
    records = start(**setup)
    voice.push(records[0], stack(columns, count, setup.get("names", NAMES)), times)
    out = ask(records, int(times[-1]) + late_ns if count else START)
    return {name: out[INDEX[name]] for name in MINE}


def assert_equal(features, expected):
    for name in MINE:
        assert_allclose(features[name], expected.get(name, np.nan), rtol=1e-4, atol=1e-6, err_msg=name)


def recording(kind):
    count = {"single": 1, "empty": 0, "short": 40}.get(kind, 2600)
    columns, times = talk(count), grid(count)
    random = np.random.default_rng(7)
    if kind == "constant":
        columns = {name: np.full(count, x[0] if name != "f0" else 150.0) for name, x in columns.items()}
    elif kind == "offset":
        columns = {name: x + 1e8 for name, x in columns.items()}
    elif kind == "steady":  # small movements on large values
        columns["f0"] = 480 + random.normal(0, 0.05, count)
        columns["rms_db"] = -10 + random.normal(0, 0.05, count)
    elif kind == "broken":
        for x in columns.values():
            x[random.random(count) < 0.3] = np.nan
            for wrong in (np.inf, -np.inf, 1e30, -1e30):
                x[random.random(count) < 0.03] = wrong
    elif kind == "rare":
        for x in columns.values():
            x[random.random(count) < 0.002] = np.nan
    elif kind == "missing":
        columns = {name: columns[name] for name in ("speech", "f0", "clipped")}
    elif kind == "holes":
        times = times + np.cumsum(np.where(random.random(count) < 0.01, random.integers(0, 4 * SECOND, count), 0))
    elif kind == "jitter":
        times = times + random.integers(-5_000_000, 5_000_000, count)
    return columns, times


@pytest.mark.parametrize("kind", ["talk", "constant", "offset", "steady", "broken", "rare", "missing", "holes",
                                  "jitter", "short", "single", "empty"])
def test_features_equal_their_twins(kind):
    columns, times = recording(kind)
    values = stack(columns, len(times))
    records = start()
    done = 0
    ticks = START + np.cumsum(np.random.default_rng(3).integers(10_000_000, 4 * SECOND, 45))
    for tick in ticks.tolist():
        upto = int(np.searchsorted(times, tick, side="right"))
        voice.push(records[0], values[done:upto], times[done:upto])
        done = upto
        out = ask(records, tick)
        assert_equal({name: out[INDEX[name]] for name in MINE}, reference.voice(columns, times, tick))


@pytest.mark.parametrize("rate_hz", [10.0, 40.0])
def test_other_rates_equal_their_twins(rate_hz):
    columns = talk(2600)
    times = START + (np.arange(1, 2601) * SECOND / rate_hz).astype(np.int64)
    assert_equal(last(columns, times, rate_hz=rate_hz), reference.voice(columns, times, int(times[-1]), rate_hz))


def test_every_feature_is_measured():
    assert not np.isnan(list(last(talk(2600)).values())).any()


@settings(max_examples=40)
@given(st.lists(st.tuples(st.integers(0, 700), st.booleans()), max_size=25))
def test_no_cut_changes_a_bit(cuts):
    columns, times = recording("holes")
    for x in columns.values():
        x[::97] = np.nan
    values, times = stack(columns, len(times))[:700], times[:700]
    whole, pieces, single = start(), start(), start()
    voice.push(whole[0], values, times)
    done = 0
    for cut, asked in [*sorted(cuts), (700, True)]:
        voice.push(pieces[0], values[done:cut], times[done:cut])
        done = cut
        if asked and cut:
            ask(pieces, int(times[cut - 1]) + FRAME)
    for i in range(700):
        voice.push(single[0], values[i:i + 1], times[i:i + 1])
    for late in (0, FRAME, SECOND):
        expected = ask(whole, int(times[-1]) + late).tobytes()
        assert ask(pieces, int(times[-1]) + late).tobytes() == expected
        assert ask(single, int(times[-1]) + late).tobytes() == expected


def test_after_six_hours_a_window_is_what_it_would_be_on_its_own():
    count = int(6 * 3600 * RATE)
    columns, times = talk(count), grid(count)
    columns["rms_db"][-2500] = columns["speech"][-2500] = 0.0  # both records begin here alike
    old, young = last(columns, times), last({name: x[-2500:] for name, x in columns.items()}, times[-2500:])
    for name in MINE:
        assert_allclose(old[name], young[name], rtol=1e-6 if name == "modulation_10s" else 0, err_msg=name)


def test_hours_without_frames_leave_nothing_behind():
    columns = talk(2000)
    times = grid(2000)
    times[1000:] += 5 * 3600 * SECOND
    columns["speech"][:1000], columns["speech"][1000:] = 1.0, 0.0
    assert last(columns, times)["speech_ratio_60s"] == 0
    assert last(columns, times)["ambient_60s"] == last({n: x[1000:] for n, x in columns.items()})["ambient_60s"]


def test_frames_faster_than_the_rings_shorten_the_windows_and_nothing_else():
    columns = talk(5000)
    times = START + 10_000_000 * np.arange(5000)
    features, speaking = last(columns, times), reference.latched(columns["speech"].astype(np.float32))
    assert features["speech_ratio_10s"] == pytest.approx(np.mean(speaking[-400:]), rel=1e-6)
    assert features["speech_ratio_60s"] == pytest.approx(np.mean(speaking[-2400:]), rel=1e-6)


def test_features_hold_for_a_second_and_then_are_nothing():
    columns = talk(400)
    assert np.isfinite(last(columns, late_ns=SECOND)["speech_ratio_10s"])
    assert np.isnan(list(last(columns, late_ns=SECOND + 1).values())).all()
    assert np.isnan(list(last({name: x[:0] for name, x in columns.items()}).values())).all()


def test_a_window_leaves_out_its_beginning_and_has_its_end():
    speech = np.zeros(400)
    speech[0] = 1.0
    times = START + np.arange(400) * 25_000_000
    assert last({"speech": speech}, times, late_ns=24_999_999, rate_hz=40.0)["speech_ratio_10s"] == 1 / 400
    assert last({"speech": speech}, times, late_ns=25_000_000, rate_hz=40.0)["speech_ratio_10s"] == 0


@pytest.mark.parametrize("seed", range(4))
def test_whatever_comes_in_no_feature_leaves_its_range(seed):
    random = np.random.default_rng(seed)
    palette = np.array([np.nan, np.inf, -np.inf, 1e30, -1e30, -120, -119.9, -70, 0, 1e-9, 0.3, 0.5, 1, 60, 500, 7999])
    count = 1500
    columns = {name: random.choice(palette, count) for name in NAMES}
    if seed % 2:
        columns = {name: np.repeat(x, 4)[:count] for name, x in columns.items()}
        columns["rms_db"] = random.choice([-120.0, -110.0, -0.01], count)
        columns["speech"] = np.tile([1.0] * 8 + [0.0] * 4, 125)
    values, times, records = stack(columns, count), grid(count), start()
    for i in range(count):
        voice.push(records[0], values[i:i + 1], times[i:i + 1])
        if i % 7 == 0:
            out = ask(records, int(times[i]))
            for feature in FEATURES:
                x = out[INDEX[feature.name]]
                assert np.isnan(x) or feature.low <= x <= feature.high, (feature.name, x)


def test_records_start_alike_and_stay_apart():
    records = start(count=3)
    columns = talk(50)
    voice.push(records[1], stack(columns, 50), grid(50))
    assert records[0].tobytes() == records[2].tobytes() == start().tobytes()
    assert (records["first_ns"].tolist(), records["newest_ns"].tolist()) == (
        [-1, START + FRAME, -1], [-1, START + 50 * FRAME, -1])
    voice.reset(records, voice.Setup(NAMES, RATE))
    assert records[1].tobytes() == start().tobytes()


# today's promises


def quiet(count):
    return {"speech": np.zeros(count), "loudness_short": np.full(count, -52.0), "f0": np.full(count, np.nan),
            "transient": np.zeros(count), "clipped": np.zeros(count), "silent": np.zeros(count)}


def test_speech_has_hysteresis():
    columns = quiet(1250)
    columns["speech"][:] = 0.4
    assert last(columns)["speech_ratio_10s"] == 0
    columns["speech"][100] = 0.6  # once on, 0.4 is enough to stay
    assert last(columns)["speech_ratio_10s"] == 1
    columns["speech"][1000] = 0.3
    assert last(columns)["speech_ratio_60s"] == pytest.approx(900 / 1250)


@pytest.mark.parametrize(("probabilities", "speaking"), [
    ((0.49,), 0), ((0.5,), 1), ((0.5, 0.36), 1), ((0.5, 0.34), 0), ((0.5, np.nan), 1), ((0.5, 0.0, 0.36), 0)])
def test_speaking_tells_whether_somebody_speaks_now(probabilities, speaking):
    records = start()
    voice.push(records[0], stack({"speech": probabilities}, len(probabilities)), grid(len(probabilities)))
    assert records["speaking"][0] == speaking


def test_pitch_loudness_and_sudden_sounds():
    columns = quiet(375)
    columns["f0"][200:300:2], columns["f0"][201:300:2] = 110.0, 130.0
    columns["transient"][[150, 220, 310]] = 1
    features = last(columns)
    assert features["f0_mean_10s"] == 120
    assert features["f0_sd_10s"] == 10
    assert features["transients_10s"] == 3
    assert features["loudness_3s"] == -52


def test_one_voiced_frame_has_a_pitch_and_no_spread():
    columns = quiet(50)
    columns["f0"][20] = 110.0
    assert last(columns)["f0_mean_10s"] == 110
    assert np.isnan(last(columns)["f0_sd_10s"])


def test_digital_silence_is_not_the_level_of_speech():
    columns = quiet(375)
    columns["speech"][:] = 1.0
    columns["rms_db"] = np.tile([-30.0, -20.0, -120.0], 125)
    assert last(columns)["level_sd_10s"] == pytest.approx(5.0, rel=1e-3)


@pytest.mark.parametrize(("clipped", "silent", "quality"), [
    (0.0, 0.0, 1.0), (0.005, 0.0, 0.75), (0.02, 0.0, 0.0), (0.2, 0.0, 0.0), (0.0, 1.0, 0.0), (np.nan, 0.0, 1.0),
    (0.0, np.nan, np.nan)])
def test_a_dead_or_clipped_microphone_is_not_trusted(clipped, silent, quality):
    columns = quiet(375)
    columns["clipped"][:], columns["silent"][:] = clipped, silent
    assert last(columns)["microphone_quality"] == pytest.approx(quality, nan_ok=True, abs=1e-6)


# the public edge


@pytest.mark.parametrize(("columns", "rate_hz", "words"), [
    ((), 31.25, "at least one name"), ("speech", 31.25, "sequence"), (("speech", ""), 31.25, "not empty"),
    (("speech", 3), 31.25, "text"), (("f0", "speech", "f0"), 31.25, "'f0' more than once"),
    (NAMES, -1.0, "-1.0, expected 0 or 1 to 40"), (NAMES, 100.0, "100.0"), (NAMES, np.nan, "nan"),
    (NAMES, np.inf, "inf")])
def test_a_wrong_setup_is_refused_in_one_sentence(columns, rate_hz, words):
    with pytest.raises(InputError, match=words) as caught:
        voice.Setup(columns, rate_hz)
    assert str(caught.value).startswith("microphone: ")


@pytest.mark.parametrize("records", [np.zeros(3), np.zeros((2, 2), voice.VOICE), None, np.zeros(1, voice.VOICE)[0]])
def test_wrong_records_are_refused(records):
    with pytest.raises(InputError, match=r"microphone: records is .*expected a"):
        voice.reset(records, voice.Setup(NAMES, RATE))
