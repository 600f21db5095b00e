"""A recording as one HTML file that needs nothing else: no network, no library, no server."""

import math
from collections.abc import Callable
from html import escape
from pathlib import Path

import msgspec
import numpy as np

from fusion.palette import COLOURS, MEANINGS, SHOWN_STATES, label
from fusion.report_charts import Axis, Line, plot, round_limits, stack, state_bands, status_bands, ticks, times
from fusion.report_driving import driving
from fusion.report_gather import HEALTH, INDICES, Found, Gathering, StreamFound
from fusion.report_page import card, page, section, table
from fusion.report_reasons import reasons
from fusion.report_streams import plots
from fusion.report_xr import sections as xr_sections
from kernels.layout import FEATURES, INDEX, Feature
from sensors.clock import SECOND
from sensors.errors import RecordingError
from sensors.recording import Recording
from sensors.simulated.story import STATES

SHOWN_FEATURES = ("openness", "perclos_60s", "blink_rate_60s", "on_target_share_10s", "gaze_dispersion_10s",
                  "speech_ratio_10s", "loudness_3s", "alpha_ratio", "theta_beta", "engagement", "aperiodic",
                  "camera_quality", "microphone_quality", "eeg_quality")
"""The features drawn, of those in `kernels.layout`."""


def write(recording: Recording, out: str | Path, *, features: bool = True,
          on_progress: Callable[[float], None] = lambda share: None) -> Path:
    """Write the report of a recording and return its path.

    Parameters
    ----------
    recording
        What is reported.
    out
        The HTML file; its folder is made if need be.
    features
        Also recompute and draw features, which takes longer.
    on_progress
        Called now and then with the share that is read, 0..1.

    Raises
    ------
    RecordingError
        If the file cannot be written, or is not named as an HTML file (a recording is never overwritten).
    """
    target = Path(out)
    if target.suffix.lower() not in (".html", ".htm"):
        raise RecordingError(f"{target} is not the name of an HTML file, so nothing was written.",
                             "Give a name that ends in .html with --out.")
    found = Gathering(recording, features=features).run(on_progress)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(html(found), encoding="utf-8")
    except OSError as error:
        raise RecordingError(f"The report {target} cannot be written: {error.strerror}.",
                             "Choose another place with --out.") from None
    return target


def html(found: Found) -> str:
    """Return the page about what was found."""
    axis = Axis(found.start_ns, found.seconds)
    name = Path(found.path).name
    who = "a simulated person" if found.simulated else "one person" if found.streams else "no sensor"
    when = found.metadata.get("started_utc", found.metadata.get("start_utc", "unknown"))
    head = (f"<h1>attnflow session</h1><p class=lead>{escape(name)}: {who}, "
            f"rig '{escape(found.metadata.get('rig', 'unknown'))}', started {escape(when.replace('T', ' '))}</p>")
    body = [head, f"<div class=cards>{''.join(_cards(found))}</div>", _timeline(found, axis),
            driving(found.driving, axis), reasons(found), _indices(found, axis), xr_sections(found.xr, axis),
            _streams(found, axis),
            _features(found, axis), _clocks(found, axis), _losses(found, axis), _alerts(found),
            _markers(found), _origin(found)]
    bands = [[(band.begin_ns - found.start_ns) / SECOND, (band.end_ns - found.start_ns) / SECOND, label(band.label),
              band.detail] for band in found.state.bands[:20_000]]
    return page(f"attnflow: {name}", found.seconds, msgspec.json.encode(bands).decode(), body)


def _cards(found: Found) -> list[str]:
    missing = sum(stream.missing for stream in found.streams.values())
    lost = sum(stream.health.lost for stream in found.streams.values() if stream.health)
    if found.salvaged:
        whole = card("File", "salvaged", f"it was cut; at most {found.lost_seconds:.2f} s are missing", "warn")
    elif not found.complete:
        whole = card("File", "incomplete", "the recorder dropped messages, or the file is damaged", "bad")
    else:
        whole = card("File", "complete", f"closed cleanly, {found.messages} messages", "good")
    privacy = found.metadata.get("privacy", "unknown")
    if found.simulated:
        simulated = card("Person", "simulated", "says how the pipeline works, not how well it reads people", "warn")
    else:
        simulated = card("Person", "real" if found.streams else "unknown")
    cards = [
        card("Length", _length(found.seconds), f"{found.states} states"),
        whole, simulated,
        card("Privacy", privacy, "no pixels and no sound were stored" if privacy == "features-only" else
             "check the consent record", "good" if privacy == "features-only" else "warn"),
        card("On the bus", f"{missing} messages missing", "by their running numbers", "warn" if missing else "good"),
        card("In the devices", f"{lost} samples lost", "as the devices count them", "warn" if lost else "good"),
        card("Alerts", str(found.alerts.count), "entries: most are a start and its end"),
    ]
    if found.malformed:
        cards.append(card("Malformed", f"{found.malformed} messages", "could not be read, left out", "bad"))
    if found.compared:
        cards.append(card("Agreement", f"{100 * found.agreed / found.compared:.0f} %",
                          "of the states after calibration equal the simulation's truth; "
                          "the time a change takes counts against it"))
    return cards


