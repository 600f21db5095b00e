"""Profiles as data: those that ship are whole, and an impossible ladder is one sentence."""

from pathlib import Path

import pytest

from fusion.driving import profile
from fusion.driving.cabin import Cabin
from fusion.driving.engine import machine_of
from fusion.driving.facts import Facts
from sensors.errors import RigError
from sensors.rig_driving import CabinConfig

WANTED = {"eu-addw", "eu-ddaw", "euro-ncap-2026", "un-r171", "nhtsa-glance", "attend", "openpilot-like", "perclos"}


def test_the_ladders_that_are_promised_ship() -> None:
    assert set(profile.names()) == WANTED


@pytest.mark.parametrize("name", [*sorted(WANTED), "watch"])
def test_a_shipped_profile_runs_in_both_cabins_and_says_where_it_comes_from(name: str) -> None:
    ladder = profile.load(name)
    assert ladder.name == name
    assert ladder.inspired_by
    assert "complian" not in ladder.inspired_by
    for side in ("left", "right"):
        for rule in ladder.rules.values():
            machine_of(ladder, rule, Facts(), Cabin.load(CabinConfig(drive=side)).names)
    for rule in ladder.rules.values():
        assert len(rule.clause) > 15
        for stage in rule.stages:
            assert "{" not in stage.says.format(seconds=2.0, percent=20.0)


GOOD = """name = "mine"
title = "Mine"
inspired_by = "nothing"
[areas]
down = ["lap"]
[rules.r]
machine = "timer"
when = "down"
clause = "own"
sure = "own"
limits = [{ from_kmh = 0, seconds = 3 }]
stages = [{ level = "info", says = "a" }, { level = "warning", says = "b", later_s = 2 }]
"""


@pytest.mark.parametrize(("old", "new", "says"), [
    ("later_s = 2", "later_s = 0", "later_s must be 0 in the first stage and above 0 in every later one"),
    ('level = "warning"', 'level = "loud"', "loud"),
    ('level = "info"', 'level = "critical"', "a later stage has a lower level"),
    ("seconds = 3", "seconds = -3", "limits need at least one entry"),
    ("limits = [{ from_kmh = 0, seconds = 3 }]",
     "limits = [{ from_kmh = 50, seconds = 3 }, { from_kmh = 20, seconds = 2 }]", "expected rising speeds"),
    ('machine = "timer"', 'machine = "hourglass"', "hourglass"),
    ("clause =", "clues =", "clues"),
    ("[rules.r]", "[rule.r]", "rule"),
    ("stages = [", "stages = []\n#", "stages is empty"),
    ('when = "down"', 'when = "down"\nmachine = "window"', "Cannot overwrite a value"),
    ('says = "a"', 'says = "{second} s"', "only {seconds} and {percent} can be filled in"),
    ('says = "a"', 'says = "{"', "can be filled in"),
    ("later_s = 2", "later_s = inf", "up to 3600 s"),
    ('when = "down"', 'when = "down"\nrepeat_s = 1e-10', "repeat_s is 1e-10"),
    ('when = "down"', 'when = "down"\nrepeat_s = -1', "repeat_s is -1"),
    ('when = "down"', 'when = "down"\nextend_s = -5', "extend_s is -5"),
    ('when = "down"', 'when = "down"\nmin_kmh = 1', "the speed is never left"),
    ("from_kmh = 0", "from_kmh = -5", "rising speeds from 0 to 300"),
    ("from_kmh = 0", "from_kmh = 1", "such a speed is never left"),
])
def test_an_impossible_ladder_is_one_sentence(tmp_path: Path, old: str, new: str, says: str) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(GOOD)
    profile.load(str(path))
    path.write_text(GOOD.replace(old, new))
    with pytest.raises(RigError, match=f"Profile mine.toml: .*{says}"):
        profile.load(str(path))


