"""A rig in virtual time: the same drivers and the same messages as live, as fast as the machine can make them.

Each driver has a fake clock of its own; the one furthest behind reads next. So every stream moves in step without any
real waiting, and the same rig gives the same messages each time. Only sources that pace themselves by their clock can
be run this way: simulated ones, files and replays, not hardware.
"""

import heapq
from collections.abc import Iterator
from itertools import count

import msgspec

from sensors import driver as drivers
from sensors.clock import SECOND, FakeClock
from sensors.driver import Driver, Setting
from sensors.errors import AttnflowError
from sensors.faults import Faulty
from sensors.messages import AnyMessage, Chunk, Health, StreamInfo, Tick
from sensors.process import READ_TIMEOUT_S
from sensors.rig import Rig

START_NS = 1_000 * SECOND
"""Session time at which a virtual session begins; not zero, so that zero is never a lucky stamp."""
TRANSPORT_NS = 300_000
"""What the bus adds between a driver's read and the session, here a constant."""


class _Stream:
    """One driver in virtual time."""

    def __init__(self, stream: str, rig: Rig) -> None:
        config = rig.sensors[stream]
        self.clock = FakeClock(START_NS)
        self.setting = Setting(stream=stream, start_ns=START_NS, clock=self.clock, participant=rig.participant)
        self._name, self._config = config.driver, config
        self._driver: Driver | None = None
        self._info: StreamInfo | None = None
        self._next_beat_ns = START_NS
        self._samples = 0

    def read(self) -> list[tuple[str, AnyMessage]]:
        """Return what the driver says next; its clock has moved on afterwards."""
        said: list[tuple[str, AnyMessage]] = []
        before = self.clock.now_ns()
        try:
            if self._driver is None:
                self._driver = Faulty(drivers.build(self._name, self._config, self.setting), self.setting)
                self._info = self._driver.open()
                said.append(("info", msgspec.structs.replace(self._info, t_ns=before)))
            samples = self._driver.read(READ_TIMEOUT_S)
        except AttnflowError as error:
            self.close()
            self.clock.advance(1.0)
            return [("health", self._health("failed", str(error)))]
        if samples is None:
            self.clock.advance(1.0)
            return [("health", self._health("ended", "The source is over."))]
        if len(samples.times_ns) and self._info is not None:
            self._samples += len(samples.times_ns)
            said.append((self._info.kind, Chunk(
                t_ns=int(samples.times_ns[-1]), stream=self._info.stream, values=samples.values,
                times_ns=samples.times_ns, device_ns=samples.device_ns)))
        if self.clock.now_ns() >= self._next_beat_ns:
            self._next_beat_ns = self.clock.now_ns() + SECOND
            said.append(("health", self._health("ok", drivers.aside_of(self._driver).detail)))
        if self.clock.now_ns() == before:
            self.clock.advance(0.001)  # a source that does not pace itself must still let the others speak
        return said

    def _health(self, status: str, detail: str) -> Health:
        return Health(t_ns=self.clock.now_ns(), stream=self.setting.stream, status=status, detail=detail,
                      samples=self._samples, lost=self._driver.lost() if self._driver else 0)

    def close(self) -> None:
        """Release the driver."""
        if self._driver is not None:
            self._driver.close()
            self._driver = None


def run(rig: Rig, seconds: float) -> Iterator[tuple[int, str, AnyMessage]]:
    """Yield (received_ns, topic, message) of `seconds` of a rig, in the order a session would receive them."""
    streams = {name: _Stream(name, rig) for name in rig.sensors}
    order = count()
    waiting: list[tuple[int, int, str]] = []
    for name in ("", *streams):
        heapq.heappush(waiting, (START_NS, next(order), name))
    seq: dict[tuple[str, str], int] = {}
    ready: list[tuple[int, int, str, AnyMessage]] = []
    end_ns = START_NS + round(seconds * SECOND)
    tick_ns = round(SECOND / rig.session.tick_hz)
    try:
        while waiting[0][0] < end_ns:
            now, _, name = heapq.heappop(waiting)
            # Nothing that is still to be read can be older than `now`: all that was said before it may go out.
            while ready and ready[0][0] <= now:
                received, _, topic, message = heapq.heappop(ready)
                yield received, topic, _numbered(topic, message, received, seq)
            if name:
                stream = streams[name]
                said = stream.read()
                later = stream.clock.now_ns()
            else:
                said, later = [("tick", Tick(t_ns=now))], now + tick_ns
            for topic, message in said:
                sent = max(later if name else now, message.t_ns) + TRANSPORT_NS
                heapq.heappush(ready, (sent, next(order), topic, message))
            heapq.heappush(waiting, (later, next(order), name))
    finally:
        for stream in streams.values():
            stream.close()


def _numbered(topic: str, message: AnyMessage, sent_ns: int, seq: dict[tuple[str, str], int]) -> AnyMessage:
    source = (topic, getattr(message, "stream", ""))
    seq[source] = seq.get(source, -1) + 1
    return msgspec.structs.replace(message, seq=seq[source], sent_ns=sent_ns)
