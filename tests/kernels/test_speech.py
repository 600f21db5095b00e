"""Stretches of speech and the silences between them: examples worked by hand, in frames of 32 ms."""

import numpy as np
import pytest
from test_voice_record import FRAME, grid, last

SILENT, SPOKEN = 0.1, 0.9


def turns(*runs, hole_at=None, hole_ns=0, total=625):
    """Return turns per minute and mean pause of runs of frames, silent and spoken in turn, in 20 s of sound."""
    speech = np.full(total, SILENT)
    at = 0
    for i, length in enumerate(runs):
        speech[at:at + length] = SPOKEN if i % 2 else SILENT
        at += length
    times = grid(total)
    if hole_at is not None:
        times[hole_at:] += hole_ns
    features = last({"speech": speech}, times)
    return features["turns_60s"], features["pause_mean_60s"]


# 625 frames are 20 s, so one turn is 3 a minute.


@pytest.mark.parametrize(("frames", "rate"), [(1, 0), (7, 0), (8, 3), (100, 3)])
def test_a_quarter_of_a_second_is_a_stretch(frames, rate):
    # 7 frames last 0.224 s, 8 last 0.256 s.
    assert turns(20, frames)[0] == pytest.approx(rate)


@pytest.mark.parametrize(("silence", "rate"), [(1, 3), (3, 3), (4, 0)])
def test_a_silence_under_a_tenth_of_a_second_splits_nothing(silence, rate):
    # Twice 0.16 s: one stretch over 3 silent frames (0.096 s), two blips around 4 (0.128 s).
    assert turns(20, 5, silence, 5)[0] == pytest.approx(rate)


@pytest.mark.parametrize(("silence", "pause_s"), [(3, np.nan), (4, 0.128), (20, 0.64), (93, 2.976), (94, np.nan)])
def test_a_pause_is_a_silence_between_two_stretches(silence, pause_s):
    assert turns(5, 10, silence, 10)[1] == pytest.approx(pause_s, nan_ok=True)


def test_pauses_are_averaged():
    # 0.32 s and 0.96 s between three turns.
    assert turns(5, 10, 10, 10, 30, 10) == (pytest.approx(9), pytest.approx(0.64))


def test_a_blip_belongs_to_the_silence_around_it():
    # 10 + 3 + 10 frames between the stretches.
    assert turns(5, 10, 10, 3, 10, 10) == (pytest.approx(6), pytest.approx(23 * 0.032))


def test_silence_before_the_first_and_after_the_last_stretch_is_no_pause():
    assert np.isnan(turns(30, 10, 40)[1])


@pytest.mark.parametrize(("hole_ns", "pause_s"), [(2 * FRAME, 22 * 0.032), (4 * FRAME, np.nan)])
def test_what_was_not_heard_is_no_pause(hole_ns, pause_s):
    assert turns(5, 10, 20, 10, hole_at=25, hole_ns=hole_ns)[1] == pytest.approx(pause_s, nan_ok=True)


def test_speech_does_not_reach_over_a_hole():
    assert turns(5, 10, hole_at=10, hole_ns=10 * FRAME)[0] == 0
    assert turns(5, 16, hole_at=13, hole_ns=10 * FRAME)[0] == pytest.approx(6)


def test_a_turn_leaves_the_window_a_minute_after_it_was_known():
    # Known at the end of frame 27, counted from 0; 1875 frames are a minute.
    for total, rate in ((27 + 1875, 1.0), (28 + 1875, 0.0)):
        assert turns(20, 8, total=total)[0] == pytest.approx(rate)


def test_turns_a_minute_need_ten_seconds():
    assert np.isnan(turns(5, 10, total=312)[0])
    assert turns(5, 10, total=313)[0] == pytest.approx(60 / (313 * 0.032))


def test_more_than_two_stretches_a_second_are_no_talk():
    # 8 spoken and 4 silent frames, 0.384 s: 156 a minute.
    assert np.isnan(turns(*[4, 8] * 52)[0])
    # 8 and 8, 0.512 s: 39 in 20 s.
    assert turns(*[8, 8] * 39)[0] == pytest.approx(117)
