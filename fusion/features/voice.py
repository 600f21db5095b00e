"""What the microphone's columns say: speech, loudness, pitch, sudden sounds, and whether it can be believed."""

import math

import numpy as np
from numpy.typing import NDArray

from fusion.features.history import History, ns, put, sources
from fusion.person import Person
from kernels import windows
from sensors.messages import StreamInfo
from sensors.rig import SessionConfig

WANTED = ("speech", "transient", "clipped", "silent", "f0", "loudness_short")
SPEECH, TRANSIENT, CLIPPED, SILENT, F0, LOUDNESS = range(6)
TEN_SECONDS_NS, MINUTE_NS = ns(10), ns(60)

ENTER, LEAVE = 0.5, 0.35
"""Speech begins at a probability of 0.5 and ends under 0.35, as Silero's own segmenter does."""
HOLD_NS = ns(1)
"""How long features hold without a frame."""
CLIPPING = 0.02
"""Share of samples at full scale from which loudness and spectrum mean nothing."""


class Voice:
    """The microphone's tracker; see `fusion.features.Tracker`."""

    modality = "microphone"

    def __init__(self, info: StreamInfo, session: SessionConfig, person: Person) -> None:
        self._source = sources(info.names, WANTED)
        self._person = person
        self._history = History(len(WANTED), 61.0, info.rate_hz)
        self._speaking = np.zeros(1, np.int64)
        self._means = np.empty(F0)
        self._newest_ns = -1

    def advance(self, values: NDArray[np.float32], times_ns: NDArray[np.int64]) -> None:
        """Take in frames; see `fusion.features.Tracker`."""
        if len(times_ns) == 0:
            return
        if self._newest_ns < 0:
            self._person.meet(int(times_ns[0]))
        self._newest_ns = int(times_ns[-1])
        rows = np.empty((len(WANTED), len(times_ns)))
        windows.pick(values, self._source, rows)
        windows.latch(self._speaking, ENTER, LEAVE, rows[SPEECH])
        self._history.push(times_ns, rows)

    def fill(self, tick_ns: int, vector: NDArray[np.float32]) -> None:
        """Write the features; see `fusion.features.Tracker`."""
        if self._newest_ns < 0 or tick_ns - self._newest_ns > HOLD_NS:
            return
        times, rows = self._history.view()
        frames = windows.means(times, rows[:F0], tick_ns, TEN_SECONDS_NS, self._means)
        speech, transients, clipped, silent = self._means.tolist()
        f0, spread, voiced = windows.mean_sd(times, rows[F0], tick_ns, TEN_SECONDS_NS)
        loss = 0.0 if math.isnan(clipped) else min(1.0, clipped / CLIPPING)
        put(vector, speech_ratio_10s=speech, speech_ratio_60s=windows.mean(times, rows[SPEECH], tick_ns, MINUTE_NS),
            loudness_3s=rows[LOUDNESS, -1], f0_mean_10s=f0, f0_sd_10s=spread if voiced > 1 else math.nan,
            transients_10s=transients * frames, clip_share_10s=clipped,
            microphone_quality=(1.0 - silent) * (1.0 - loss))
