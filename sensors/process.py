"""A driver's life: open, read, publish, heartbeat, and start again when it fails.

`run` is the whole life with everything handed in (clock, publishing, stop), so tests drive it with a fake clock.
`main` is the process around it: it is told its work on standard input, and ends when that pipe closes, so that no
driver outlives its session, not even a killed one.
"""

import logging
import os
import signal
import sys
import threading
from collections.abc import Callable
from typing import Any, Protocol

import msgspec

from sensors import driver as drivers
from sensors.bus import Echo, Endpoints, Publisher
from sensors.clock import SECOND, Clock, SystemClock, cpu_seconds
from sensors.driver import Driver, Samples, Setting, aside_of
from sensors.errors import AttnflowError, DeviceError
from sensors.faults import Faulty
from sensors.messages import AnyMessage, Chunk, Health, StreamInfo
from sensors.simulated.story import ParticipantConfig
from sensors.timing import ClockOffset

log = logging.getLogger(__name__)

HEARTBEAT_S = 1.0
READ_TIMEOUT_S = 0.1
STALLED_S = 2.0
"""Silence after which a stream is called stalled."""
GIVE_UP_S = 6.0
"""Silence after which a stalled device is closed and opened again."""
BACKOFF_S = (0.5, 1.0, 2.0, 4.0, 8.0)
"""Waits before the first, second, ... attempt to open a failed device again; the last one repeats."""
RATE_WINDOW_S = 10.0
HANG_S = 8.0
"""A driver that does not stop this long after its session is gone is ended the hard way, so its device is free."""


class Send(Protocol):
    """Puts one message on the bus."""

    def __call__(self, topic: str, message: AnyMessage) -> object:
        """Send `message` on `topic`."""
        ...


class Order(msgspec.Struct, frozen=True):
    """What a driver process is told on its first line of standard input."""

    stream: str
    driver: str
    config: dict[str, Any]
    participant: ParticipantConfig
    endpoints: Endpoints


class Go(msgspec.Struct, frozen=True):
    """The second line: open now, and count session time from here."""

    start_ns: int


class RateMeter:
    """Measures a stream's rate from its own stamps over the last ten seconds."""

    def __init__(self) -> None:
        self._marks: list[tuple[int, int]] = []
        self._samples = 0

    def add(self, count: int, newest_ns: int) -> None:
        """Note `count` more samples, the last of them at `newest_ns`."""
        self._samples += count
        self._marks.append((newest_ns, self._samples))
        while self._marks[-1][0] - self._marks[0][0] > RATE_WINDOW_S * SECOND and len(self._marks) > 2:
            self._marks.pop(0)

    @property
    def rate_hz(self) -> float:
        """Samples per second; 0 before the second mark."""
        if len(self._marks) < 2:
            return 0.0
        (first_ns, first), (last_ns, last) = self._marks[0], self._marks[-1]
        return (last - first) * SECOND / (last_ns - first_ns) if last_ns > first_ns else 0.0


