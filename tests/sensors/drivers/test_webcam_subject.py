from itertools import pairwise

import pytest

from sensors.clock import SECOND
from sensors.drivers.webcam_subject import HOLD_NS, Place, Subject, Who

FRAME_NS = SECOND // 30
HERE = Place(300.0, 200.0, 100.0)
THERE = Place(520.0, 200.0, 100.0)


class Film:
    """Feeds one place a frame and keeps what the lock said."""

    def __init__(self) -> None:
        self.subject = Subject()
        self.t_ns = 5 * SECOND
        self.said: list[Who] = []

    def show(self, place: Place | None, frames: int) -> list[Who]:
        said = []
        for _ in range(frames):
            said.append(self.subject.accept(place, self.t_ns))
            self.t_ns += FRAME_NS
        return said


def test_a_face_seen_twice_becomes_subject_one() -> None:
    film = Film()
    assert film.subject.number == 0
    assert film.show(HERE, 3) == [Who.CANDIDATE, Who.SUBJECT, Who.SUBJECT]
    assert film.subject.number == 1


def test_a_single_false_alarm_neither_becomes_the_subject_nor_takes_the_place() -> None:
    film = Film()
    assert film.show(THERE, 1) == [Who.CANDIDATE]
    film.show(None, 5)
    assert film.show(HERE, 2)[-1] is Who.SUBJECT, "the wall's face must not hold the place"
    assert film.subject.number == 1


def test_a_jump_is_refused_until_the_subject_is_back() -> None:
    film = Film()
    film.show(HERE, 10)
    assert set(film.show(THERE, 30)) == {Who.NOBODY}
    assert film.subject.search(film.t_ns) == HERE, "only the subject's own place is searched meanwhile"
    assert film.show(HERE, 2) == [Who.CANDIDATE, Who.SUBJECT]
    assert film.subject.number == 1
    assert film.subject.search(film.t_ns) is None


def test_another_person_is_accepted_after_two_seconds_under_a_new_number() -> None:
    film = Film()
    film.show(HERE, 10)
    said = film.show(THERE, 75)
    first = said.index(Who.CANDIDATE)
    # The last face frame was one frame before, so the wait counts from there.
    assert first * FRAME_NS == pytest.approx(HOLD_NS, abs=FRAME_NS)
    assert said[first + 1] is Who.SUBJECT
    assert film.subject.number == 2


def test_the_same_place_keeps_its_number_after_a_long_absence() -> None:
    film = Film()
    film.show(HERE, 10)
    film.show(None, 300)
    assert film.subject.search(film.t_ns) is None, "after two seconds the whole frame is searched"
    film.show(HERE, 2)
    assert film.subject.number == 1


@pytest.mark.parametrize(("factor", "kept"), [(1.5, True), (1.7, False), (1 / 1.5, True), (1 / 1.7, False)])
def test_a_change_of_scale_is_a_jump_too(factor: float, kept: bool) -> None:
    film = Film()
    film.show(HERE, 10)
    said = film.show(Place(HERE.x, HERE.y, HERE.size * factor), 1)
    assert (said == [Who.SUBJECT]) is kept


def test_a_head_may_wander_over_the_whole_frame_without_losing_its_number() -> None:
    film = Film()
    places = [Place(100.0 + 12.0 * k, 200.0 + 3.0 * k, 100.0 + k) for k in range(40)]
    assert all(abs(b.x - a.x) < 100 for a, b in pairwise(places))
    said = [film.show(place, 1)[0] for place in places]
    assert set(said[1:]) == {Who.SUBJECT}
    assert film.subject.number == 1
