"""The cabin: every direction in one zone, probabilities that are honest about the error, and sentences for bad maps."""

from math import degrees, radians
from pathlib import Path

import numpy as np
import pytest

from fusion.driving.cabin import Cabin, Zone
from sensors.errors import RigError
from sensors.rig_driving import CabinConfig

AHEAD = Zone(((-100.0, 100.0, -90.0, 90.0),), (0.0, 0.0))


@pytest.mark.parametrize("side", ["left", "right"])
def test_every_zone_of_the_shipped_cabin_holds_its_own_target(side: str) -> None:
    cabin = Cabin.load(CabinConfig(drive=side))
    assert sum(cabin.square_degrees.values()) == 200 * 180
    for zone in cabin.names:
        assert cabin.zone_at(*cabin.centre(zone)) == zone


def test_right_hand_drive_is_the_mirror_image_with_left_and_right_renamed() -> None:
    left, right = Cabin.load(CabinConfig()), Cabin.load(CabinConfig(drive="right"))
    yaw, pitch = left.centre("left_mirror")
    assert right.centre("right_mirror") == pytest.approx((-yaw, pitch))
    assert right.centre("centre_stack")[0] == -left.centre("centre_stack")[0]
    assert right.square_degrees["lap"] == left.square_degrees["lap"]


def test_probabilities_are_the_share_of_a_gaussian_that_falls_into_a_zone() -> None:
    cabin = Cabin.load(CabinConfig())
    error = radians(5.0)
    table = cabin.probabilities(error)
    np.testing.assert_allclose(table.sum(axis=1), 1.0, atol=1e-5)
    draw = np.random.default_rng(3)
    for yaw_deg, pitch_deg in ((3.5, -26.5), (24.5, -12.5), (0.5, -40.5)):
        there = draw.normal((yaw_deg, pitch_deg), 5.0, (40_000, 2))
        found = [cabin.zone_at(*np.radians(one)) for one in there[:4000]]
        row = table[cabin.cell(np.array([radians(yaw_deg)]), np.array([radians(pitch_deg)]))[0]]
        for zone in set(found):
            assert row[cabin.names.index(zone)] == pytest.approx(found.count(zone) / 4000, abs=0.03)


def test_an_error_larger_than_two_neighbours_cannot_tell_them_apart() -> None:
    cabin = Cabin.load(CabinConfig())
    square = cabin.cell(*(np.array([angle]) for angle in cabin.centre("phone_wheel")))[0]
    place = cabin.names.index("phone_wheel")
    assert cabin.probabilities(radians(1.0))[square, place] > 0.98
    assert cabin.probabilities(radians(8.0))[square, place] < 0.4


def test_unknown_directions_and_those_beyond_the_map_are_somewhere() -> None:
    cabin = Cabin.load(CabinConfig())
    assert cabin.zone_at(radians(170), 0.0) == "right_window"
    assert cabin.zone_at(0.0, radians(-100)) == "lap"
    assert cabin.zone_at(float("nan"), float("nan")) == "road"


def test_a_rig_can_paint_a_zone_over_the_others() -> None:
    there = {"phone_dash": {"yaw_deg": [-20.0, -10.0], "pitch_deg": [-20.0, -12.0]}}
    cabin = Cabin.load(CabinConfig(changes=there))
    assert cabin.zone_at(radians(-15), radians(-15)) == "phone_dash"
    assert degrees(cabin.centre("phone_dash")[0]) == pytest.approx(-15)


@pytest.mark.parametrize(("zones", "says"), [
    ({"road": Zone(((-100.0, 99.0, -90.0, 90.0),), (0, 0))}, "180 square degrees lie in no zone, the first at yaw 99,"),
    ({"road": AHEAD, "lap": Zone(((-5.0, 5.0, -60.0, -50.0),), (0, -55))}, "zones 'lap' and 'road' overlap in 100 "),
    ({"road": Zone(((-200.0, 100.0, -90.0, 90.0),), (0, 0))}, "zone 'road' has the box"),
    ({"road": Zone(((10.0, -10.0, -90.0, 90.0),), (0, 0))}, "zone 'road' has the box"),
])
def test_a_map_with_holes_or_overlaps_is_one_sentence(zones: dict[str, Zone], says: str) -> None:
    with pytest.raises(RigError, match=says):
        Cabin(zones, "Cabin test.toml")


@pytest.mark.parametrize(("config", "says"), [
    (CabinConfig(zones="spaceship"), "no cabin 'spaceship'"),
    (CabinConfig(changes={"ashtray": {"yaw_deg": [0.0, 5.0], "pitch_deg": [0.0, 5.0]}}), "no zone 'ashtray'"),
    (CabinConfig(changes={"lap": {"yaw_deg": [0.0, 5.0]}}), "'lap' is"),
])
def test_a_cabin_that_cannot_be_meant_is_one_sentence(config: CabinConfig, says: str) -> None:
    with pytest.raises(RigError, match=says):
        Cabin.load(config)


def test_a_malformed_cabin_file_is_one_sentence(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text('title = "x"\n[zones]\nroad = { boxes = [[1, 2, 3]], target = [0, 0] }\n')
    with pytest.raises(RigError, match=r"Cabin mine\.toml: .*zones"):
        Cabin.load(CabinConfig(zones=str(path)))
