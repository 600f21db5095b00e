"""Real LSL outlets for tests, found on this machine alone (tests/lsl_api.cfg)."""

from typing import Any
from uuid import uuid4

import pytest

pylsl = pytest.importorskip("pylsl")


def outlet(name: str, kind: str, channels: list[tuple[str, str]], rate_hz: float = 0.0, form: str = "float32",
           source_id: str | None = None) -> Any:
    """Return an outlet whose channels have a label and a unit; other programs' streams never have its name."""
    source = f"source of {name}" if source_id is None else source_id
    info = pylsl.StreamInfo(name, kind, len(channels), rate_hz, form, source)
    listed = info.desc().append_child("channels")
    for label, unit in channels:
        one = listed.append_child("channel")
        one.append_child_value("label", label)
        if unit:
            one.append_child_value("unit", unit)
    return pylsl.StreamOutlet(info)


def unique(name: str) -> str:
    """Return a name that no other test on this machine uses at the same time."""
    return f"{name}-{uuid4().hex[:8]}"


@pytest.fixture(scope="session")
def lsl() -> None:
    """Skip where LSL cannot find a stream of this very process."""
    probe = outlet(unique("probe"), "Probe", [("x", "")])
    if not pylsl.resolve_byprop("name", probe.get_info().name(), timeout=3.0):
        pytest.skip("LSL finds no stream on this host: neither multicast nor UDP on loopback gets through")
