"""Recording a session: the recorder, which never holds the session up, and the door to reading it again.

The file is MCAP (see `sensors.recording_format`); reading is in `sensors.recording_reader`, mending a cut file in
`sensors.salvage`. Both are offered from here.
"""

import logging
import platform
import queue
import threading
from collections.abc import Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import NamedTuple

from sensors import clock as clocks
from sensors.clock import SECOND, Clock
from sensors.errors import RecordingError
from sensors.recording_file import RecordingFile, space_warning
from sensors.recording_format import FLUSH_S
from sensors.recording_reader import Recording
from sensors.salvage import salvage
from sensors.topics import TOPICS

__all__ = ["QUEUE_BYTES", "Recorder", "Recording", "about", "salvage"]

QUEUE_BYTES = 64_000_000
"""Payload bytes that may wait for a slow disk; about twenty minutes of a three-sensor session."""

CHUNK_BYTES = 1_000_000
"""Payload bytes after which a chunk is finished early, so that reading one back takes little memory."""

CLOSE_S = 30.0
"""How long `Recorder.close` waits for a slow disk."""

_LOG = logging.getLogger(__name__)


class _Item(NamedTuple):
    topic: str
    payload: bytes
    received_ns: int
    sequence: int


class Recorder:
    """Writes the messages of a session to an MCAP file, in the order given, from a thread of its own.

    Parameters
    ----------
    path
        The file to create.
    clock
        The session clock; it times the flushes.
    attachments
        Name to content (rig TOML, versions, model card, consent record); written first, so a cut file has them.
    metadata
        Texts about the session, e.g. "rig" and "privacy" ("features-only" or "raw"); versions and the start time
        are added.
    overwrite
        Replace a file that is there.

    Notes
    -----
    Every half second the running chunk is finished and given to the operating system, so a killed process loses less
    than a second. Messages are handed over by one thread; a second one would blur the order that replay needs.
    """

    def __init__(self, path: Path, *, clock: Clock, attachments: Mapping[str, bytes] = {},
                 metadata: Mapping[str, str] = {}, overwrite: bool = False) -> None:
        self.path = Path(path)
        self.error = ""
        """A sentence once the file could not be written on; the session goes on without it."""
        self.warning = ""
        """A sentence when the disk is almost full at the start."""
        self._clock = clock
        self._attachments = dict(attachments)
        self._metadata = dict(metadata)
        self._overwrite = overwrite
        self._queue: queue.SimpleQueue[_Item | None] = queue.SimpleQueue()
        self._file: RecordingFile | None = None
        self._thread: threading.Thread | None = None
        self._closed = False
        # Each counter has one writing thread, so neither needs a lock: the caller's, then the writer's.
        self._sequence = self._last_number = self._given_bytes = self._refused = 0
        self._done_bytes = self._unwritten = self._written = 0

    def start(self) -> None:
        """Create the file, write metadata and attachments, and start the writer thread.

        Raises
        ------
        RecordingError
            If the file exists, or cannot be created and written.
        """
        if self._thread is not None:
            return
        self._file = RecordingFile(self.path, metadata=about(self._clock) | self._metadata,
                                   attachments=self._attachments, overwrite=self._overwrite)
        self.warning = space_warning(self.path.parent)
        if self.warning:
            _LOG.warning("%s", self.warning)
        self._thread = threading.Thread(target=self._run, args=(self._file,), name="recorder", daemon=True)
        self._thread.start()

    def write(self, topic: str, payload: bytes, received_ns: int) -> None:
        """Hand over one message; returns at once, whatever the disk does.

        Parameters
        ----------
        topic
            One of `sensors.topics.TOPICS`.
        payload
            The message as `sensors.messages.encode` made it.
        received_ns
            When the session received it, on the session clock.

        Raises
        ------
        RecordingError
            If the topic is unknown or the recorder was not started: both are mistakes of the caller.
        """
        if topic not in TOPICS:
            raise RecordingError(f"'{topic}' is no topic that can be recorded.", f"Known topics: {', '.join(TOPICS)}.")
        if self._thread is None:
            raise RecordingError(f"The recorder of {self.path} was not started.", "Call start() first.")
        self._sequence += 1
        if self._closed or self._given_bytes - self._done_bytes + len(payload) > QUEUE_BYTES:
            # Refused messages keep their number, so that the file itself shows the hole.
            self._refused += 1
            if self._refused == 1:
                _LOG.warning("%s: the disk is too slow or the recorder is closed; messages are dropped and the "
                             "recording is marked incomplete", self.path)
            return
        self._given_bytes += len(payload)
        self._queue.put(_Item(topic, payload, received_ns, self._sequence))

    def close(self) -> None:
        """Write what is left, finish the file and stop the thread; safe to call twice and without `start`."""
        if self._closed or self._thread is None:
            return
        self._closed = True
        self._last_number = self._sequence
        self._queue.put(None)
        self._thread.join(CLOSE_S)
        if self._thread.is_alive():
            self.error = (f"The disk of {self.path} did not take the end of the recording within {CLOSE_S:g} s. "
                          f"Check it with: attnflow replay {self.path} --verify")
            _LOG.error("%s", self.error)

    @property
    def dropped(self) -> int:
        """How many messages are not in the file because the disk was too slow, full, or broken."""
        return self._refused + self._unwritten

    @property
    def bytes_written(self) -> int:
        """How many bytes the operating system has taken."""
        return self._file.bytes_written if self._file else 0

    def _run(self, file: RecordingFile) -> None:
        flush_ns = int(FLUSH_S * SECOND)
        due_ns = self._clock.now_ns() + flush_ns
        first_ns: int | None = None
        while True:
            try:
                # Bounded from above too: a test clock that stands still must not put the flush off for ever.
                item = self._queue.get(timeout=max(0.0, min(FLUSH_S, (due_ns - self._clock.now_ns()) / SECOND)))
                if item is None:
                    break
                self._store(file, item)
                first_ns = item.received_ns if first_ns is None else first_ns
                # The session's time counts as well as the clock's: a session in virtual time runs far ahead of it.
                if (self._clock.now_ns() < due_ns and item.received_ns - first_ns < flush_ns
                        and file.pending_bytes < CHUNK_BYTES):
                    continue
            except queue.Empty:
                pass
            self._flush(file)
            due_ns, first_ns = self._clock.now_ns() + flush_ns, None
        self._flush(file)
        self._finish(file)

    def _store(self, file: RecordingFile, item: _Item) -> None:
        if self.error:
            self._unwritten += 1
        else:
            file.add(*item)
        self._done_bytes += len(item.payload)

    def _flush(self, file: RecordingFile) -> None:
        if self.error:
            return
        pending = file.pending
        try:
            file.flush()
        except OSError as error:
            self._unwritten += pending
            self._fail(error)
        else:
            self._written += pending

    def _finish(self, file: RecordingFile) -> None:
        if self.error:
            file.abandon()
            return
        try:
            file.finish({"messages": str(self._written), "dropped": str(self.dropped),
                         "complete": "no" if self.dropped else "yes", "end_ns": str(self._clock.now_ns()),
                         "last_number": str(self._last_number)})
        except OSError as error:
            self._fail(error)
        if self.dropped:
            _LOG.warning("%s is incomplete: %d messages were dropped", self.path, self.dropped)

    def _fail(self, error: OSError) -> None:
        self.error = (f"Recording to {self.path} stopped after {self._written} messages: {error.strerror}. "
                      f"Free space there (df -h {self.path.parent}); what was written can still be replayed.")
        _LOG.error("%s", self.error)


def about(clock: Clock) -> dict[str, str]:
    """Return what every recording says about its making: when, where, and with which versions."""
    facts = {"start_utc": clocks.utc_now(), "start_ns": str(clock.now_ns()), "python": platform.python_version(),
             "platform": platform.platform(), "flush_s": f"{FLUSH_S:g}", "privacy": "features-only"}
    for package in ("attnflow", "numba", "numpy"):
        try:
            facts[package] = version(package)
        except PackageNotFoundError:
            facts[package] = "unknown"
    return facts
