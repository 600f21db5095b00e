"""A recorded stream as a sensor: the same chunks, on today's clock, through the same bus as a live one.

Time. All replayed streams of one file share one origin: the moment at which the recording's first message was
received (plus `seek_s`) becomes the session's start, so streams keep their true offsets to each other. A chunk is
handed out when it was received then; its stamps are moved, and the recorded ones travel as ``device_ns``.

At another `speed` the stamps are drawn together (or apart) by it, so that they stay true on the session clock, and the
nominal rate grows with it. Everything that depends on frequency or duration then changes its meaning: 10 Hz alpha
played at double speed *is* 20 Hz. To recompute a session faster than it was, use `attnflow replay`, which feeds the
recorded stamps to the session. At speed 0 nothing waits, and stamps keep their recorded distances.
"""

from collections.abc import Iterator
from pathlib import Path

import msgspec
import numpy as np

from sensors.clock import SECOND
from sensors.driver import Samples, Setting
from sensors.drivers.replay_config import ReplayConfig
from sensors.errors import DeviceError, RecordingError, WireError
from sensors.messages import AnyMessage, Chunk, Health, StreamInfo, TimeArray, decode
from sensors.recording import Recording

LAP_PAUSE_S = 0.1
"""Pause between two laps of a looped recording, which covers that samples are stamped before they are received."""


class Replay:
    """One stream of a recording; implements `sensors.driver.Driver`.

    Parameters
    ----------
    config
        Which file and stream, and how to play it.
    setting
        `start_ns` is when the recording's first message comes again.
    """

    def __init__(self, config: ReplayConfig, setting: Setting) -> None:
        self._config = config
        self._setting = setting
        self._stream = config.stream or setting.stream
        self._recording: Recording | None = None
        self._lost = 0
        self._lost_before: int | None = 0

    def open(self) -> StreamInfo:
        """Open the recording and return what the stream said about itself, marked as replayed.

        Raises
        ------
        DeviceError
            If there is no such recording or stream, or nothing is left of it after `seek_s`.
        """
        if not self._config.file:
            raise DeviceError(f"[{self._setting.stream}] replays no file.",
                              f"Name one: --set {self._setting.stream}.file=session.mcap")
        try:
            recording = Recording(Path(self._config.file))
        except RecordingError as error:
            raise DeviceError(f"[{self._setting.stream}] cannot be replayed: {error.message}",
                              error.next_step) from None
        info = self._info(recording)
        if self._config.seek_s > recording.duration_s:
            raise DeviceError(f"{self._config.file} lasts {recording.duration_s:.1f} s, so it cannot be played from "
                              f"{self._config.seek_s:g} s.", f"Set {self._setting.stream}.seek_s lower.")
        self._recording, self._kind = recording, info.kind
        self._origin_ns = recording.start_ns + round(self._config.seek_s * SECOND)
        self._lap_ns = recording.end_ns - self._origin_ns + round(LAP_PAUSE_S * SECOND)
        self._lap = self._lost = 0
        # What was lost before the moment sought is told by the first health after it.
        self._lost_before = None if self._config.seek_s else 0
        self._newest_ns = self._lap_began_ns = -(1 << 62)
        self._chunks = self._play(recording)
        self._waiting: tuple[int, Chunk] | None = None
        meta = {**info.meta, "replayed": "yes", "holes": "kept", "speed": f"{self._config.speed:g}"}
        return msgspec.structs.replace(
            info, t_ns=self._setting.clock.now_ns(), stream=self._setting.stream, driver="replay", meta=meta,
            rate_hz=info.rate_hz * (self._config.speed or 1.0), device=f"{info.device} in {self._config.file}".strip())

    def read(self, timeout_s: float) -> Samples | None:
        """Return the next recorded chunk when its time has come; empty if that is not within `timeout_s`.

        Raises
        ------
        DeviceError
            If the recording holds a chunk that is not whole.
        """
        if self._recording is None:
            raise DeviceError(f"[{self._setting.stream}] was not opened.", "Call open() first.")
        if self._waiting is None:
            self._waiting = next(self._chunks, None)
            if self._waiting is None:
                return None
        received_ns, chunk = self._waiting
        clock = self._setting.clock
        wait_s = (self._session_ns(received_ns) - clock.now_ns()) / SECOND if self._config.speed else 0.0
        clock.sleep(min(wait_s, timeout_s))
        if wait_s > timeout_s:
            return Samples(np.empty((0, chunk.values.shape[1]), np.float32), np.empty(0, np.int64))
        self._waiting = None
        return self._moved(chunk)

    def close(self) -> None:
        """Let go of the recording; safe to call twice."""
        self._recording = None
        self._waiting = None

    def lost(self) -> int:
        """Return how many samples the recorded sensor lost up to here, since `open`, as its own health said."""
        return self._lost - (self._lost_before or 0)

    def _info(self, recording: Recording) -> StreamInfo:
        # The first words of a stream stand at its beginning: this reads little, `Recording.streams` reads everything.
        for _, _, payload in recording.messages(("info",)):
            info = self._decoded(payload)
            if isinstance(info, StreamInfo) and info.stream == self._stream:
                return info
        raise DeviceError(f"{self._config.file} has no stream '{self._stream}'.",
                          f"It has: {', '.join(sorted(recording.streams())) or 'none'}.")

    def _play(self, recording: Recording) -> Iterator[tuple[int, Chunk]]:
        """Yield (received_ns, chunk) of the stream, lap after lap."""
        found = False
        while True:
            for received_ns, _, payload in recording.messages((self._kind, "health"), from_ns=self._origin_ns):
                message = self._decoded(payload)
                if isinstance(message, Health) and message.stream == self._stream:
                    if self._lost_before is None:
                        self._lost_before = message.lost
                    self._lost = max(self._lost, message.lost)
                elif isinstance(message, Chunk) and message.stream == self._stream and len(message.times_ns):
                    found = True
                    yield received_ns, message
            if not self._config.loop or not found:
                return
            self._lap += 1
            self._lap_began_ns = self._newest_ns

    def _decoded(self, payload: bytes) -> AnyMessage:
        try:
            return decode(payload)
        except WireError as error:
            raise DeviceError(f"{self._config.file} holds a damaged message: {error.message}",
                              f"Check it with: attnflow replay {self._config.file} --verify") from error

    def _session_ns(self, recorded_ns: int) -> int:
        past_ns = recorded_ns - self._origin_ns + self._lap * self._lap_ns
        return self._setting.start_ns + (past_ns if self._config.speed in (0, 1)
                                         else round(past_ns / self._config.speed))

    def _moved(self, chunk: Chunk) -> Samples:
        past_ns = chunk.times_ns - self._origin_ns + self._lap * self._lap_ns
        if self._config.speed not in (0, 1):
            # Distances within a recording stay far below 2**53 ns (104 days), so float64 is exact to the nanosecond.
            past_ns = np.rint(past_ns / self._config.speed).astype(np.int64)
        times_ns: TimeArray = past_ns + self._setting.start_ns
        # Samples are received after they were true, so a lap may begin with some that overlap the end of the last one.
        new = times_ns > self._lap_began_ns
        self._newest_ns = max(self._newest_ns, int(times_ns[-1]))
        return Samples(chunk.values[new], times_ns[new], chunk.times_ns[new])