class Heart:
    """Keeps a driver's health and sends it once a second, or at once when its status changes."""

    def __init__(self, stream: str, send: Send, clock: Clock, offset: Callable[[], ClockOffset | None]) -> None:
        self._stream, self._send, self._clock, self._offset = stream, send, clock, offset
        self._next_ns = 0
        self._cpu = (clock.now_ns(), cpu_seconds())
        self._cpu_told = 0.0
        self._said = ""
        self.info: StreamInfo | None = None
        self.meter = RateMeter()
        self.restarts = 0
        self.samples = 0
        self.lost = 0

    def beat(self, status: str, detail: str = "") -> None:
        """Send health if a second has passed, the status is new, or a driver that goes on says something new."""
        now = self._clock.now_ns()
        saying = status + detail if status == "ok" else status
        if now < self._next_ns and saying == self._said:
            return
        self._next_ns, self._said = now + round(HEARTBEAT_S * SECOND), saying
        offset = self._offset()
        info = self.info
        rate = self.meter.rate_hz
        nominal = info.rate_hz if info else 0.0
        self._send("health", Health(
            t_ns=now, stream=self._stream, status=status, detail=detail, rate_hz=rate, samples=self.samples,
            lost=self.lost, restarts=self.restarts, cpu_percent=self._cpu_percent(now),
            drift_ppm=(rate / nominal - 1) * 1e6 if rate and nominal else 0.0,
            offset_ns=offset.offset_ns if offset else 0, offset_spread_ns=offset.spread_ns if offset else 0,
            device=info.device if info else ""))
        if info is not None:
            self._send("info", msgspec.structs.replace(info, t_ns=now))

    def _cpu_percent(self, now: int) -> float:
        then, used = self._cpu
        if now - then >= HEARTBEAT_S * SECOND / 2:  # two beats in quick succession would tell nothing but noise
            total = cpu_seconds()
            self._cpu_told = 100 * (total - used) * SECOND / (now - then)
            self._cpu = (now, total)
        return self._cpu_told


def run(build: Callable[[], Driver], setting: Setting, send: Send, stop: Callable[[], bool],
        offset: Callable[[], ClockOffset | None] = lambda: None) -> None:
    """Keep one driver going until `stop()`: whatever fails is told in Health and tried again with backoff."""
    clock = setting.clock
    heart = Heart(setting.stream, send, clock, offset)
    while not stop():
        heart.beat("starting")
        driver: Driver | None = None
        trouble = ""
        try:
            driver = build()
            _pump(driver, setting, send, stop, heart)
        except AttnflowError as error:
            trouble = str(error)
        except Exception as error:  # a hardware library may raise anything; the session must hear of it and go on
            log.exception("driver of '%s' broke", setting.stream)
            trouble = f"The driver broke with {type(error).__name__}: {error}."
        finally:
            if driver is not None:
                driver.close()
        if stop():
            break
        if trouble:
            pause = BACKOFF_S[min(heart.restarts, len(BACKOFF_S) - 1)]
            _wait(heart, clock, stop, "failed", trouble, pause)
            heart.restarts += 1
        else:
            _wait(heart, clock, stop, "ended", "The source is over.", None)


def _wait(heart: Heart, clock: Clock, stop: Callable[[], bool], status: str, detail: str,
          seconds: float | None) -> None:
    """Let time pass with a beating heart: `seconds`, or until `stop()` when None."""
    heart.beat(status, detail)
    until = None if seconds is None else clock.now_ns() + round(seconds * SECOND)
    while not stop() and (until is None or clock.now_ns() < until):
        clock.sleep(READ_TIMEOUT_S)
        heart.beat(status, detail)


def _pump(driver: Driver, setting: Setting, send: Send, stop: Callable[[], bool], heart: Heart) -> None:
    """Open the driver and publish what it reads until the source is over or `stop()`."""
    clock = setting.clock
    heart.info = driver.open()
    heart.meter = RateMeter()
    heart.samples = heart.lost = 0
    send("info", heart.info)
    last_ns = clock.now_ns()
    while not stop():
        samples = driver.read(READ_TIMEOUT_S)
        if samples is None:
            return
        now = clock.now_ns()
        if len(samples.times_ns):
            last_ns = now
            publish(samples, heart.info, send)
            heart.samples += len(samples.times_ns)
            heart.meter.add(len(samples.times_ns), int(samples.times_ns[-1]))
        heart.lost = driver.lost()
        said = aside_of(driver)
        for marker in said.markers:
            send("marker", marker)
        if said.meta:
            heart.info = msgspec.structs.replace(heart.info, meta=heart.info.meta | dict(said.meta))
        silent_s = (now - last_ns) / SECOND if heart.info.columns else 0.0  # markers come when they come
        if silent_s > GIVE_UP_S and heart.info.meta.get("holes") != "kept":
            raise DeviceError(f"'{setting.stream}' gave no sample for {silent_s:.0f} s.",
                              "Check its cable, battery and distance; it is being opened again.")
        if silent_s > STALLED_S:
            heart.beat("stalled", f"No sample for {silent_s:.0f} s. {said.detail}".strip())
        else:
            heart.beat("ok", said.detail)


