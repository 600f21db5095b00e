"""What the EEG says: band powers of the last 4 s, their ratios, the person's own change, and trust per electrode."""

import math

import numpy as np
from numpy.typing import NDArray

from fusion.features.history import ns, put
from fusion.person import Level, Person
from kernels import filters, quality, spectral
from sensors.clock import SECOND
from sensors.messages import StreamInfo
from sensors.rig import SessionConfig

HIGH_PASS_HZ, LOW_PASS_HZ, NOTCH_QUALITY = 0.5, 45.0, 30.0
WINDOW_S = 4.0
GOOD = 0.5
"""Trust from which an electrode, or one second of it, counts."""
GAP_SAMPLES, SETTLE_NS = 1.5, ns(0.5)
"""A step over 1.5 samples is a hole; after a hole of 0.5 s the filters settle anew, for a second."""
HOLD_NS = ns(1.3)
"""How long the last second's result holds: one segment, and a little for late samples."""
BLOCK = 256
"""Samples worked on at once; only the size of the buffers."""
RING = 16

FRONTAL, POSTERIOR, TEMPORAL = ("F", "AF"), ("P", "O", "I"), ("TP",)
"""First letters of the electrodes of a region; a headband without posterior electrodes has TP9 and TP10 stand in."""


class Brain:
    """The EEG's tracker; see `fusion.features.Tracker`.

    Everything is computed when a one-second segment ends, four times a second, over the segments of the 4 s before;
    between segments the features hold.
    """

    modality = "eeg"

    def __init__(self, info: StreamInfo, session: SessionConfig, person: Person) -> None:
        self._person = person
        self._columns = np.flatnonzero([column.unit.lower() in ("uv", "µv") for column in info.columns])
        names = [info.columns[k].name for k in self._columns]
        channels = len(names)
        self._usable = channels > 0 and info.rate_hz >= 2.0 * 30.0 / 0.96  # beta must fit under the Nyquist frequency
        rate = info.rate_hz if self._usable else 250.0
        self._rate_hz, self._period_ns = rate, SECOND / rate
        self._length = round(rate)
        self._hop = spectral.hop(self._length)
        bins = spectral.bin_count(rate)
        self._full_scale_uv = full_scale_uv(info)
        self._regions = np.array([np.ones(channels), region(names, FRONTAL), region(names, POSTERIOR, TEMPORAL)])

        mains = [filters.notch(hz, NOTCH_QUALITY, rate) for hz in (50.0, 60.0) if hz < 0.48 * rate]
        self._sections = np.array([filters.high_pass(HIGH_PASS_HZ, rate), *mains,
                                   *(filters.low_pass(LOW_PASS_HZ, rate) if 0.48 * rate > LOW_PASS_HZ else ())])
        self._filter = np.zeros((len(self._sections), channels, 2))
        self._held = np.full(channels, np.nan)
        self._table = spectral.fourier_table(self._length, bins)
        self._sums = np.zeros((spectral.SLOTS, channels, 2 * bins), np.float32)
        self._positions = np.zeros((2, 1), np.int64)
        self._statistics = np.zeros((spectral.SLOTS, channels, quality.STATISTICS))
        self._previous = np.zeros(channels)
        self._breaks = np.zeros(BLOCK, np.int64)
        self._with_mains, self._clean = np.zeros((2, BLOCK, channels), np.float32)
        room = BLOCK // self._hop + spectral.SLOTS
        self._ends = np.zeros(room, np.int64)
        self._new_power = np.zeros((room, channels, bins))
        self._new_statistics = np.zeros((room, channels, quality.STATISTICS))

        self._power = np.zeros((RING, channels, bins))
        self._scores = np.zeros((RING, channels))
        self._ended_ns = np.full(RING, -ns(3600), np.int64)
        self._segments = 0
        self._density = np.zeros((channels, bins))
        self.trust = np.zeros(channels)
        """Trust in each electrode over the last 4 s, 0..1."""
        hz = np.arange(1, bins + 1) * rate / self._length
        self._bin_hz = rate / self._length
        self._log_hz = np.log10(hz)
        # A band that does not fit under the highest bin is not measured, rather than measured short.
        limits = [(low, high if high <= hz[-1] + 1.0 else low) for _, low, high in spectral.BANDS]
        self._first_bins, self._end_bins = (np.searchsorted(hz, [pair[k] - 0.01 for pair in limits]) for k in (0, 1))
        self._columnwise = np.zeros((channels, len(spectral.BANDS) + 1))  # band powers, then the alpha ratio
        self._chosen = np.zeros((len(self._regions), channels))
        self._medians = np.zeros((len(self._regions), len(spectral.BANDS) + 1))
        self._peak = np.flatnonzero((hz >= 7.99) & (hz < 12.99))
        self._beside = np.flatnonzero(((hz >= 3.99) & (hz < 6.99)) | ((hz >= 13.99) & (hz < 19.99)))
        self._fit = np.flatnonzero((hz >= 1.99) & (hz < 40.01) & ((hz < 6.99) | (hz > 14.01)))
        self._background = np.zeros((1, bins))
        self._values: dict[str, float] = {}
        self._quality = 0.0
        self._first_ns = self._newest_ns = -1

    def advance(self, values: NDArray[np.float32], times_ns: NDArray[np.int64]) -> None:
        """Take in samples; see `fusion.features.Tracker`."""
        if not self._usable or len(times_ns) == 0:
            return
        if self._first_ns < 0:
            self._first_ns = int(times_ns[0])
            self._person.meet(self._first_ns)
        for first in range(0, len(times_ns), BLOCK):
            self._advance(values[first:first + BLOCK], times_ns[first:first + BLOCK])

    def _advance(self, values: NDArray[np.float32], times_ns: NDArray[np.int64]) -> None:
        count = len(times_ns)
        breaks, with_mains, clean = self._breaks[:count], self._with_mains[:count], self._clean[:count]
        filters.find_breaks(self._newest_ns, times_ns, GAP_SAMPLES * self._period_ns, SETTLE_NS, breaks)
        self._newest_ns = int(times_ns[-1])
        filters.cascade(self._sections, self._filter, self._held, breaks, values, self._columns, with_mains, clean)
        done = spectral.periodograms(self._table, self._hop, self._rate_hz, self._positions[0], self._sums, breaks,
                                     with_mains, self._ends, self._new_power)
        quality.segment_statistics(self._length, self._hop, self._positions[1], self._statistics, self._previous,
                                   breaks, values, self._columns, clean, self._new_statistics)
        for k in range(done):
            slot = self._segments % RING
            self._segments += 1
            self._power[slot] = self._new_power[k]
            self._ended_ns[slot] = times_ns[self._ends[k]]
            quality.channel_scores(self._new_statistics[k], self._power[slot], self._length, self._rate_hz,
                                   self._full_scale_uv, self._scores[slot])
            self._summarise(int(self._ended_ns[slot]))

    def _summarise(self, end_ns: int) -> None:
        """Work out the features of the 4 s before `end_ns`, where a segment has just ended."""
        after_ns = end_ns - ns(WINDOW_S - 1.0)
        trust, segments = quality.stream_quality(self._scores, self._ended_ns, after_ns, GOOD, self.trust)
        # Holes take away segments; what was missed lowers the trust as much as what was bad.
        due = min(WINDOW_S - 1.0, (end_ns - self._first_ns) * 1e-9 - 2.0) * self._rate_hz / self._hop
        self._quality = trust * min(1.0, segments / max(1.0, math.floor(due)))
        spectral.welch(self._power, self._scores, self._ended_ns, after_ns, GOOD, self._density)
        spectral.band_powers(self._density, self._first_bins, self._end_bins, self._bin_hz, self._columnwise)
        spectral.peak_ratio(self._density, self._peak, self._beside, len(spectral.BANDS), self._columnwise)
        np.multiply(self._regions, self.trust >= GOOD, out=self._chosen)
        spectral.medians(self._columnwise, self._chosen, self._medians)
        everywhere, frontal, posterior = self._medians.tolist()
        values = {name: everywhere[k] for k, (name, _, _) in enumerate(spectral.BANDS)}
        values["frontal_theta"] = frontal[1]
        values["posterior_alpha"], values["alpha_ratio"] = posterior[2], posterior[-1]
        values["theta_beta"] = values["theta"] - values["beta"]
        values["engagement"] = values["beta"] - math.log10(10.0 ** values["alpha"] + 10.0 ** values["theta"])
        spectral.medians(self._density, self._chosen[:1], self._background)
        values["aperiodic"] = spectral.aperiodic_exponent(self._background[0], self._log_hz, self._fit)
        for name, level, source in (("alpha_db", self._person.alpha, "posterior_alpha"),
                                    ("theta_db", self._person.theta, "frontal_theta"),
                                    ("beta_db", self._person.beta, "beta")):
            values[name] = self._change_db(level, end_ns, values[source])
        self._values = values

    def _change_db(self, level: Level, end_ns: int, value: float) -> float:
        if self._quality >= GOOD:
            level.learn(end_ns, value)
        return 10.0 * (value - level.value)

    def fill(self, tick_ns: int, vector: NDArray[np.float32]) -> None:
        """Write the features; see `fusion.features.Tracker`."""
        if self._first_ns < 0 or tick_ns - self._newest_ns > HOLD_NS:
            return
        if tick_ns - self._ended_ns[(self._segments - 1) % RING] <= HOLD_NS:
            put(vector, **self._values, eeg_quality=self._quality)
        elif tick_ns - self._first_ns > ns(2) + HOLD_NS:
            put(vector, eeg_quality=0.0)  # it speaks, but never a whole second


def full_scale_uv(info: StreamInfo) -> float:
    """Return the board's own full scale in uV, or the usual one where it says none, or nothing that is a number."""
    try:
        told = float(info.meta.get("full_scale_uv", quality.FULL_SCALE_UV))
    except ValueError:
        return quality.FULL_SCALE_UV
    return told if 0 < told < math.inf else quality.FULL_SCALE_UV


def region(names: list[str], *families: tuple[str, ...]) -> NDArray[np.float64]:
    """Return 1.0 for each electrode of the first family that any electrode belongs to, else 0.0; all 1.0 if none does.

    Parameters
    ----------
    names
        Electrode names in the 10-20 manner (letters, then a number or z), in any case; others belong nowhere.
    families
        First letters of a region's electrodes, most wanted family first.
    """
    letters = [name.upper().rstrip("Z0123456789") if name[-1:].upper() in "Z0123456789" else "" for name in names]
    for family in families:
        chosen = np.array([letter.startswith(family) for letter in letters], np.float64)
        if chosen.any():
            return chosen
    return np.ones(len(names))
