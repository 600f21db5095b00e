"""What every message of the bus carries; the messages themselves are in `sensors.messages`."""

import msgspec


class Message(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", forbid_unknown_fields=True):
    """What every message carries."""

    t_ns: int
    """Source time on the session clock: when it was true, not when it was sent."""
    seq: int = 0
    """Running number within one sender and topic; a step over 1 at the receiver is a gap."""
    sent_ns: int = 0
    """When the sender put it on the wire."""
