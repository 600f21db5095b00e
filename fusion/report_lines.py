"""Long recordings as short lines: everything drawn in a report is thinned here, in memory that does not grow."""

from collections import deque
from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from sensors.clock import SECOND
from sensors.messages import FloatArray, TimeArray

BINS = 700
"""Bins of a line. Each is drawn by its lowest and its highest value, so a line has at most 1400 points."""
BATCH_ROWS = 4096
Doubles: TypeAlias = NDArray[np.float64]


class Envelope:
    """Lowest, highest and mean value of each column in each of `BINS` slices of time.

    The slices grow as time goes on: when a value falls behind the last one, neighbours are merged in pairs. So the
    length of the recording need not be known, and a single extreme sample always stays visible.

    Parameters
    ----------
    columns
        How many columns.
    origin_ns
        Where the first slice begins; earlier values are counted into it.
    width_ns
        The first guess of a slice's width.
    """

    def __init__(self, columns: int, origin_ns: int, width_ns: int) -> None:
        self.origin_ns, self.width_ns = origin_ns, max(1, width_ns)
        self.low = np.full((BINS, columns), np.nan)
        self.high = np.full((BINS, columns), np.nan)
        self._sum = np.zeros((BINS, columns))
        self._count = np.zeros((BINS, columns), np.int64)
        self._rows = np.zeros(BINS, np.int64)
        self._batch: list[tuple[TimeArray, FloatArray]] = []
        self._batched = 0

    def add(self, times_ns: TimeArray, values: FloatArray) -> None:
        """Take in ``values`` (time, column) at ``times_ns`` (time,)."""
        self._batch.append((times_ns, values))
        self._batched += len(times_ns)
        if self._batched >= BATCH_ROWS:
            self.settle()

    def add_row(self, t_ns: int, *values: float) -> None:
        """Take in one row."""
        self.add(np.array([t_ns], np.int64), np.array([values], np.float32))

    def settle(self) -> "Envelope":
        """Sort everything that was added into its slices, and return the envelope."""
        if not self._batched:
            self._batch.clear()
            return self
        times = np.concatenate([times for times, _ in self._batch])
        values = np.concatenate([values for _, values in self._batch]).astype(np.float64)
        self._batch.clear()
        self._batched = 0
        bins = np.maximum(0, (times - self.origin_ns) // self.width_ns)
        while int(bins.max()) >= BINS:
            self._merge_pairs()
            bins = bins // 2
        order = np.argsort(bins, kind="stable")
        bins, values = bins[order], values[order]
        starts = np.flatnonzero(np.concatenate(([True], bins[1:] != bins[:-1])))
        slots = bins[starts]
        self.low[slots] = np.fmin(self.low[slots], np.fmin.reduceat(values, starts))
        self.high[slots] = np.fmax(self.high[slots], np.fmax.reduceat(values, starts))
        measured = ~np.isnan(values)
        self._sum[slots] += np.add.reduceat(np.where(measured, values, 0.0), starts)
        self._count[slots] += np.add.reduceat(measured.astype(np.int64), starts)
        self._rows[slots] += np.diff(np.append(starts, len(bins)))
        return self

    def _merge_pairs(self) -> None:
        empty = BINS // 2
        for array, merged in ((self.low, np.fmin(self.low[::2], self.low[1::2])),
                              (self.high, np.fmax(self.high[::2], self.high[1::2]))):
            array[:empty], array[empty:] = merged, np.nan
        for total in (self._sum, self._count, self._rows):
            merged_total = total[::2] + total[1::2]
            total[:empty], total[empty:] = merged_total, 0
        self.width_ns *= 2

    @property
    def mean(self) -> Doubles:
        """The mean of each slice, (bin, column); NaN where nothing was measured."""
        return np.divide(self._sum, self._count, out=np.full_like(self._sum, np.nan), where=self._count > 0)

    def filled(self) -> NDArray[np.int64]:
        """Return the numbers of the slices in which any row fell, measured or NaN."""
        return np.flatnonzero(self._rows)

    def times_s(self) -> Doubles:
        """Return the middle of each slice, in seconds after the origin."""
        return (np.arange(BINS) + 0.5) * self.width_ns / SECOND

    def runs(self, column: int) -> list[NDArray[np.int64]]:
        """Return the slices of one unbroken line each: split where NaN was sent, or nothing was, for long."""
        filled = self.filled()
        if not len(filled):
            return []
        usual = float(np.median(np.diff(filled))) if len(filled) > 1 else 1.0
        good = self._count[filled, column] > 0
        breaks = np.flatnonzero((np.diff(filled) > 3 * usual) | ~good[1:] | ~good[:-1]) + 1
        return [run for run in np.split(filled, breaks) if self._count[run[0], column] > 0]


@dataclass
class Band:
    """One stretch of time with one label."""

    begin_ns: int
    end_ns: int
    label: str
    detail: str = ""


@dataclass
class Bands:
    """Consecutive equal labels joined into bands; a silence longer than `patience_s` leaves a hole."""

    patience_s: float = 2.5
    bands: list[Band] = field(default_factory=list)

    def add(self, t_ns: int, label: str, detail: str = "") -> None:
        """Note that at `t_ns` the label held."""
        last = self.bands[-1] if self.bands else None
        if last is not None and t_ns - last.end_ns <= self.patience_s * SECOND:
            last.end_ns = max(last.end_ns, t_ns)
            if last.label == label:
                return
        self.bands.append(Band(t_ns, t_ns, label, detail))

    def close(self, t_ns: int) -> None:
        """Let the last band reach to `t_ns` if it is not long over."""
        if self.bands and 0 <= t_ns - self.bands[-1].end_ns <= self.patience_s * SECOND:
            self.bands[-1].end_ns = t_ns

    def coarse(self, shortest_ns: int) -> list[Band]:
        """Return the bands with those shorter than `shortest_ns` given to their predecessor."""
        kept: list[Band] = []
        for band in self.bands:
            if kept and band.end_ns - band.begin_ns < shortest_ns and band.begin_ns <= kept[-1].end_ns:
                kept[-1].end_ns = max(kept[-1].end_ns, band.end_ns)
            elif kept and kept[-1].label == band.label and band.begin_ns <= kept[-1].end_ns:
                kept[-1].end_ns = band.end_ns
            else:
                kept.append(Band(band.begin_ns, band.end_ns, band.label, band.detail))
        return kept


class Latest:
    """The newest few of many things, and how many there were."""

    def __init__(self, limit: int) -> None:
        self.items: deque[tuple[str, ...]] = deque(maxlen=limit)
        self.count = 0

    def add(self, *cells: str) -> None:
        """Note one row."""
        self.items.append(cells)
        self.count += 1
