"""The session's follower for apps: gaze events as samples arrive, hints at ticks."""

import math
from collections import deque

from fusion.xr.focus import Focus
from fusion.xr.hint_rules import DRIVING_KMH
from fusion.xr.hints import Hints
from fusion.xr.lids import Lids
from fusion.xr.movement import Movement
from fusion.xr.targets import Targets
from fusion.xr.watcher import Watcher
from kernels.errors import InputError
from sensors.clock import SECOND
from sensors.messages import Answer, Chunk, Said, State, StreamInfo, Target
from sensors.rig import SessionConfig
from sensors.rig_xr import XrConfig

SPEED_NS = 2 * SECOND
"""A speed older than this is no speed."""


def warm() -> None:
    """Compile the kernels that are run one event at a time, or load them from the cache: before a session is live."""
    lids, focus = Lids("both"), Focus(0.0, 0.0)
    lids.step(0, 1.0, 1.0, 1.0, 1.0, 0.0)
    focus.take(Movement("fixation", 1, 0, 0, 0.0, 0.0))
    focus.take(Movement("saccade", 1, 0, 1, 0.0, 0.0, 0.1))
    focus.measures(1)


class XrFollower:
    """See `fusion.follower.Follower`.

    Parameters
    ----------
    config
        The rig's ``[xr]`` table.
    session
        The rig's ``[session]`` table.
    vehicle
        Whether the rig has a driving part: then the person drives while no speed says otherwise.
    """

    def __init__(self, config: XrConfig, session: SessionConfig, *, vehicle: bool = False) -> None:
        self._config, self._session, self._vehicle = config, session, vehicle
        self.targets = Targets(config.dwell_ms, 1.0)
        self.hints = Hints(config)
        self._watcher: Watcher | None = None
        self._stream = ""
        self._speed_of: tuple[str, int] = ("", -1)
        self._speeds: deque[tuple[int, float]] = deque()
        self._speed = (0, math.nan)
        warm()

    def meet(self, info: StreamInfo) -> None:
        """Learn of a stream."""
        if info.kind == "camera":
            self._stream = info.stream
            self._watcher = self._watching(info)
        elif info.kind == "context":
            self._speed_of = info.stream, info.names.index("speed_kmh") if "speed_kmh" in info.names else -1
            self._speeds.clear()

    def take(self, chunk: Chunk) -> list[Said]:
        """Take in gaze and lids, and the speed of a vehicle."""
        if self._watcher is not None and chunk.stream == self._stream:
            return list(self._watcher.take(chunk.values, chunk.times_ns))
        stream, column = self._speed_of
        if chunk.stream == stream and 0 <= column < chunk.values.shape[1]:
            self._speeds.extend(zip(chunk.times_ns.tolist(), chunk.values[:, column].tolist(), strict=True))
        return []

    def hear(self, message: Target | Answer) -> list[Said]:
        """Take in a target, or the answer to a hint."""
        if isinstance(message, Answer):
            return list(self.hints.hear(message))
        if self._watcher is not None:
            return list(self._watcher.target(message))
        self.targets.hear(message)  # there is no gaze yet that could be on it
        return []

    def tick(self, state: State) -> list[Said]:
        """Tell what is due, and judge the hints."""
        said: list[Said] = []
        if self._watcher is not None:
            said += self._watcher.advance(state.t_ns)
        if self._config.hints:
            said += self.hints.tick(state, driving=self._driving(state.t_ns))
        return said

    def _watching(self, info: StreamInfo) -> Watcher | None:
        session = self._session
        try:
            return Watcher(info, self.targets, self._config.intents, session.calibration_s,
                           math.radians(session.target_yaw_deg), math.radians(session.target_pitch_deg),
                           math.radians(self._config.gaze_error_deg))
        except InputError:
            return None  # the session tells that this camera has no column it knows

    def _driving(self, now_ns: int) -> bool:
        """Return whether the person drives, by the newest speed up to now."""
        while self._speeds and self._speeds[0][0] <= now_ns:
            at_ns, told = self._speeds.popleft()
            if not math.isnan(told):
                self._speed = at_ns, told
        at_ns, speed = self._speed
        known = now_ns - at_ns <= SPEED_NS and not math.isnan(speed)
        return speed >= DRIVING_KMH if known else self._vehicle
