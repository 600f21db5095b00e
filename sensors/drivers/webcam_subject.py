"""Who is watched: one subject is locked, and a jump to another face is refused, never swapped in silence.

The rule needs no identity, only continuity. A face that appears more than one face size away from where the subject was
last seen, or at another scale by more than 1.6, is not the subject. For two seconds only the surroundings of the last
place are searched, so that a tracker that holds a single face cannot settle on somebody else meanwhile. Then whoever is
there is accepted: under the old number at the old place, else under a new one.

A face that was not there a frame ago is a candidate until the next frame shows it at the same place; only then does it
count, so that a single false alarm on a wall neither becomes the subject nor takes its place.

What this cannot see: a second person whose face crosses the subject's own place without a gap.
"""

from enum import Enum
from typing import NamedTuple

from sensors.clock import SECOND

JUMP_FACES = 1.0
"""Movement of the face centre between two face frames, in face sizes, that no head makes."""
JUMP_SCALE = 1.6
"""Change of size between two face frames that no head makes."""
HOLD_NS = 2 * SECOND
"""How long the subject's place is kept for them."""
SEARCH_FACES = 1.5
"""Half side of the searched square around the last place, in face sizes: the longest step plus half a face."""


class Place(NamedTuple):
    """Where a face is, in pixels."""

    x: float
    y: float
    size: float
    """Height of the face, forehead to chin, or its width if that is more."""


class Who(Enum):
    """What a face in this frame is."""

    NOBODY = "nobody"
    """No face, or one that is not the subject."""
    CANDIDATE = "candidate"
    """May be the subject; the next frame tells."""
    SUBJECT = "subject"


class Subject:
    """The lock. Times are the frames' own, so the same frames always give the same answer."""

    def __init__(self) -> None:
        self.number = 0
        """Number of the locked subject: 1, 2, ...; 0 before any."""
        self._last: Place | None = None
        self._seen_ns = 0
        self._tracked = False
        self._candidate: Place | None = None

    @property
    def locked(self) -> bool:
        """Whether anybody was ever accepted."""
        return self._last is not None

    def search(self, t_ns: int) -> Place | None:
        """Return the place whose surroundings alone may be searched in this frame, or None for the whole frame."""
        return None if self._tracked or not self._held(t_ns) else self._last

    def accept(self, place: Place | None, t_ns: int) -> Who:
        """Return what the face at `place` (None: no face was found) is, in the frame of time `t_ns`."""
        candidate, self._candidate = self._candidate, None
        was_tracked, self._tracked = self._tracked, False
        if place is None:
            return Who.NOBODY
        same = self._last is not None and near(self._last, place)
        if not same and self._held(t_ns):
            return Who.NOBODY
        if not was_tracked and (candidate is None or not near(candidate, place)):
            self._candidate = place
            return Who.CANDIDATE
        if not same:
            self.number += 1
        self._last, self._seen_ns, self._tracked = place, t_ns, True
        return Who.SUBJECT

    def _held(self, t_ns: int) -> bool:
        return self._last is not None and t_ns - self._seen_ns < HOLD_NS


def near(last: Place, place: Place) -> bool:
    """Return whether a head can have come from one place to the other between two face frames."""
    size = max(last.size, place.size)
    step = ((place.x - last.x) ** 2 + (place.y - last.y) ** 2) ** 0.5
    return step <= JUMP_FACES * size and size <= JUMP_SCALE * min(last.size, place.size)
