"""A session in the terminal: one screen redrawn eight times a second, or plain lines where there is no screen."""

import math
import re
from io import StringIO
from pathlib import Path
from types import TracebackType
from typing import Self

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.panel import Panel
from rich.text import Text

from fusion.palette import COLOURS, LEVEL_COLOURS, STATUS_COLOURS, label
from fusion.view import View
from sensors.clock import SECOND
from sensors.messages import Alert, Said, State
from sensors.simulated.story import STATES
from sensors.topics import OUTPUT

FRAMES_PER_SECOND = 8
ALWAYS_LINES = 15
"""Lines of a screen besides streams and alerts: title, state panel 4, bars 6, weights, two table heads, last line."""
INDEX_COLOUR = "#2b8cc4"
BREAKS = 3
"""Empty lines between the parts, where the screen is high enough."""
BARS_BESIDES = 57
"""Columns of the bars' part that are not bars."""


class Screen:
    """Draws a session while it runs; use it as a context.

    Parameters
    ----------
    console
        Where to draw; a console that is no terminal gets one line per change of state and per alert instead.
    """

    def __init__(self, console: Console) -> None:
        self._console = console
        self._view: View | None = None
        self._shown = ("", "")
        self._start_ns: int | None = None
        self._live: Live | None = None
        if console.is_terminal:
            # Live redraws from a thread of its own, so that drawing never holds up the session.
            self._live = Live(get_renderable=self._draw, console=console, refresh_per_second=FRAMES_PER_SECOND,
                              transient=False, vertical_overflow="crop", redirect_stdout=False, redirect_stderr=True)

    def __enter__(self) -> Self:
        if self._live is not None:
            self._live.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        if self._live is not None:
            self._live.stop()

    def show(self, view: View) -> None:
        """Take the newest view; it is drawn when the next frame is due."""
        self._view = view

    def output(self, message: Said) -> None:
        """Take one output of the session; without a screen, a change is printed as a line."""
        if self._start_ns is None:
            self._start_ns = message.t_ns
        if self._live is not None:
            return
        if isinstance(message, Alert):
            self._console.print(alert_line(message, self._start_ns), soft_wrap=True)
        elif isinstance(message, State) and (message.state, message.status) != self._shown:
            self._shown = (message.state, message.status)
            self._console.print(state_line(message, self._start_ns), soft_wrap=True)

    def _draw(self) -> RenderableType:
        if self._view is None:
            return Text("Starting the drivers ...")
        return frame(self._view, self._console.width, self._console.height)


def state_line(state: State, start_ns: int) -> Text:
    """Return one state as one line: ``12.4 s  drowsy  0.71  ok  reason``."""
    chance = state.probabilities.get(state.state, math.nan)
    line = Text(f"{(state.t_ns - start_ns) / SECOND:8.1f} s  ")
    line.append(f"{label(state.state):<20}", style=f"bold {COLOURS.get(state.state, '')}")
    line.append(f"  {_number(chance, '.2f')}  {state.status:<11}  {state.reason}")
    return line


def alert_line(alert: Alert, start_ns: int) -> Text:
    """Return one alert as one line."""
    line = Text(f"{(alert.t_ns - start_ns) / SECOND:8.1f} s  ")
    line.append(f"{alert.level if alert.active else 'over':<8}", style=LEVEL_COLOURS.get(alert.level, ""))
    line.append(f" {label(alert.rule)}: {alert.reason}")
    return line


def frame(view: View, width: int = 80, height: int = 24) -> RenderableType:
    """Return one whole screen of at most `width` x `height` characters."""
    room = height - ALWAYS_LINES - max(1, len(view.streams))
    airy = room >= BREAKS + 3
    gap = [Text()] if airy else []
    return Group(_title(view, width), _state_panel(view), _measures(view, width), _weights(view), *gap,
                 _streams(view, width), *gap, _alerts(view, max(1, room - BREAKS * airy)), *gap, _last_line(view))


def picture(view: View, path: str | Path, *, width: int = 96) -> Path:
    """Write one frame as an SVG picture that needs nothing else, and return its path."""
    console = Console(record=True, width=width, height=26, file=StringIO(), force_terminal=True,
                      color_system="truecolor", legacy_windows=False)
    console.print(frame(view, width, 26))
    target = Path(path)
    target.parent.mkdir(parents=True, exist_ok=True)
    svg = console.export_svg(title=f"attnflow live --rig {view.rig}")
    # Rich asks a server for a font; the picture must stand alone, and any fixed-width font will do.
    svg = re.sub(r"@font-face\s*{[^}]*}\s*|<!--.*?-->\s*", "", svg, flags=re.DOTALL)
    target.write_text(svg, encoding="utf-8")
    return target


def _title(view: View, width: int) -> Text:
    minutes, seconds = divmod(view.elapsed_s, 60)
    left = Text.assemble((" attnflow ", "bold reverse"), f"  rig {view.rig}")
    if view.simulated:
        left.append("   simulated person", style="italic")
    clock = f"{int(minutes):02d}:{seconds:04.1f} "
    left.append(" " * max(1, width - left.cell_len - len(clock)) + clock)
    left.truncate(width)
    return left


