"""What the documents of the WebSocket output show is true: schema, example frames, the Unity snippet, the client."""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import msgspec
import pytest
from websocket_clients import alert, hint, serving, state, until

from fusion.outputs import wire, wire_said
from fusion.outputs.wire_schema import schema, schema_text
from sensors.messages import Target

ROOT = Path(__file__).resolve().parents[3]
DOCUMENT = (ROOT / "docs" / "websocket.md").read_text(encoding="utf-8")
UNITY = (ROOT / "docs" / "unity.md").read_text(encoding="utf-8")
EXAMPLES = [json.loads(text) for text in re.findall(r"```json\n(.*?)```", DOCUMENT, re.DOTALL)]
SENT = [example for example in EXAMPLES if "seq" in example]
SAID = [example for example in EXAMPLES if "seq" not in example]
PARTS: dict[str, Any] = schema()["$defs"]


def tags(direction: str) -> set[str]:
    return set(PARTS[direction]["discriminator"]["mapping"])


def test_the_schema_in_the_documents_is_the_one_of_the_code() -> None:
    written = (ROOT / "docs" / "websocket.schema.json").read_text(encoding="utf-8")
    assert written == schema_text(), (
        "write it anew: python -c \"from pathlib import Path; from fusion.outputs.wire_schema import schema_text; "
        "Path('docs/websocket.schema.json').write_text(schema_text())\"")


def test_the_schema_knows_that_the_server_sends_every_field() -> None:
    frame = wire.frame_of(state(), 1, None)
    assert frame is not None
    told = json.loads(wire.encode(frame, 0, 0))
    assert PARTS["StateFrame"]["required"] == list(told)
    assert "shape" not in PARTS["TellTarget"]["required"]


def test_there_is_an_example_of_every_frame_of_both_directions() -> None:
    assert {example["type"] for example in SENT} == tags("FromServer")
    assert {example["type"] for example in SAID} == tags("FromClient")
    assert set(wire.TYPES) | {"hello", "error"} == tags("FromServer")


@pytest.mark.parametrize("example", SENT, ids=lambda example: example["type"])
def test_an_example_has_every_field_and_no_other(example: dict[str, Any]) -> None:
    frame = msgspec.json.decode(json.dumps(example), type=wire.AnyFrame)
    assert json.loads(msgspec.json.encode(frame)) == example


@pytest.mark.parametrize("example", SAID, ids=lambda example: example["type"])
def test_an_example_of_what_apps_say_is_taken(example: dict[str, Any]) -> None:
    wire_said.read(json.dumps(example), 1)


def test_the_pose_of_the_example_is_the_pose_of_its_angles() -> None:
    example = next(example for example in SENT if example["type"] == "gaze")
    pose = wire.gaze_pose(*(example[key] for key in ("yaw", "pitch", "x", "y", "z")))
    assert pose is not None
    assert pose.direction == pytest.approx(example["pose"]["direction"], abs=1e-3)
    assert pose.orientation == pytest.approx(example["pose"]["orientation"], abs=1e-3)


def test_every_field_of_the_unity_snippet_is_in_the_schema_with_its_type() -> None:
    kinds = {"string": "string", "long": "integer", "int": "integer", "float": "number"}
    classes = re.findall(r"\[Serializable\] class (\w+) \{(.*?)\}", UNITY, re.DOTALL)
    assert {name for name, _ in classes} == {"Frame", "StateFrame", "GazeFrame", "Pose", "Failure"}
    for name, body in classes:
        fields = re.findall(r"public ([\w\[\]]+) (\w+);", body)
        assert len(fields) == body.count("public")
        for part in tags_of(name):
            for kind, field in fields:
                told = PARTS[part]["properties"][field]
                if kind in kinds and field != "type":
                    assert kinds[kind] in [one.get("type") for one in (told, *told.get("anyOf", ()))], (part, field)


def tags_of(name: str) -> list[str]:
    """Return the parts of the schema that a class of the snippet stands for; `Frame` for all that are sent."""
    if name != "Frame":
        return [name]
    return [part["$ref"].rpartition("/")[2] for part in PARTS["FromServer"]["anyOf"]]


def test_what_the_unity_snippet_says_is_taken() -> None:
    said = [text.replace('\\"', '"') for text in re.findall(r'"(\{\\"v\\".*?\})"', UNITY)]
    assert [wire_said.read(text, 1) for text in said] == [wire_said.Subscribe(v=1, types=("state", "gaze"))]


def test_every_link_of_the_documents_leads_somewhere() -> None:
    for text in (DOCUMENT, UNITY):
        for target in re.findall(r"\]\(([^)#]+)\)", text):
            assert (ROOT / "docs" / target).exists(), target


def test_the_table_of_the_document_has_the_keys_of_the_rig() -> None:
    from sensors.rig_outputs import WebsocketOutput

    usual = WebsocketOutput()
    told = dict(re.findall(r"^\| `(\w+)` \| `([^`]+)` \|", DOCUMENT, re.MULTILINE))
    assert {key: json.loads(value) for key, value in told.items()} == json.loads(msgspec.json.encode(usual))


def test_the_python_client_shows_states_and_alerts_and_tells_a_target() -> None:
    with serving() as output:
        output.send(state(reason="Nothing special."))
        output.send(alert())
        script = [sys.executable, str(ROOT / "docs" / "examples" / "python_client.py"),
                  output.address.replace("http", "ws"), "--frames", "6"]
        with subprocess.Popen(script, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as running:
            said: list[Any] = []
            until(lambda: said.extend(output.received()) or said, "the target arrives", timeout_s=60)
            for message in (state("drowsy", reason="Lids are heavy."), hint()):
                output.send(message)
            until(lambda: output.send(state()) or running.poll() is not None, "the client ends", timeout_s=60)
            assert running.stdout is not None
            text = running.stdout.read()
        assert running.returncode == 0, text
    assert [(type(message), message.name) for message in said] == [(Target, "ahead")]
    assert "connected to attnflow" in text
    assert re.search(r"focused  confidence 0\.90  ok  \d+ ms old  Nothing special\.", text)
    assert "ALERT warning long_distraction on: Gaze on the lap for 3.0 s." in text
    assert re.search(r"drowsy  confidence 0\.90  ok  \d+ ms old  Lids are heavy\.", text)
    assert "HINT simplify on: Load is high." in text
    assert "missing" not in text


def test_the_python_client_says_that_nobody_is_there() -> None:
    with serving() as output:
        address = output.address.replace("http", "ws")
    done = subprocess.run([sys.executable, str(ROOT / "docs" / "examples" / "python_client.py"), address],
                          capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.startswith("Cannot connect: ")
    assert "Traceback" not in done.stderr
