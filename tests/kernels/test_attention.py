"""Attention flow: closed forms, independent softmaxes, what the environment does, and tokens that are not there."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.testing import assert_allclose
from scipy.special import softmax

from kernels.attention import attention_flow, flow
from kernels.errors import InputError
from tests.reference import crossmodal as naive


def test_two_identical_tokens_share_attention() -> None:
    assert_allclose(attention_flow([[1.0, 2.0], [1.0, 2.0]], [3.0, -1.0], 0.3, 0.7), np.full((2, 2), 0.5), rtol=1e-15)


def test_worked_example() -> None:
    """Tokens 0 and 1 in one dimension, E = ln 3: row 0 scores (0, 0) and (0, ln 3); row 1 (0, 1) and (0, 1 + ln 3)."""
    e = math.e
    itself = np.array([[1 / 2, 1 / 2], [1 / (1 + e), e / (1 + e)]])
    external = np.array([[1 / 4, 3 / 4], [1 / (1 + 3 * e), 3 * e / (1 + 3 * e)]])
    for alpha in (0.0, 0.25, 1.0):
        expected = alpha * itself + (1 - alpha) * external
        assert_allclose(attention_flow([[0.0], [1.0]], [math.log(3)], alpha, 1 - alpha), expected, rtol=1e-14)


def test_the_literal_external_term_would_leave_the_environment_without_a_say() -> None:
    """<x_i, E> is the same for all j, and softmax ignores it; <x_j, E> draws attention to tokens that agree with E."""
    random = np.random.default_rng(1)
    x, e = random.normal(size=(6, 4)), random.normal(size=4)
    itself = softmax(x @ x.T, axis=1)
    literal = softmax(x @ x.T + (x @ e)[:, None], axis=1)
    assert_allclose(literal, itself, rtol=1e-12)
    ours = attention_flow(x, e, 0.0, 1.0)
    assert np.abs(ours - itself).max() > 0.05
    agreeing, against = np.argmax(x @ e), np.argmin(x @ e)
    assert (ours[:, agreeing] > itself[:, agreeing]).all()
    assert (ours[:, against] < itself[:, against]).all()


def test_agrees_with_scipy() -> None:
    random = np.random.default_rng(2)
    for count, axes in ((1, 1), (3, 7), (24, 4)):
        x, e = random.normal(size=(count, axes)), random.normal(size=axes)
        expected = 0.4 * softmax(x @ x.T, axis=1) + 0.6 * softmax(x @ x.T + x @ e, axis=1)
        assert_allclose(attention_flow(x, e, 0.4, 0.6), expected, rtol=1e-12)


def test_agrees_with_torch_attention() -> None:
    """External attention is scaled dot-product attention of the queries x + E; with values of one it is the weights."""
    torch = pytest.importorskip("torch")
    attend = torch.nn.functional.scaled_dot_product_attention
    random = np.random.default_rng(3)
    x, e = torch.from_numpy(random.normal(size=(24, 4))), torch.from_numpy(random.normal(size=4))
    x[[3, 17]] = math.nan
    there = ~torch.isnan(x[:, 0])
    kept, one = x[there][None], torch.eye(22, dtype=torch.float64)[None]
    # Torch divides by sqrt(d); tokens and environment over d**0.25 do the same.
    expected = 0.5 * attend(kept, kept, one) + 0.5 * attend(kept + e, kept, one)
    got = attention_flow(x / 4**0.25, e / 4**0.25, 0.5, 0.5)
    assert_allclose(got[np.ix_(there, there)], expected[0], rtol=1e-12)


@given(st.data(), st.integers(0, 9), st.integers(0, 5))
def test_any_shape_and_any_gaps(data: st.DataObject, count: int, axes: int) -> None:
    values = st.one_of(st.floats(-1e3, 1e3), st.sampled_from([math.nan, math.inf, -math.inf]))
    x = data.draw(arrays(np.float64, (count, axes), elements=values))
    e = data.draw(arrays(np.float64, (axes,), elements=st.floats(-1e3, 1e3)))
    alpha = data.draw(st.floats(0, 1))
    got = attention_flow(x, e, alpha, 1 - alpha)
    there = np.isfinite(x).all(axis=1)
    assert_allclose(got.sum(axis=1), there.astype(float), atol=1e-12)
    assert (got[~there] == 0).all()
    assert (got[:, ~there] == 0).all()
    assert_allclose(got, np.reshape(naive.attention_flow(x.tolist(), e, alpha, 1 - alpha), got.shape), rtol=1e-9,
                    atol=1e-300)
    order = data.draw(st.permutations(range(count)))
    assert_allclose(attention_flow(x[order], e, alpha, 1 - alpha), got[np.ix_(order, order)], rtol=1e-9, atol=1e-300)


def test_scores_beyond_the_range_of_exp_stay_finite() -> None:
    got = attention_flow([[1e90, 0.0], [1e8, 1e8], [1e30, -1e30], [1e200, 0.0]], [-1e90, 1e8], 0.5, 0.5)
    assert_allclose(got.sum(axis=1), [1, 1, 1, 0], rtol=1e-12)


def test_newest_tokens_summary_by_hand() -> None:
    """Two kinds, two ages, one axis: the newest token of kind 0 is 0, so it attends to all three equally."""
    tokens, present = np.array([[0.0], [math.nan], [1.0], [2.0]]), np.array([1, 0, 1, 1])
    out, room = np.empty(4), np.empty((2, 4))
    flow(tokens, present, np.array([math.log(2)]), 0.25, 0.75, 2, room[0], room[1], out)
    itself, external = np.array([1, 1, 1]) / 3, np.array([1, 2, 4]) / 7
    a = 0.25 * itself + 0.75 * external
    assert_allclose(out, [a[0] + a[1], a[2], a[1] + a[2], 4 / 7 - 1 / 3], rtol=1e-14)


@pytest.mark.parametrize("present", [[0, 0, 1, 1], [1, 0, 1, 0], [0, 0, 0, 0]])
def test_nothing_flows_without_a_newest_token_or_a_second_kind(present: list[int]) -> None:
    out, room = np.zeros(4), np.empty((2, 4))
    flow(np.ones((4, 1)), np.array(present), np.ones(1), 0.5, 0.5, 2, room[0], room[1], out)
    assert np.isnan(out).all()


@pytest.mark.parametrize(("tokens", "environment", "alpha", "beta", "words"), [
    ([[1.0]], [1.0, 2.0], 0.5, 0.5, r"shape \(1, 1\) and an environment of shape \(2,\)"),
    ([1.0], [1.0], 0.5, 0.5, r"expected \(n, d\) and \(d,\)"),
    ([[1.0]], [math.nan], 0.5, 0.5, "the environment"),
    ([[1.0]], [1.0], 0.5, 0.6, "alpha 0.5 and beta 0.6; expected two shares that sum to 1"),
    ([[1.0]], [1.0], 1.5, -0.5, "alpha 1.5 and beta -0.5"),
    ([[1.0]], [1.0], math.nan, 0.5, "alpha nan"),
    ([["a"]], [1.0], 0.5, 0.5, "not numbers"),
    ([[1.0], [1.0, 2.0]], [1.0], 0.5, 0.5, "not numbers"),
])
def test_wrong_input_is_refused_in_a_sentence(tokens: object, environment: object, alpha: float, beta: float,
                                              words: str) -> None:
    with pytest.raises(InputError, match=words):
        attention_flow(tokens, environment, alpha, beta)  # type: ignore[arg-type]
