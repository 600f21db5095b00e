"""Gaze entropies against closed forms and a twin, and the K coefficient by hand."""

import math

import numpy as np
import pytest
from numpy.testing import assert_allclose

from kernels import scanning
from tests.reference import eyes as reference

SECOND = 1_000_000_000
START = 3_600 * SECOND


def entropies(cells: list[int], befores: list[int] | None = None, window_s: float = 60.0) -> tuple[float, float]:
    """Entropies of fixations, a tenth of a second apart."""
    befores = [-1, *cells][:len(cells)] if befores is None else befores
    record = np.zeros(1, scanning.VISITS)
    for k, (here, before) in enumerate(zip(cells, befores, strict=True)):
        scanning.visit(record[0], START + k * SECOND // 10, here, before)
    return scanning.entropies(record[0], START + max(0, len(cells) - 1) * SECOND // 10, round(window_s * SECOND))


@pytest.mark.parametrize("cells", [1, 2, 4, 16])
def test_fixations_spread_evenly_over_n_directions(cells: int) -> None:
    stationary, _ = entropies(list(range(cells)) * (480 // cells))
    assert stationary == pytest.approx(math.log2(cells) / math.log2(16), abs=1e-12)


def test_a_fixed_round_has_no_transition_entropy() -> None:
    assert entropies([0, 5, 10, 15] * 30) == (pytest.approx(0.5), pytest.approx(0.0, abs=1e-12))


def test_every_next_direction_alike_is_the_largest_transition_entropy() -> None:
    pairs = [(a, b) for a in range(16) for b in range(16) if a != b] * 2
    cells, befores = [b for _, b in pairs], [a for a, _ in pairs]
    assert entropies(cells, befores)[1] == pytest.approx(1.0, abs=1e-12)


def test_a_coin_for_the_next_direction_is_one_bit() -> None:
    """From 0 to 1 or 2 alike, and always back: half the transitions carry one bit, the other half none."""
    cells = [0, 1, 0, 2] * 40
    assert entropies(cells)[1] == pytest.approx(0.5 / math.log2(15), rel=0.02)


def test_staying_in_a_direction_is_no_transition() -> None:
    assert entropies([0, 0, 0, 5, 5, 5] * 40)[1] == pytest.approx(0.0, abs=1e-12)
    assert math.isnan(entropies([0] * 200)[1])


@pytest.mark.parametrize("seed", range(3))
def test_entropies_match_the_naive_twin(seed: int) -> None:
    random = np.random.default_rng(seed)
    cells = [int(c) for c in random.choice(16, 2000, p=random.dirichlet(np.ones(16)))]
    befores = [-1 if random.random() < 0.1 else before for before in [-1, *cells[:-1]]]
    for window_s in (9.0, 60.0):
        count = round(window_s * 10)
        expected = reference.entropies(cells[-count:], [None if b < 0 else b for b in befores[-count:]])
        assert_allclose(entropies(cells, befores, window_s), expected, rtol=1e-9)


def test_too_few_fixations_say_nothing() -> None:
    random = np.random.default_rng(1)
    cells = [int(c) for c in random.integers(0, 16, 49)]
    assert np.isnan(entropies(cells)).all()
    assert np.isnan(entropies([])).all()
    assert np.isfinite(entropies([*cells, 3])[0])


def test_directions_are_four_by_four_about_the_target() -> None:
    degrees = [-30, -5, 5, 30]
    found = [scanning.cell(math.radians(yaw), math.radians(pitch)) for pitch in degrees for yaw in degrees]
    assert found == list(range(16))
    assert scanning.cell(-9.0, 9.0) == 12


def focus(durations: list[float], amplitudes: list[float]) -> list[float]:
    record = np.zeros(1, scanning.FOCUS)
    return [scanning.focus(record[0], d, a) for d, a in zip(durations, amplitudes, strict=True)]


def test_the_k_coefficient_by_hand() -> None:
    """Five short fixations (0.2 s) before long saccades (0.3 rad), five long ones (0.4 s) before short saccades (0.1).

    Means 0.3 s and 0.2 rad, standard deviations 0.1 and 0.1. The tenth pair: K = (0.4 - 0.3) / 0.1 - (0.1 - 0.2) / 0.1
    = 1 + 1 = 2, focal. With an eleventh of 0.2 s and 0.3 rad, six of eleven are of the first kind: it lies 5/11 of the
    difference from either mean, over a deviation of sqrt(30)/11 of it. K = -5/sqrt(30) - 5/sqrt(30) = -1.8257, ambient.
    """
    scores = focus([0.2] * 5 + [0.4] * 5 + [0.2], [0.3] * 5 + [0.1] * 5 + [0.3])
    assert np.isnan(scores[:9]).all()
    assert scores[9] == pytest.approx(2.0)
    assert scores[10] == pytest.approx(-10 / math.sqrt(30), rel=1e-9)


def test_k_coefficients_match_the_naive_twin() -> None:
    random = np.random.default_rng(3)
    durations, amplitudes = random.lognormal(-1.2, 0.5, 300), random.lognormal(-2.5, 0.8, 300)
    assert_allclose(focus(list(durations), list(amplitudes)), reference.k_coefficients(durations, amplitudes),
                    rtol=1e-6, atol=1e-9)


def test_looking_that_never_varies_has_no_k() -> None:
    assert np.isnan(focus([0.3] * 50, [0.1] * 50)).all()
    assert np.isnan(focus(list(0.3 + 1e-9 * np.arange(50)), [0.1 * k for k in range(50)])).all()


def test_one_stray_saccade_is_capped() -> None:
    scores = focus([0.3, 0.31] * 1000 + [0.3], [0.1, 0.1001] * 1000 + [3.0])
    assert scores[-1] == -20.0
