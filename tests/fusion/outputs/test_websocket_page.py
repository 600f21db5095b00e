"""The page in a real browser: what it shows, what it says back, and that it lost nothing."""

import math
from collections.abc import Iterator
from importlib import resources
from typing import Any

import pytest
from websocket_clients import NAN, alert, event, gaze, hint, serving, state, until

from fusion.bench_browser_driver import Browser, find_browser
from fusion.outputs.websocket import WebSocket
from sensors.clock import SystemClock, now_ns
from sensors.messages import Answer, Column, GazeEvent, StreamInfo, Target
from sensors.rig_outputs import WebsocketOutput

pytestmark = pytest.mark.skipif(not find_browser(), reason="no browser of the Chromium family is installed")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with Browser() as opened:
        yield opened


@pytest.fixture
def output(browser: Browser) -> Iterator[WebSocket]:
    """Return a server whose page is shown and connected."""
    with serving() as opened:
        browser.visit(opened.address)
        browser.wait_for("window.attnflow.connected")
        yield opened
        browser.visit("about:blank")


def text(browser: Browser, where: str) -> str:
    said: str = browser.evaluate(f"document.querySelector('{where}').textContent")
    return said


def feed(output: WebSocket, seconds: float, status: str = "ok") -> int:
    """Send gaze at 60 Hz and states at 10 Hz in real time, and return how many frames that was."""
    count = round(60 * seconds)
    for k in range(count):
        output.send(gaze(0.3 * math.sin(k / 20), 0.1) if status == "ok" else gaze(NAN, NAN, status))
        if k % 6 == 0:
            output.send(state("distracted_visual", attention=0.42, attention_sd=0.08, reason="Eyes elsewhere."))
        SystemClock().sleep(1 / 60)
    return count + (count + 5) // 6


def test_the_page_shows_state_confidence_and_ages_and_loses_nothing(browser: Browser, output: WebSocket) -> None:
    output.send(StreamInfo(t_ns=1, stream="camera", kind="camera", driver="webcam", rate_hz=30.0,
                           columns=(Column("gaze_yaw", "rad"),), meta={"simulated": "yes"}))
    sent = feed(output, 1.5)
    browser.wait_for(f"window.attnflow.received >= {sent + 2}")
    output.send(state("distracted_visual", reason="Eyes elsewhere."))
    browser.wait_for("document.getElementById('link').textContent === 'live'")
    assert text(browser, "#age").endswith(" ms")
    assert 0 <= int(text(browser, "#age").split()[0]) <= 500
    assert text(browser, "#state") == "distracted visual"
    assert text(browser, "#confidence") == "0.90"
    assert text(browser, "#reason") == "Eyes elsewhere."
    assert browser.evaluate("document.getElementById('simulated').hidden") is False
    cells = browser.evaluate("[...document.querySelectorAll('#inputs tr:first-child > *')].map(c => c.textContent)")
    assert cells[0] == "camera"
    assert cells[1].endswith((" ms", " s"))
    assert cells[2:] == ["0.94", "ok"]
    counts = browser.evaluate("window.attnflow")
    assert {key: counts[key] for key in ("received", "gaps", "reordered", "dropped")} == {
        "received": sent + 3, "gaps": 0, "reordered": 0, "dropped": 0}
    assert counts["types"]["gaze"] == 90
    assert "0 missing" in text(browser, "#counts")


def test_silence_is_shown_as_stale_and_a_lost_face_as_nobody(browser: Browser, output: WebSocket) -> None:
    feed(output, 0.1, "no_face")
    browser.wait_for("document.getElementById('look').textContent === 'nobody in view'")
    browser.wait_for("document.getElementById('now').classList.contains('stale')")
    assert text(browser, "#stale").startswith("Stale: this state is ")
    assert text(browser, "#link") == "stale"
    browser.wait_for("document.getElementById('look').textContent.startsWith('stale: ')")
    output.send(state())
    output.send(gaze(1.2, 0.0))
    browser.wait_for("document.getElementById('look').textContent === 'looking away'")
    output.send(state())
    browser.wait_for("!document.getElementById('now').classList.contains('stale')")


def test_a_hint_is_answered_once_and_goes_when_it_is_over(browser: Browser, output: WebSocket) -> None:
    output.send(hint(7))
    browser.wait_for("document.querySelectorAll('#hints button').length === 2")
    browser.evaluate("document.querySelector('#hints button.yes').click()")
    said: list[Any] = []
    until(lambda: said.extend(output.received()) or said, "the answer arrives")
    assert [(type(one), one.hint, one.number, one.answer, one.source) for one in said] == [
        (Answer, "simplify", 7, "accepted", "page")]
    assert browser.evaluate("document.querySelectorAll('#hints button').length") == 0
    output.send(hint(7, active=False))
    browser.wait_for("document.getElementById('hints').children.length === 0")


