"""A headless browser on this machine, driven over its DevTools protocol: for benches and tests of the page."""

import base64
import json
import shutil
import subprocess
import tempfile
from contextlib import ExitStack, suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from websockets.sync.client import ClientConnection, connect

from sensors.clock import SystemClock, now_ns
from sensors.errors import DeviceError

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome")
START_S = 60.0
"""How long a browser may take to start."""

LARGEST_ANSWER = 64 * 1024 * 1024


def find_browser() -> str:
    """Return the path of a browser of the Chromium family, "" if none is installed."""
    return next((path for name in BROWSERS if (path := shutil.which(name))), "")


class Browser:
    """One browser with one page.

    Raises
    ------
    DeviceError
        On entering, if no browser is installed or it does not start.
    """

    def __init__(self, width: int = 1120, height: int = 900) -> None:
        self._size = f"--window-size={width},{height}"
        self._folder = Path()
        self._process: subprocess.Popen[bytes] | None = None
        self._socket: ClientConnection | None = None
        self._open = ExitStack()
        self._number = 0

    def __enter__(self) -> Self:
        path = find_browser()
        if not path:
            raise DeviceError("No browser of the Chromium family is installed.", "Install chromium and run it again.")
        self._folder = Path(tempfile.mkdtemp(prefix="attnflow-browser-"))
        try:
            self._process = subprocess.Popen(
                [path, "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-extensions",
                 "--disable-background-networking", "--disable-dev-shm-usage", "--remote-debugging-port=0",
                 f"--user-data-dir={self._folder}", self._size, "about:blank"],
                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            self._connect()
        except BaseException:
            self._stop()
            raise
        return self

    def _connect(self) -> None:
        clock, told = SystemClock(), self._folder / "DevToolsActivePort"
        deadline = now_ns() + round(START_S * 1e9)
        while not (told.exists() and "\n" in told.read_text()):
            if now_ns() > deadline or (self._process is not None and self._process.poll() is not None):
                raise DeviceError("The browser did not start.", "Try it by hand: chromium --headless --no-sandbox")
            clock.sleep(0.05)
        port, path = told.read_text().split()[:2]
        with connect(f"ws://127.0.0.1:{port}{path}", compression=None, max_size=LARGEST_ANSWER) as self._socket:
            target = self.call("Target.getTargets")["targetInfos"][0]["targetId"]
        self._socket = self._open.enter_context(connect(f"ws://127.0.0.1:{port}/devtools/page/{target}",
                                                        compression=None, max_size=LARGEST_ANSWER))

    def call(self, method: str, **parameters: Any) -> Any:
        """Return the result of a DevTools method; DeviceError with the browser's own words if it has none."""
        assert self._socket is not None
        self._number += 1
        self._socket.send(json.dumps({"id": self._number, "method": method, "params": parameters}))
        while True:
            answer = json.loads(self._socket.recv(timeout=START_S))
            if answer.get("id") == self._number:
                break
        if "error" in answer:
            raise DeviceError(f"The browser refused {method}: {answer['error'].get('message')}.")
        return answer["result"]

    def evaluate(self, script: str) -> Any:
        """Return the value of a JavaScript expression in the page; DeviceError if it throws."""
        result = self.call("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in result:
            raise DeviceError(f"The page failed: {result['exceptionDetails']}.")
        return result["result"].get("value")

    def visit(self, address: str) -> None:
        """Show the page at `address`, and wait until it has loaded."""
        self.call("Page.navigate", url=address)
        self.wait_for(f"document.readyState === 'complete' && location.href.startsWith({json.dumps(address)})")

    def wait_for(self, condition: str, timeout_s: float = 20.0) -> None:
        """Wait until a JavaScript condition holds; DeviceError if it does not in time."""
        deadline = now_ns() + round(timeout_s * 1e9)
        while not self.evaluate(condition):
            if now_ns() > deadline:
                raise DeviceError(f"The page did not come to '{condition}' within {timeout_s:.0f} s.")
            SystemClock().sleep(0.05)

    def screenshot(self) -> bytes:
        """Return the page as it looks, as PNG."""
        return base64.b64decode(self.call("Page.captureScreenshot", format="png")["data"])

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None,
                 ) -> None:
        if self._socket is not None:
            with suppress(OSError, DeviceError, TimeoutError):
                self.call("Browser.close")
            self._open.close()
        self._stop()

    def _stop(self) -> None:
        if self._process is not None:
            try:
                self._process.wait(timeout=5)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        shutil.rmtree(self._folder, ignore_errors=True)
