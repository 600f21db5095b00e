"""When each sample of a foreign file was: its stamps kept where they are good, and what they lack told.

A file's stamps are either regular, and then they are taken as they are, holes included; or they come in bursts, as
radios deliver them, and are then smoothed as `sensors.timing.SampleClock` smooths live arrivals: along the lower edge
of the delays, by the same robust line. Only that here the whole file is in view, so a late start needs no catching up.
Samples that the device's package numbers show to be lost leave holes in time, as from a live board; nothing is filled.
"""

from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sensors.clock import SECOND
from sensors.drivers.eeg import LATE_S
from sensors.drivers.eeg_packets import PackageCounter
from sensors.errors import ForeignFileError
from sensors.messages import HIGHEST_RATE_HZ, TimeArray
from sensors.timing import BINS, FIT_S, JUMP_S, line_slope

HOLE = 1.5
"""Sampling intervals between two samples from which the stretch between them is a hole; as in the EEG's features."""
BURST = 0.5
"""Intervals under which two samples came in one burst ..."""
BURST_SHARE = 0.01
"""... and the share of such steps from which the stamps are arrivals rather than times."""
POLL_S = 0.04
"""Stretch of regular stamps whose package numbers are checked at once, as the live driver polls."""
RATE_OFF = 0.02
"""Distance of the stamps' rate from the nominal one, as a share, that is told ..."""
LONG_S = 30.0
"""... for stamps in bursts only from this length on: the first burst alone can hold half a second of samples."""
LEAST_BINS = 8
"""Stretches from which a rate is estimated, as live."""
CYCLE = 255
"""Most samples that can be missed without stamps: package numbers start again after 256."""


class Placed(NamedTuple):
    """Samples with their times."""

    times_ns: TimeArray
    """(time,) strictly increasing, on the file's clock."""
    rate_hz: float
    """What the stream shall be said to run at."""
    lost_before: TimeArray
    """(time,) samples that the package numbers show to be lost just before each."""
    irregular_ns: int
    """Largest distance of a stamp in the file from the time given here, or from an even step where stamps are kept."""
    warnings: tuple[str, ...] = ()

    @property
    def lost(self) -> int:
        """Samples known to be lost."""
        return int(self.lost_before.sum())

    def holes_s(self) -> NDArray[np.float64]:
        """Return how much longer than one sampling interval each hole is, in seconds; none for an irregular stream."""
        if not self.rate_hz or len(self.times_ns) < 2:
            return np.empty(0)
        steps = np.diff(self.times_ns) / SECOND
        return np.asarray(steps[steps > HOLE / self.rate_hz] - 1.0 / self.rate_hz)


def as_ns(seconds: NDArray[np.float64]) -> TimeArray:
    """Return float seconds as int64 ns; whole seconds apart, so that dates since 1970 stay exact to 0.24 us."""
    whole = np.floor(seconds)
    return whole.astype(np.int64) * SECOND + np.rint((seconds - whole) * 1e9).astype(np.int64)


def place(stamps_ns: TimeArray | None, rows: int, nominal_hz: float, *, numbers: NDArray[np.float64] | None = None,
          board: str = "", fixed_rate: bool = False) -> Placed:
    """Return the times of `rows` samples.

    Parameters
    ----------
    stamps_ns
        (time,) the file's stamps; None where it has none, and times then count on from 0 at the rate.
    rows
        How many samples there are.
    nominal_hz
        What the device promises; 0 if unknown, then the stamps tell.
    numbers
        (time,) package numbers, NaN where there is none.
    board
        BrainFlow's name of the board, which says how packages are numbered; "" learns it.
    fixed_rate
        The user gave the rate, so it stands whatever the stamps say.

    Raises
    ------
    ForeignFileError
        If neither rate nor stamps are there, or the stamps give no rate.
    """
    counter = PackageCounter(board)
    if stamps_ns is None:
        if nominal_hz <= 0:
            raise ForeignFileError("The file has neither time stamps nor a sampling rate.", "Give it with --rate HZ.")
        gaps = counter.skipped(numbers, CYCLE) if numbers is not None else np.zeros(rows, np.int64)
        times = np.rint(np.cumsum(gaps + 1) * (SECOND / nominal_hz)).astype(np.int64)
        told = ["The file has no time stamps; times are counted from its sample numbers at "
                f"{nominal_hz:g} Hz, so a pause of whole number cycles cannot be seen."]
        return Placed(times, nominal_hz, gaps, 0, (*told, *_losses(counter)))
    stamps, told = _forward(stamps_ns, nominal_hz)
    measured_hz = _measured(stamps, nominal_hz)
    period_ns = SECOND / (nominal_hz or measured_hz)
    steps = np.diff(stamps)
    bursty = bool((steps <= 0).any()) or float(np.mean(steps < BURST * period_ns, dtype=float)) > BURST_SHARE
    if not bursty:
        gaps = _counted(counter, stamps, numbers, 1 / (nominal_hz or measured_hz))
        rate_hz, said = _settled(nominal_hz, measured_hz, fixed_rate)
        even = steps[steps <= HOLE * SECOND / rate_hz] if len(steps) else steps
        irregular_ns = round(float(np.abs(even - SECOND / rate_hz).max())) if len(even) else 0
        return Placed(stamps, rate_hz, gaps, irregular_ns, (*told, *said, *_losses(counter)))
    if nominal_hz <= 0:
        nominal_hz = round(measured_hz, 1)
        told.append(f"The file names no sampling rate; its stamps give {nominal_hz:g} Hz.")
    return _smoothed(stamps, nominal_hz, numbers, counter, told)


