"""Recordings through the very session that live data goes through: watched again, or proven equal."""

import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec

from fusion import assembly
from fusion.provenance import code_hash
from fusion.session import Digest, Session
from fusion.summary import Book, Summary
from fusion.view import View
from kernels.layout import layout_hash
from kernels.warm import warm
from sensors.bus import Received
from sensors.clock import SECOND, Clock, SystemClock
from sensors.errors import RecordingError, WireError
from sensors.messages import SAID, Alert, AnyMessage, Said, State
from sensors.recording import Recording
from sensors.rig import Rig, parse
from sensors.topics import SAID_TOPICS, SESSION_TOPICS, TOPIC_OF, TOPICS, read


class Verification(msgspec.Struct, kw_only=True):
    """What recomputing a recording showed."""

    verified: bool
    """True only if every recorded output was recomputed bit for bit, in order, and nothing was dropped."""
    states: int
    alerts: int
    hash: str
    """SHA-256 over the recomputed outputs that have a recorded twin."""
    recorded_hash: str
    """SHA-256 over the recorded outputs."""
    seconds: float
    """Event time covered."""
    lost_seconds: float
    """What a killed recorder can have kept from the disk, plus holes found; 0 for a cleanly closed file."""
    x_realtime: float
    salvaged: bool
    first_difference: str
    """One sentence; empty when verified."""


def session_of(recording: Recording) -> Session:
    """Return a fresh session configured as the one that made the recording.

    Raises
    ------
    RecordingError
        If the recording carries no rig, or was made with another feature layout.
    """
    made_with = recording.metadata.get("layout", layout_hash())
    if made_with != layout_hash():
        raise RecordingError(f"{recording.path} was made with feature layout {made_with}, this version has "
                             f"{layout_hash()}: states cannot be compared.",
                             "Replay it with the attnflow version named in its metadata.")
    return assembly.session_of(rig_of(recording))


def rig_of(recording: Recording) -> Rig:
    """Return the rig that a recording was made with.

    Raises
    ------
    RecordingError
        If it carries none.
    """
    text = recording.attachments.get("rig.toml")
    if text is None:
        raise RecordingError(f"{recording.path} carries no rig, so its session cannot be rebuilt.",
                             "Was it recorded by `attnflow live --record`?")
    return parse(tomllib.loads(text.decode()), recording.metadata.get("rig", "recorded"))


def messages(recording: Recording) -> Iterator[Received]:
    """Yield what the session read and what it said, decoded, in the order it happened.

    Raises
    ------
    RecordingError
        If a stored message is not whole: what the session saw can then not be told.
    """
    for received_ns, topic, payload in recording.messages((*SESSION_TOPICS, *SAID_TOPICS)):
        try:
            yield Received(topic, read(topic, payload), payload, received_ns)
        except WireError as error:
            raise RecordingError(f"{recording.path} holds a damaged message on '{topic}': {error}",
                                 "Save what is whole with: attnflow export FILE --to parquet") from error


def fold(recording: Recording) -> Iterator[tuple[AnyMessage, list[Said]]]:
    """Yield every recorded message with what the rebuilt session makes of it (nothing, for its own old outputs)."""
    session = session_of(recording)
    for got in messages(recording):
        yield got.message, session.update(got.message) if TOPICS[got.topic].session else []


