"""From streams to a recording: the messages that live drivers would have sent, in the order a session receives them.

Session time begins at `START_NS` with the first sample. Chunks are cut as the live driver polls, each stream has its
description and a heartbeat a second, and ticks go on through every hole. The file is written under another name and
renamed when it is whole.
"""

import heapq
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

import msgspec
import numpy as np

from sensors.clock import MILLISECOND, SECOND, FakeClock, utc_now
from sensors.errors import RecordingError
from sensors.importers.contents import Contents, Stream
from sensors.importers.summary import Summary
from sensors.messages import AnyMessage, Chunk, Health, Marker, StreamInfo, Tick, TimeArray, encode_as
from sensors.recording import about
from sensors.recording_file import RecordingFile

START_NS = 1_000 * SECOND
"""Session time of the first sample; not zero, so that zero is never a lucky stamp."""
POLL_NS = 40 * MILLISECOND
"""How often the live EEG driver fetches samples."""
TRANSPORT_NS = 300_000
"""What the bus adds between a sample and the session, here a constant."""
AFTER_NS = 200 * MILLISECOND
"""How long ticks go on behind the last sample, so that the states of the last samples come."""
RATE_S = 10.0
"""Stretch over which a heartbeat measures the rate."""
CHUNK_BYTES = 1_000_000
"""Payload bytes that are written at once."""

Sent = tuple[int, str, AnyMessage]
"""(received_ns, topic, message)."""
Fold = Callable[[str, AnyMessage], Sequence[tuple[str, AnyMessage]]]
"""What a session makes of a message: (topic, output)."""


def _unread(topic: str, message: AnyMessage) -> Sequence[tuple[str, AnyMessage]]:
    return ()


@dataclass
class Source:
    """One foreign file, read, and its place in the session."""

    path: Path
    format: str
    contents: Contents
    offset_s: float = 0.0
    """When its first sample comes, from the session's start."""
    named: list[tuple[str, Stream]] = field(default_factory=list)
    """Its streams under names that no other source has; filled by `name_apart`."""

    @property
    def origin_ns(self) -> int:
        """The file's first sample, or its first mark if it has none, on its own clock."""
        firsts = [int(stream.placed.times_ns[0]) for stream in self.contents.streams]
        return min(firsts) if firsts else min((mark.t_ns for mark in self.contents.marks), default=0)

    def session_ns(self, t_ns: int) -> int:
        """Return a time of the file's clock, from the session's start."""
        return t_ns - self.origin_ns + round(self.offset_s * SECOND)

    def times_ns(self, stream: Stream) -> TimeArray:
        """Return the samples' times, from the session's start."""
        return stream.placed.times_ns + self.session_ns(0)


def name_apart(sources: Sequence[Source]) -> None:
    """Give every stream of all sources a name of its own: "eeg", "eeg-2", ..."""
    seen: dict[str, int] = {}
    for source in sources:
        source.named = []
        for stream in source.contents.streams:
            count = seen[stream.name] = seen.get(stream.name, 0) + 1
            source.named.append((stream.name if count == 1 else f"{stream.name}-{count}", stream))


def messages(sources: Sequence[Source], labels: Sequence[Marker] = (), tick_hz: float = 10.0) -> Iterator[Sent]:
    """Yield what a live session would have received of these sources.

    Parameters
    ----------
    sources
        With names from `name_apart`.
    labels
        More markers, on the session clock.
    tick_hz
        The metronome's rate.
    """
    marks = [*labels, *(Marker(t_ns=START_NS + source.session_ns(mark.t_ns), source=mark.source, name=mark.name,
                               value=mark.value) for source in sources for mark in source.contents.marks)]
    lasts = [int(source.times_ns(stream)[-1]) + START_NS for source in sources for _, stream in source.named]
    end_ns = max([START_NS, *lasts, *(mark.t_ns for mark in marks)]) + AFTER_NS
    said: list[Iterator[Sent]] = [_ticks(end_ns, tick_hz)]
    for source in sources:
        said += [_stream(name, stream, source.times_ns(stream) + START_NS, end_ns) for name, stream in source.named]
    # What was marked before the first sample is told at the session's start.
    said.append(iter(sorted(((max(START_NS, mark.t_ns) + TRANSPORT_NS, "marker", mark) for mark in marks),
                            key=lambda sent: sent[0])))
    seq: dict[tuple[str, str], int] = {}
    # The merge is stable: at one moment the tick comes first, because a session's time begins with one.
    for received_ns, topic, message in heapq.merge(*said, key=lambda sent: sent[0]):
        number = seq[topic, getattr(message, "stream", "")] = seq.get((topic, getattr(message, "stream", "")), -1) + 1
        yield received_ns, topic, msgspec.structs.replace(message, seq=number, sent_ns=received_ns)


