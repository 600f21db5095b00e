"""The whole vector in one call: the same bits for one session and for many, and nothing allocated on the way."""

import tracemalloc

import numpy as np
import pytest
from numba.core.runtime import _nrt_python, rtsys
from numpy.testing import assert_array_equal

from kernels import brain, fused
from kernels.batch import Batch
from kernels.errors import InputError
from kernels.inbox import inbox_dtype, put
from kernels.layout import FEATURES, INDEX, SIZE
from tests.kernels.signals import CAMERA, CONTEXT, MICROPHONE, START_NS, setup, streams

ELECTRODES = ("Fp1", "Fz", "Cz", "PO7", "Oz", "PO8")
TAKE = {"camera": fused.take_camera, "microphone": fused.take_microphone, "context": fused.take_context}


def run(sessions: np.ndarray, table: np.ndarray, given: dict, ticks: int, tick_ns: int = 100_000_000) -> np.ndarray:
    """Return the vectors of one session (tick, feature)."""
    out = np.empty((ticks, SIZE), np.float32)
    for tick in range(ticks):
        for name, (values, times) in given.items():
            new = slice(*np.searchsorted(times, START_NS + tick_ns * np.array([tick, tick + 1]), side="right"))
            if name == "eeg":
                fused.take_eeg(sessions, table, values[new], times[new])
            else:
                TAKE[name](sessions, values[new], times[new])
        fused.features(sessions, START_NS + tick_ns * (tick + 1), out[tick])
    return out


def batch_of(seeds: range, seconds: float) -> tuple[np.ndarray, np.ndarray]:
    """Return the vectors of many sessions (session, tick, feature), and their last state."""
    made = setup(ELECTRODES, 250.0)
    sessions = fused.new_sessions(len(seeds), made)
    many = [streams(seconds, ELECTRODES, 250.0, seed) for seed in seeds]
    inboxes = np.zeros(len(seeds), inbox_dtype({"camera": len(CAMERA), "microphone": len(MICROPHONE),
                                                "context": len(CONTEXT), "eeg": len(ELECTRODES)}))
    batch = Batch(sessions, brain.table(made.eeg), "cpu")
    out = np.empty((int(seconds * 10), len(seeds), SIZE), np.float32)
    for tick in range(len(out)):
        for name, (_, times) in many[0].items():
            new = slice(*np.searchsorted(times, START_NS + 10**8 * np.array([tick, tick + 1]), side="right"))
            put(inboxes, name, np.stack([given[name][0][new] for given in many]), times[new])
        inboxes["tick_ns"] = START_NS + 10**8 * (tick + 1)
        batch.run(inboxes, out[tick])
    return out.swapaxes(0, 1), batch.sessions()


def test_many_sessions_give_the_bits_that_each_gives_alone() -> None:
    together, states = batch_of(range(3), 20.0)
    made = setup(ELECTRODES, 250.0)
    for seed in range(3):
        session = fused.new_sessions(1, made)
        alone = run(session, brain.table(made.eeg), streams(20.0, ELECTRODES, 250.0, seed), 200)
        assert_array_equal(together[seed], alone)
        assert_array_equal(states["cross"]["z"][seed], session["cross"]["z"][0])
    assert not np.array_equal(together[0], together[1], equal_nan=True)


def test_a_minute_of_a_whole_person_measures_every_feature_within_its_range() -> None:
    made = setup(ELECTRODES, 250.0)
    out = run(fused.new_sessions(1, made), brain.table(made.eeg), streams(75.0, ELECTRODES, 250.0), 750)
    never = [feature.name for k, feature in enumerate(FEATURES) if np.isnan(out[:, k]).all()]
    assert never == []
    low, high = (np.array([getattr(feature, side) for feature in FEATURES], np.float32) for side in ("low", "high"))
    outside = ~(np.isnan(out) | ((out >= low) & (out <= high)))
    assert [FEATURES[k].name for k in np.flatnonzero(outside.any(axis=0))] == []


