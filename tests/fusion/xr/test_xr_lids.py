"""Blinks that are meant are found, and those that are not are left alone, also those of a real person."""

import math
import warnings
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from xr_signals import SECOND, START_NS, grid

from fusion.xr.lids import Blink, Lids
from fusion.xr.targets import Targets
from fusion.xr.watcher import Watcher
from sensors.messages import Column, GazeEvent, StreamInfo
from sensors.simulated import columns_camera
from sensors.simulated.confounds import Confounds
from sensors.simulated.moments import moments
from sensors.simulated.participant import Participant
from sensors.simulated.stories import story
from sensors.simulated.story import ParticipantConfig


def closures(seconds: float, rate_hz: float, spans: list[tuple[float, float]], depth: float = 1.0) -> np.ndarray:
    """Return openness: lids fall and rise within 60 ms; a span is the time under half."""
    t = (grid(seconds, rate_hz) - START_NS) / SECOND
    lid = np.zeros_like(t)
    for begin, lasts in spans:
        edge = 0.03
        lid = np.maximum(lid, np.clip((t - begin + edge) / (2 * edge), 0, 1)
                         * np.clip((begin + lasts + edge - t) / (2 * edge), 0, 1))
    return 1.0 - depth * lid


def run(openness: np.ndarray, rate_hz: float, right: float = 1.0, intents: str = "both", head_yaw: float = 0.0,
        ) -> list[Blink]:
    """Both eyes follow `openness`; the right one only by the share `right`."""
    lids = Lids(intents)
    found: list[Blink] = []
    for now, opened in zip(grid(len(openness) / rate_hz + 1, rate_hz).tolist(), openness.tolist(), strict=False):
        ears = 0.1 + 0.2 * opened, 0.1 + 0.2 * (1 - right * (1 - opened))
        found += lids.step(now, opened, sum(ears) / 2, *ears, head_yaw)
    return found


USUAL = [(2.0 + 3.1 * k, 0.09 + 0.01 * (k % 7)) for k in range(15)]


@pytest.mark.parametrize("rate_hz", [30.0, 60.0, 120.0, 200.0])
def test_long_and_double_blinks_are_input_and_the_usual_ones_are_not(rate_hz: float) -> None:
    found = run(closures(70, rate_hz, [*USUAL, (52.0, 0.5), (57.0, 0.12), (57.28, 0.12), (62.0, 0.8)]), rate_hz)
    intents = [blink for blink in found if blink.kind == "intent"]
    assert [round((blink.onset_ns - START_NS) / SECOND) for blink in intents] == [52, 57, 62]
    assert [blink.seconds for blink in intents] == pytest.approx([0.5, 0.4, 0.8], abs=0.03)
    blinks = [blink for blink in found if blink.kind == "blink"]
    assert len(blinks) == len(USUAL) + 1, "the first of the double blink was told as one; nothing is told twice"
    assert blinks[0].seconds == pytest.approx(0.09, abs=0.02)


@pytest.mark.parametrize(("what", "spans", "more"), [
    ("sleep", [(52.0, 1.4)], {}),
    ("a wink", [(52.0, 0.5)], {"right": 0.2}),
    ("one eye hidden", [(52.0, 0.5)], {"head_yaw": math.radians(40)}),
    ("two blinks that are too far apart", [(52.0, 0.1), (52.7, 0.1)], {}),
    ("a flurry", [(51.2, 0.1), (51.6, 0.1), (51.9, 0.1)], {}),
    ("switched off", [(52.0, 0.5), (55.0, 0.12), (55.28, 0.12)], {"intents": "off"}),
    ("only doubles wanted", [(52.0, 0.5)], {"intents": "double"}),
])
def test_what_is_no_input(what: str, spans: list[tuple[float, float]], more: dict[str, object]) -> None:
    usual = [*USUAL[:14], (49.5, 0.1), (50.4, 0.1)] if what == "a flurry" else USUAL
    found = run(closures(60, 60.0, [*usual, *spans]), 60.0, **more)  # type: ignore[arg-type]
    assert [blink for blink in found if blink.kind == "intent"] == []


def test_a_person_of_long_blinks_must_close_the_eyes_for_longer() -> None:
    slow = [(2.0 + 2.0 * k, 0.16 + 0.12 * (k % 3) / 2) for k in range(60)]
    found = run(closures(140, 60.0, [*slow, (125.0, 0.36), (130.0, 0.75)]), 60.0)
    assert [blink.seconds for blink in found if blink.kind == "intent"] == pytest.approx([0.75], abs=0.02)


def test_heavy_lids_are_no_input_for_a_minute() -> None:
    found = run(closures(140, 60.0, [*USUAL, (52.0, 2.0), (60.0, 0.5), (100.0, 0.5), (118.0, 0.9)]), 60.0)
    assert [round((b.onset_ns - START_NS) / SECOND) for b in found if b.kind == "intent"] == [118]


def test_what_happened_out_of_sight_is_no_input() -> None:
    openness = closures(60, 60.0, [*USUAL, (52.0, 0.6)])
    t = (grid(60, 60.0) - START_NS) / SECOND
    openness[(t > 52.1) & (t < 52.4)] = np.nan
    assert [blink for blink in run(openness, 60.0) if blink.kind == "intent"] == []


def watched(names: tuple[str, ...], values: np.ndarray, times: np.ndarray, rate_hz: float) -> list[GazeEvent]:
    info = StreamInfo(t_ns=0, stream="camera", kind="camera", driver="test", rate_hz=rate_hz,
                      columns=tuple(Column(name, "1") for name in names))
    watcher = Watcher(info, Targets(800.0, 0.1), "both", 20.0, 0.0, 0.0, 0.0)
    found: list[GazeEvent] = []
    for first in range(0, len(times), 100):
        found += watcher.take(values[first:first + 100].astype(np.float32), times[first:first + 100])
    return found


@pytest.mark.parametrize(("state", "most"), [("focused", 1), ("distracted_cognitive", 1), ("drowsy", 8)])
def test_spontaneous_blinks_of_simulated_people_are_seldom_taken_for_input(state: str, most: int) -> None:
    """A quarter of an hour each of two simulated people; drowsy ones blink long by themselves."""
    for seed in (11, 12):
        begin = story(seed, 60.0)[0]
        scenes = (type(begin)(at_s=0.0, state="focused"), type(begin)(at_s=40.0, state=state))
        participant = Participant(ParticipantConfig(seed=seed, script=scenes))
        times = grid(900, 30.0)
        camera = Confounds.drawn(seed, 900.0).camera
        values = columns_camera.camera_columns(moments(participant, (times - START_NS) / SECOND),
                                               participant.person.eye_opening, camera, seed)
        counts = Counter(event.kind for event in watched(columns_camera.NAMES, values, times, 30.0))
        assert counts["blink"] > 60
        assert counts["intent"] <= most


def test_spontaneous_blinks_of_a_real_person_are_not_taken_for_input(shared_data: Path) -> None:
    mne = pytest.importorskip("mne")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the file's name and its old header are not what is tested
        raw = mne.io.read_raw_fif(shared_data / "blinks" / "ear_eog_first900s_raw.fif", preload=True, verbose="ERROR")
    ear = raw.get_data(picks=["EAR-avg_ear"])[0]
    times = grid(len(ear) / 100, 100.0)
    # The file has the mean of both eyes: it stands for either.
    values = np.stack([np.ones(len(ear)), ear, ear], axis=1)
    counts = Counter(event.kind for event in watched(("face", "ear_left", "ear_right"), values, times, 100.0))
    assert 27 <= counts["blink"] <= 33, "31 are labelled"
    assert counts["intent"] <= 1