def publish(samples: Samples, info: StreamInfo, send: Send) -> None:
    """Send samples as one chunk of their stream."""
    send(info.kind, Chunk(t_ns=int(samples.times_ns[-1]), stream=info.stream, values=samples.values,
                          times_ns=samples.times_ns, device_ns=samples.device_ns))


class _Offsets(threading.Thread):
    """Measures this process's clock against the hub's, eight questions every five seconds."""

    def __init__(self, endpoints: Endpoints, stopped: threading.Event) -> None:
        super().__init__(name="clock-offset", daemon=True)
        self._endpoints, self._stopped = endpoints, stopped
        self.offset = ClockOffset()

    def run(self) -> None:
        echo = Echo(self._endpoints)
        while not self._stopped.is_set():
            for _ in range(8):
                stamps = echo.exchange()
                if stamps is not None:
                    self.offset.add(*stamps)
            self._stopped.wait(5.0)
        echo.close()


def main() -> None:
    """Run the driver process that standard input orders."""
    logging.basicConfig(level=logging.WARNING, format="%(message)s", stream=sys.stderr)
    # Ctrl-C reaches the whole process group; the session decides when drivers stop, by closing the pipe.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    order = msgspec.json.decode(sys.stdin.readline(), type=Order)
    config = msgspec.convert(order.config, drivers.config_class(order.driver))
    publisher = Publisher(order.endpoints)
    publisher.wait_for_hub(["health"])  # the first it says; the other requests arrive while libraries load
    clock = SystemClock()
    stopped = threading.Event()
    failure = ""
    try:
        drivers.load(order.driver)
    except Exception as error:  # an extra that is not installed, or a library that does not load
        failure = f"The driver '{order.driver}' cannot be loaded ({type(error).__name__}: {error})."
    publisher.send("health", Health(t_ns=clock.now_ns(), stream=order.stream, status="starting", detail=LOADED))
    if drivers.registered(order.driver).one_cpu:
        stay_on_one_cpu()
    line = sys.stdin.readline()
    if line.strip():
        setting = Setting(stream=order.stream, start_ns=msgspec.json.decode(line, type=Go).start_ns, clock=clock,
                          participant=order.participant)
        threading.Thread(target=stop_with_pipe, args=(stopped,), name="lifeline", daemon=True).start()
        offsets = _Offsets(order.endpoints, stopped)
        offsets.start()

        def build() -> Driver:
            if failure:
                raise DeviceError(failure, "Install everything with: pip install 'attnflow[all]'")
            return Faulty(drivers.build(order.driver, config, setting), setting)

        run(build, setting, publisher.send, stopped.is_set, lambda: offsets.offset)
    publisher.close()


def stay_on_one_cpu() -> None:
    """Keep this thread and those it will start on one processor, where the system lets us (Linux).

    A thread that is woken on a processor busy with other work waits its turn there. Other processes can still move
    away from ours.
    """
    if sys.platform == "linux":
        allowed = sorted(os.sched_getaffinity(0))
        os.sched_setaffinity(0, {allowed[os.getpid() % len(allowed)]})


LOADED = "loaded"
"""Detail of the Health that says: libraries are loaded, waiting for the session to start."""


def stop_with_pipe(stopped: threading.Event) -> None:
    """Set `stopped` when standard input closes; end the process the hard way if that does not end it."""
    sys.stdin.read()
    stopped.set()
    # This thread is a daemon: it is still here after the wait only if the driver hangs in its hardware library.
    threading.Event().wait(HANG_S)
    os._exit(1)


if __name__ == "__main__":
    main()
