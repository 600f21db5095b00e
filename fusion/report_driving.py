"""The part of the report about the driving ladders: what each rule counted, how near it came, and when it fired."""

import math
from collections import deque
from dataclasses import dataclass, field
from html import escape

from fusion.palette import LEVEL_COLOURS, label
from fusion.report_charts import HEIGHT, SERIES, WIDTH, Axis, band, frame, round_limits, times
from fusion.report_lines import Band, Bands
from fusion.report_page import section, table
from sensors.clock import SECOND
from sensors.messages import Alert, Proof

STEPS_KEPT = 4000
"""Newest steps of a rule that are drawn."""
EMPTIES = frozenset({"reset", "clear", "off"})
"""Steps after which a rule that counts up has counted nothing; what runs down fills up again slowly."""


@dataclass
class RuleFound:
    """What one rule of one profile did."""

    unit: str = "s"
    steps: deque[Proof] = field(default_factory=lambda: deque(maxlen=STEPS_KEPT))
    starts: int = 0
    nearest: float = math.nan
    """The value that came nearest to the limit it had then."""
    nearest_limit: float = math.nan
    limit: float = math.nan
    rest: float = 0.0
    """The value while nothing happens: above the limit of a rule that runs down."""
    alerts: list[Alert] = field(default_factory=list)


class DrivingFound:
    """Gathers the ladders' alerts and their proof."""

    def __init__(self) -> None:
        self.rules: dict[tuple[str, str], RuleFound] = {}

    def take(self, message: Proof | Alert) -> None:
        """Take in one step, or one alert of a ladder."""
        if not message.profile:
            return
        rule = self.rules.setdefault((message.profile, message.rule), RuleFound())
        if isinstance(message, Alert):
            rule.alerts.append(message)
            return
        rule.steps.append(message)
        rule.unit = message.unit
        rule.starts += message.step == "start"
        if message.step == "on":
            rule.rest = message.value
        if not math.isnan(message.limit):
            rule.limit = message.limit
            sign = -1.0 if rule.rest > rule.limit else 1.0
            if not sign * (message.value - message.limit) <= sign * (rule.nearest - rule.nearest_limit):
                rule.nearest, rule.nearest_limit = message.value, message.limit


def driving(found: DrivingFound, axis: Axis) -> str:
    """Return the section; "" where no ladder ran."""
    if not found.rules:
        return ""
    fired = {key: rule for key, rule in found.rules.items() if any(alert.active for alert in rule.alerts)}
    parts = []
    for (profile, name), rule in fired.items():
        parts.append(f"<h3>{escape(profile)}: {escape(label(name))}</h3>"
                     f"<p class=note>{escape(rule.alerts[0].clause)}</p>")
        parts += [band("alert", _bands(rule, axis), axis, LEVEL_COLOURS), _curve(rule, axis), times(axis)]
    rows = [(profile, label(name), str(rule.starts), str(len({alert.number for alert in rule.alerts})), _of(rule))
            for (profile, name), rule in sorted(found.rules.items())]
    parts.append("<h3>Every rule</h3>" + table(("profile", "rule", "starts", "alerts", "nearest to its limit"), rows,
                                               (2, 3)))
    lead = ("What the rules counted, and when they warned. Dashed: the limit. Each profile is inspired by the document "
            "it names and complies with nothing. Why one alert fired, down to the frames: attnflow explain FILE "
            "--alert N")
    return section("Driving ladders", lead, *parts)


def _of(rule: RuleFound) -> str:
    if math.isnan(rule.nearest):
        return "-"
    return f"{rule.nearest:.2f} of {rule.nearest_limit:.2f}{' s' if rule.unit == 's' else ''}"


def _bands(rule: RuleFound, axis: Axis) -> Bands:
    bands = Bands(patience_s=math.inf)
    running: Alert | None = None
    for alert in rule.alerts:
        if running is not None:
            bands.bands.append(_band(running, alert.t_ns))
        running = alert if alert.active else None
    if running is not None:
        bands.bands.append(_band(running, axis.start_ns + round(axis.seconds * SECOND)))
    return bands


def _band(alert: Alert, end_ns: int) -> Band:
    return Band(alert.t_ns, end_ns, alert.level, f"Alert {alert.number}: {alert.reason}")


def _curve(rule: RuleFound, axis: Axis) -> str:
    """Return what the rule counted over time, straight from step to step."""
    points = []
    for step in rule.steps:
        x = axis.share(step.t_ns) * WIDTH
        points.append((x, step.value))
        if step.step in EMPTIES and rule.rest == 0:
            points.append((x, 0.0))
    highest = max([value for _, value in points] + [rule.limit if not math.isnan(rule.limit) else 0.0])
    floor, ceiling = round_limits(0.0, highest)
    drawn = " ".join(f"{x:.0f},{(ceiling - value) / (ceiling - floor) * HEIGHT:.0f}" for x, value in points)
    down = (ceiling - rule.limit) / (ceiling - floor) * HEIGHT
    limit = "" if math.isnan(down) else f'<path class=g stroke-dasharray="6 5" d="M0 {down:.0f}H{WIDTH}"/>'
    return frame(f'{limit}<polyline points="{drawn}" stroke="{SERIES[0]}"/>', floor, ceiling)
