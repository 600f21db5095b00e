"""What the report tells an app's maker: fixations and saccades, dwells on targets, blinks meant as input, hints."""

import math
from dataclasses import dataclass, field

from fusion.report_charts import Axis, band, ticks, times
from fusion.report_lines import Band, Bands, Latest
from fusion.report_page import section, table
from fusion.xr.answers import HintLog
from sensors.clock import SECOND
from sensors.messages import AnyMessage, GazeEvent

EDGES_S = (0.1, 0.2, 0.3, 0.4, 0.6, 0.8, 1.2, 2.0, math.inf)
"""Upper ends of the bars of the fixations' durations."""
MOST_TARGETS = 256
TABLE_ROWS = 200
COLOURS = {"hold_notifications": "#2b8cc4", "simplify": "#d55e00", "take_break": "#cc79a7", "reveal_detail": "#009e73"}


@dataclass
class TargetFound:
    """What happened on one target."""

    visits: int = 0
    seconds: float = 0.0
    dwells: int = 0
    first_ns: int = -1
    """When it was first selected."""


@dataclass
class XrFound:
    """Everything about gaze events and hints; flat in memory, however long the recording."""

    counts: dict[str, int] = field(default_factory=dict)
    grades: set[str] = field(default_factory=set)
    bars: list[int] = field(default_factory=lambda: [0] * len(EDGES_S))
    fixation_s: float = 0.0
    amplitude_rad: float = 0.0
    targets: dict[str, TargetFound] = field(default_factory=dict)
    intents: Latest = field(default_factory=lambda: Latest(TABLE_ROWS))
    intent_marks: list[tuple[int, str, str]] = field(default_factory=list)
    focus: tuple[int, float] = (0, 0.0)
    hints: HintLog = field(default_factory=HintLog)

    def take(self, message: AnyMessage, start_ns: int) -> None:
        """Take in one message of the recording; `start_ns` is where its time axis begins."""
        if not isinstance(message, GazeEvent):
            self.hints.take(message)
            return
        kind, seconds = message.kind, (message.end_ns - message.onset_ns) / SECOND
        self.counts[kind] = self.counts.get(kind, 0) + 1
        if message.grade:
            self.grades.add(message.grade)
        if kind == "fixation":
            self.fixation_s += seconds
            self.bars[next(bar for bar, edge in enumerate(EDGES_S) if seconds < edge)] += 1
        elif kind == "saccade":
            self.amplitude_rad += message.amplitude
        elif kind == "focus":
            self.focus = self.focus[0] + 1, self.focus[1] + message.value
        elif kind == "intent":
            self.intents.add(f"{(message.t_ns - start_ns) / SECOND:.2f}", f"{message.value:.2f}")
            if len(self.intent_marks) < TABLE_ROWS:
                self.intent_marks.append((message.t_ns, "info", f"a blink of {message.value:.2f} s, meant"))
        elif kind in ("leave", "dwell") and (message.target in self.targets or len(self.targets) < MOST_TARGETS):
            target = self.targets.setdefault(message.target, TargetFound())
            if kind == "dwell":
                target.dwells += 1
                target.first_ns = message.t_ns if target.first_ns < 0 else target.first_ns
            else:
                target.visits += 1
                target.seconds += message.value


def sections(found: XrFound, axis: Axis) -> str:
    """Return the report's sections about what was found, "" where there is nothing."""
    return _gaze(found, axis) + _hints(found, axis)


def _gaze(found: XrFound, axis: Axis) -> str:
    if not found.counts:
        return ""
    fixations, saccades = found.counts.get("fixation", 0), found.counts.get("saccade", 0)
    facts = [f"{fixations} fixations of {1000 * found.fixation_s / fixations:.0f} ms on average" if fixations else "",
             f"{saccades} saccades of {math.degrees(found.amplitude_rad / saccades):.1f} degrees" if saccades else "",
             f"{found.counts.get('blink', 0)} blinks", f"{found.counts.get('intent', 0)} blinks meant as input",
             f"K coefficient {found.focus[1] / found.focus[0]:+.2f} on average" if found.focus[0] else ""]
    parts = [f"<p>{'; '.join(fact for fact in facts if fact)}.</p>"]
    if fixations:
        lows = (0.0, *EDGES_S[:-1])
        rows = [(f"{low:g} to {high:g} s" if math.isfinite(high) else f"{low:g} s and longer", str(count),
                 f"{100 * count / fixations:.0f} %")
                for low, high, count in zip(lows, EDGES_S, found.bars, strict=True)]
        parts += ["<h3>How long fixations lasted</h3>", table(("duration", "fixations", "share"), rows, (1, 2))]
    if found.targets:
        looked = [(name, str(one.visits), f"{one.seconds:.1f}", str(one.dwells),
                   f"{(one.first_ns - axis.start_ns) / SECOND:.2f}" if one.first_ns >= 0 else "-")
                  for name, one in sorted(found.targets.items(), key=lambda item: -item[1].seconds)]
        parts += ["<h3>Targets</h3>", table(("target", "visits", "looked at s", "dwells", "first dwell at s"), looked,
                                           (1, 2, 3, 4))]
    if found.intents.count:
        parts += ["<h3>Blinks meant as input</h3>", ticks("intents", found.intent_marks, axis), times(axis),
                  table(("at s", "lasted s"), found.intents.items, (0, 1))]
    return section("Gaze events", f"What the eyes did, {' and '.join(sorted(found.grades)) or 'unknown'} grade. "
                   "At webcam grade a saccade's speed cannot be measured.", *parts)


def _hints(found: XrFound, axis: Axis) -> str:
    given = found.hints.given
    if not given:
        return ""
    end_ns = axis.start_ns + round(axis.seconds * SECOND)
    parts = []
    for hint in sorted({one.hint for one in given.values()}):
        bands = Bands(bands=[Band(one.begin_ns, one.end_ns if one.end_ns >= 0 else end_ns, hint, one.because)
                             for one in given.values() if one.hint == hint])
        parts.append(band(hint.replace("_", " "), bands, axis, COLOURS))
    marks = [(one.answered_ns, "info" if one.answer == "accepted" else "warning", f"{one.answer}: {one.hint}")
             for one in given.values() if one.answer]
    if marks:
        parts.append(ticks("answers", marks, axis))
    parts.append(times(axis))
    rows = [(str(one.number), one.hint, _at(one.begin_ns, axis), _at(one.end_ns, axis), one.because, one.ended,
             one.answer or "-", one.source) for one in list(given.values())[-TABLE_ROWS:]]
    parts.append(table(("number", "hint", "from s", "to s", "because", "ended", "answer", "by"), rows, (0, 2, 3)))
    rates = [(hint, str(one["given"]), f"{one['seconds']:.1f}", str(one["accepted"]), str(one["dismissed"]),
              str(one["unanswered"])) for hint, one in found.hints.rates(end_ns).items()]
    parts.append(table(("hint", "given", "on for s", "accepted", "dismissed", "unanswered"), rates, (1, 2, 3, 4, 5)))
    return section("Hints", "What apps were told they may adapt, why, and what became of it.", *parts)


def _at(t_ns: int, axis: Axis) -> str:
    return f"{(t_ns - axis.start_ns) / SECOND:.1f}" if t_ns >= 0 else "still on"
