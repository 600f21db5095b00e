"""Splits never share a person, except for the one that says so, and what cannot be split is refused."""

import numpy as np
import pytest
from synthetic_windows import cohort, session

from models import splits
from models.errors import ModelError
from models.windows import people


def test_leaving_one_person_out_tests_everybody_once() -> None:
    sessions = [*cohort(3), session("p01", name="s2")]
    made = splits.leave_one_person_out(sessions)
    assert [people(split.test) for split in made] == [["p00"], ["p01"], ["p02"]]
    assert len(made[1].test) == 2
    assert all(not set(people(split.train)) & set(people(split.test)) for split in made)


def test_folds_are_of_people_and_seeded() -> None:
    sessions = cohort(7)
    made = splits.by_person(sessions, 3, seed=1)
    assert sorted(name for split in made for name in people(split.test)) == people(sessions)
    assert all(not set(people(split.train)) & set(people(split.test)) for split in made)
    again, other = splits.by_person(sessions, 3, seed=1), splits.by_person(sessions, 3, seed=2)
    assert [people(split.test) for split in made] == [people(split.test) for split in again]
    assert [people(split.test) for split in made] != [people(split.test) for split in other]


def test_a_fixed_split_knows_its_people() -> None:
    split = splits.fixed(cohort(3), ["p02"])
    assert (people(split.train), people(split.test)) == (["p00", "p01"], ["p02"])
    with pytest.raises(ModelError, match="x are not in these windows"):
        splits.fixed(cohort(3), ["x"])
    with pytest.raises(ModelError, match="nobody is left to train on"):
        splits.fixed(cohort(2), ["p00", "p01"])


def test_within_a_person_there_is_a_gap() -> None:
    split = splits.within_person([session("p00")])
    assert split.within_person
    assert split.test[0].times_s[0] - split.train[0].times_s[-1] >= splits.GUARD_S
    assert len(split.train[0].truth) == len(split.train[0])
    np.testing.assert_array_equal(split.test[0].features[-1], session("p00").features[-1])
    with pytest.raises(ModelError, match="longer than the guard gap of 30 s"):
        splits.within_person([session("p00", seconds=20)])


def test_one_person_and_too_many_folds_are_refused_with_a_sentence() -> None:
    with pytest.raises(ModelError, match="of 1 person; leave-one-person-out needs at least two"):
        splits.leave_one_person_out(cohort(1))
    with pytest.raises(ModelError, match="3 people for 5 folds"):
        splits.by_person(cohort(3), 5)
