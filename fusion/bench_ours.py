"""Our side of `attnflow bench kernels`: the fused kernels over the simulated minute."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fusion.bench_example import CAMERA_HZ, EEG_HZ, MICROPHONE_HZ, Example
from fusion.bench_feed import Feed, Received
from fusion.bench_groups import Call
from fusion.bench_kernels import Place
from fusion.bench_roofline import Work, traffic
from kernels import backend, brain, context, eyes, fused, inbox, voice
from kernels.batch import Batch
from kernels.errors import InputError
from kernels.jit import cores
from kernels.layout import SIZE
from sensors.clock import now_ns

MINUTE_TICKS, TICK_S = 600, 0.1
CHECKED = 64
"""Sessions of which the vectors of CUDA and the CPU are compared."""
SEGMENTS, FILTER_SECTIONS = 2, 5
TARGET_RAD = 0.2
SHARES = {
    # Rings and tables of which a tick reads or writes a part: new rows, or the rows of its window.
    "eyes.frames": 0.3, "voice.times_ns": 0.01, "voice.speech": 0.01, "voice.sound": 0.02, "voice.ambient": 0.05,
    "brain.power": 0.2, "brain.sums": 0.5, "brain.minute": 0.05, "eyes.gaze": 0.08, "eyes.buckets": 0.02,
    "eyes.visits": 0.15, "cross.blind": 0.05,
}


class Fused:
    """The kernels as a session runs them.

    Parameters
    ----------
    example
        The simulated minute, which is taken in once before anything is timed, so that every window is full.
    """

    def __init__(self, example: Example) -> None:
        self._example, self._feed = example, Feed(example)
        columns = self._feed.columns
        eeg = brain.Setup(columns["eeg"], ("uV",) * len(columns["eeg"]), EEG_HZ)
        self._setup = fused.Setup(
            camera=eyes.Setup(columns["camera"], CAMERA_HZ, 0.0, 0.0, TARGET_RAD, 20.0),
            microphone=voice.Setup(columns["microphone"], MICROPHONE_HZ), eeg=eeg,
            surroundings=context.Setup(("demand", "speed_kmh")))
        self._table = brain.table(eeg)
        self._widths = {name: len(names) for name, names in columns.items()} | {"context": 2}
        self._state = fused.new_sessions(1, self._setup)
        self._out = np.empty(SIZE, np.float32)
        for _ in range(MINUTE_TICKS):
            self.tick()

    def calls(self) -> Mapping[str, Call]:
        """Return a call for each modality: one tick's samples and its part of the vector."""
        return {"camera": self._part("camera"), "microphone": self._part("microphone"), "eeg": self._part("eeg")}

    def tick(self) -> object:
        """Run one tick of one session: 25 samples of 16 electrodes, three frames, three rows, the whole vector."""
        new = self._feed.take()
        fused.take_camera(self._state, *new.camera)
        fused.take_microphone(self._state, *new.microphone)
        fused.take_eeg(self._state, self._table, *new.eeg)
        fused.features(self._state, new.tick_ns, self._out)
        return self._out

    def batch(self, sessions: int, place: Place) -> Call | None:
        """Return a call that ticks so many sessions there; None on CUDA where it is not possible."""
        if place == "cuda":
            try:
                backend.pick("cuda", sessions)
            except InputError:
                return None
            from kernels.cuda.launch import page_locked
        state = np.repeat(self._state, sessions)  # warm: a minute old, with every window full
        dtype = inbox.inbox_dtype(self._widths)
        inboxes = page_locked(sessions, dtype) if place == "cuda" else np.zeros(sessions, dtype)
        out = np.empty((sessions, SIZE), np.float32)
        made = Batch(state, self._table, "cuda" if place == "cuda" else "cpu")
        feed = Feed(self._example, self._feed.taken)

        def call() -> NDArray[np.float32]:
            _deliver(inboxes, feed.take())
            with cores(1 if place == "one core" else 0):
                made.run(inboxes, out)
            return out

        return call

    def crossover(self) -> int | None:
        """Measure from how many sessions CUDA is faster here and keep it; None where it never is or cannot be."""
        if self.batch(1, "cuda") is None:
            return None
        return backend.measure_crossover(lambda n: self._must(n, "all cores"), lambda n: self._must(n, "cuda"), now_ns)

    def work(self) -> Work:
        """Return an estimate of the bytes that a tick must move and the operations it must do, after `SHARES`.

        Operations are those of the EEG, beside which the rest is small: two running segments of every electrode at
        each bin, and five operations for each coefficient of the filters.
        """
        electrodes, rows = len(self._feed.columns["eeg"]), EEG_HZ * TICK_S
        sums = 2.0 * SEGMENTS * self._table.shape[0] * self._table.shape[2]
        filters = 5.0 * 2.0 * FILTER_SECTIONS
        return Work(bytes=traffic(self._state.dtype, SHARES), operations=electrodes * rows * (sums + filters))

    def errors(self) -> Mapping[str, float | None]:
        """Return the largest relative errors against the naive twins, and of CUDA against the CPU."""
        from fusion.bench_twins import cpu_error, cuda_error

        return {"cpu_vs_naive": cpu_error(self._example, self._setup),
                "cuda_vs_cpu": cuda_error(lambda place: self.batch(CHECKED, place))}

    def _must(self, sessions: int, place: Place) -> Call:
        call = self.batch(sessions, place)
        assert call is not None
        return call

    def _part(self, modality: str) -> Call:
        take, fill = {
            "camera": (self._take_camera, fused.camera_features),
            "microphone": (self._take_microphone, fused.microphone_features),
            "eeg": (self._take_eeg, fused.eeg_features)}[modality]
        state, out = fused.new_sessions(1, self._setup), np.full(SIZE, np.nan, np.float32)
        feed = Feed(self._example)

        def call() -> object:
            new = feed.take()
            take(state, new)
            fill(state, new.tick_ns, out)
            return out

        for _ in range(MINUTE_TICKS):
            call()
        return call

    def _take_camera(self, state: NDArray[Any], new: Received) -> None:
        fused.take_camera(state, *new.camera)

    def _take_microphone(self, state: NDArray[Any], new: Received) -> None:
        fused.take_microphone(state, *new.microphone)

    def _take_eeg(self, state: NDArray[Any], new: Received) -> None:
        fused.take_eeg(state, self._table, *new.eeg)


def _deliver(inboxes: NDArray[Any], new: Received) -> None:
    for name in ("camera", "microphone", "eeg"):
        inbox.put(inboxes, name, *getattr(new, name))
    inboxes["tick_ns"] = new.tick_ns
