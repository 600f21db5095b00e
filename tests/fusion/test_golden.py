"""Golden replay: a short simulated session must keep saying what it said, until somebody decides otherwise."""

import json
import os
from pathlib import Path

import pytest

from fusion import estimator, virtual
from fusion.session import Session
from sensors.messages import State
from sensors.rig import parse
from sensors.topics import TOPICS

GOLDEN = Path(__file__).with_name("golden_states.json")
UPDATE = "ATTNFLOW_UPDATE_GOLDEN=1 .venv/bin/python -m pytest tests/fusion/test_golden.py"
TOLERANCE = 2e-3
"""Other processors round differently; a change of meaning is far larger."""

RIG = {
    "session": {"calibration_s": 3.0},
    "participant": {"seed": 11, "script": [{"at_s": 0.0, "state": "focused"}, {"at_s": 8.0, "state": "overloaded"},
                                           {"at_s": 16.0, "state": "drowsy"}],
                    "faults": [{"stream": "eeg", "kind": "stall", "at_s": 18.0, "for_s": 3.0}]},
    "eeg": {"board": "SIMULATED"},
    "context": {},
    "truth": {},
}


def told() -> list[dict[str, object]]:
    """Return one state a second of the session, without the camera, whose model is another library's to change."""
    rig = parse(RIG, "golden")
    session = Session(rig.session, estimator.make("rules"))
    states = [output for _, topic, message in virtual.run(rig, 24.0) if TOPICS[topic].session
              for output in session.update(message) if isinstance(output, State)]
    return [{"t_s": (state.t_ns - virtual.START_NS) / 1e9, "state": state.state, "status": state.status,
             "probabilities": {name: round(p, 5) for name, p in state.probabilities.items()},
             "quality": {name: round(q, 5) for name, q in state.quality.items()}} for state in states[9::10]]


def test_the_session_says_what_it_said() -> None:
    found = told()
    if os.environ.get("ATTNFLOW_UPDATE_GOLDEN"):
        GOLDEN.write_text("[\n" + ",\n".join(json.dumps(state) for state in found) + "\n]\n", encoding="utf-8")
    golden = json.loads(GOLDEN.read_text(encoding="utf-8"))
    assert len(found) == len(golden)
    hint = f"if this change is meant, run: {UPDATE}"
    for new, old in zip(found, golden, strict=True):
        for name in ("t_s", "state", "status"):
            assert new[name] == old[name], f"{name} at {old['t_s']} s; {hint}"
        for name in ("probabilities", "quality"):
            assert new[name] == pytest.approx(old[name], abs=TOLERANCE), f"{name} at {old['t_s']} s; {hint}"
