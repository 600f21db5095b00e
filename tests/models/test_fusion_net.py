"""The network: causal, the same in steps as whole, and fair with sensors that are missing."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from nets import net, steps
from numpy.testing import assert_allclose

from models.fusion_net import FusionNet, parameters
from models.inputs import BASELINE_STEPS, Preparation, compress, prepare
from models.labels import LANES
from models.layer import BLOCK
from models.presets import PRESETS, Preset

NAMES = ("state", "sleepiness", "load", "attention", "lapse")


@torch.inference_mode()
def said(made: FusionNet, inputs: torch.Tensor, quality: torch.Tensor, times: torch.Tensor,
         cuts: list[int]) -> dict[str, np.ndarray]:
    """Return all outputs of a session that is given in pieces."""
    memory, found = None, []
    for start, end in zip([0, *cuts], [*cuts, inputs.shape[1]], strict=True):
        if start == end:
            continue
        out = made(inputs[:, start:end], quality[:, start:end], times[:, start:end], memory)
        memory = out.memory
        found.append({name: getattr(out.readout, name) for name in NAMES} | {"beta": out.beta, "weights": out.weights,
                                                                             "pooled": out.pooled})
    return {name: torch.cat([one[name] for one in found], dim=1).numpy() for name in found[0]}


@given(cuts=st.lists(st.integers(0, 50), max_size=5).map(sorted))
@settings(deadline=None, max_examples=15)
def test_however_a_session_is_cut_the_answers_are_the_same(cuts: list[int]) -> None:
    made, given_ = net(), steps(50)
    whole, parts = said(made, *given_, []), said(made, *given_, cuts)
    for name in whole:
        assert_allclose(parts[name], whole[name], atol=1e-5, err_msg=name)


def test_single_steps_give_what_the_whole_session_gives() -> None:
    made, given_ = net(1, "small"), steps(60, 1)
    whole, parts = said(made, *given_, []), said(made, *given_, list(range(1, 60)))
    for name in whole:
        assert_allclose(parts[name], whole[name], atol=1e-5, err_msg=name)


def test_blocks_of_a_long_session_meet_the_steps_before_them() -> None:
    made, given_ = net(2), steps(2 * BLOCK + 20, 2)
    whole, parts = said(made, *given_, []), said(made, *given_, list(range(7, 2 * BLOCK, 50)))
    for name in whole:
        assert_allclose(parts[name], whole[name], atol=1e-5, err_msg=name)


def test_nothing_looks_ahead_and_nothing_further_back_than_the_layers_reach() -> None:
    made, (inputs, quality, times) = net(), steps(60)
    before = said(made, inputs, quality, times, [])
    changed = inputs.clone()
    changed[:, 30] = 3.0
    after = said(made, changed, quality, times, [])
    moved = np.abs(after["state"] - before["state"]).max(axis=(0, 2)) > 0
    assert not moved[:30].any()
    assert moved[30]
    furthest = 30 + made.preset.layers * (made.preset.reach - 1)
    assert moved[30:furthest].any()
    assert not moved[furthest + 1:].any()


def test_only_differences_of_time_matter() -> None:
    made, (inputs, quality, times) = net(), steps(40)
    early, late = said(made, inputs, quality, times, []), said(made, inputs, quality, times + 7200.0, [])
    stretched = said(made, inputs, quality, times * 4, [])
    assert_allclose(late["state"], early["state"], atol=2e-4)
    assert np.abs(stretched["state"] - early["state"]).max() > 1e-3


def test_alpha_and_beta_share_the_attention_and_depend_on_the_environment() -> None:
    made, (inputs, quality, times) = net(), steps(20)
    out = said(made, inputs, quality, times, [])
    assert ((out["beta"] > 0) & (out["beta"] < 1)).all()
    assert_allclose(out["weights"].sum(axis=-1), 1.0, atol=1e-5)
    assert out["weights"].shape[-1] == len(LANES)
    other = inputs.clone()
    other[..., 85:87] = 2.0  # demand and speed
    assert np.abs(said(made, other, quality, times, [])["beta"] - out["beta"]).max() > 1e-4


def test_the_lapse_in_ten_seconds_is_never_the_less_likely_and_the_levels_fall() -> None:
    out = said(net(), *steps(30), [])
    assert (out["lapse"][..., 1] >= out["lapse"][..., 0]).all()
    assert (np.diff(out["sleepiness"], axis=-1) < 0).all()


def test_a_session_in_which_nothing_is_measured_is_answered_with_numbers() -> None:
    inputs, quality, times = steps(10)
    out = said(net(), torch.full_like(inputs, torch.nan), torch.zeros_like(quality), times, [])
    assert all(np.isfinite(values).all() for values in out.values())


@pytest.mark.parametrize("name", PRESETS)
def test_presets_stay_under_a_million_numbers(name: str) -> None:
    assert parameters(net(0, name)) < 1_000_000


def test_a_width_that_cannot_be_split_is_refused() -> None:
    with pytest.raises(Exception, match="expected a width that 8 divides"):
        Preset(width=20, layers=1, heads=4, bottlenecks=1, reach=4)


@given(seed=st.integers(0, 1000))
@settings(deadline=None, max_examples=15)
def test_inputs_step_by_step_are_the_bits_of_the_whole_session(seed: int) -> None:
    draw = np.random.default_rng(seed)
    features = draw.normal(3, 5, (200, 96)).astype(np.float32)
    features[draw.random(features.shape) < 0.2] = np.nan
    quality = draw.uniform(0, 1, (200, 4)).astype(np.float32)
    stream = Preparation()
    steps_ = [stream.push(vector, trust) for vector, trust in zip(features, quality, strict=True)]
    np.testing.assert_array_equal(np.stack(steps_), prepare(features, quality))


def test_the_own_level_is_that_of_the_first_measured_minute() -> None:
    features = np.full((300, 96), np.nan, np.float32)
    features[20:, 50] = np.arange(280)
    quality = np.ones((300, 4), np.float32)
    quality[20:40] = 0.0  # measured, but not to be believed
    level, change = prepare(features, quality)[:, :, 50].T
    own = np.arange(20, 20 + BASELINE_STEPS).mean()
    assert np.isnan(change[:40]).all()
    assert change[40] == 0.0
    assert_allclose(change[299], level[299] - own)
    assert compress(np.full((1, 96), np.e - 1, np.float32))[0, 1] == pytest.approx(1.0)  # time without a face
