"""The driving bench counts what it says it counts, and its command answers in one line of JSON."""

import json

import numpy as np
import pytest
from commands import Call

from fusion import bench_driving
from fusion.bench_driving import Told, drive_alerts
from fusion.driving import stories
from fusion.driving.bench_due import due, gaze_rule
from fusion.driving.story_truth import Look
from sensors.simulated.driver import Drive
from sensors.simulated.driver_road import Road
from sensors.simulated.driver_scripted import Episode

FEW = tuple(story for story in stories.shipped() if story.name in ("lap at 80", "up again in time outside"))
STRAIGHT = Road(np.array([0.0, 4000.0]), np.array([100.0, 100.0]), np.empty((0, 2)), np.empty(0))


def _measured(monkeypatch: pytest.MonkeyPatch, said: list[Told], hours: float = 1.0) -> dict[str, object]:
    monkeypatch.setattr(bench_driving, "drive_alerts", lambda drive, advance: said)
    return bench_driving.bench_driving(hours, 1, told=(), looks=())


def test_the_command_answers_in_one_line_of_json(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bench_driving, "LOOKS", (Look(30.0), Look(20.0, 0.05)))
    monkeypatch.setattr(bench_driving, "LEAST_MISLED_H", 0.1)
    monkeypatch.setattr(stories, "shipped", lambda: FEW)
    done = call("bench", "driving", "--hours", "0.03", "--json")
    assert done.code == 0
    figures = json.loads(done.out)
    assert figures["stories"] == {"passed": 2, "failed": 0, "played": 4, "what_failed": {}}
    assert set(figures["alert_time_error_ms"]) == {"p50", "max", "n"}
    assert figures["alert_time_error_ms"]["n"] == 4
    assert figures["alert_time_error_ms"]["max"] <= 50
    assert {"distraction", "microsleep"} <= set(figures["sensitivity"])
    assert figures["x_realtime"] > 0
    assert figures["false_alerts_per_hour"] >= 0
    assert figures["simulated"] is True
    assert "simulated" in figures["what"]


def test_a_story_that_fails_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bench_driving, "drive_alerts", lambda drive, advance: [])
    broken = FEW[0].__class__(**{**{name: getattr(FEW[0], name) for name in FEW[0].__struct_fields__}, "expect": ()})
    figures = bench_driving.bench_driving(0.01, 1, told=(broken,), looks=(Look(),))
    assert figures["stories"]["failed"] == 1
    assert "not expected" in figures["stories"]["what_failed"]["lap at 80"]


def test_alerts_without_a_reason_are_false_and_those_about_a_long_glance_deserved(
        monkeypatch: pytest.MonkeyPatch) -> None:
    plan = Drive(1, 3600.0).plan
    long = next(episode for episode in plan.episodes)
    calm_s = next(at_s for at_s in np.arange(100.0, 3000.0, 5.0).tolist()
                  if all(abs(episode.onset_s - at_s) > 20 for episode in plan.episodes))
    said = [Told("attend/buffer", long.onset_s + 2.0, long.onset_s), Told("attend/buffer", calm_s, calm_s - 2.0),
            Told("euro-ncap-2026/microsleep", long.onset_s + 2.0, long.onset_s)]
    figures = _measured(monkeypatch, said)
    assert figures["deserved_by_rule_per_hour"] == {"attend/buffer": 1.0}
    assert figures["false_by_rule_per_hour"] == {"attend/buffer": 1.0, "euro-ncap-2026/microsleep": 1.0}
    assert figures["false_alerts_per_hour"] == 2.0
    assert figures["alerts_per_hour"] == 3.0


def test_being_told_blind_is_false_only_where_the_driver_was_to_be_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    plan = Drive(1, 3600.0).plan
    hidden = [*plan.lost, *plan.eyeless]
    seen_s = next(at_s for at_s in np.arange(100.0, 3000.0, 5.0).tolist()
                  if all(not start < at_s + 1 or not at_s - 8 < end for start, end in hidden))
    longest = max(hidden, key=lambda pair: pair[1] - pair[0])
    assert longest[1] - longest[0] > 5.0
    said = [Told("watch/visibility", seen_s, seen_s - 5), Told("watch/visibility", longest[1], longest[1] - 5)]
    figures = _measured(monkeypatch, said)
    assert figures["blind_told_per_hour"] == {"right": 1.0, "wrong": 1.0}
    assert figures["false_alerts_per_hour"] == 1.0


def test_silence_has_no_sensitivity(monkeypatch: pytest.MonkeyPatch) -> None:
    figures = _measured(monkeypatch, [])
    assert figures["false_alerts_per_hour"] == 0.0
    assert figures["sensitivity"]["distraction"] == 0.0
    assert figures["sensitivity"]["microsleep"] == 0.0


def test_scripted_distraction_and_microsleeps_are_found() -> None:
    drive = Drive(1_000_003, 600.0, misled=True)
    said = drive_alerts(drive)
    owed = [(episode, rules) for episode in drive.plan.episodes if episode.scripted
            for _, rules in due(episode, drive.plan.road)]
    assert len(owed) >= 4
    told = [any(alert.rule in rules and episode.onset_s <= alert.at_s <= episode.end_s + 0.5 for alert in said)
            for episode, rules in owed]
    assert np.mean(told) >= 0.75


def test_the_length_of_pieces_changes_no_alert(monkeypatch: pytest.MonkeyPatch) -> None:
    drive = Drive(1_000_005, 300.0, misled=True)
    monkeypatch.setattr(bench_driving, "CHUNK_S", 30.0)
    long = drive_alerts(drive)
    monkeypatch.setattr(bench_driving, "CHUNK_S", 5.0)
    assert drive_alerts(drive) == long
    assert len(long) > 0


def _owed(kind: str, length_s: float, place: str = "lap", kmh: float = 100.0) -> set[str]:
    looks = (Episode(place, 100.0, 100.0 + length_s),) if kind == "series" else ()
    episode = Episode(kind, 100.0, 100.0 + length_s, place=place, slowest_kmh=kmh, scripted=True, looks=looks)
    return {name for name, _ in due(episode, STRAIGHT)}


def test_what_is_owed_follows_the_limits() -> None:
    assert _owed("look", 2.2) == set()
    assert _owed("look", 2.6) == {"attend/buffer"}
    assert _owed("look", 8.0) == {"attend/buffer", "euro-ncap-2026/long_distraction", "eu-addw/visual_distraction",
                                  "un-r171/eyes_on", "openpilot-like/awareness"}
    assert "eu-addw/visual_distraction" not in _owed("look", 6.0, kmh=40.0)
    assert "attend/buffer" not in _owed("look", 8.0, kmh=40.0)
    assert "eu-addw/visual_distraction" not in _owed("look", 8.0, "centre_stack")
    assert _owed("microsleep", 1.6) == {"euro-ncap-2026/microsleep"}
    assert _owed("microsleep", 3.6) == {"euro-ncap-2026/microsleep", "euro-ncap-2026/sleep"}
    assert _owed("series", 12.0) == {"euro-ncap-2026/vats"}
    assert gaze_rule("eu-addw/visual_distraction")
    assert not gaze_rule("euro-ncap-2026/sleep")
