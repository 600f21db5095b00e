"""Measures the WebSocket output in a real browser: the page that it serves receives gaze and states."""

from contextlib import closing
from typing import Any

from fusion.bench_browser_driver import Browser
from fusion.bench_websocket import Arrival, feed, figures
from fusion.outputs.websocket import WebSocket
from sensors.clock import SystemClock, now_ns
from sensors.rig_outputs import WebsocketOutput

LISTEN = """
window.arrivals = [];
document.addEventListener("attnflow", event => {
  const frame = event.detail;
  if (frame.type !== "hello") arrivals.push([frame.type, frame.seq, frame.t_ns, performance.now()]);
});
"""
"""Notes each frame when the page has taken it in."""

ASKS = 50


def measure(seconds: float, gaze_hz: float = 60.0, state_hz: float = 10.0) -> dict[str, Any]:
    """Return what the page received in `seconds`: sent, received, missing, reordered, and the latency in ms.

    Latency is from the call of `send` to the moment the page has taken the frame in; `clock_doubt_ms` is how far off
    the browser's clock may have been read.

    Raises
    ------
    DeviceError
        If no browser is installed or it does not start.
    """
    output = WebSocket(WebsocketOutput(port=0))
    with closing(output), Browser() as browser:
        output.open()
        browser.visit(output.address)
        browser.wait_for("window.attnflow.connected && window.attnflow.types.hello === 1")
        browser.evaluate(LISTEN)
        offset_ns, doubt_ns = _clock_offset(browser)
        sent = feed(output, seconds, gaze_hz, state_hz)
        SystemClock().sleep(1.0)
        arrivals: list[Arrival] = [(kind, seq, t_ns, round(at_ms * 1e6) + offset_ns)
                                   for kind, seq, t_ns, at_ms in browser.evaluate("window.arrivals")]
        page = browser.evaluate("window.attnflow")
    return figures(sent, arrivals) | {"page": {key: page[key] for key in ("gaps", "reordered", "dropped")},
                                      "clock_doubt_ms": round(doubt_ns / 1e6, 3)}


def _clock_offset(browser: Browser) -> tuple[int, int]:
    """Return our clock less the page's, and half the time of the quickest question and answer, in ns."""
    best: tuple[int, int] | None = None
    for _ in range(ASKS):
        asked = now_ns()
        theirs = round(browser.evaluate("performance.now()") * 1e6)
        answered = now_ns()
        half = (answered - asked) // 2
        if best is None or half < best[1]:
            best = (asked + half - theirs, half)
    assert best is not None
    return best
