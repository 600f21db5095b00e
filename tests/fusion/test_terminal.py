from io import StringIO
from pathlib import Path

import pytest
from fake_feed import START_NS, alerts, session, view
from rich.console import Console

from fusion.terminal import Screen, frame, picture
from fusion.view import View
from sensors.clock import SECOND
from sensors.messages import Alert, State


def drawn(shown: View, width: int = 80, height: int = 24) -> list[str]:
    """Return the lines of one frame as a terminal of that size would show them."""
    console = Console(width=width, height=height, file=StringIO(), force_terminal=True, color_system=None,
                      legacy_windows=False)
    with console.capture() as capture:
        console.print(frame(shown, width, height))
    return capture.get().rstrip("\n").splitlines()


@pytest.mark.parametrize("at_s", [0.5, 20.0, 29.0, 40.0, 58.0])
@pytest.mark.parametrize(("width", "height"), [(80, 24), (100, 30), (140, 45)])
def test_a_frame_fits_its_terminal(at_s: float, width: int, height: int) -> None:
    lines = drawn(view(at_s), width, height)
    assert len(lines) <= height - 1, "a frame of the full height would scroll"
    assert max(len(line) for line in lines) <= width


def test_a_frame_fits_with_many_alerts_and_streams() -> None:
    many = tuple(Alert(t_ns=START_NS + n, rule=f"rule_{n}", level="info", reason="x" * 200, onset_ns=0)
                 for n in range(30))
    crowded = View(rig="bench", elapsed_s=1.0, state=view().state, alerts=many, start_ns=START_NS,
                   streams={f"stream{n}": view().streams["eeg"] for n in range(5)})
    assert len(drawn(crowded)) <= 24


def test_a_frame_says_what_matters() -> None:
    text = "\n".join(drawn(view(20.0)))
    for wanted in ("DISTRACTED VISUAL", "ok", "Evidence for distracted visual for 1.0 s.", "0.70", "0.35 ± 0.08",
                   "camera 50%", "simulated person", "00:20.0", "out/session.mcap", "0.4 MB", "Eyes off target"):
        assert wanted in text
    camera = next(line for line in drawn(view(20.0)) if line.startswith(" camera "))
    assert camera.split()[:7] == ["camera", "ok", "30.0", "38", "12", "0", "0"]


def test_a_failed_stream_is_explained() -> None:
    text = "\n".join(drawn(view(29.0)))
    assert "failed" in text
    assert "The microphone vanished. Check its cable." in text


def test_before_the_first_state_nothing_is_claimed() -> None:
    text = "\n".join(drawn(View(rig="desk", elapsed_s=0.2)))
    assert "No state yet" in text
    assert "0.00" not in text


def test_markup_in_a_reason_is_shown_as_written() -> None:
    state = State(t_ns=0, state="unknown", probabilities={}, reason="[bold]not markup[/bold] [/oops]")
    assert "[bold]not markup[/bold] [/oops]" in "\n".join(drawn(View(rig="x", elapsed_s=0, state=state)))


def test_without_a_terminal_each_change_is_one_line() -> None:
    out = StringIO()
    with Screen(Console(file=out, width=80)) as screen:
        for _, topic, message in session(40.0, ("truth",)):
            if topic in ("state", "alert"):
                screen.output(message)  # type: ignore[arg-type]  # the topics say what they carry
    lines = out.getvalue().splitlines()
    states = [line.split()[2] for line in lines if "glance" not in line and "microsleep" not in line]
    assert states == ["unknown", "focused", "distracted", "focused", "focused", "focused", "drowsy"]
    assert "Eyes off target for 2.0 s." in out.getvalue()
    assert len(lines) == 7 + 3
    assert "\x1b" not in out.getvalue()


def test_a_terminal_is_drawn_and_left_tidy() -> None:
    out = StringIO()
    with Screen(Console(file=out, width=80, height=24, force_terminal=True, legacy_windows=False)) as screen:
        screen.output(alerts()[0])
        screen.show(view(20.0))
    assert "DISTRACTED VISUAL" in out.getvalue()
    assert out.getvalue().count("\x1b[?25l") == out.getvalue().count("\x1b[?25h") == 1, "the cursor is given back"


def test_times_are_told_from_the_session_start() -> None:
    line = next(line for line in drawn(view(20.0)) if "Eyes off target" in line)
    assert line.split()[:2] == [f"{(alerts()[0].t_ns - START_NS) / SECOND:.1f}", "s"]


def test_the_picture_stands_alone(tmp_path: Path) -> None:
    svg = picture(view(20.0), tmp_path / "new" / "live.svg").read_text(encoding="utf-8")
    assert svg.count("http") == 1, "only the SVG name space"
    assert "DISTRACTED" in svg.replace("&#160;", " ")
