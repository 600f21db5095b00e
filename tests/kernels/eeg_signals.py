"""Made EEG for tests, and running the kernels over it, cut as a test likes."""

import numpy as np

from kernels import brain
from kernels.layout import INDEX, SIZE
from tests.reference import brain as reference

START_NS = 3_600_000_000_000
NAMES = ("Fp1", "Fp2", "Fz", "C3", "C4", "P7", "P8", "O1", "O2")


def pink(seconds, channels=9, rate=250.0, rms=10.0, exponent=1.2, seed=0):
    """Noise with a 1/f background, uV (n, channel)."""
    random, count = np.random.default_rng(seed), int(seconds * rate)
    hz = np.fft.rfftfreq(count, 1 / rate)
    spectrum = random.normal(size=(len(hz), channels)) + 1j * random.normal(size=(len(hz), channels))
    spectrum[1:] /= hz[1:, None] ** (exponent / 2)
    spectrum[hz < 0.5] = 0
    x = np.fft.irfft(spectrum, count, axis=0)
    return x / x.std(axis=0) * rms


def sine(seconds, hz, amplitude, rate=250.0):
    return amplitude * np.sin(2 * np.pi * hz * np.arange(int(seconds * rate)) / rate)[:, None]


def grid(count, rate=250.0):
    return START_NS + (np.arange(count) * 1e9 / rate).astype(np.int64)


def make(names=NAMES, rate=250.0, **more):
    """A fresh record (1,) and its table."""
    more.setdefault("calibration_s", 5.0)
    setup = brain.Setup(tuple(names), ("uV",) * len(names), rate, **more)
    records = np.zeros(1, brain.brain_dtype(len(names)))
    brain.reset(records, setup)
    return records, brain.table(setup)


def told(records, tick_ns):
    """The vector at a tick."""
    out = np.full(SIZE, np.nan, np.float32)
    brain.features(records[0], int(tick_ns), out)
    return out


def run(values, names=NAMES, rate=250.0, times=None, cuts=(), marks=(), **more):
    """The vector at the last sample, and the record."""
    values = np.ascontiguousarray(values, np.float32)
    times = grid(len(values), rate) if times is None else times
    records, table = make(names, rate, **more)
    for onset, end in marks:
        brain.mark_blink(records[0], int(onset), int(end))
    for a, b in zip([0, *cuts], [*cuts, len(values)], strict=True):
        brain.push(records[0], table, values[a:b], times[a:b])
    return told(records, times[-1] if len(times) else START_NS), records


def over_time(values, names=NAMES, rate=250.0, times=None, tick_s=0.25, **more):
    """Seconds of the ticks, vectors (tick, SIZE), and the record."""
    values = np.ascontiguousarray(values, np.float32)
    times = grid(len(values), rate) if times is None else times
    records, table = make(names, rate, **more)
    ticks = times[0] + (np.arange(1, int((times[-1] - times[0]) / 1e9 / tick_s) + 1) * tick_s * 1e9).astype(np.int64)
    vectors, done = [], 0
    for tick in ticks:
        stop = int(np.searchsorted(times, tick, side="right"))
        brain.push(records[0], table, values[done:stop], times[done:stop])
        done = stop
        vectors.append(told(records, tick))
    return (ticks - times[0]) / 1e9, np.array(vectors), records


def twin(values, names=NAMES, rate=250.0, times=None, tick_ns=None, **more):
    """The twin's features at a tick (the last sample) and its blinks, of the same float32 samples."""
    values = np.asarray(values, np.float32).astype(np.float64)
    times = grid(len(values), rate) if times is None else times
    return reference.named_features(values, times, times[-1] if tick_ns is None else tick_ns, rate, names, **more)


def column(vectors, name):
    return vectors[..., INDEX[name]]