def write(sources: Sequence[Source], path: Path, summary: Summary, *, labels: Sequence[Marker] = (),
          metadata: Mapping[str, str] = {}, attachments: Mapping[str, bytes] = {}, fold: Fold = _unread,
          tick_hz: float = 10.0, overwrite: bool = False) -> int:
    """Write the recording and return how many messages it holds.

    Parameters
    ----------
    sources
        With names from `name_apart`.
    path
        The recording to make.
    summary
        Written into it.
    labels
        Markers that come on top.
    metadata, attachments
        As in `sensors.recording.Recorder`.
    fold
        Called with every message; what it returns is recorded behind it.
    tick_hz
        The metronome's rate.
    overwrite
        Replace a recording that is there.

    Raises
    ------
    RecordingError
        If the file exists or cannot be written; nothing is left of it then.
    """
    if path.exists() and not overwrite:
        raise RecordingError(f"{path} exists and is not overwritten.", "Choose another name, or give --force.")
    part = path.with_name(f"{path.name}.part")
    facts = about(FakeClock(START_NS)) | _facts(summary) | dict(metadata)
    if not summary.began_utc:
        del facts["start_utc"]  # the file does not say when it was
    file = RecordingFile(part, metadata=facts, overwrite=True,
                         attachments={"import.json": msgspec.json.encode(summary), **attachments})
    count = 0
    received_ns = START_NS
    try:
        try:
            for received_ns, topic, message in messages(sources, labels, tick_hz):
                for where, what in ((topic, message), *fold(topic, message)):
                    count += 1
                    file.add(where, encode_as(what, what.seq, received_ns), received_ns, count)
                if file.pending_bytes >= CHUNK_BYTES:
                    file.flush()
            file.finish({"messages": str(count), "dropped": "0", "complete": "yes", "end_ns": str(received_ns),
                         "last_number": str(count)})
        except BaseException:
            file.abandon()
            part.unlink(missing_ok=True)
            raise
        os.replace(part, path)
    except OSError as error:
        raise RecordingError(f"{path} cannot be written: {error.strerror}.",
                             f"Free space on that disk (df -h {path.parent}), or choose another one.") from None
    return count


def _facts(summary: Summary) -> dict[str, str]:
    """Return the summary as the short texts of a recording's metadata."""
    return {"start_utc": summary.began_utc, "imported_utc": utc_now(), "imported_from": ", ".join(summary.sources),
            "imported_format": ", ".join(summary.formats),
            "imported_samples": ", ".join(f"{one.name} {one.samples}" for one in summary.streams),
            "imported_lost": ", ".join(f"{one.name} {one.lost}" for one in summary.streams),
            "imported_holes": ", ".join(f"{one.name} {one.holes} ({one.hole_s:g} s)" for one in summary.streams),
            "imported_irregular_ms": ", ".join(f"{one.name} {one.irregular_ms:g}" for one in summary.streams),
            "imported_warnings": " ".join(summary.warnings), "imported_left_out": "; ".join(summary.left_out)}


def _ticks(end_ns: int, tick_hz: float) -> Iterator[Sent]:
    count = 0
    while (t_ns := START_NS + round(count * SECOND / tick_hz)) <= end_ns:
        yield t_ns + TRANSPORT_NS, "tick", Tick(t_ns=t_ns)
        count += 1


def _stream(name: str, stream: Stream, times_ns: TimeArray, end_ns: int) -> Iterator[Sent]:
    """Yield description, chunks and heartbeats of a stream."""
    yield START_NS + TRANSPORT_NS, "info", StreamInfo(
        t_ns=START_NS, stream=name, kind=stream.kind, driver="import", rate_hz=stream.rate_hz, columns=stream.columns,
        device=stream.device, meta=stream.meta)
    yield from heapq.merge(_chunks(name, stream, times_ns), _beats(name, stream, times_ns, end_ns),
                           key=lambda sent: sent[0])


def _chunks(name: str, stream: Stream, times_ns: TimeArray) -> Iterator[Sent]:
    polls = (times_ns - START_NS) // POLL_NS
    starts = [0, *(np.flatnonzero(np.diff(polls)) + 1).tolist(), len(times_ns)]
    for first, last in pairwise(starts):
        newest_ns = int(times_ns[last - 1])
        device_ns = stream.device_ns[first:last] if stream.device_ns is not None else None
        yield newest_ns + TRANSPORT_NS, stream.kind, Chunk(
            t_ns=newest_ns, stream=name, values=stream.values[first:last], times_ns=times_ns[first:last],
            device_ns=device_ns)


def _beats(name: str, stream: Stream, times_ns: TimeArray, end_ns: int) -> Iterator[Sent]:
    """Yield a heartbeat a second; "ended" once the last sample is past, and at the very end."""
    lost = np.concatenate(([0], np.cumsum(stream.placed.lost_before)))
    moments = [*range(START_NS, end_ns, SECOND), end_ns]
    for t_ns in moments:
        until = int(np.searchsorted(times_ns, t_ns, "right"))
        ended = until == len(times_ns) and (t_ns == end_ns or t_ns - int(times_ns[-1]) >= SECOND)
        since = int(np.searchsorted(times_ns, t_ns - round(RATE_S * SECOND)))
        span_ns = int(times_ns[until - 1]) - int(times_ns[since]) if until - since > 1 else 0
        rate_hz = (until - since - 1) * SECOND / span_ns if span_ns else 0.0
        drift_ppm = (rate_hz / stream.rate_hz - 1) * 1e6 if rate_hz and stream.rate_hz else 0.0
        yield t_ns + TRANSPORT_NS, "health", Health(
            t_ns=t_ns, stream=name, status="ended" if ended else "ok", detail="The file is over." if ended else "",
            rate_hz=rate_hz, samples=until, lost=int(lost[until]), drift_ppm=drift_ppm, device=stream.device)
