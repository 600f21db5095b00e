"""The JSON frames that an app may send back, and the messages that they become."""

from typing import Annotated, Literal, TypeAlias

import msgspec

from sensors.errors import WireError
from sensors.messages import MALFORMED, Answer, Marker, Target

LONGEST_FRAME = 16_384
"""Bytes of one frame from an app; a longer one closes its connection."""

Text: TypeAlias = Annotated[str, msgspec.Meta(max_length=200, pattern=r"^[^\x00-\x1f\x7f]*$")]
"""Without control characters: a zero byte would end a text of OSC in its midst."""
Number: TypeAlias = Annotated[int, msgspec.Meta(ge=0, le=2**31 - 1)]
"""JSON knows numbers of any length, the bus and OSC do not."""


class FromApp(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", forbid_unknown_fields=True):
    """What every frame from an app carries; when it was said is the moment it arrived, on the session clock."""

    v: Literal[1]


class Subscribe(FromApp, tag="subscribe", frozen=True, kw_only=True):
    """Tell me these types from now on and no others; the answer is a hello."""

    types: tuple[Literal["state", "alert", "hint", "event", "stream", "target", "gaze"], ...]


class TellTarget(FromApp, tag="target", frozen=True, kw_only=True):
    """A named area of interest around a direction, radians; a width or height of 0 takes it away."""

    name: Text
    yaw: float
    pitch: float
    width: float
    height: float
    shape: Literal["ellipse", "box"] = "ellipse"
    source: Text = "websocket"


class TellAnswer(FromApp, tag="answer", frozen=True, kw_only=True):
    """What became of the hint of that name and number."""

    hint: Text
    number: Number
    answer: Literal["accepted", "dismissed"]
    source: Text = "websocket"


class TellMarker(FromApp, tag="marker", frozen=True, kw_only=True):
    """A moment that the app names, for the recording."""

    name: Text
    value: Text = ""
    source: Text = "websocket"


AnySaid: TypeAlias = Subscribe | TellTarget | TellAnswer | TellMarker
"""What an app may send."""

_DECODER: msgspec.json.Decoder[AnySaid] = msgspec.json.Decoder(AnySaid)


def read(text: str | bytes, t_ns: int) -> Target | Answer | Marker | Subscribe:
    """Return what an app's frame means, as said at `t_ns`.

    Raises
    ------
    WireError
        If it is no JSON, of no known type, or a field is missing, unknown or out of range.
    """
    try:
        if isinstance(text, bytes):
            raise ValueError(f"it is {len(text)} bytes of binary, expected JSON as text")
        said = _DECODER.decode(text)
        match said:
            case TellTarget():
                return Target(t_ns=t_ns, name=said.name, yaw=said.yaw, pitch=said.pitch, width=said.width,
                              height=said.height, shape=said.shape, source=said.source)
            case TellAnswer():
                return Answer(t_ns=t_ns, hint=said.hint, number=said.number, answer=said.answer, source=said.source)
            case TellMarker():
                return Marker(t_ns=t_ns, name=said.name, value=said.value, source=said.source)
        return said
    except MALFORMED as error:
        raise WireError(f"The frame was not taken: {error}.",
                        "The schema stands at /schema.json of this address.") from None
