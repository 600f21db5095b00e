"""When a sample was true: from sample numbers to session time, and from another host's clock to ours.

Both estimates here are lines fitted to delayed observations. A delay is never negative, so the truth lies along the
lower edge of what is seen, not through its middle; a line through the middle would move with every burst of the radio.
Nothing here reads a clock or opens a socket.
"""

from collections import deque

import numpy as np
from numpy.typing import NDArray

from sensors.clock import MILLISECOND, SECOND
from sensors.messages import TimeArray

BINS = 64
"""Lowest observations kept by one `SampleClock`: its whole memory, however long the session."""
BIN_S = 4.0
"""Longest stretch one of them stands for; with 64 bins the fit looks back 256 s."""
LEVEL_BINS = 32
"""Newest of them that set the line's height: a small error of its slope then shows half as much at the near end."""
FIT_S = 1.0
"""Shortest stretch from which a rate is estimated; before that the nominal rate is the better guess."""
JUMP_S = 0.25
"""Disagreement between arrivals and sample numbers, beyond any usual radio burst, that is no jitter any more ..."""
PERSIST_S = 1.0
"""... once it has lasted this long ..."""
LOST_TOUCH_S = 2.0
"""... or at once, when it is this large."""
SLOW = 4
"""Round trips beyond this many times the quickest tell less about a clock than about a queue."""


def line_slope(x: NDArray[np.float64], y: NDArray[np.float64], prior: float) -> float:
    """Return the slope of `y` over `x` by Theil and Sen, drawn towards `prior` as far as noise could explain it.

    Parameters
    ----------
    x, y
        (n,) coordinates, n >= 2.
    prior
        The slope to keep when the data do not contradict it.

    Returns
    -------
    float
        ``prior + w (slope - prior)`` with ``w = d^2 / (d^2 + 9 se^2)``: d is the departure from `prior`, se the
        slope's standard error from the median absolute deviation. The median of all pairwise slopes bears 29 % of
        arbitrary outliers (Sen 1968).
    """
    first, second = np.triu_indices(x.size, 1)
    run = x[second] - x[first]
    apart = run != 0
    if not apart.any():
        return prior
    slope = float(np.median((y[second] - y[first])[apart] / run[apart]))
    residual = y - slope * x
    noise = 1.4826 * float(np.median(np.abs(residual - np.median(residual))))
    error = noise / float(np.sqrt(x.size) * np.std(x))
    departure = slope - prior
    if departure == 0.0:
        return slope
    weight = departure * departure / (departure * departure + 9.0 * error * error)
    return prior + weight * departure


