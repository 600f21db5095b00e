"""LSL outlets, read by real inlets: every sample, its stamp on LSL's clock, and metadata that explain it."""

import json
import math
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pylsl
import pytest

from fusion.outputs import lsl, lsl_streams
from fusion.outputs.gaze import Gaze
from fusion.outputs.lsl import Lsl, LslClock
from sensors.clock import SECOND, now_ns
from sensors.drivers.lsl_choose import matches
from sensors.drivers.lsl_config import LslConfig
from sensors.messages import Alert, GazeEvent, Hint, State
from sensors.rig_outputs import LslOutput

NAME = f"attnflow-test-{now_ns()}"


@pytest.fixture(scope="module")
def outlets() -> Iterator[Lsl]:
    output = Lsl(LslOutput(name=NAME))
    output.open()
    yield output
    output.close()


@pytest.fixture(scope="module")
def inlets(outlets: Lsl) -> Iterator[dict[str, Any]]:
    opened = {}
    for kind in ("state", "gaze", "markers"):
        found = pylsl.resolve_byprop("name", f"{NAME}-{kind}", timeout=10.0)
        opened[kind] = pylsl.StreamInlet(found[0], max_chunklen=1)
        opened[kind].open_stream(timeout=10.0)
    yield opened
    for inlet in opened.values():
        inlet.close_stream()


def labels(inlet: Any) -> list[tuple[str, str, str]]:
    channel = inlet.info(timeout=5.0).desc().child("channels").child("channel")
    told = []
    while not channel.empty():
        told.append((channel.child_value("label"), channel.child_value("unit"), channel.child_value("type")))
        channel = channel.next_sibling("channel")
    return told


def from_number(inlet: Any, channels: tuple[lsl_streams.Channel, ...], first: int) -> tuple[list[float], float]:
    """Return the sample with a running number; those that other tests sent before are left out."""
    place = [channel.label for channel in channels].index("number")
    while True:
        sample, stamp = inlet.pull_sample(timeout=5.0)
        assert sample is not None, "what was sent did not come"
        if sample[place] >= first:
            return sample, stamp


def gaze(t_ns: int) -> Gaze:
    return Gaze(t_ns, 0.25, -0.125, 0.5, 0.0, 0.0, 0.0, 0.0, 0.5, 0.75, 0.875, "ok")


def test_every_channel_is_named_with_unit_and_type(inlets: dict[str, Any]) -> None:
    for kind, channels in (("state", lsl_streams.STATE_CHANNELS), ("gaze", lsl_streams.GAZE_CHANNELS),
                           ("markers", lsl_streams.MARKER_CHANNELS)):
        assert labels(inlets[kind]) == [tuple(channel) for channel in channels]
    for kind in ("state", "gaze"):
        names = [label for label, _, _ in labels(inlets[kind])]
        assert {"confidence", "age", "status"} <= set(names)


def test_the_lsl_driver_never_takes_our_own_outlet_by_its_type_alone(inlets: dict[str, Any]) -> None:
    own = inlets["gaze"].info(timeout=5.0)
    config = {"kind": "camera", "columns": {"gaze_yaw": "yaw", "gaze_pitch": "pitch"}}
    assert not matches(own, LslConfig(type="Gaze", **config))
    assert matches(own, LslConfig(type="Gaze", name=f"{NAME}-gaze", **config))
    assert matches(own, LslConfig(source_id=own.source_id(), **config))


def test_codes_manufacturer_and_synchronisation_are_told(inlets: dict[str, Any]) -> None:
    described = inlets["state"].info(timeout=5.0).desc()
    entry, codes = described.child("states").child("entry"), {}
    while not entry.empty():
        codes[entry.child_value("name")] = int(entry.child_value("code"))
        entry = entry.next_sibling("entry")
    assert codes == lsl_streams.STATE_CODES
    assert "unknown" in codes
    assert described.child("acquisition").child_value("manufacturer") == "attnflow"
    assert described.child("synchronization").child_value("can_drop_samples") == "true"


def test_a_state_arrives_with_the_moment_it_was_true(outlets: Lsl, inlets: dict[str, Any]) -> None:
    t_ns, first = now_ns() - SECOND, outlets._numbers.get("state", 0)
    outlets.send(State(t_ns=t_ns, state="drowsy", probabilities={"drowsy": 0.75}, attention=0.5, status="degraded",
                       quality={"eeg": 0.25}))
    sample, stamp = from_number(inlets["state"], lsl_streams.STATE_CHANNELS, first)
    told = dict(zip((channel.label for channel in lsl_streams.STATE_CHANNELS), sample, strict=True))
    assert told["state"] == lsl_streams.STATE_CODES["drowsy"]
    assert told["status"] == lsl_streams.STATUS_CODES["degraded"]
    assert (told["confidence"], told["attention"], told["quality_eeg"]) == (0.75, 0.5, 0.25)
    assert math.isnan(told["vigilance"])
    assert 1_000 <= told["age"] < 6_000
    # One second ago on our clock is one second ago on theirs, up to the time between two readings of them.
    before = pylsl.local_clock() - (now_ns() - t_ns) / SECOND
    assert stamp == pytest.approx(before, abs=0.001)


