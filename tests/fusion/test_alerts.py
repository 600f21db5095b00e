"""Alerts start once, end once, and say why."""

import math

from fusion.alerts import Alerts
from kernels.layout import INDEX, SIZE
from sensors.clock import SECOND
from sensors.messages import Alert


def closed_for(alerts: Alerts, at_s: float, seconds: float) -> list[Alert]:
    features = [math.nan] * SIZE
    features[INDEX["closure_s"]] = seconds
    return alerts.durations(round(at_s * SECOND), features)


def test_a_closure_becomes_a_microsleep_then_sleep_then_is_over() -> None:
    alerts = Alerts()
    said = [alert for step in range(41) for alert in closed_for(alerts, 10 + step / 10, step / 10)]
    said += closed_for(alerts, 14.1, 0.0)
    assert [(alert.rule, alert.active, alert.t_ns / SECOND) for alert in said] == [
        ("microsleep", True, 11.5), ("sleep", True, 13.0), ("microsleep", False, 14.1), ("sleep", False, 14.1)]
    assert {alert.onset_ns for alert in said} == {10 * SECOND}
    assert said[0].reason == "Eyes closed for 1.5 s."
    assert said[2].reason == "Over after 4.1 s."


def test_losing_the_eyes_neither_starts_nor_ends_anything() -> None:
    alerts = Alerts()
    assert closed_for(alerts, 1.0, float("nan")) == []
    closed_for(alerts, 2.0, 1.6)
    assert closed_for(alerts, 2.1, float("nan")) == []
    assert [alert.active for alert in closed_for(alerts, 2.2, 0.0)] == [False]


def test_a_sensor_is_lost_once_and_back_once() -> None:
    alerts = Alerts()
    lost = [alerts.sensor(at * SECOND, "eeg", "eeg: The board stopped sending.") for at in (1, 2, 3)]
    back = [alerts.sensor(at * SECOND, "eeg", "") for at in (4, 5)]
    assert [len(said) for said in lost + back] == [1, 0, 0, 1, 0]
    assert lost[0][0].reason == "eeg: The board stopped sending."
    assert back[0][0].reason == "'eeg' is back after 3.0 s."
