"""How long one message takes through the hub, beside the same bytes through bare pyzmq in the same shape."""

import threading
from collections.abc import Callable

import numpy as np
import zmq

from sensors.bus import Hub, Publisher, Subscriber, private_endpoints, remove_private
from sensors.clock import SystemClock, now_ns
from sensors.errors import BusError
from sensors.messages import Chunk

ROWS, COLUMNS = 10, 16
"""One EEG chunk: 40 ms of 16 electrodes at 250 Hz."""
TIMEOUT_MS = 2_000


def example_chunk() -> Chunk:
    """Return the message that is sent: 10 x 16 float32 with its times, about 800 bytes."""
    return Chunk(t_ns=now_ns(), stream="eeg", values=np.ones((ROWS, COLUMNS), np.float32),
                 times_ns=np.arange(ROWS, dtype=np.int64))


class OurHop:
    """A chunk from `Publisher.send` to the return of `Subscriber.receive`, encoding and strict decoding included."""

    def __init__(self) -> None:
        endpoints = private_endpoints()
        self._hub = Hub(endpoints)
        self._subscriber = Subscriber(endpoints, ["eeg"])
        self._publisher = Publisher(endpoints)
        self._publisher.wait_for_hub(["eeg"])
        self._chunk = example_chunk()

    def __call__(self) -> float:
        """Send one, wait for it, and return microseconds."""
        began = now_ns()
        self._publisher.send("eeg", self._chunk)
        if self._subscriber.receive(TIMEOUT_MS) is None:
            raise BusError("A message did not make the hop in two seconds.", "Check the machine with: attnflow doctor")
        return (now_ns() - began) / 1e3

    def close(self) -> None:
        """Release the sockets."""
        self._publisher.close()
        self._subscriber.close()
        self._hub.close()


class RawHop:
    """The same number of bytes through an XSUB/XPUB proxy of bare pyzmq: the floor that no bus can beat."""

    def __init__(self, size: int) -> None:
        self._endpoints = private_endpoints()
        self._payload = b"eeg\0" + bytes(size)
        self._context = zmq.Context(1)
        inner, outer = self._context.socket(zmq.XSUB), self._context.socket(zmq.XPUB)
        inner.bind(self._endpoints.publish)
        outer.bind(self._endpoints.subscribe)
        self._proxy = threading.Thread(target=_forward, args=(inner, outer), daemon=True)
        self._proxy.start()
        # Sender and receiver have a context each, as in two processes, and as our publisher and subscriber have.
        self._ends = zmq.Context(1), zmq.Context(1)
        self._receiver = self._ends[0].socket(zmq.SUB)
        self._receiver.subscribe(b"eeg\0")
        self._receiver.connect(self._endpoints.subscribe)
        self._receiver.rcvtimeo = TIMEOUT_MS
        self._sender = self._ends[1].socket(zmq.XPUB)
        self._sender.connect(self._endpoints.publish)
        self._sender.poll(TIMEOUT_MS)

    def __call__(self) -> float:
        """Send one, wait for it, and return microseconds."""
        began = now_ns()
        self._sender.send(self._payload)
        try:
            self._receiver.recv()
        except zmq.Again:
            raise BusError("A bare message did not make the hop in two seconds.",
                           "Check the machine with: attnflow doctor") from None
        return (now_ns() - began) / 1e3

    def close(self) -> None:
        """Release the sockets."""
        for end in self._ends:
            end.destroy(linger=0)
        self._context.term()
        self._proxy.join(timeout=2)
        remove_private(self._endpoints)


def _forward(inner: "zmq.Socket[bytes]", outer: "zmq.Socket[bytes]") -> None:
    try:
        zmq.proxy(inner, outer)
    except zmq.ContextTerminated:
        inner.close(linger=0)
        outer.close(linger=0)


def measure(hops: dict[str, Callable[[], float]], count: int, pause_s: float = 0.004) -> dict[str, list[float]]:
    """Time several kinds of hop in turn, so that whatever disturbs the machine disturbs all of them alike.

    Parameters
    ----------
    hops
        Name to a call that makes one hop and returns microseconds.
    count
        Hops of each kind; the first tenth is warm-up and left out.
    pause_s
        Idle time before each hop, as there is between real messages.
    """
    clock = SystemClock()
    times: dict[str, list[float]] = {name: [] for name in hops}
    order = list(hops)
    for _ in range(count):
        order.append(order.pop(0))  # nobody always runs after the same neighbour
        for name in order:
            clock.sleep(pause_s)
            times[name].append(hops[name]())
    return {name: values[count // 10:] for name, values in times.items()}