def verify(path: Path) -> Verification:
    """Recompute every state and alert of a recording and compare with the recorded ones.

    A cut recording may lack the outputs of its very last message; everything else must be there and equal.
    """
    recording = Recording(path)
    warm()
    clock = SystemClock()
    began_ns = clock.now_ns()
    recomputed: list[Said] = []
    ours, theirs = Digest(), Digest()
    difference = ""
    first_ns = last_ns = None
    for message, outputs in fold(recording):
        if outputs:
            if recomputed and not difference:
                difference = _missing(recomputed[0])
            recomputed = outputs if not recomputed else recomputed + outputs
        if not isinstance(message, SAID):
            continue
        first_ns = message.t_ns if first_ns is None else first_ns
        last_ns = message.t_ns
        recorded_bytes = theirs.add(message)
        if not recomputed:
            difference = difference or f"The recording has a {_name(message)} that was not recomputed."
            continue
        twin = recomputed.pop(0)
        if ours.add(twin) != recorded_bytes and not difference:
            difference = f"Recorded {_name(message)} differs from the recomputed {_name(twin)}{_where(message, twin)}."
    if recomputed and not difference and recording.lost_seconds == 0.0:
        difference = _missing(recomputed[0])
    if not recording.complete and not recording.salvaged:
        difference = difference or "The recorder dropped messages, so the recording is not the whole session."
    if not theirs.states and "imported_from" in recording.metadata:
        difference = "The recording was imported without states, so there is nothing to compare: attnflow replay FILE"
    elif difference:
        difference = _cause(recording) + difference
    seconds = (last_ns - first_ns) / SECOND if first_ns is not None and last_ns is not None else 0.0
    wall = (clock.now_ns() - began_ns) / SECOND
    same = ours.hex() == theirs.hex() and theirs.states > 0
    return Verification(
        verified=same and not difference, states=theirs.states, alerts=theirs.alerts, hash=ours.hex(),
        recorded_hash=theirs.hex(), seconds=round(seconds, 3), lost_seconds=recording.lost_seconds,
        x_realtime=round(seconds / wall, 1) if wall else 0.0, salvaged=recording.salvaged,
        first_difference=difference or ("" if theirs.states else "The recording holds no state to compare with."))


def _name(output: Said) -> str:
    if isinstance(output, State):
        what = f"state '{output.state}'"
    elif isinstance(output, Alert):
        what = f"alert '{output.rule}'"
    else:
        what = TOPIC_OF[type(output)]
    return f"{what} at {output.t_ns / SECOND:.3f} s"


def _cause(recording: Recording) -> str:
    """Return the likely cause of a difference as a sentence, or "" where there is none to see."""
    if recording.lost_seconds and not recording.salvaged:
        return f"The file is damaged: up to {recording.lost_seconds:.2f} s of it cannot be read. "
    made_by = recording.metadata.get("code", "")
    if made_by not in ("", code_hash()):
        return f"It was recorded by other code ({made_by}) than this ({code_hash()}). "
    return ""


def _missing(output: Said) -> str:
    return f"The recomputed {_name(output)} is not in the recording."


def _where(left: Said, right: Said) -> str:
    """Return the first fields that differ, for the sentence."""
    if type(left) is not type(right):
        return ""
    names = [name for name in left.__struct_fields__ if name not in ("seq", "sent_ns")
             and repr(getattr(left, name)) != repr(getattr(right, name))]
    return f" in {', '.join(names)}"


def replay(path: Path, *, speed: float | None = 1.0, clock: Clock | None = None,
           on_output: Callable[[Said], None] = lambda output: None,
           on_view: Callable[[View], None] = lambda view: None) -> Summary:
    """Run a recording through a fresh session and return its accounts.

    Parameters
    ----------
    path
        The recording.
    speed
        1 plays as it was, 4 four times as fast; None goes as fast as it can. The states are the same at any speed.
    clock
        Paces the playback; the system clock by default.
    on_output, on_view
        Called with every recomputed output, and about eight times a second with a view.
    """
    recording = Recording(path)
    warm()
    clock = clock or SystemClock()
    session = session_of(recording)
    book = Book(recording.metadata.get("rig", path.stem), session, live=False)
    began_ns = clock.now_ns()
    first_ns: int | None = None
    next_view_ns = 0
    for got in messages(recording):
        if got.topic in SAID_TOPICS:
            continue
        first_ns = got.received_ns if first_ns is None else first_ns
        if speed is not None:
            due_ns = began_ns + round((got.received_ns - first_ns) / speed)
            clock.sleep((due_ns - clock.now_ns()) / SECOND)
        outputs = session.update(got.message) if got.topic in SESSION_TOPICS else []
        book.take(got)
        for output in outputs:
            book.give(output, got)
            on_output(output)
        if speed is not None and clock.now_ns() >= next_view_ns:
            next_view_ns = clock.now_ns() + SECOND // 8
            on_view(book.view(began_ns))
    return book.summary(record=str(path))
