"""From frames to rows: the newest value of every column, its age, and sources of speed that must agree."""

import math
from typing import NamedTuple

import cantools
from cantools.database import Database
from cantools.database.can import Message

from sensors.clock import SECOND
from sensors.drivers.can_config import CanConfig
from sensors.drivers.can_signals import Feed, feeds


class Frame(NamedTuple):
    """One data frame of the bus."""

    t_ns: int
    """Session clock."""
    identifier: int
    extended: bool
    data: bytes
    device_ns: int = -1
    """The bus's own stamp; -1 where it has none."""


class Rows:
    """Folds frames over what the vehicle last said.

    Parameters
    ----------
    config
        The rig's table.
    database
        Its DBC.

    Raises
    ------
    DeviceError
        If a signal is not in the DBC, or its unit is not known.
    """

    def __init__(self, config: CanConfig, database: Database) -> None:
        self._config = config
        self._timeout_ns = round(config.timeout_s * SECOND)
        self.columns = tuple(config.mapped)
        self._feeds: dict[tuple[int, bool], tuple[Message, list[Feed]]] = {}
        for feed in feeds(config, database):
            key = (feed.message.frame_id, feed.message.is_extended_frame)
            self._feeds.setdefault(key, (feed.message, []))[1].append(feed)
        # Per signal: its value and when it came; in the order of the columns, and of the signals within one.
        self._newest: dict[str, dict[int, tuple[float, int]]] = {
            column: dict.fromkeys(range(len(names)), (math.nan, 0)) for column, names in config.mapped.items()}
        self._wrong: dict[str, str] = {}
        self._apart_ns: int | None = None
        self._quarrel = ""
        self.undecodable = 0
        """Frames with the number of a wanted message whose bytes are no such message."""

    @property
    def identifiers(self) -> list[tuple[int, bool]]:
        """Number and extended flag of every message that is wanted."""
        return list(self._feeds)

    @property
    def names(self) -> set[str]:
        """Names of the wanted messages."""
        return {message.name for message, _ in self._feeds.values()}

    @property
    def messages(self) -> str:
        """The wanted messages as a person reads them."""
        return ", ".join(f"{message.name} (0x{message.frame_id:X})" for message, _ in self._feeds.values())

    def push(self, frame: Frame) -> list[float] | None:
        """Take one frame and return the row it makes, in the order of `columns`; None if nothing of it is wanted."""
        wanted = self._feeds.get((frame.identifier, frame.extended))
        if wanted is None:
            return None
        message, listed = wanted
        try:
            told = message.decode(frame.data)
        except (cantools.Error, ValueError, ArithmeticError, LookupError):
            self.undecodable += 1
            return None
        some = False
        for feed in listed:
            # A multiplexed message holds only some of its signals at a time.
            if isinstance(told, dict) and feed.signal.name in told:
                some = True
                value, why = feed.convert(told[feed.signal.name])
                self._newest[feed.column][feed.place] = (value, frame.t_ns)
                if not why:
                    self._wrong.pop(feed.name, None)
                else:
                    self._wrong.setdefault(feed.name, why)
        return self._row(frame.t_ns) if some else None

    def trouble(self) -> str:
        """Return one sentence about values that are not believed at present, or "" if all are."""
        return self._quarrel or next(iter(self._wrong.values()), "")

    def _row(self, t_ns: int) -> list[float]:
        row = []
        for column, newest in self._newest.items():
            fresh = [value if t_ns - since_ns <= self._timeout_ns else math.nan for value, since_ns in newest.values()]
            if column == "speed_kmh":
                row.append(self._speed(t_ns, fresh))
            elif column == "indicator" and len(fresh) == 2:
                row.append(float(fresh[1] > 0) - float(fresh[0] > 0) if not math.isnan(sum(fresh)) else math.nan)
            else:
                row.append(fresh[0])
        return row

    def _speed(self, t_ns: int, fresh: list[float]) -> float:
        told = [value for value in fresh if not math.isnan(value)]
        if len(told) > 1:
            # A quarrel ends only by agreement: when one of two falls silent, which of them was right is still unknown.
            if max(told) - min(told) <= self._config.disagree_kmh:
                self._apart_ns, self._quarrel = None, ""
            elif self._apart_ns is None:
                self._apart_ns = t_ns
            if self._apart_ns is not None and not self._quarrel \
                    and t_ns - self._apart_ns >= self._config.disagree_s * SECOND:
                said = " and ".join(f"{name} {value:.0f}" for name, value in
                                    zip(self._config.mapped["speed_kmh"], fresh, strict=True) if not math.isnan(value))
                self._quarrel = (f"The speed is not believed: {said} km/h, over {self._config.disagree_kmh:g} km/h "
                                 f"apart for {self._config.disagree_s:g} s; check signals.speed_kmh and units.")
        return told[0] if told and not self._quarrel else math.nan
