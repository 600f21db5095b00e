"""All outputs of a rig together: bus in, gaze made once, everybody told, what apps say back onto the bus."""

from collections.abc import Mapping, Sequence

from fusion.outputs.gaze import Gaze, GazeReader
from fusion.outputs.holding import Holding
from fusion.outputs.keeper import Keeper
from sensors.bus import Endpoints, Publisher, Received, Subscriber
from sensors.clock import MILLISECOND, now_ns
from sensors.messages import Answer, AnyMessage, Chunk, Marker, Message, State, StreamInfo, Target

HEARD = ("info", "camera", "state", "alert", "event", "hint")
"""What outputs are told."""
TOLD_BACK: Mapping[type[Message], str] = {Target: "target", Answer: "answer", Marker: "marker"}
"""The topics of what apps may say."""
BEHIND_NS = 250 * MILLISECOND
"""States or camera rows that lie this far apart in one backlog are old news: only the newest of each is told."""
BATCH = 1_000
"""Messages taken in at most before they are told on."""


class Runner:
    """Runs outputs until its owner stops calling `step`; owned by one thread.

    Parameters
    ----------
    keepers
        The outputs.
    endpoints
        Where the hub is.
    """

    def __init__(self, keepers: Sequence[Keeper], endpoints: Endpoints) -> None:
        self._keepers = keepers
        self._subscriber = Subscriber(endpoints, HEARD)
        self._publisher = Publisher(endpoints)
        self._reader = GazeReader()
        self._holding = Holding()

    @property
    def settled(self) -> bool:
        """Whether each output is open, or has failed once."""
        return all(keeper.settled for keeper in self._keepers)

    def step(self, timeout_ms: int = 20) -> None:
        """Wait for messages, at most `timeout_ms`; tell them, and see to the outputs."""
        items, skipped = self._news(self._gather(timeout_ms))
        for item in items:
            for keeper in self._keepers:
                keeper.send(item, now_ns())
        for keeper in self._keepers:
            now = now_ns()
            keeper.skipped += skipped
            if keeper.tend(now):
                for held in self._holding.messages():
                    keeper.send(held, now)
            for said in keeper.received(now):
                topic = TOLD_BACK.get(type(said))
                if topic is not None:
                    self._publisher.send(topic, said)
                    self._holding.take(said)
            health = keeper.health(now)
            if health is not None:
                self._publisher.send("health", health)

    def _gather(self, timeout_ms: int) -> list[Received]:
        batch: list[Received] = []
        got = self._subscriber.receive(timeout_ms)
        while got is not None and len(batch) < BATCH:
            batch.append(got)
            got = self._subscriber.receive(0)
        if got is not None:
            batch.append(got)
        return batch

    def _news(self, batch: list[Received]) -> tuple[list[AnyMessage | Gaze], int]:
        """Return what is to be told, in order, and how much was left out because it is old."""
        items: list[AnyMessage | Gaze] = []
        for got in batch:
            message = got.message
            if isinstance(message, Chunk):
                items += self._reader.read(message)
                continue
            if isinstance(message, StreamInfo):
                self._reader.meet(message)
            self._holding.take(message)
            items.append(message)
        if not behind(batch):
            return items, 0
        kept = newest(items)
        return kept, len(items) - len(kept)

    def close(self) -> None:
        """Close the outputs and the sockets."""
        for keeper in self._keepers:
            keeper.close()
        self._subscriber.close()
        self._publisher.close()


def behind(batch: Sequence[Received]) -> bool:
    """Return whether a backlog reaches back so far that its older states and camera rows help nobody."""
    first: dict[tuple[str, str], int] = {}
    for got in batch:
        if got.topic in ("camera", "state"):
            source = got.topic, getattr(got.message, "stream", "")
            if got.message.t_ns - first.setdefault(source, got.message.t_ns) > BEHIND_NS:
                return True
    return False


def newest(items: Sequence[AnyMessage | Gaze]) -> list[AnyMessage | Gaze]:
    """Return what must be told even late, in order: everything but all states and all gaze save the last of each."""
    last = {type(item): place for place, item in enumerate(items)}
    return [item for place, item in enumerate(items)
            if not isinstance(item, State | Gaze) or place == last[type(item)]]