def test_gaze_arrives_whole_and_in_order(outlets: Lsl, inlets: dict[str, Any]) -> None:
    began, first = now_ns(), outlets._numbers.get("gaze", 0)
    for number in range(300):
        outlets.send(gaze(began + number))
    got = [from_number(inlets["gaze"], lsl_streams.GAZE_CHANNELS, first)[0] for _ in range(300)]
    place = [channel.label for channel in lsl_streams.GAZE_CHANNELS].index("number")
    assert [sample[place] for sample in got] == list(range(first, first + 300))
    assert got[0][:2] == [0.25, -0.125]


def test_markers_are_json_with_confidence_age_and_status(outlets: Lsl, inlets: dict[str, Any]) -> None:
    t_ns = now_ns()
    outlets.send(State(t_ns=t_ns, state="focused", probabilities={}, status="calibrating"))
    outlets.send(Alert(t_ns=t_ns, rule="long", level="warning", reason="Für 3 s.", onset_ns=t_ns, number=7))
    outlets.send(Hint(t_ns=t_ns, hint="simplify", active=True, reason="Load.", number=3, onset_ns=t_ns, confidence=0.5))
    outlets.send(GazeEvent(t_ns=t_ns, kind="dwell", onset_ns=t_ns, end_ns=t_ns, target="menu", confidence=0.25))
    alert, hint, event = (json.loads(inlets["markers"].pull_sample(timeout=5.0)[0][0]) for _ in range(3))
    for marker in (alert, hint, event):
        assert marker["status"] == "calibrating"
        assert marker["t_ns"] == t_ns
        assert marker["age_ms"] >= 0
    assert [marker["number"] for marker in (alert, hint, event)] == [0, 1, 2], "no other test sends markers"
    assert (alert["type"], alert["rule"], alert["id"], alert["confidence"]) == ("alert", "long", 7, None)
    assert (hint["type"], hint["id"], hint["confidence"]) == ("hint", 3, 0.5)
    assert (event["type"], event["target"], event["yaw"]) == ("event", "menu", None)


def test_an_inlet_that_never_reads_holds_up_nobody(outlets: Lsl, inlets: dict[str, Any]) -> None:
    found = pylsl.resolve_byprop("name", f"{NAME}-gaze", timeout=10.0)
    deaf = pylsl.StreamInlet(found[0], max_buflen=1)
    deaf.open_stream(timeout=10.0)
    began = now_ns()
    for number in range(3_000):
        outlets.send(gaze(began + number))
    assert now_ns() - began < 5 * SECOND
    deaf.close_stream()


def test_a_closed_output_takes_everything_and_says_nothing() -> None:
    output = Lsl(LslOutput(name=f"{NAME}-closed"))
    output.send(gaze(1))
    output.close()
    output.close()
    assert (output.received(), output.trouble()) == ([], "")


class TestTheOffsetOfTheClocks:
    def clock(self, monkeypatch: pytest.MonkeyPatch, theirs: Callable[[int], int], step_ns: int = 100) -> LslClock:
        """Return a clock whose readings each take `step_ns`."""
        self.now = 5 * SECOND

        def read() -> int:
            self.now += step_ns
            return self.now

        monkeypatch.setattr(lsl, "now_ns", read)
        return LslClock(lambda: theirs(read()) / SECOND)

    def test_it_is_measured_to_half_a_reading(self, monkeypatch: pytest.MonkeyPatch) -> None:
        clock = self.clock(monkeypatch, lambda ours: ours + 3 * SECOND)
        clock.measure()
        # Theirs was read half way between two readings of ours.
        assert clock.offset_ns == pytest.approx(3 * SECOND, abs=1)
        assert clock.bound_ns == 100
        assert clock.stamp(7 * SECOND) == pytest.approx(10.0, abs=1e-6)

    def test_it_stays_while_it_is_within_its_bound_and_follows_when_it_is_not(self, monkeypatch: pytest.MonkeyPatch,
                                                                              ) -> None:
        shift = 0
        clock = self.clock(monkeypatch, lambda ours: ours + shift)
        clock.measure()
        first = clock.offset_ns
        shift = 150
        self.now += lsl.AGAIN_NS
        clock.stamp(0)
        assert clock.offset_ns == first, "stamps do not jump by the error of a measurement"
        shift = 1_000_000
        self.now += lsl.AGAIN_NS
        clock.stamp(0)
        assert clock.offset_ns == pytest.approx(1_000_000, abs=clock.bound_ns)


def test_a_state_without_a_probability_has_no_confidence() -> None:
    sample = lsl_streams.state_sample(State(t_ns=0, state="unknown", probabilities={"focused": 0.5}), 0, 0)
    assert math.isnan(sample[2])


@pytest.mark.parametrize("name", ["", " ", "a\n"])
def test_a_name_that_nobody_could_find_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="expected a word"):
        LslOutput(name=name)


@pytest.mark.parametrize(("allowed", "told"), [(False, "lsl_machine.cfg"), (True, "")])
def test_streams_are_announced_to_the_network_only_with_leave(allowed: bool, told: str,
                                                              monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LSLAPICFG", raising=False)
    Lsl(LslOutput(allow_network=allowed))
    found = Path(os.environ.get("LSLAPICFG", ""))
    assert found.name == told
    assert not told or "ResolveScope = machine" in found.read_text()