@pytest.mark.parametrize(("table", "says"), [
    ('machine = "window"\nwhen = "down"\nsum_s = 40\nwithin_s = 30\nreset_on = "down"\nreset_s = 2',
     "cannot be reached"),
    ('machine = "buffer"\nroad = "down"\nglance = "down"\nsize_s = 0\nallowance_s = 1\nrefocus_s = 0.1',
     "size_s is 0"),
    ('machine = "awareness"\nwhen = "down"\nempty_s = 11\nfilter_s = 0.25\ndistracted = 0.3\nattentive = 0.6\n'
     "gain = 1\nbase = 1\nforgive_s = 3", "expected rising"),
    ('machine = "share"\nbands = [{ window_s = 60, share = 1.5 }]', "bands need at least one entry"),
    ('machine = "awareness"\nwhen = "down"\nempty_s = 11\nfilter_s = 0.25\ndistracted = 0.6\nattentive = 0.3\n'
     "gain = nan\nbase = 1\nforgive_s = 3", "gain nan"),
    ('machine = "glances"\nwhen = "down"\nmeasure = "long_share"\nlimit = 1.5\ntask_gap_s = 6', "which no share"),
    ('machine = "glances"\nwhen = "down"\nmeasure = "total_s"\nlimit = 12\ntask_gap_s = 0', "task_gap_s is 0"),
])
def test_each_machine_refuses_what_it_cannot_run(tmp_path: Path, table: str, says: str) -> None:
    path = tmp_path / "mine.toml"
    path.write_text('name = "mine"\ntitle = "Mine"\ninspired_by = "nothing"\n[areas]\ndown = ["lap"]\n[rules.r]\n'
                    f'clause = "own"\nsure = "own"\nstages = [{{ level = "info", says = "a" }}]\n{table}\n')
    with pytest.raises(RigError, match=f"Profile mine.toml: .*{says}"):
        profile.load(str(path))


@pytest.mark.parametrize("table", [
    'machine = "window"\nwhen = "down"\nsum_s = 10\nwithin_s = 30\nreset_on = "down"\nreset_s = 2',
    'machine = "buffer"\nroad = "down"\nglance = "down"\nsize_s = 2\nallowance_s = 1\nrefocus_s = 0.1',
    'machine = "glances"\nwhen = "down"\nmeasure = "total_s"\nlimit = 12\ntask_gap_s = 6',
    'machine = "share"\nbands = [{ window_s = 60, share = 0.5 }]'])
def test_a_machine_of_one_limit_has_one_stage(tmp_path: Path, table: str) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(GOOD.split("[rules.r]")[0] + '[rules.r]\nclause = "own"\nsure = "own"\nstages = [{ level = "info", '
                    f'says = "a" }}, {{ level = "warning", says = "b" }}]\n{table}\n')
    with pytest.raises(RigError, match=r"Profile mine.toml: there are 2 stages, expected one"):
        profile.load(str(path))


def test_a_window_that_is_reset_by_what_it_counts_is_one_sentence(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(GOOD.split("[rules.r]")[0] + '[rules.r]\nmachine = "window"\nwhen = "down"\nsum_s = 10\n'
                    'within_s = 30\nreset_on = "down"\nreset_s = 2\nclause = "own"\nsure = "own"\n'
                    'stages = [{ level = "info", says = "a" }]\n')
    ladder = profile.load(str(path))
    with pytest.raises(RigError, match="'lap' is in both"):
        machine_of(ladder, ladder.rules["r"], Facts(), ("road", "lap"))


def test_an_area_or_a_zone_that_is_not_there_is_one_sentence(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    for old, new, says in (('when = "down"', 'when = "up"', "has no area 'up'"),
                           ('["lap"]', '["ashtray"]', "names 'ashtray', which is no zone"),
                           ('["lap"]', "[]", "area 'down' is empty"),
                           ('["lap"]', '["not lap", "not road"]', "area 'down' is empty")):
        path.write_text(GOOD.replace(old, new))
        ladder = profile.load(str(path))
        with pytest.raises(RigError, match=says):
            machine_of(ladder, ladder.rules["r"], Facts(), ("road", "lap"))


def test_a_profile_that_does_not_exist_names_those_that_do() -> None:
    with pytest.raises(RigError, match=r"no driving profile 'eu-nap'.*attend, eu-addw"):
        profile.load("eu-nap")