def _timeline(found: Found, axis: Axis) -> str:
    if not found.states:
        return section("States", "", "<p>No state is in this recording.</p>")
    parts = [state_bands("state", found.state, axis), status_bands("status", found.status, axis)]
    if found.truth.bands:
        parts.append(state_bands("truth (simulated)", found.truth, axis))
    if found.alert_times:
        parts.append(ticks("alerts", found.alert_times, axis))
    legend = "".join(f'<span class=key><i style="background:{COLOURS[name]}"></i>{label(name)}: '
                     f"{MEANINGS[name]}</span> " for name in SHOWN_STATES)
    parts += [times(axis), f'<p class=note style="margin-top:.6rem">{legend}</p>']
    if found.probabilities is not None:
        parts.append(stack("Probabilities", "stacked, together 1", found.probabilities, STATES, axis))
    lead = ("What was announced, how sure the session was, and when. Point at any plot for time, state and reason. "
            f"Estimator: {', '.join(sorted(found.estimators))}.")
    return section("States", lead, *parts)


def _indices(found: Found, axis: Axis) -> str:
    if found.indices is None:
        return ""
    drawn = [plot(name.capitalize(), "0..1", [Line(name.capitalize(), found.indices, INDICES.index(name), averaged=True,
                                                   spread=INDICES.index(f"{name}_sd"))], axis, low=0, high=1)
             for name in ("attention", "vigilance", "load")]
    risks = [Line(f"next {seconds} s", found.indices, INDICES.index(f"lapse_risk_{seconds}s"), averaged=True)
             for seconds in (3, 10)]
    drawn.append(plot("Risk of a lapse", "probability", risks, axis, low=0, high=1))
    return section("Attention, vigilance, load", "Line: the estimate. Ribbon: plus and minus one standard deviation; "
                   "it widens when a sensor drops.", *drawn)


def _streams(found: Found, axis: Axis) -> str:
    parts = []
    for stream in found.streams.values():
        if stream.topic == "truth":
            continue
        info = stream.info
        facts = [info.device if info else "", f"driver {info.driver}" if info else "never described itself",
                 f"{stream.messages} messages, {stream.samples} samples",
                 "" if math.isnan(stream.quality) else f"mean quality {stream.quality:.2f}"]
        told = "; ".join(fact for fact in facts if fact)
        parts.append(f"<h3>{escape(stream.name)}</h3><p class=note>{escape(told)}</p>")
        parts.append(status_bands("driver", stream.status, axis))
        drawn, undrawn = plots(stream, axis)
        parts.append(f"<div class=two>{''.join(drawn)}</div>" if drawn else "<p class=none>no samples</p>")
        if stream.misfits:
            parts.append(f"<p class=note>{stream.misfits} chunks had other columns than announced; they are not "
                         "drawn.</p>")
        if undrawn:
            parts.append(f"<p class=note>Recorded too, not drawn: {escape(', '.join(undrawn))}.</p>")
    return section("Sensors", "What each sensor measured. Every line passes through the lowest and the highest value "
                   "of each slice of time, so short events stay visible; breaks are times without a measurement.",
                   *(parts or ["<p>No sensor is in this recording.</p>"]))


def _features(found: Found, axis: Axis) -> str:
    if found.features is None:
        why = found.features_missing or "The session reached no tick."
        return section("Features", "", f"<p class=note>Not recomputed. {escape(why)}</p>")
    drawn = []
    for name in SHOWN_FEATURES:
        feature = FEATURES[INDEX[name]]
        limits = (0.0, 1.0) if (feature.low, feature.high) == (0, 1) else (None, None)
        window = f", {feature.window_s:g} s window" if feature.window_s else ""
        drawn.append(plot(name.replace("_", " "), f"{_unit(feature)}{window}",
                          [Line(name.replace("_", " "), found.features, INDEX[name])], axis, low=limits[0],
                          high=limits[1], note=feature.definition))
    return section("Features", "What the estimator was given, recomputed from the recording by the same session code.",
                   f"<div class=two>{''.join(drawn)}</div>")


def _unit(feature: Feature) -> str:
    if feature.unit != "1":
        return feature.unit
    return "0..1" if (feature.low, feature.high) == (0, 1) else "no unit"