def as_they_are(stamps_ns: TimeArray, rate_hz: float) -> Placed:
    """Return samples of a source that may be irregular, with the stamps it has; they must increase strictly."""
    steps = np.diff(stamps_ns)
    even = steps[steps <= HOLE * SECOND / rate_hz] if rate_hz else steps[:0]
    worst = round(float(np.abs(even - SECOND / rate_hz).max())) if len(even) else 0
    return Placed(stamps_ns, rate_hz, np.zeros(len(stamps_ns), np.int64), worst)


def _smoothed(stamps: TimeArray, nominal_hz: float, numbers: NDArray[np.float64] | None, counter: PackageCounter,
              told: list[str]) -> Placed:
    period_ns = SECOND / nominal_hz
    starts = [0, *(np.flatnonzero(np.diff(stamps) >= BURST * period_ns) + 1).tolist(), len(stamps)]
    gaps = np.zeros(len(stamps), np.int64)
    if numbers is not None:
        before_ns = int(stamps[0])
        for first, last in pairwise(starts):
            arrival_ns = int(stamps[last - 1])
            room = round(((arrival_ns - before_ns) / SECOND + LATE_S) * nominal_hz)
            gaps[first:last] = counter.skipped(numbers[first:last], room)
            before_ns = arrival_ns
    ends = np.array(starts[1:]) - 1
    place_of = np.cumsum(gaps + 1)
    times, pauses = _along_edges(place_of, ends, stamps[ends], period_ns)
    late = (stamps[ends] - times[ends]) / 1e6
    told.append(f"The stamps come in bursts of up to {int(np.diff(starts).max())} samples; the times given follow the "
                f"least late of them, and stamps stand up to {late.max():.1f} ms (95 %: {np.percentile(late, 95):.1f} "
                "ms) behind.")
    if pauses:
        told.append(f"The stamps show {pauses} pause{'s' if pauses > 1 else ''} that the sample numbers do not; "
                    f"{'they are' if pauses > 1 else 'it is'} left as {'holes' if pauses > 1 else 'a hole'} in time.")
    measured_hz = (int(place_of[-1]) - int(place_of[0])) / ((int(stamps[-1]) - int(stamps[0])) / SECOND)
    if (stamps[-1] - stamps[0]) > LONG_S * SECOND and not pauses and _off(measured_hz, nominal_hz):
        told.append(f"The device should run at {nominal_hz:g} Hz, and its stamps say {measured_hz:.2f} Hz.")
    return Placed(times, nominal_hz, gaps, round(float(late.max()) * 1e6), (*told, *_losses(counter)))


def _along_edges(place_of: TimeArray, ends: NDArray[np.int64], arrivals: TimeArray,
                 period_ns: float) -> tuple[TimeArray, int]:
    """Return the samples' times and how many pauses there are.

    Parameters
    ----------
    place_of
        (time,) number of each sample, lost ones counted.
    ends
        (burst,) index of the last sample of each burst.
    arrivals
        (burst,) stamp of that sample.
    period_ns
        The nominal sampling interval.
    """
    origin = int(arrivals[0])
    late = (arrivals - origin) - place_of[ends] * period_ns
    # Nothing arrives early: only what stays late until the end of the file was a pause, and all else was a delay.
    least_to_come = np.minimum.accumulate(late[::-1])[::-1]
    cuts = (np.flatnonzero(np.diff(least_to_come) > JUMP_S * SECOND) + 1).tolist()
    times = np.empty(len(place_of), np.int64)
    last_ns = -(1 << 62)
    for first, stop in pairwise([0, *cuts, len(ends)]):
        begin, end = (int(ends[first - 1]) + 1 if first else 0), int(ends[stop - 1]) + 1
        x, y = place_of[ends[first:stop]].astype(np.float64), late[first:stop]
        slope = _slope(x, y, period_ns)
        level = float((y - slope * x).min())
        piece = origin + np.rint(level + place_of[begin:end] * (period_ns + slope)).astype(np.int64)
        # A piece after a pause can begin before the last one's end only by its first burst's length.
        times[begin:end] = np.maximum(piece, last_ns + 1 + np.arange(end - begin))
        last_ns = int(times[end - 1])
    return times, len(cuts)


