"""What is written beside a recording: enough to judge it by, and nothing that should stay at home."""

import json

from fusion import provenance
from sensors.rig import load


def test_a_password_in_a_camera_url_stays_at_home() -> None:
    rig = load("desk", ["camera.source=rtsp://admin:secret@10.0.0.1/live"])
    kept = provenance.attachments(rig)["rig.toml"].decode()
    assert "secret" not in kept
    assert "rtsp://***@10.0.0.1/live" in kept


def test_a_recording_says_what_made_it() -> None:
    metadata = provenance.metadata(load("bench"))
    assert metadata["privacy"] == "features-only"
    assert len(metadata["code"]) == len(metadata["layout"]) == 16
    versions = json.loads(provenance.attachments(load("bench"))["versions.json"])
    assert versions["numba"] != "not installed"
