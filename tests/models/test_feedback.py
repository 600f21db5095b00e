"""What a person says becomes labels at the right place, or a sentence that says why it cannot."""

from dataclasses import replace

import numpy as np
import pytest
from small_person import person

from models.errors import ModelError
from models.feedback import Sitting, laid, tabled, told
from models.labels import NOT_LABELLED, STATES

TEN = Sitting(0.0, 3600.0, 10 * 3600.0)
"""An hour from ten o'clock on."""


@pytest.mark.parametrize(("said", "begin", "end", "states"), [
    ("drowsy at 10:32", 1920, 1980, ("drowsy",)),
    ("10:32-10:40 drowsy", 1920, 2400, ("drowsy",)),
    ("I was distracted at 10:32", 1920, 1980, ("distracted_visual", "distracted_cognitive")),
    ("distracted_visual from 10:05:30 to 10:06:10", 330, 370, ("distracted_visual",)),
    ("mind wandering at 10:10:00", 590, 610, ("distracted_cognitive",)),
    ("Sleepy at 95 s", 85, 105, ("drowsy",)), ("focused 60 - 90 s", 60, 90, ("focused",)),
    ("overloaded at 12 min", 720, 780, ("overloaded",)), ("away at 10:00", 0, 60, ("away",)),
    ("focused at 4 s", 0, 14, ("focused",)), ("focused at 11:00", 3600, 3600, ("focused",))])
def test_sentences_name_a_stretch_and_a_state(said: str, begin: float, end: float, states: tuple[str, ...]) -> None:
    (span,) = told(said, TEN)
    assert (span.begin_s, round(span.end_s, 3), span.states) == (begin, end, states)


def test_several_sentences_come_in_order_of_time_and_over_midnight() -> None:
    late = Sitting(0.0, 7200.0, 23 * 3600.0)
    assert [span.begin_s for span in told("focused at 0:10; drowsy 23:50-00:05", late)] == [3000.0, 4200.0]
    assert told("drowsy 23:50-00:05", late)[0].end_s == 3900.0


@pytest.mark.parametrize(("said", "sentence"), [
    ("at 10:32", "names no state"), ("drowsy or focused at 10:32", "names several states"),
    ("drowsy", "names no time"), ("drowsy at 10:32 and 10:40", "names several times"), ("", "is empty"),
    ("drowsy at 12:40", "not within the session, which goes from 0 to 3600 s, 10:00:00 to 11:00:00"),
    ("drowsy at 9:05 pm", "am and pm"), ("drowsy at 25:00", "no time of day"), ("drowsy at 9000 s", "not within"),
    ("drowsy 90-60 s", "ends before it begins"), ("drowsy 10:30-11:30", "not within"),
    ("drowsy 10:30-10:40; focused 10:35-10:36", "overlap and name different states")])
def test_what_is_unclear_or_elsewhere_is_refused(said: str, sentence: str) -> None:
    with pytest.raises(ModelError, match=sentence):
        told(said, TEN)


def test_a_time_of_day_needs_to_know_when_the_session_was_and_that_it_was_there_once() -> None:
    with pytest.raises(ModelError, match="when this session was is not known"):
        told("drowsy at 10:32", Sitting(0.0, 3600.0))
    with pytest.raises(ModelError, match="is in this session 2 times"):
        told("drowsy at 10:32", Sitting(0.0, 90_000.0, 10 * 3600.0))


def test_a_table_of_seconds_or_clock_times_is_read() -> None:
    (span,) = tabled("start_s,end_s,state\n30, 60,drowsy\n", TEN)
    assert span[:3] == (30.0, 60.0, ("drowsy",))
    (span,) = tabled("start,end,state\n10:01,10:02,focused\n", TEN)
    assert span[:3] == (60.0, 120.0, ("focused",))
    for text, sentence in (("a,b\n1,2\n", "has the columns a, b"), ("start_s,end_s,state\n", "has no row"),
                           ("start_s,end_s,state\n30,60,asleep\n", "line 2: .* names no state")):
        with pytest.raises(ModelError, match=sentence):
            tabled(text, TEN)


def test_spans_become_labels_of_just_those_steps() -> None:
    windows = person(1, 1)
    spans = told("drowsy 10-20 s; distracted 30-40 s", Sitting(0.0, 60.0))
    seen = laid(windows, spans, lambda states, steps: states[1])
    wanted = np.full(len(windows), NOT_LABELLED)
    wanted[20:40], wanted[60:80] = STATES.index("drowsy"), STATES.index("distracted_cognitive")
    assert seen.state.tolist() == wanted.tolist()
    gap = replace(windows, times_s=windows.times_s + 100.0)
    with pytest.raises(ModelError, match="nothing was recorded from 10 to 20 s"):
        laid(gap, spans, lambda states, steps: states[0])
