"""What LSL channels become: electrodes in uV, gaze and head of any tracker in the camera's columns; their stamps."""

from typing import Any

import numpy as np
import pytest

pytest.importorskip("pylsl")
from sensors.clock import SECOND, FakeClock
from sensors.drivers.headset_notice import Notice
from sensors.drivers.lsl_channels import Channel, EegReader
from sensors.drivers.lsl_clock import as_ns
from sensors.drivers.lsl_config import LslConfig, ScreenConfig
from sensors.drivers.lsl_gaze import GazeReader
from sensors.drivers.lsl_stamps import Stamps
from sensors.errors import DeviceError

SCREEN = ScreenConfig(width_m=0.6, height_m=0.34, distance_m=0.7, width_px=1920, height_px=1080)


def channels(*labels: str, unit: str = "", kind: str = "") -> list[Channel]:
    return [Channel(label, unit, kind) for label in labels]


def gaze(told: list[Channel], row: list[float], **table: Any) -> dict[str, float]:
    reader = GazeReader(LslConfig(name="x", **table), told, "gaze")
    out = reader.convert(np.array([row], np.float32))
    assert out.dtype == np.float32
    return dict(zip([column.name for column in reader.columns], out[0].tolist(), strict=True))


@pytest.mark.parametrize(("unit", "scale"), [("V", 1e6), ("millivolts", 1e3), ("microvolts", 1.0), ("µV", 1.0)])
def test_every_unit_of_voltage_becomes_microvolts(unit: str, scale: float) -> None:
    reader = EegReader(LslConfig(name="x"), channels("Fz", "Cz", unit=unit), "eeg")
    assert reader.convert(np.array([[1.0, np.inf]])) == pytest.approx(np.array([[scale, np.nan]]), nan_ok=True)


def test_a_unit_is_asked_for_and_one_against_the_stream_is_told() -> None:
    with pytest.raises(DeviceError, match="Channel Fz of 'eeg' has no unit") as caught:
        EegReader(LslConfig(name="x"), channels("Fz"), "eeg")
    assert "--set eeg.unit=uV" in caught.value.next_step
    with pytest.raises(DeviceError, match="the unit 'furlong'"):
        EegReader(LslConfig(name="x"), channels("Fz", unit="furlong"), "eeg")
    assert EegReader(LslConfig(name="x", unit="uV"), channels("Fz"), "eeg").told == ""
    assert "mV; the rig's uV was taken" in EegReader(LslConfig(name="x", unit="uV"), channels("Fz", unit="mV"),
                                                     "eeg").told


def test_electrodes_are_kept_and_other_inputs_left_out() -> None:
    told = [*channels("EEG_TP9", "AUX_1", "EEG_AF7", unit="uV"), Channel("ACC", "uV", "ACC")]
    assert [column.name for column in EegReader(LslConfig(name="x"), told, "eeg").columns] == ["TP9", "AF7"]
    named = EegReader(LslConfig(name="x", channels=("AF7", "AUX_1")), told, "eeg")
    assert named.convert(np.array([[1.0, 2.0, 3.0, 4.0]])).tolist() == [[3.0, 2.0]]
    with pytest.raises(DeviceError, match="wants channel Oz"):
        EegReader(LslConfig(name="x", channels=("Oz",)), told, "eeg")
    with pytest.raises(DeviceError, match="a channel name twice"):
        EegReader(LslConfig(name="x"), channels("Fz", "Fz", unit="uV"), "eeg")


def test_our_own_names_need_no_table() -> None:
    got = gaze(channels("gaze_yaw", "gaze_pitch", "pupil", unit="deg"), [10.0, -5.0, 3.0])
    assert got == pytest.approx({"gaze_yaw": 0.174533, "gaze_pitch": -0.087266, "face": 1.0}, abs=1e-6)
    lost = gaze(channels("gaze_yaw", "gaze_pitch", unit="rad"), [np.nan, np.nan])
    assert lost["face"] == 0.0, "without a word about confidence, no gaze is no face"


@pytest.mark.parametrize(("unit", "middle", "corner"), [("px", (960, 540), (1920, 0)), ("share", (0.5, 0.5), (1, 0))])
def test_points_on_a_screen_become_directions(unit: str, middle: tuple[float, float],
                                              corner: tuple[float, float]) -> None:
    table = {"columns": {"gaze_yaw": "x", "gaze_pitch": "y"}, "units": {"gaze_yaw": unit, "gaze_pitch": unit},
             "screen": SCREEN}
    assert gaze(channels("x", "y"), list(middle), **table)["gaze_yaw"] == pytest.approx(0.0, abs=1e-6)
    top_right = gaze(channels("x", "y"), list(corner), **table)
    assert np.degrees(top_right["gaze_yaw"]) == pytest.approx(23.199, abs=0.001), "right on the screen is the right"
    assert np.degrees(top_right["gaze_pitch"]) == pytest.approx(12.584, abs=0.001), "the top is up"
    upright = gaze(channels("x", "y"), list(corner), **table | {
        "screen": ScreenConfig(width_m=0.6, height_m=0.34, distance_m=0.7, width_px=1920, height_px=1080,
                               y_down=False)})
    assert upright["gaze_pitch"] == pytest.approx(-top_right["gaze_pitch"])


