"""What an app tells a session: where its targets are, and what became of a hint."""

from typing import Literal

from sensors.message import Message


class Target(Message, tag="target", frozen=True, kw_only=True):
    """A named area of interest as the person sees it: an ellipse or a box around a direction.

    A target of the same name takes the place of the one before; one of no size takes it away.
    """

    name: str
    yaw: float
    """Centre, rad, + to the person's right, in the frame of the gaze columns."""
    pitch: float
    """Centre, rad, + up."""
    width: float
    """Whole width, rad."""
    height: float
    """Whole height, rad; a target of no width or no height is taken away."""
    shape: Literal["ellipse", "box"] = "ellipse"
    source: str = ""
    """The app that told it."""

    def __post_init__(self) -> None:
        sizes = 0 <= self.width <= 7 and 0 <= self.height <= 7
        if not (self.name and sizes and abs(self.yaw) <= 7 and abs(self.pitch) <= 7):
            raise ValueError(f"target '{self.name}' at ({self.yaw}, {self.pitch}) of {self.width} x {self.height} rad; "
                             "expected a name and angles of a circle")


class Answer(Message, tag="answer", frozen=True, kw_only=True):
    """What a person or an app did about a hint; recorded, so that hints can be fitted to the person later."""

    hint: str
    number: int
    """The hint's own number."""
    answer: Literal["accepted", "dismissed"]
    source: str = ""
    """The app that told it."""
