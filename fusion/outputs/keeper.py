"""One output kept going: opened, told what there is, and tried again with growing waits whenever it breaks."""

import logging
import threading
from collections.abc import Callable

from fusion.outputs.gaze import Gaze
from fusion.outputs.output import Output
from sensors.clock import SECOND
from sensors.errors import AttnflowError
from sensors.messages import AnyMessage, Health
from sensors.process import BACKOFF_S, HEARTBEAT_S, RateMeter
from sensors.topics import OUTPUT

log = logging.getLogger(__name__)

STEADY_NS = 10 * SECOND
"""An output that has worked this long begins anew with the shortest wait when it breaks."""
EXTRAS = {"pythonosc": "osc", "pylsl": "lsl", "websockets": "websocket", "can": "can", "cantools": "can"}
"""Which extra brings a library."""


class Keeper:
    """Keeps one output.

    It is opened in a thread of its own, because looking up a host or a device may take seconds, in which the other
    outputs go on; from then on it belongs to whoever calls the keeper.

    Parameters
    ----------
    name
        Its name in the registry.
    build
        Makes it, not yet opened; may raise anything.
    """

    def __init__(self, name: str, build: Callable[[], Output]) -> None:
        self.stream = f"{OUTPUT}{name}"
        self._name, self._build = name, build
        self._output: Output | None = None
        self._opening: threading.Thread | None = None
        self._opened: Output | str = ""
        """What the thread came to: the open output, or why there is none."""
        self._failure = ""
        self._failures = 0
        self._retry_ns = 0
        self._since_ns = 0
        self._beat_ns = 0
        self._said = ("", "")
        self._meter = RateMeter()
        self._sent = 0
        self.restarts = 0
        self.skipped = 0

    @property
    def settled(self) -> bool:
        """Whether it is open, or has failed once."""
        return self._output is not None or self._failures > 0

    def tend(self, now_ns: int) -> bool:
        """Open what is due, and take over what has opened; return whether it has opened just now."""
        if self._opening is not None:
            if self._opening.is_alive():
                return False
            self._opening = None
            if isinstance(self._opened, str):
                self._fail(self._opened, now_ns)
            else:
                self._output, self._since_ns, self._failure = self._opened, now_ns, ""
                self._meter, self._sent = RateMeter(), 0
                return True
        elif self._output is None and now_ns >= self._retry_ns:
            self.restarts = self._failures
            self._opening = threading.Thread(target=self._open, name=f"open {self.stream}", daemon=True)
            self._opening.start()
        return False

    def _open(self) -> None:
        output: Output | None = None
        try:
            output = self._build()
            output.open()
            self._opened = output
        except Exception as error:  # a library may raise anything; the other outputs must go on
            self._opened = self._sentence(error)
            if output is not None:
                self._close(output)

    def _sentence(self, error: Exception) -> str:
        if isinstance(error, AttnflowError):
            return str(error)
        if isinstance(error, ModuleNotFoundError) and (error.name or "").split(".")[0] in EXTRAS:
            extra = EXTRAS[(error.name or "").split(".")[0]]
            return f"The output '{self._name}' needs the library '{error.name}'. Run: pip install 'attnflow[{extra}]'"
        return f"The output '{self._name}' broke with {type(error).__name__}: {error}."

    def _fail(self, failure: str, now_ns: int) -> None:
        if self._output is not None:
            self._close(self._output)
            self._output = None
            if now_ns - self._since_ns > STEADY_NS:
                self._failures = 0
        pause = BACKOFF_S[min(self._failures, len(BACKOFF_S) - 1)]
        if failure != self._failure:
            log.warning("%s It is tried again in %g s.", failure, pause)
        self._failure, self._failures = failure, self._failures + 1
        self._retry_ns = now_ns + round(pause * SECOND)

    def _close(self, output: Output) -> None:
        try:
            output.close()
        except Exception:  # it is broken already, and what broke it has been told
            log.exception("closing the output '%s'", self._name)

    def send(self, message: AnyMessage | Gaze, now_ns: int) -> None:
        """Tell the output one thing, if it is open."""
        if self._output is None:
            return
        try:
            self._output.send(message)
        except Exception as error:  # as in `_open`
            self._fail(self._sentence(error), now_ns)
            return
        self._sent += 1
        self._meter.add(1, now_ns)

    def received(self, now_ns: int) -> list[AnyMessage]:
        """Return what apps said to the output since the last call."""
        if self._output is None:
            return []
        try:
            return self._output.received()
        except Exception as error:  # as in `_open`
            self._fail(self._sentence(error), now_ns)
            return []

    def health(self, now_ns: int) -> Health | None:
        """Return its health if a second has passed or it has changed."""
        trouble = ""
        if self._output is not None:
            try:
                trouble = self._output.trouble()
            except Exception as error:  # as in `_open`
                self._fail(self._sentence(error), now_ns)
        status = "stalled" if trouble else "ok" if self._output is not None else \
            "failed" if self._failure else "starting"
        detail = trouble or self._failure
        if now_ns < self._beat_ns and (status, detail) == self._said:
            return None
        self._beat_ns, self._said = now_ns + round(HEARTBEAT_S * SECOND), (status, detail)
        return Health(t_ns=now_ns, stream=self.stream, status=status, detail=detail, rate_hz=self._meter.rate_hz,
                      samples=self._sent, lost=self.skipped, restarts=self.restarts)

    def close(self) -> None:
        """Close the output; one that is still opening is left to the end of the process."""
        if self._output is not None:
            self._close(self._output)
            self._output = None