class SampleClock:
    """Session time of each sample of a stream that counts its samples but does not share our clock.

    A sample arrives late by its transport delay plus jitter: the radio sends in bursts, the driver polls. The clock
    keeps the least late arrival of each stretch, fits a robust line through those, and stamps along it, so a stamp is
    the sample's time plus the constant part of the delay.

    Parameters
    ----------
    nominal_hz
        The rate that the device promises, in Hz; the true one is estimated.

    Attributes
    ----------
    jumps : int
        How often arrivals and sample numbers disagreed for good and the fit began anew.

    Examples
    --------
    >>> clock = SampleClock(250.0)
    >>> clock.stamp(3, arrival_ns=1_000_000_000).tolist()
    [992000000, 996000000, 1000000000]
    """

    def __init__(self, nominal_hz: float) -> None:
        if not nominal_hz > 0:
            raise ValueError(f"SampleClock got nominal_hz {nominal_hz}, expected more than zero")
        self.nominal_hz = nominal_hz
        self.jumps = 0
        self._period = SECOND / nominal_hz
        self._slope = 0.0
        """True period less the nominal one, in ns a sample."""
        self._prior = 0.0
        self._number = -1
        """Number of the newest sample, counting the lost ones."""
        self._last_ns: int | None = None
        self._arrival_ns = -(1 << 63)
        self._late: deque[int] = deque(maxlen=256)
        self._anchor(0)

    def stamp(self, count: int, arrival_ns: int, skipped: int | TimeArray = 0) -> TimeArray:
        """Return the session times of `count` new samples.

        Parameters
        ----------
        count
            New samples, oldest first; zero returns an empty array and changes nothing.
        arrival_ns
            When the last of them was there, on the session clock.
        skipped
            Samples known to be lost: a number for those just before the first new one, or (count,) int64 with those
            before each. They leave holes in time.

        Returns
        -------
        TimeArray
            (count,) int64 ns, strictly increasing over all calls and not later than `arrival_ns` (two calls with one
            and the same arrival can pass it by `count` nanoseconds, because increasing comes first).

        Raises
        ------
        ValueError
            If `count` or `skipped` is negative or `arrival_ns` runs back.
        """
        if arrival_ns < self._arrival_ns:
            raise ValueError(f"SampleClock got arrival {arrival_ns}, before the last one at {self._arrival_ns}")
        if count < 0 or (skipped < 0 if isinstance(skipped, int) else skipped.min(initial=0) < 0):
            raise ValueError(f"SampleClock got count {count} and skipped {skipped}, expected zero or more")
        if count == 0:
            return np.empty(0, np.int64)
        ahead = np.arange(1, count + 1, dtype=np.int64)
        ahead += skipped if isinstance(skipped, int) else np.cumsum(skipped)
        numbers = self._number + ahead
        self._number = int(numbers[-1])
        if self._last_ns is None:
            self._anchor(arrival_ns)
        else:
            self._check_jump(arrival_ns)
        self._arrival_ns = arrival_ns
        self._observe(arrival_ns)
        stamps = self._in_order(self._along_line(numbers), ahead, arrival_ns)
        self._last_ns = int(stamps[-1])
        return stamps

    @property
    def rate_hz(self) -> float:
        """The estimated true rate."""
        return SECOND / (self._period + self._slope)

    @property
    def drift_ppm(self) -> float:
        """How much faster than nominal the device's sample clock runs, in parts per million."""
        return (self.rate_hz / self.nominal_hz - 1.0) * 1e6

    @property
    def jitter_ns(self) -> int:
        """95th percentile of how late the last 256 arrivals came after their stamps."""
        return round(float(np.percentile(self._late, 95))) if self._late else 0

    def _anchor(self, arrival_ns: int) -> None:
        # All arithmetic is relative to this point, so float64 stays exact to far below a nanosecond for days.
        self._zero_ns, self._zero_number = arrival_ns, self._number
        self._level = 0.0
        self._width = 1
        self._low: list[tuple[int, float]] = []
        self._astray_since_ns: int | None = None

    def _residual(self, arrival_ns: int) -> float:
        return (arrival_ns - self._zero_ns) - (self._number - self._zero_number) * self._period

    def _check_jump(self, arrival_ns: int) -> None:
        x = self._number - self._zero_number
        astray_s = abs(self._residual(arrival_ns) - self._level - self._slope * x) / SECOND
        if astray_s <= JUMP_S:
            self._astray_since_ns = None
            return
        if self._astray_since_ns is None:
            self._astray_since_ns = arrival_ns
        if astray_s > LOST_TOUCH_S or arrival_ns - self._astray_since_ns >= PERSIST_S * SECOND:
            self.jumps += 1
            # The crystal is the same as before, so what was learned of its rate is the new fit's first guess.
            self._prior = self._slope
            self._anchor(arrival_ns)

    def _observe(self, arrival_ns: int) -> None:
        """Keep the arrival if it is the least late of its stretch, and fit anew when that can change the line."""
        x, y = self._number - self._zero_number, self._residual(arrival_ns)
        opens = not self._low or x // self._width > self._low[-1][0] // self._width
        if opens:
            self._low.append((x, y))
            self._bound_memory()
            self._fit()
        elif y - self._slope * x < self._low[-1][1] - self._slope * self._low[-1][0]:
            self._low[-1] = (x, y)
        self._level = min(self._level, y - self._slope * x)
        self._late.append(round(y - self._slope * x - self._level))

    def _bound_memory(self) -> None:
        if len(self._low) <= BINS:
            return
        if self._width * self._period >= BIN_S * SECOND:
            del self._low[0]
            return
        self._width *= 2
        merged: dict[int, tuple[int, float]] = {}
        for x, y in self._low:
            other = merged.get(x // self._width)
            if other is None or y - self._slope * x < other[1] - self._slope * other[0]:
                merged[x // self._width] = (x, y)
        self._low = list(merged.values())

    def _fit(self) -> None:
        x, y = np.array(self._low, np.float64).T
        if x.size >= 8 and (x[-1] - x[0]) * self._period >= FIT_S * SECOND:
            self._slope = line_slope(x, y, self._prior)
        self._level = float(np.min((y - self._slope * x)[-LEVEL_BINS:]))

    def _along_line(self, numbers: NDArray[np.int64]) -> TimeArray:
        x = (numbers - self._zero_number).astype(np.float64)
        return self._zero_ns + np.rint(self._level + x * (self._period + self._slope)).astype(np.int64)

    def _in_order(self, stamps: TimeArray, ahead: TimeArray, arrival_ns: int) -> TimeArray:
        """Return `stamps`, put after all earlier ones; below their arrival the line lies by itself.

        When the line has moved back, time goes on at half pace, holes included, until the line has caught up. `ahead`
        is how many sample numbers each stamp lies after the last one given.
        """
        if self._last_ns is None:
            return stamps
        pace = min(int(self._period) // 2, (arrival_ns - self._last_ns) // int(ahead[-1]))
        if pace < 1:
            pace, ahead = 1, np.arange(1, stamps.size + 1, dtype=np.int64)
        return np.maximum(stamps, self._last_ns + ahead * pace)


class ClockOffset:
    """Offset of another host's clock from the session clock, out of many round trips.

    One exchange has four stamps: request sent (ours), request received (theirs), answer sent (theirs), answer received
    (ours). As in NTP (RFC 5905, section 8) the offset is ``((t1 - t0) + (t2 - t3)) / 2``, wrong by at most half the
    round trip. The quicker half of the kept exchanges is believed, but none that took `SLOW` times as long as the
    quickest, and a robust line through those gives the drift.

    Parameters
    ----------
    keep
        How many exchanges are remembered.

    Attributes
    ----------
    jumps : int
        How often the other clock was found reset; the fit then began anew.

    Examples
    --------
    >>> remote = ClockOffset()
    >>> remote.add(1_000, 501_500, 501_600, 2_100)
    >>> remote.offset_ns, remote.bound_ns
    (500000, 500)
    """

    def __init__(self, keep: int = 128) -> None:
        if keep < 2:
            raise ValueError(f"ClockOffset got keep {keep}, expected 2 or more")
        self.jumps = 0
        self._exchanges: deque[tuple[int, int, int]] = deque(maxlen=keep)
        """(our middle time, offset, round trip), all in ns."""
        self._line: tuple[int, int, float] | None = None
        """(our time, offset then, drift): replaced whole, so that another thread may read while this one adds."""
        self._spread = 0.0

    def add(self, t0_ns: int, t1_ns: int, t2_ns: int, t3_ns: int) -> None:
        """Take in one exchange: sent (ours), received (theirs), answered (theirs), received (ours).

        Raises
        ------
        ValueError
            If the stamps contradict each other: an answer before its request, or a negative round trip.
        """
        trip = (t3_ns - t0_ns) - (t2_ns - t1_ns)
        if t3_ns < t0_ns or t2_ns < t1_ns or trip < 0:
            raise ValueError(f"clock exchange {t0_ns}, {t1_ns}, {t2_ns}, {t3_ns} contradicts itself, "
                             "expected sent <= answered on each clock and a round trip of zero or more")
        middle, offset = (t0_ns + t3_ns) // 2, ((t1_ns - t0_ns) + (t2_ns - t3_ns)) // 2
        if self._exchanges:
            # Crystals differ by less than 500 ppm; beyond that and the two round trips' halves, the clock was reset.
            room = (trip + self.bound_ns * 2) / 2 + 5e-4 * (middle - self._exchanges[-1][0]) + MILLISECOND
            if abs(offset - self.at(middle)) > room:
                self.jumps += 1
                self._exchanges.clear()
        self._exchanges.append((middle, offset, trip))
        self._fit()

    def at(self, t_ns: int) -> int:
        """Return the offset (theirs less ours, ns) at session time `t_ns`.

        Raises
        ------
        ValueError
            If there was no exchange yet.
        """
        line = self._line
        if line is None:
            raise ValueError("ClockOffset has no exchange yet; call add() first")
        newest_ns, offset_ns, drift = line
        return offset_ns + round(drift * (t_ns - newest_ns))

    @property
    def offset_ns(self) -> int:
        """Their clock less ours at the newest exchange; 0 before the first."""
        return self._line[1] if self._line else 0

    @property
    def drift_ppm(self) -> float:
        """How much faster than ours their clock runs, in parts per million."""
        return self._line[2] * 1e6 if self._line else 0.0

    @property
    def spread_ns(self) -> int:
        """Robust standard deviation of the believed exchanges about the line."""
        return round(self._spread)

    @property
    def bound_ns(self) -> int:
        """Half the quickest round trip: the offset cannot be further off than this, whatever the path's asymmetry."""
        return min((trip for _, _, trip in self._exchanges), default=0) // 2

    def age_ns(self, now_ns: int) -> int:
        """Return the time since the newest exchange; -1 if there was none."""
        return now_ns - self._line[0] if self._line else -1

    def _fit(self) -> None:
        newest_ns, base, _ = self._exchanges[-1]
        quick = sorted(self._exchanges, key=lambda exchange: exchange[2])[:(len(self._exchanges) + 1) // 2]
        believed = [exchange for exchange in quick if exchange[2] <= SLOW * quick[0][2]]
        x = np.array([middle - newest_ns for middle, _, _ in believed], np.float64)
        y = np.array([offset - base for _, offset, _ in believed], np.float64)
        drift = line_slope(x, y, prior=0.0) if x.size >= 4 else 0.0
        residual = y - drift * x
        level = float(np.median(residual)) if x.size >= 4 else float(residual[0])
        self._line = newest_ns, base + round(level), drift
        self._spread = 1.4826 * float(np.median(np.abs(residual - level)))
