"""`attnflow personalise` and `attnflow person`: learned, kept, used by a session, shown and forgotten; or refused."""

import json
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from commands import Call

sys.path.append(str(Path(__file__).resolve().parents[1] / "models"))
from small_person import labelled, person, small  # the people and weights of the models' own tests

from fusion import network, personal, replaying
from fusion.network import Network
from fusion.recorded_windows import steps_of
from kernels.layout import MODALITIES
from models import checkpoint
from models.errors import ModelError
from models.export import export
from models.labels import NOT_LABELLED
from models.people import home
from models.windows import Windows, save
from sensors.clock import SECOND, local_day_s
from sensors.recording import Recording
from sensors.topics import SESSION_TOPICS


@pytest.fixture
def weights(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return weights of a simulated world, with an empty place for people."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    path = tmp_path / "w.safetensors"
    checkpoint.save(path, small())
    return path


def folder(tmp_path: Path, windows: Windows) -> Path:
    made = tmp_path / "given"
    made.mkdir(exist_ok=True)
    save(made / "one.windows", windows)
    return made


def told(estimator: Network, windows: Windows) -> np.ndarray:  # type: ignore[type-arg]  # only compared
    """Return what a session's estimator says at each step."""
    return np.array([estimator.estimate(round(time_s * SECOND), vector, dict(zip(MODALITIES, trust, strict=True)))
                     .probabilities for time_s, vector, trust in
                     zip(windows.times_s, windows.features, windows.quality.tolist(), strict=True)])


@pytest.mark.slow
def test_learned_used_by_the_session_shown_and_forgotten(call: Call, tmp_path: Path, weights: Path) -> None:
    one = person(200, 3)
    source = str(folder(tmp_path, labelled(one, 0, 240)))
    export(weights.with_suffix(".onnx"), small())
    done = call("personalise", source, "--person", "p1", "--weights", str(weights), "--json")
    assert done.code == 0, done.err
    figures = json.loads(done.out)
    assert figures["after"]["balanced_accuracy"] > figures["before"]["balanced_accuracy"] + 0.2
    assert figures["adapter_bytes"] < 100_000
    assert figures["onnx_error"] < 1e-4

    onnx = str(weights.with_suffix(".onnx"))
    right = {who: float((told(Network(onnx, who), one).argmax(axis=1) == one.state)[240:].mean())
             for who in ("", "p1", "stranger")}
    assert right["p1"] > right[""] + 0.2
    assert right["stranger"] == right[""], "of somebody unknown, the shared network is used"

    assert json.loads(call("person", "list", "--json").out)["people"] == ["p1"]
    shown = json.loads(call("person", "show", "p1", "--json").out)
    assert len(shown["updates"]) == 1
    assert set(shown["files"]) == {"adapter.safetensors", "network.onnx", "sessions/000000.windows"}
    assert "update 1: balanced accuracy" in call("person", "show", "p1").out

    again = call("personalise", source, "--person", "p1", "--weights", str(weights))
    assert again.code == 1
    assert "was learned from before" in again.err
    checkpoint.save(weights, replace(small(), net=other_net()))
    with pytest.raises(ModelError, match="what was learned about 'p1' is for the backbone"):
        Network(onnx, "p1")
    gone = call("person", "forget", "p1")
    assert "Everything about 'p1' is removed: 3 files" in gone.out
    assert not list(home().iterdir())
    assert call("person", "show", "p1").code == 1


def other_net():  # type: ignore[no-untyped-def]  # a network, whose class would bring torch here
    import copy

    net = copy.deepcopy(small().net)
    net.mean += 1.0
    return net


@pytest.mark.parametrize(("options", "sentence"), [
    (("--person", "jane@example.org"), "looks like an e-mail address"),
    (("--person", "p1", "--feedback", "drowsy at 12:40"), "when this session was is not known"),
    (("--person", "p1", "--feedback", "drowsy 0-20 s"), "There are 20 s of labels"),
    (("--person", "p1", "--feedback", "drowsy 0-60 s; focused 60-118 s"), "Nothing was learned about 'p1'")])
def test_what_is_refused_leaves_nothing_behind(call: Call, tmp_path: Path, weights: Path, options: tuple[str, ...],
                                               sentence: str) -> None:
    source = str(folder(tmp_path, person(200, 2)))
    done = call("personalise", source, "--weights", str(weights), *options)
    assert done.code == 1
    assert sentence in done.err
    assert not home().exists()


def test_an_export_that_fails_leaves_nothing_behind(call: Call, tmp_path: Path, weights: Path,
                                                    monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*given: object) -> float:
        raise ModelError("The exported network is off.")

    monkeypatch.setattr("models.export.export", fail)
    source = str(folder(tmp_path, labelled(person(200, 2), 0, 240)))
    done = call("personalise", source, "--person", "p1", "--weights", str(weights))
    assert (done.code, "The exported network is off" in done.err) == (1, True)
    assert not home().exists()


def test_distracted_is_taken_for_the_likelier_kind(weights: Path) -> None:
    one = person(5, 1, swapped=False)
    (given,) = personal._labelled(small(), [personal.Given(one, None)], None, "distracted 32-44 s")
    assert set(given.state[64:88].tolist()) == {2}, "from 30 to 45 s this person was distracted cognitively"


def test_a_recording_gives_the_steps_that_its_session_saw(minute_file: Path) -> None:
    windows, started = steps_of(minute_file, "p1")
    assert 100 < len(windows) <= 121
    assert np.allclose(np.diff(windows.times_s)[1:], 0.5), "after the first, on the grid of the network"
    assert (windows.state == NOT_LABELLED).all()
    session = replaying.session_of(Recording(minute_file))
    seen = {}
    for got in replaying.messages(Recording(minute_file)):
        if got.topic in SESSION_TOPICS:
            for output in session.update(got.message):
                seen[output.t_ns] = session.vector.copy()
    first = min(seen)
    for k in (0, 40, 90):
        at = first + round((windows.times_s[k] - windows.times_s[0]) * SECOND)
        np.testing.assert_array_equal(windows.features[k], seen[at])
    (given,) = personal.windows_from(minute_file, "p1")
    assert given.day_s == local_day_s(started)


def test_the_session_s_estimator_brings_no_torch() -> None:
    import subprocess

    code = ("import sys, fusion.network, fusion.commands_personal; "
            "print([name for name in ('torch', 'captum', 'onnxruntime') if name in sys.modules])")
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True,
                          cwd=Path(network.__file__).parents[1])
    assert done.stdout.strip() == "[]"