def test_what_the_session_says_is_shown_as_text_whatever_is_in_it(browser: Browser, output: WebSocket) -> None:
    output.send(alert(1, reason="<img src=x onerror=\"document.title='broken'\">"))
    output.send(event())
    browser.wait_for("document.querySelectorAll('#alerts li, #events li').length === 2")
    assert "<img src=x" in text(browser, "#alerts")
    assert "mirror" in text(browser, "#events")
    assert browser.evaluate("document.querySelectorAll('img').length") == 0
    output.send(alert(1, active=False, reason="Over."))
    browser.wait_for("document.querySelectorAll('#alerts li.over').length === 1")


def test_a_tap_on_the_field_places_a_target_where_it_was_tapped(browser: Browser, output: WebSocket) -> None:
    browser.evaluate("""(() => {
      document.getElementById('place').click();
      const box = document.getElementById('field').getBoundingClientRect();
      document.getElementById('field').dispatchEvent(new MouseEvent('click', {
        clientX: box.left + 0.75 * box.width, clientY: box.top + 0.25 * box.height}));
    })()""")
    said: list[Any] = []
    until(lambda: said.extend(output.received()) or said, "the target arrives")
    assert isinstance(said[0], Target)
    assert math.degrees(said[0].yaw) == pytest.approx(22.5, abs=0.5)
    assert math.degrees(said[0].pitch) == pytest.approx(12.65, abs=0.5)
    browser.evaluate("document.getElementById('clear').click()")
    until(lambda: said.extend(output.received()) or len(said) == 2, "it is taken away")
    assert said[1].width == 0


def test_it_connects_again_by_itself(browser: Browser, output: WebSocket) -> None:
    port = int(output.address.rstrip("/").rpartition(":")[2])
    output.send(state())
    browser.wait_for("document.getElementById('link').textContent === 'live'")
    output.close()
    browser.wait_for("document.getElementById('link').textContent.startsWith('not connected')")
    with serving(port=port) as again:
        browser.wait_for("window.attnflow.connected")
        again.send(state("drowsy"))
        browser.wait_for("document.getElementById('state').textContent === 'drowsy'")
        assert browser.evaluate("window.attnflow.gaps + window.attnflow.reordered") == 0


def test_the_page_loads_nothing_from_elsewhere() -> None:
    page = resources.files("fusion.outputs").joinpath("page.html").read_text(encoding="utf-8")
    assert "http://" not in page.replace('"http://', "")
    assert "https://" not in page
    assert page.count("src=") == 0
    assert page.count("href=") == page.count('href="data:,"') == 1
    assert WebsocketOutput().host in page  # where a page opened from a file looks


def test_measures_stand_beside_what_the_eyes_did_and_push_none_of_it_out(browser: Browser, output: WebSocket) -> None:
    output.send(event())
    for kind, target, value in (("focus", "", 0.5), ("entropy", "", 0.75), ("share", "menu", 0.25)) * 4:
        output.send(GazeEvent(t_ns=now_ns(), kind=kind, onset_ns=0, end_ns=0, target=target, value=value))
    browser.wait_for("document.getElementById('measures').textContent.includes('looking at menu 0.25')")
    assert "K coefficient 0.50" in text(browser, "#measures").replace("  ", " ")
    assert browser.evaluate("document.querySelectorAll('#events li').length") == 1


def test_a_server_that_was_started_anew_is_told_the_targets_of_the_page(browser: Browser, output: WebSocket) -> None:
    browser.evaluate("document.getElementById('place').click()")
    browser.evaluate("canvas.onclick({clientX: canvas.getBoundingClientRect().left + 50, "
                     "clientY: canvas.getBoundingClientRect().top + 50})")
    said: list[object] = []
    until(lambda: said.extend(output.received()) or said, "the target is told")
    port = int(output.address.rstrip("/").rpartition(":")[2])
    output.close()
    with serving(port=port) as again:
        until(lambda: said.extend(again.received()) or len(said) == 2, "the target is told again")
    assert isinstance(said[0], Target)
    assert isinstance(said[1], Target)
    assert said[0].name == said[1].name


def test_an_alert_that_escalates_to_another_rule_is_shown_once(browser: Browser, output: WebSocket) -> None:
    output.send(alert(1, rule="long"))
    output.send(alert(1, rule="unresponsive"))
    browser.wait_for("document.querySelectorAll('#alerts li').length > 0 && window.attnflow.types.alert === 2")
    browser.wait_for("document.querySelector('#alerts b').textContent === 'unresponsive'")
    assert browser.evaluate("document.querySelectorAll('#alerts li').length") == 1
