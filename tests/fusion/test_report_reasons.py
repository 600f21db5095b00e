"""The report says why the network told each state, and says nothing of the kind where it was another estimator."""

import re
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from fake_feed import FakeRecording, session

sys.path.append(str(Path(__file__).resolve().parents[1] / "models"))
from small_person import person, small  # the people and weights of the models' own tests

from fusion.recorded_windows import Steps
from fusion.report import html
from fusion.report_gather import Found, Gathering
from fusion.report_reasons import explain, reasons
from kernels.layout import MODALITIES
from models import checkpoint
from models.windows import Windows
from sensors.clock import SECOND
from sensors.messages import State, Tick


@pytest.fixture(scope="module")
def one() -> Windows:
    return person(301, 2, swapped=False)


def found_of(windows: Windows) -> Found:
    """Return what would be found in a recording of these steps, in which every state was told as it was."""
    found = Gathering(FakeRecording(session(seconds=2.0, streams=("truth",))), features=False).run(lambda share: None)
    found.steps = Steps()
    found.state.bands.clear()
    names = ("focused", "distracted_visual", "distracted_cognitive", "drowsy")
    for time_s, vector, trust, state in zip(windows.times_s, windows.features, windows.quality.tolist(),
                                            windows.state.tolist(), strict=True):
        at = found.start_ns // SECOND * SECOND + round(time_s * SECOND)
        found.steps.add(at, vector, dict(zip(MODALITIES, trust, strict=True)))
        found.state.add(at, names[state], "")
    found.state.close(at)
    return found


def test_each_state_that_was_told_has_its_bars(one: Windows, tmp_path: Path) -> None:
    checkpoint.save(tmp_path / "w.safetensors", small())
    part = reasons(found_of(one), str(tmp_path / "w.safetensors"))
    assert re.findall(r"<h3>([^<]*)</h3>", part) == ["focused", "distracted visual", "distracted cognitive", "drowsy"]
    assert part.count("<polygon") == 4 * (5 + 6)
    assert "entries explained; probability there" in part
    assert "looking at the target" in part
    told = explain(found_of(one), small())
    assert {state: len(some) for state, some in told.items()} == dict.fromkeys(told, 2)
    assert all(why.state == state for state, some in told.items() for why in some)
    assert np.mean([why.probability for some in told.values() for why in some]) > 0.3, "just entered; chance is 0.17"


def test_the_rules_are_not_explained_and_missing_weights_are_told(one: Windows, tmp_path: Path) -> None:
    found = found_of(one)
    assert "There are no weights at" in reasons(found, str(tmp_path / "none.safetensors"))
    found.steps = None
    assert reasons(found) == ""
    assert "<h2>Why</h2>" not in html(found)


def test_what_the_network_saw_is_kept_once_in_half_a_second_and_only_its() -> None:
    recording = FakeRecording(session(seconds=2.0, streams=("truth",)))
    for name, kept in (("network", 4), ("rules", 0)):
        gathering = Gathering(recording, features=False)
        vectors = SimpleNamespace(vector=person(1, 1).features[0], update=lambda message, name=name: [
            State(t_ns=message.t_ns, state="focused", probabilities={}, estimator=name)])
        gathering._session = vectors  # type: ignore[assignment]  # only what is asked of it
        for k in range(20):
            gathering._take("tick", Tick(t_ns=10 * SECOND + k * SECOND // 10))
        steps = gathering.found.steps
        assert (0 if steps is None else len(steps.windows("a", "b", "c", 0))) == kept
