"""Runs a message sequence through a session and a recorder, the way `fusion.live` does, without sockets."""

from pathlib import Path

from fusion import estimator, provenance
from fusion.session import Digest, Session
from sensors.clock import SystemClock
from sensors.messages import AnyMessage, State, encode
from sensors.recording import Recorder
from sensors.rig import Rig
from sensors.topics import TOPICS


def record(sequence: list[tuple[int, str, AnyMessage]], rig: Rig, path: Path) -> Path:
    """Write the recording that a live session would have made of `sequence`, and return its path."""
    session = Session(rig.session, estimator.make(rig.session.estimator, rig.session.person))
    recorder = Recorder(path, clock=SystemClock(), attachments=provenance.attachments(rig),
                        metadata=provenance.metadata(rig))
    recorder.start()
    for received_ns, topic, message in sequence:
        recorder.write(topic, encode(message), received_ns)
        if TOPICS[topic].session:
            for output in session.update(message):
                recorder.write("state" if isinstance(output, State) else "alert", encode(output), received_ns)
    recorder.close()
    assert not recorder.error
    return path


def digest(sequence: list[tuple[int, str, AnyMessage]], rig: Rig) -> Digest:
    """Return the digest of what a fresh session makes of `sequence`."""
    session = Session(rig.session, estimator.make(rig.session.estimator, rig.session.person))
    told = Digest()
    for _, topic, message in sequence:
        if TOPICS[topic].session:
            for output in session.update(message):
                told.add(output)
    return told