def _slope(x: NDArray[np.float64], y: NDArray[np.float64], period_ns: float) -> float:
    """Return what the true sampling interval has over the nominal one, ns, by the least late burst of each stretch."""
    length_ns = (x[-1] - x[0]) * period_ns
    size = max(FIT_S * SECOND / 8, length_ns / BINS)
    stretch = ((x - x[0]) * period_ns // size).astype(np.int64)
    lowest = [int(np.flatnonzero(stretch == one)[np.argmin(y[stretch == one])]) for one in np.unique(stretch)]
    if length_ns < FIT_S * SECOND or len(lowest) < LEAST_BINS:
        return 0.0
    return line_slope(x[lowest], y[lowest], 0.0)


def _forward(stamps: TimeArray, nominal_hz: float) -> tuple[TimeArray, list[str]]:
    """Return stamps that never run back: where the clock was set back, time goes on by one interval."""
    steps = np.diff(stamps)
    back = np.flatnonzero(steps < 0)
    if not back.size:
        return stamps, []
    forward = steps[steps > 0]
    usual = round(SECOND / nominal_hz) if nominal_hz else round(float(np.median(forward))) if forward.size else 1
    shift = np.zeros(len(stamps), np.int64)
    shift[back + 1] = usual - steps[back]
    worst_s = float(-steps[back].min()) / SECOND
    return stamps + np.cumsum(shift), [
        f"The stamps run back {back.size} time{'s' if back.size > 1 else ''} (by up to {worst_s:.3f} s): the clock was "
        "set, and how much time passed there is unknown; one sampling interval was assumed."]


def _counted(counter: PackageCounter, stamps: TimeArray, numbers: NDArray[np.float64] | None,
             period_s: float) -> TimeArray:
    gaps = np.zeros(len(stamps), np.int64)
    if numbers is None:
        return gaps
    size = max(1, round(POLL_S / period_s))
    for first in range(0, len(stamps), size):
        last = min(len(stamps), first + size)
        passed_s = (int(stamps[last - 1]) - int(stamps[max(0, first - 1)])) / SECOND
        gaps[first:last] = counter.skipped(numbers[first:last], round((passed_s + LATE_S) / period_s))
    return gaps


def _losses(counter: PackageCounter) -> list[str]:
    told = []
    if counter.lost:
        told.append(f"Lost by the package numbers: {counter.lost} sample{'s' if counter.lost > 1 else ''}, left as "
                    f"hole{'s' if counter.lost > 1 else ''} in time.")
    if counter.resets:
        told.append(f"The package numbers start anew {counter.resets} time{'s' if counter.resets > 1 else ''} where no "
                    "loss can explain it; what was lost there is unknown.")
    return told


def _measured(stamps: TimeArray, nominal_hz: float) -> float:
    """Return the rate of the stamps over the stretches without holes."""
    steps = np.diff(stamps)
    if not len(steps) or int(stamps[-1]) == int(stamps[0]):
        if nominal_hz > 0:
            return nominal_hz
        raise ForeignFileError("The stamps of the file give no sampling rate.", "Give it with --rate HZ.")
    typical = float(np.median(steps)) or float(steps.mean())
    within = steps[steps <= HOLE * max(typical, BURST * SECOND / nominal_hz if nominal_hz else 0.0)]
    total = float(within.sum()) / SECOND
    measured = len(within) / total if total > 0 else 0.0
    if (not 0 < measured <= HIGHEST_RATE_HZ) or float(np.mean(steps < BURST * typical)) > BURST_SHARE:
        measured = _burst_rate(stamps, np.zeros(len(stamps), np.int64))
    return measured


def _burst_rate(stamps: TimeArray, gaps: TimeArray) -> float:
    return (len(stamps) - 1 + int(gaps[1:].sum())) / ((int(stamps[-1]) - int(stamps[0])) / SECOND)


def _off(measured_hz: float, nominal_hz: float) -> bool:
    return abs(measured_hz / nominal_hz - 1) > RATE_OFF


def _settled(nominal_hz: float, measured_hz: float, fixed: bool) -> tuple[float, list[str]]:
    if nominal_hz <= 0:
        return round(measured_hz, 2), [f"The file names no rate; its stamps give {measured_hz:.2f} Hz."]
    if not _off(measured_hz, nominal_hz):
        return nominal_hz, []
    if fixed:
        return nominal_hz, [f"--rate says {nominal_hz:g} Hz, and the stamps say {measured_hz:.2f} Hz."]
    return round(measured_hz, 2), [f"The file says {nominal_hz:g} Hz, and its stamps say {measured_hz:.2f} Hz, which "
                                   "is taken: frequencies would be wrong otherwise."]
