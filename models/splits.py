"""Who is trained on and who is tested on: always whole people, so that nobody is ever on both sides.

The one exception is named for what it is, `within_person`: it is reported beside the others, never instead of them.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from models.errors import ModelError
from models.windows import Windows, people

GUARD_S = 30.0
"""Time left out between training and test within a person: what EEG and slow features remember is shorter, minutes
of PERCLOS aside."""


@dataclass(frozen=True, eq=False)
class Split:
    """Sessions to train on and to test on."""

    name: str
    train: list[Windows]
    test: list[Windows]
    within_person: bool = False
    """Whether the same people are on both sides, as only `within_person` makes it."""


def leave_one_person_out(sessions: Sequence[Windows]) -> list[Split]:
    """Return one split for each person, who is tested on while all others are trained on.

    Raises
    ------
    ModelError
        If there is only one person.
    """
    everybody = people(sessions)
    _require_two(everybody, "leave-one-person-out")
    return [_by_name(f"without {person}", sessions, {person}) for person in everybody]


def by_person(sessions: Sequence[Windows], folds: int = 5, seed: int = 0) -> list[Split]:
    """Return `folds` splits; the people are dealt out at random, everybody is tested on once.

    Raises
    ------
    ModelError
        If there are fewer people than folds, or fewer than two folds.
    """
    everybody = people(sessions)
    _require_two(everybody, f"{folds} folds")
    if not 2 <= folds <= len(everybody):
        raise ModelError(f"There are {len(everybody)} people for {folds} folds, expected 2 to {len(everybody)} folds.",
                         "Choose fewer folds, or leave-one-person-out.")
    order = np.random.default_rng(seed).permutation(len(everybody))
    return [_by_name(f"fold {number + 1} of {folds}", sessions, {everybody[k] for k in order[number::folds]})
            for number in range(folds)]


def fixed(sessions: Sequence[Windows], test_people: Sequence[str]) -> Split:
    """Return the split with the named people on the test side.

    Raises
    ------
    ModelError
        If somebody named is not there, or nobody is left to train on.
    """
    everybody = set(people(sessions))
    strangers = sorted(set(test_people) - everybody)
    if strangers or not test_people:
        raise ModelError(f"Test people {', '.join(strangers) or '(none named)'} are not in these windows, "
                         f"expected some of: {', '.join(sorted(everybody))}.")
    if everybody <= set(test_people):
        raise ModelError(f"All {len(everybody)} people are on the test side; nobody is left to train on.")
    return _by_name("fixed", sessions, set(test_people))


def within_person(sessions: Sequence[Windows], guard_s: float = GUARD_S) -> Split:
    """Return the first half of every session to train on and the second, `guard_s` later, to test on.

    This tells how well a model does on somebody it knows; it says nothing about strangers. Halves are halves of time.

    Raises
    ------
    ModelError
        If no session is longer than the gap.
    """
    train, test = [], []
    for windows in sessions:
        if not len(windows):
            continue
        middle = (windows.times_s[0] + windows.times_s[-1]) / 2
        train.append(part(windows, windows.times_s <= middle - guard_s / 2))
        test.append(part(windows, windows.times_s > middle + guard_s / 2))
    if not any(map(len, train)) or not any(map(len, test)):
        raise ModelError(f"No session is longer than the guard gap of {guard_s:g} s between training and test.",
                         "Take longer sessions.")
    return Split("within person", [half for half in train if len(half)], [half for half in test if len(half)], True)


def part(windows: Windows, kept: NDArray[np.bool_]) -> Windows:
    """Return the steps of windows that are kept, (n,); times stay as they were."""
    arrays = ("times_s", "features", "quality", "state", "lapse_in_s", "attention", "vigilance", "load")
    cut = {name: getattr(windows, name)[kept] for name in arrays}
    return replace(windows, **cut, truth=windows.truth[kept] if windows.truth_names else windows.truth)


def _by_name(name: str, sessions: Sequence[Windows], tested: set[str]) -> Split:
    return Split(name, [windows for windows in sessions if windows.person not in tested],
                 [windows for windows in sessions if windows.person in tested])


def _require_two(everybody: Sequence[str], what: str) -> None:
    if len(everybody) < 2:
        raise ModelError(f"These windows are of {len(everybody)} person{'' if len(everybody) == 1 else 's'}; "
                         f"{what} needs at least two.", "Add recordings of somebody else.")