def _state_panel(view: View) -> Panel:
    state = view.state
    if state is None:
        return Panel(Text("No state yet: waiting for the first sensor.\n"), title="state", title_align="left")
    colour = COLOURS.get(state.state, "")
    head = Text.assemble((f" {label(state.state).upper()} ", f"bold black on {colour}"), "   ",
                         (state.status, f"bold {STATUS_COLOURS.get(state.status, '')}"))
    head.append(f"   estimator {state.estimator}", style="dim") if state.estimator else None
    reason = Text(state.reason or " ", no_wrap=True, overflow="ellipsis")
    return Panel(Group(head, reason), border_style=colour, title="state", title_align="left")


def _measures(view: View, width: int) -> Group:
    """Return probabilities on the left, attention, vigilance and load on the right.

    Lines of text, not a table: rich takes 7 ms to lay out a table, and the session shares the interpreter.
    """
    state = view.state
    bar = max(4, (width - BARS_BESIDES) // 2)
    right: list[tuple[str, float, str]] = [] if state is None else [
        ("attention", state.attention, f" ± {_number(state.attention_sd, '.2f')}"),
        ("vigilance", state.vigilance, f" ± {_number(state.vigilance_sd, '.2f')}"),
        ("load", state.load, f" ± {_number(state.load_sd, '.2f')}"),
        ("lapse in 3 s", state.lapse_risk_3s, ""),
        ("lapse in 10 s", state.lapse_risk_10s, "")]
    probabilities = state.probabilities if state is not None else {}
    # Behind "unknown" stands little more than a prior; it is shown, but not in the colours of an answer.
    sure = state is not None and state.state != "unknown"
    lines = []
    for number, name in enumerate(STATES):
        chance = probabilities.get(name, math.nan)
        line = Text(f" {label(name):<21}", no_wrap=True, overflow="crop")
        line.append_text(_bar(chance, bar, COLOURS[name] if sure else "dim"))
        line.append(f" {_number(chance, '.2f'):>4}   ", "" if sure else "dim")
        if number < len(right):
            title, value, spread = right[number]
            line.append(f"{title:<14}", "bold").append_text(_bar(value, bar, INDEX_COLOUR if sure else "dim"))
            line.append(f" {_number(value, '.2f')}{spread}")
        lines.append(line)
    return Group(*lines)


def _weights(view: View) -> Text:
    weights = view.state.weights if view.state is not None else {}
    text = Text(" rests on  ", style="dim", no_wrap=True, overflow="ellipsis")
    return text.append("   ".join(f"{name} {weight:.0%}" for name, weight in weights.items()) or "nothing yet")


def _streams(view: View, width: int) -> Group:
    heads = ("rate Hz", "age ms", "gaps", "lost", "restarts")
    lines = [Text(f" {'stream':<11} {'status':<9}" + "".join(f" {head:>8}" for head in heads) + "  quality", "dim")]
    for name, stream in view.streams.items():
        shown = f"> {name.removeprefix(OUTPUT)}" if name.startswith(OUTPUT) else name
        line = Text(f" {shown:<11.11} ", no_wrap=True, overflow="ellipsis")
        line.append(f"{stream.status:<9}", STATUS_COLOURS.get(stream.status, ""))
        off = stream.nominal_hz > 0 and abs(stream.rate_hz / stream.nominal_hz - 1) > 0.1
        line.append(f" {stream.rate_hz:8.1f}", STATUS_COLOURS["degraded"] if off else "")
        line.append(f" {'-' if stream.age_ms < 0 else f'{stream.age_ms:.0f}':>8}")
        for count in (stream.gaps, stream.lost, stream.restarts):
            line.append(f" {count:8d}", STATUS_COLOURS["degraded"] if count else "")
        line.append("  ").append_text(_bar(stream.quality, 5, STATUS_COLOURS["ok"]))
        line.append(f" {_number(stream.quality, '.2f')}")
        if width >= 110 and stream.detail:
            line.append(f"  {stream.detail}")
        lines.append(line)
    return Group(*lines, *([] if view.streams else [Text(" none yet", "dim")]))


def _alerts(view: View, room: int) -> Group:
    lines: list[Text] = [Text(" alerts", style="dim")]
    if not view.alerts:
        lines.append(Text(" none", style="dim"))
    for alert in view.alerts[-room:]:
        line = alert_line(alert, view.start_ns)
        line.no_wrap, line.overflow = True, "ellipsis"
        lines.append(line)
    return Group(*lines)


def _last_line(view: View) -> Text:
    failing = [f"{name}: {stream.detail}" for name, stream in view.streams.items()
               if stream.status in ("failed", "stalled") and stream.detail]
    if view.said:
        text = Text(f" {view.said}")
    elif failing:
        text = Text(f" {failing[0]}", style=STATUS_COLOURS["failed"])
    elif view.record:
        text = Text(f" recording {view.record}  {view.record_bytes / 1e6:.1f} MB   Ctrl-C ends the session")
    else:
        text = Text(" not recording   Ctrl-C ends the session")
    text.no_wrap, text.overflow = True, "ellipsis"
    return text


def _bar(share: float, width: int, colour: str) -> Text:
    if math.isnan(share):
        return Text("·" * width, style="dim")
    full = round(max(0.0, min(1.0, share)) * width)
    return Text.assemble(("━" * full, colour), ("─" * (width - full), "dim"))


def _number(value: float, form: str) -> str:
    return "-" if math.isnan(value) else format(value, form)
