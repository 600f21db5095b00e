"""Speed and demand, held until they are stale."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kernels import context
from kernels.errors import InputError
from kernels.layout import INDEX, SIZE
from tests.reference import voice as reference

SECOND = 1_000_000_000
START = 3_600 * SECOND
NAMES = ("speed_kmh", "other", "demand")


def start(names=NAMES, **more):
    records = np.zeros(1, context.CONTEXT)
    context.reset(records, context.Setup(names, **more))
    return records


def ask(records, tick_ns):
    out = np.full(SIZE, np.nan, np.float32)
    context.features(records[0], tick_ns, out)
    found = {name: float(out[INDEX[name]]) for name in ("demand", "speed_kmh")}
    assert np.count_nonzero(~np.isnan(out)) == sum(not np.isnan(x) for x in found.values())
    return found


def run(columns, times, tick_ns, names=NAMES, **more):
    values = np.stack([np.asarray(columns.get(name, np.full(len(times), np.nan)), np.float32) for name in names], 1)
    records = start(names, **more)
    context.push(records[0], values, np.asarray(times, np.int64))
    return ask(records, tick_ns)


def test_each_column_holds_its_own_newest_value():
    columns = {"speed_kmh": [50.0, np.nan, 60.0], "demand": [0.25, 0.5, np.nan]}
    times = START + np.array([0, 1, 2]) * SECOND // 10
    assert run(columns, times, int(times[-1])) == {"demand": 0.5, "speed_kmh": 60.0}
    # 2 s after the newest demand it is still held, a moment later only the speed is.
    assert run(columns, times, int(times[1]) + 2 * SECOND)["demand"] == 0.5
    later = run(columns, times, int(times[1]) + 2 * SECOND + 1)
    assert np.isnan(later["demand"])
    assert later["speed_kmh"] == 60.0
    assert run(columns, times, int(times[1]) + 2 * SECOND + 1, stale_ms=5000.0)["demand"] == 0.5


@pytest.mark.parametrize(("speed", "demand"), [(1e30, 2.0), (np.inf, -0.1), (-51.0, np.nan), (501.0, -np.inf)])
def test_what_cannot_be_true_is_not_taken(speed, demand):
    columns, times = {"speed_kmh": [30.0, speed], "demand": [0.5, demand]}, START + np.array([0, SECOND])
    assert run(columns, times, START + SECOND) == {"demand": 0.5, "speed_kmh": 30.0}


def test_a_missing_column_and_a_stream_not_begun_are_not_measured():
    found = run({"speed_kmh": [30.0]}, [START], START, names=("speed_kmh",))
    assert found["speed_kmh"] == 30.0
    assert np.isnan(found["demand"])
    assert np.isnan([*ask(start(), START).values()]).all()
    assert np.isnan([*ask(start(), 0).values()]).all()


@given(st.lists(st.integers(0, 60), max_size=10), st.integers(0, 10 * SECOND))
def test_it_equals_its_twin_however_it_is_cut(cuts, late_ns):
    random = np.random.default_rng(1)
    times = START + np.cumsum(random.integers(1, SECOND, 60))
    columns = {"speed_kmh": random.uniform(-100, 600, 60), "demand": random.uniform(-0.5, 1.5, 60)}
    values = np.stack([columns["speed_kmh"], np.zeros(60), columns["demand"]], 1).astype(np.float32)
    records, done = start(), 0
    for cut in [*sorted(cuts), 60]:
        context.push(records[0], values[done:cut], times[done:cut])
        done = cut
    tick = int(times[-1]) + late_ns
    found, expected = ask(records, tick), reference.context(columns, times, tick)
    assert records["first_ns"][0] == times[0]
    for name, value in found.items():
        assert value == pytest.approx(expected.get(name, np.nan), nan_ok=True, rel=1e-6)


@pytest.mark.parametrize(("columns", "stale_ms", "words"), [
    ((), 2000.0, "at least one name"), (("demand", "demand"), 2000.0, "'demand' more than once"),
    (NAMES, 0.0, "stale_ms is 0.0, expected above 0"), (NAMES, -5.0, "-5.0"), (NAMES, np.nan, "nan"),
    (NAMES, np.inf, "inf")])
def test_a_wrong_setup_is_refused_in_one_sentence(columns, stale_ms, words):
    with pytest.raises(InputError, match=words) as caught:
        context.Setup(columns, stale_ms)
    assert str(caught.value).startswith("context: ")


def test_wrong_records_are_refused():
    with pytest.raises(InputError, match="context: records is float64"):
        context.reset(np.zeros(3), context.Setup(NAMES))
