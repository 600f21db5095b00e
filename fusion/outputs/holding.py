"""What holds at present, for an output that opens late or anew: it would otherwise take a running alert for none."""

from collections.abc import Hashable

from sensors.messages import Alert, AnyMessage, Hint, StreamInfo, Target


def alert_key(profile: str, number: int, rule: str) -> tuple[str, str | int]:
    """Return what an alert is known by: a ladder's keeps its number while its rule changes, the session's have none."""
    return profile, number or rule


def has_size(width: float, height: float) -> bool:
    """Return whether a target is one; one of no width or no height takes the one of its name away."""
    return width > 0 and height > 0


class Holding:
    """The newest word on each stream, active alert, active hint and target."""

    def __init__(self) -> None:
        self._held: dict[Hashable, AnyMessage] = {}

    def take(self, message: AnyMessage) -> None:
        """Take in a message; one that tells an end takes away what it ends."""
        match message:
            case StreamInfo():
                self._keep(("stream", message.stream), message, holds=True)
            case Alert():
                key = alert_key(message.profile, message.number, message.rule)
                self._keep(("alert", key), message, holds=message.active)
            case Hint():
                self._keep(("hint", message.number), message, holds=message.active)
            case Target():
                self._keep(("target", message.name), message, holds=has_size(message.width, message.height))

    def messages(self) -> list[AnyMessage]:
        """Return what holds, in the order in which it was told first."""
        return list(self._held.values())

    def _keep(self, key: Hashable, message: AnyMessage, *, holds: bool) -> None:
        if holds:
            self._held[key] = message
        else:
            self._held.pop(key, None)
