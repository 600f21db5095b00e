"""The session clock: the only file of the house that reads a clock.

Every stamp in the platform is int64 nanoseconds of one monotonic clock that all processes of a machine share. The
wall clock is read once per recording, to say when it was made, and never takes part in arithmetic.
"""

import time
from datetime import UTC, datetime
from typing import Protocol

SECOND = 1_000_000_000
"""Nanoseconds in a second."""

MILLISECOND = 1_000_000
"""Nanoseconds in a millisecond."""


class Clock(Protocol):
    """What a loop needs of time: to read it, and to let it pass."""

    def now_ns(self) -> int:
        """Return the session time in nanoseconds."""
        ...

    def sleep(self, seconds: float) -> None:
        """Let `seconds` pass; zero or less returns at once."""
        ...


class SystemClock:
    """The real clock.

    `perf_counter_ns` is CLOCK_MONOTONIC on Linux, mach_absolute_time on macOS and QueryPerformanceCounter on Windows:
    in each case one clock for all processes since boot, so stamps of different driver processes compare directly.
    """

    def now_ns(self) -> int:
        """Return the session time in nanoseconds."""
        return time.perf_counter_ns()

    def sleep(self, seconds: float) -> None:
        """Let `seconds` pass; zero or less returns at once."""
        if seconds > 0:
            time.sleep(seconds)


class FakeClock:
    """A clock that moves only when told to, for tests and for synthetic sessions in virtual time.

    Parameters
    ----------
    start_ns
        The first reading, in nanoseconds.

    Examples
    --------
    >>> clock = FakeClock(start_ns=5 * SECOND)
    >>> clock.sleep(0.25)
    >>> clock.now_ns()
    5250000000
    """

    def __init__(self, start_ns: int = 0) -> None:
        self._now_ns = start_ns

    def now_ns(self) -> int:
        """Return the session time in nanoseconds."""
        return self._now_ns

    def sleep(self, seconds: float) -> None:
        """Move the clock on by `seconds`; zero or less leaves it."""
        self.advance(max(0.0, seconds))

    def advance(self, seconds: float) -> None:
        """Move the clock on by `seconds`.

        Raises
        ------
        ValueError
            If `seconds` is negative: session time never runs back.
        """
        if seconds < 0:
            raise ValueError(f"FakeClock cannot go back: advance() got {seconds} s, expected zero or more.")
        self._now_ns += round(seconds * SECOND)


now_ns = time.perf_counter_ns
"""Return the session time of this machine in nanoseconds: `SystemClock.now_ns` without a step of Python between."""


def cpu_seconds() -> float:
    """Return the processor time this process has used, in seconds, all its threads together."""
    return time.process_time()


def utc_now() -> str:
    """Return the wall-clock time as ISO 8601 UTC text, for a recording's label and nothing else."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def utc_text(epoch_s: float) -> str:
    """Return seconds since 1970, as another program stamped them, as ISO 8601 UTC text; "" if they are no date."""
    try:
        return datetime.fromtimestamp(epoch_s, UTC).isoformat(timespec="seconds")
    except (ValueError, OverflowError, OSError):
        return ""


def local_day_s(utc: str) -> float:
    """Return the seconds since midnight that a clock on the wall here showed at an ISO 8601 UTC time.

    Raises
    ------
    ValueError
        If the text is no such time.
    """
    there = datetime.fromisoformat(utc).astimezone()
    return there.hour * 3600.0 + there.minute * 60.0 + there.second
