"""The loop: bus in, session, bus out. It moves data and keeps accounts; every decision is the session's."""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import FrameType

from fusion import assembly, provenance
from fusion.outputs.process import beside
from fusion.summary import Book, Summary
from fusion.view import View
from kernels.warm import warm
from sensors.bus import Endpoints, Hub, Publisher, Subscriber, configured_endpoints
from sensors.clock import SECOND, SystemClock, now_ns
from sensors.messages import Said, Tick
from sensors.recording import Recorder
from sensors.rig import Rig
from sensors.supervisor import Supervisor
from sensors.topics import RECORDED_TOPICS, TOPIC_OF, TOPICS

VIEW_S = 0.125
"""Time between two views for a display."""


def run(rig: Rig, *, seconds: float | None = None, record: Path | None = None,
        on_output: Callable[[Said], None] = lambda output: None,
        on_view: Callable[[View], None] = lambda view: None) -> Summary:
    """Run a session until `seconds` have passed or Ctrl-C, and return its accounts.

    Whatever ends it, the recording is flushed and closed and every device released.

    Raises
    ------
    RigError, BusError, RecordingError
        Before anything is started. Sensor trouble never raises: it is told in Health and in the state's reason.
    """
    session = assembly.session_of(rig)
    with ExitStack() as stack:
        stopping = stack.enter_context(_interruptible())
        endpoints = configured_endpoints(rig.bus.publish, rig.bus.subscribe, rig.bus.keys)
        stack.enter_context(Hub(endpoints))
        subscriber = Subscriber(endpoints, RECORDED_TOPICS)
        publisher = Publisher(endpoints)
        stack.callback(subscriber.close)
        stack.callback(publisher.close)
        recorder = Recorder(record, clock=SystemClock(), attachments=provenance.attachments(rig),
                            metadata=provenance.metadata(rig)) if record else None
        if recorder:
            recorder.start()
            stack.callback(recorder.close)
        warm()
        supervisor = Supervisor(rig, endpoints, beside(rig, endpoints))
        stack.callback(supervisor.stop)
        supervisor.start()
        book = Book(rig.name, session)
        began_ns: int | None = None
        next_view_ns = 0
        while not stopping.is_set():
            if began_ns is None and supervisor.start_ns:
                began_ns = supervisor.start_ns
                stack.enter_context(_metronome(endpoints, rig.session.tick_hz))
                book.restart_clock()
            if seconds is not None and began_ns is not None and now_ns() - began_ns >= seconds * SECOND:
                break
            got = subscriber.receive(timeout_ms=100)
            if got is not None:
                if recorder:
                    recorder.write(got.topic, got.payload, got.received_ns)
                outputs = session.update(got.message) if TOPICS[got.topic].session else []
                book.take(got)
                for output in outputs:
                    topic = TOPIC_OF[type(output)]
                    payload = publisher.send(topic, output)
                    book.give(output, got)
                    if recorder:
                        recorder.write(topic, payload, got.received_ns)
                    on_output(output)
            if now_ns() >= next_view_ns:
                next_view_ns = now_ns() + round(VIEW_S * SECOND)
                on_view(book.view(began_ns, recorder))
        summary = book.summary(record=str(record or ""), malformed=subscriber.malformed)
    if recorder:
        summary.record_dropped, summary.record_error = recorder.dropped, recorder.error
    return summary


@contextmanager
def _interruptible() -> Iterator[threading.Event]:
    """Turn the first Ctrl-C (or a polite kill) into a wish to stop; a second Ctrl-C interrupts for real."""
    stopping = threading.Event()

    def ask(number: int, frame: FrameType | None) -> None:
        if stopping.is_set():
            raise KeyboardInterrupt
        stopping.set()

    if threading.current_thread() is not threading.main_thread():
        yield stopping
        return
    before = {number: signal.signal(number, ask) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stopping
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def _metronome(endpoints: Endpoints, tick_hz: float) -> Iterator[None]:
    """Publish ticks, so that time goes on for the session even when every sensor is silent."""
    done = threading.Event()

    def beat() -> None:
        publisher = Publisher(endpoints)
        while not done.wait(1 / tick_hz):
            publisher.send("tick", Tick(t_ns=now_ns()))
        publisher.close()

    thread = threading.Thread(target=beat, name="metronome", daemon=True)
    thread.start()
    try:
        yield
    finally:
        done.set()
        thread.join(timeout=1)