def test_a_tick_allocates_nothing() -> None:
    made = setup(ELECTRODES, 250.0)
    sessions, table = fused.new_sessions(1, made), brain.table(made.eeg)
    given = streams(12.0, ELECTRODES, 250.0)
    run(sessions, table, given, 100)
    out = np.empty(SIZE, np.float32)
    cuts = [{name: (values[np.searchsorted(times, START_NS + k * 10**8, side="right"):][:8], times[np.searchsorted(
        times, START_NS + k * 10**8, side="right"):][:8]) for name, (values, times) in given.items()}
        for k in range(100, 120)]
    _nrt_python.memsys_enable_stats()
    before = rtsys.get_allocation_stats()
    tracemalloc.start()
    first = tracemalloc.get_traced_memory()[0]
    for k, cut in enumerate(cuts):
        fused.take_camera(sessions, *cut["camera"])
        fused.take_microphone(sessions, *cut["microphone"])
        fused.take_eeg(sessions, table, *cut["eeg"])
        fused.features(sessions, START_NS + (101 + k) * 10**8, out)
    kept, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    after = rtsys.get_allocation_stats()
    _nrt_python.memsys_disable_stats()
    # Numba's own heap: every array that is handed over is wrapped once, 3 + 3 + 4 + 2 a tick, and nothing else is made.
    assert after.alloc - before.alloc == 12 * len(cuts)
    assert after.alloc - before.alloc == after.free - before.free
    assert peak - first < 4_000  # Python's: the arguments of the calls themselves
    assert kept - first < 2_000


def test_a_board_may_join_a_running_session() -> None:
    made = setup((), 0.0)
    sessions = fused.new_sessions(1, made)
    run(sessions, np.zeros((1, 1, 1), np.float32), {k: v for k, v in streams(12.0, ("Cz",), 250.0).items()
                                                    if k != "eeg"}, 100)
    wider = fused.widened(sessions, 40)
    assert wider["brain"]["trust"].shape == (1, 64)
    assert wider["eyes"].tobytes() == sessions["eyes"].tobytes()
    assert fused.widened(wider, 33) is wider


@pytest.mark.parametrize("wrong", [
    lambda: fused.new_sessions(-1, fused.Setup()),
    lambda: inbox_dtype({"nose": 3}),
    lambda: put(np.zeros(2, inbox_dtype({"eeg": 2})), "eeg", np.zeros((3, 4), np.float32), np.arange(3)),
    lambda: put(np.zeros(2, inbox_dtype({"eeg": 2})), "eeg", np.zeros((300, 2), np.float32), np.arange(300)),
    lambda: put(np.zeros(2, inbox_dtype({"eeg": 2})), "nose", np.zeros((3, 2), np.float32), np.arange(3)),
    lambda: put(np.zeros(2, inbox_dtype({"eeg": 2})), "eeg", np.zeros(3, np.float32), np.arange(3)),
    lambda: put(np.zeros(2, inbox_dtype({"eeg": 2})), "eeg", np.zeros((3, 3, 2), np.float32), np.arange(3)),
    lambda: inbox_dtype({"eeg": -1}),
    lambda: Batch(np.zeros(0, fused.session_dtype(4)), np.zeros((1, 1, 1), np.float32)),
    lambda: Batch(fused.new_sessions(1, setup(ELECTRODES, 250.0)), brain.table(setup(ELECTRODES, 128.0).eeg)),
    lambda: Batch(fused.new_sessions(2, setup(ELECTRODES, 250.0)), brain.table(setup(ELECTRODES, 250.0).eeg)).run(
        np.zeros(2, inbox_dtype({"eeg": 3, "camera": 12, "microphone": 11, "context": 2})),
        np.zeros((2, SIZE), np.float32)),
    lambda: Batch(fused.new_sessions(2, fused.Setup()), np.zeros((1, 1, 1), np.float32), "cpu").run(
        np.zeros(3, inbox_dtype({})), np.zeros((2, SIZE), np.float32)),
])
def test_what_cannot_be_meant_is_told_in_a_sentence(wrong) -> None:
    with pytest.raises(InputError, match="expected"):
        wrong()


def test_records_of_one_capacity_are_one_object() -> None:
    """Numba compares equal but distinct dtypes field by field at every call, which costs as much as a whole tick."""
    assert fused.session_dtype(0) is fused.session_dtype(32)


def test_a_blink_that_the_camera_saw_gates_frontal_eeg_alone() -> None:
    made = setup(ELECTRODES, 250.0)
    given = streams(12.0, ELECTRODES, 250.0)
    seen = run(fused.new_sessions(1, made), brain.table(made.eeg), given, 120)
    unseen = run(fused.new_sessions(1, made), brain.table(made.eeg), {"eeg": given["eeg"]}, 120)
    assert not np.allclose(seen[60:, INDEX["frontal_theta"]], unseen[60:, INDEX["frontal_theta"]], equal_nan=True)
    assert_array_equal(seen[:, INDEX["posterior_alpha"]], unseen[:, INDEX["posterior_alpha"]])