def _clocks(found: Found, axis: Axis) -> str:
    rows, drawn = [], []
    for stream in found.streams.values():
        health, info = stream.health, stream.info
        if health is None:
            continue
        nominal = info.rate_hz if info else 0.0
        rows.append((stream.name, f"{nominal:g}" if nominal else "irregular",
                     f"{health.rate_hz:.3f}" if health.rate_hz else "-",
                     f"{health.drift_ppm:+.1f}" if health.rate_hz and not health.lost else "-",
                     f"{health.offset_ns / 1000:.1f}",
                     f"{health.offset_spread_ns / 1000:.1f}", f"{health.cpu_percent:.1f}"))
        drawn.append(_rate(stream, axis))
    head = ("stream", "nominal Hz", "measured Hz", "drift ppm", "offset us", "spread us", "CPU % of a core")
    return section("Clock health", "The last heartbeat of each driver. Drift: measured rate against the nominal one, "
                   "told only where no sample was lost. "
                   "Offset: the driver's clock against the hub's, with the spread of that estimate.",
                   table(head, rows, (1, 2, 3, 4, 5, 6)), f"<div class=two>{''.join(drawn)}</div>")


def _rate(stream: StreamFound, axis: Axis) -> str:
    title, source = f"{stream.name}: rate", stream.health_lines
    if source is None:
        return plot(title, "Hz", [], axis)
    number = HEALTH.index("rate_hz")
    rates = source.settle().mean[:, number]
    rates = rates[np.isfinite(rates)]
    nominal = stream.info.rate_hz if stream.info else 0.0
    low = high = None
    if len(rates) and nominal:
        # At least one percent around the nominal rate: ordinary jitter must not look like trouble.
        low, high = round_limits(min(rates.min(), 0.99 * nominal), max(rates.max(), 1.01 * nominal))
    return plot(title, "Hz", [Line(title, source, number, averaged=True)], axis, low=low, high=high)


def _losses(found: Found, axis: Axis) -> str:
    rows = []
    for stream in found.streams.values():
        health = stream.health
        rows.append((stream.name, str(stream.messages), str(stream.gap_count), str(stream.missing),
                     str(health.lost) if health else "-", str(health.restarts) if health else "-",
                     health.status if health else "-", health.detail if health else ""))
    head = ("stream", "messages", "gaps", "missing messages", "lost in device", "restarts", "last status", "detail")
    marks = [ticks(stream.name, [(t_ns, "critical", "messages missing") for t_ns in stream.gap_times_ns], axis)
             for stream in found.streams.values() if stream.gap_times_ns]
    holes = [row for stream in found.streams.values() for row in stream.holes.items]
    listed = table(("at s", "stream", "missing messages", "silence s"), holes, (0, 2, 3)) if holes else ""
    return section("Gaps and losses", "A gap is a step in a sender's running numbers; nothing is filled in.",
                   table(head, rows, (1, 2, 3, 4, 5)), *marks, times(axis) if marks else "", listed)


def _alerts(found: Found) -> str:
    if not found.alerts.count:
        return section("Alerts", "", "<p>None.</p>")
    return section("Alerts", _kept(found.alerts.count, len(found.alerts.items)),
                   table(("at s", "", "level", "rule", "reason", "after onset ms"), found.alerts.items, (0, 5)))


def _markers(found: Found) -> str:
    faults = [(f"{fault.get('at_s', 0):g}", str(fault.get("stream", "")), str(fault.get("kind", "")),
               f"{fault.get('for_s', 1):g}") for fault in found.faults()]
    parts = [table(("at s", "source", "name", "value"), found.markers.items, (0,))] if found.markers.count else []
    if faults:
        parts += ["<h3>Injected faults</h3>", table(("at s", "stream", "fault", "for s"), faults, (0, 3))]
    return section("Markers and faults", _kept(found.markers.count, len(found.markers.items)),
                   *(parts or ["<p>None.</p>"]))


def _origin(found: Found) -> str:
    rows = sorted(found.metadata.items()) + [(f"version of {name}", text) for name, text in found.versions.items()]
    rig = f"<details><summary>The rig as it ran</summary><pre>{escape(found.rig_toml)}</pre></details>" \
        if found.rig_toml else ""
    return section("Where it comes from", "", table(("what", "value"), rows), rig,
                   "<p class=note>Not a medical device and not a certified safety device.</p>")


def _kept(count: int, shown: int) -> str:
    return f"The newest {shown} of {count}." if count > shown else ""


def _length(seconds: float) -> str:
    if seconds < 120:
        return f"{seconds:.1f} s"
    hours, rest = divmod(round(seconds), 3600)
    return f"{hours} h {rest // 60} min" if hours else f"{rest // 60} min {rest % 60} s"