def test_a_screen_that_is_missing_is_asked_for() -> None:
    points = {"columns": {"gaze_yaw": "x", "gaze_pitch": "y"}, "units": {"gaze_yaw": "px", "gaze_pitch": "px"}}
    with pytest.raises(DeviceError, match="says no screen"):
        gaze(channels("x", "y"), [0, 0], **points)
    with pytest.raises(DeviceError, match="no width_px"):
        gaze(channels("x", "y"), [0, 0], **points, screen=ScreenConfig(width_m=1, height_m=1, distance_m=1))
    with pytest.raises(DeviceError, match="no unit, expected rad, deg, px or share for gaze_yaw"):
        gaze(channels("x"), [0], columns={"gaze_yaw": "x"})


def test_openness_fills_lids_and_a_scale_turns_a_sign() -> None:
    got = gaze(channels("open", "down", "sure"), [0.25, 10.0, 3.0],
               columns={"openness_left": "open", "head_pitch": "down", "face": "sure"}, units={"head_pitch": "deg"},
               scales={"head_pitch": -1.0, "face": 1 / 3})
    assert got["blink_left"] == pytest.approx(0.75)
    assert got["ear_left"] == pytest.approx(0.165)
    assert np.degrees(got["head_pitch"]) == pytest.approx(-10.0)
    assert got["face"] == pytest.approx(1.0)


def test_a_gaze_that_its_tracker_does_not_believe_is_none_and_the_head_stays() -> None:
    told, table = channels("gaze_yaw", "gaze_pitch", "head_yaw", unit="rad"), {"columns": {"gaze_confidence": "sure"}}
    got = gaze([*told, Channel("sure", "", "")], [0.1, 0.2, 0.3, 0.2], **table)
    assert np.isnan([got["gaze_yaw"], got["gaze_pitch"]]).all()
    assert got["head_yaw"] == pytest.approx(0.3)
    assert "gaze_confidence" not in got
    assert gaze([*told, Channel("sure", "", "")], [0.1, 0.2, 0.3, 0.9], **table)["gaze_yaw"] == pytest.approx(0.1)


def test_vectors_and_a_head_s_matrix_follow_their_frame() -> None:
    labels = ("x", "y", "z", *(f"m{row}{column}" for row in "123" for column in "123"), "px", "py", "pz")
    turned = [0.1, 0.2, 1.0, 1, 0, 0, 0, -1, 0, 0, 0, -1, 0.1, -0.2, 0.7]
    got = gaze(channels(*labels), turned, direction=labels[:3], head_rotation=labels[3:12],
               head_position=labels[12:], frame="opencv")
    assert [got[name] for name in ("head_yaw", "head_pitch", "head_roll")] == pytest.approx([0, 0, 0], abs=1e-6)
    assert [got[name] for name in ("head_x", "head_y", "head_z")] == pytest.approx([-0.1, 0.2, 0.7])
    unity = gaze(channels("x", "y", "z"), [0.1, 0.2, 1.0], direction=("x", "y", "z"), frame="unity")
    assert unity["gaze_yaw"] == pytest.approx(0.099669, abs=1e-6)
    assert unity["gaze_pitch"] == pytest.approx(0.196441, abs=1e-6)


def test_a_stream_without_anything_for_us_lists_what_it_has() -> None:
    with pytest.raises(DeviceError, match="it has: pupil, luck"):
        gaze(channels("pupil", "luck"), [1, 2])
    with pytest.raises(DeviceError, match="has no channel 'nose'"):
        gaze(channels("pupil"), [1], columns={"face": "nose"})


def test_arrivals_of_a_stream_with_a_rate_are_smoothed_and_others_are_not(clock: FakeClock) -> None:
    regular = Stamps("x", 100.0, "arrival", Notice(clock))
    far = np.zeros(10, np.int64)
    assert np.diff(regular.stamp(far, 50 * SECOND)) == pytest.approx(10_000_000, abs=1)
    loose = Stamps("x", 0.0, "arrival", Notice(clock))
    assert loose.stamp(far[:2], 50 * SECOND).tolist() == [50 * SECOND, 50 * SECOND + 1]
    assert loose.trouble() == "", "nobody is told what the rig itself asked for"


def test_a_stamp_never_lies_after_its_arrival(clock: FakeClock) -> None:
    notice = Notice(clock)
    stamps = Stamps("x", 0.0, "lsl", notice)
    assert stamps.stamp(np.array([SECOND + 20_000]), SECOND).tolist() == [SECOND]
    assert notice.text() == "", "20 us are the offset's own uncertainty"
    assert stamps.stamp(np.array([2 * SECOND + 200_000_000]), 2 * SECOND).tolist() == [2 * SECOND]
    assert "moved by up to 200.0 ms" in notice.text()


def test_seconds_of_years_become_nanoseconds_without_loss() -> None:
    assert as_ns(np.array([1e9 + 0.25, -0.5, 3.000000001])).tolist() == [10**18 + 250_000_000, -500_000_000,
                                                                         3_000_000_001]
