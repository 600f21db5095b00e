"""The feature-level simulator: its exact filter is a ceiling, and its parameters can be found again."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from kernels.layout import MODALITIES, SIZE
from models.errors import ModelError
from models.feature_simulator import Parameters, bayes_filter, fit, load, save, simulate
from models.labels import STATES


@pytest.fixture(scope="module")
def parameters() -> Parameters:
    draw = np.random.default_rng(1)
    count = len(STATES)
    means = np.zeros((count, SIZE))
    means[:, :20] = draw.normal(0, 0.5, (count, 20))
    return Parameters(
        centre=np.zeros(SIZE), scale=np.ones(SIZE), means=means, person_sd=np.full(SIZE, 0.6),
        noise_sd=np.full(SIZE, 0.8), keep=np.full(SIZE, 0.5), lag=np.zeros(SIZE),
        chain=(1 - np.eye(count)) / (count - 1), stay_s=np.full(count, 20.0),
        missing=np.tile([0.002, 0.05], (len(MODALITIES), 1)))


def _balanced(state: np.ndarray, told: np.ndarray) -> float:
    return float(np.mean([(told[state == code] == code).mean() for code in np.unique(state)]))


def test_the_filter_beats_a_classifier_that_knows_only_the_pooled_parameters(parameters: Parameters) -> None:
    drawn = [simulate(parameters, seed, 600, f"p{seed}") for seed in range(6)]
    state = np.concatenate([one.windows.state for one in drawn])
    filtered = np.concatenate([bayes_filter(parameters, one) for one in drawn])
    np.testing.assert_allclose(filtered.sum(axis=1), 1.0)
    features = np.concatenate([one.windows.features for one in drawn])
    variance = parameters.noise_sd**2 + parameters.person_sd**2
    pooled = np.stack([np.nansum(-(features - mean) ** 2 / variance, axis=1) for mean in parameters.means], axis=1)
    assert _balanced(state, filtered.argmax(axis=1)) > _balanced(state, pooled.argmax(axis=1)) + 0.1


def test_fitting_finds_the_parameters_again(parameters: Parameters) -> None:
    # Only features without a window have no lag, so only they can be found exactly.
    from kernels.layout import FEATURES

    plain = [place for place, feature in enumerate(FEATURES[:20]) if feature.window_s == 0]
    lag = np.array([np.exp(-0.5 / max(f.window_s / 2, 1e-9)) for f in FEATURES])
    drawn = [simulate(replace(parameters, lag=lag), seed, 2000, f"p{seed}").windows for seed in range(20)]
    found = fit(drawn)
    means = found.centre + found.scale * found.means
    np.testing.assert_allclose(means[:, plain], parameters.means[:, plain], atol=0.45)
    assert np.corrcoef(means[:, plain].ravel(), parameters.means[:, plain].ravel())[0, 1] > 0.9
    np.testing.assert_allclose((found.scale * found.noise_sd)[plain], 0.8, atol=0.1)
    np.testing.assert_allclose(found.keep[plain], 0.5, atol=0.06)
    np.testing.assert_allclose(found.stay_s, 20.0, rtol=0.25)


def test_parameters_survive_a_file_and_a_foreign_file_is_refused(parameters: Parameters, tmp_path: Path) -> None:
    save(tmp_path / "p.safetensors", parameters)
    np.testing.assert_array_equal(load(tmp_path / "p.safetensors").means, parameters.means)
    (tmp_path / "x").write_bytes(b"not parameters")
    with pytest.raises(ModelError, match="cannot be read"):
        load(tmp_path / "x")


def test_a_state_that_never_occurs_is_told(parameters: Parameters) -> None:
    windows = simulate(parameters, 1, 50, "p").windows
    with pytest.raises(ModelError, match="no step is labelled"):
        fit([replace(windows, state=np.zeros(50, np.int8))])
