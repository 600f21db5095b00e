"""The network as the session's estimator: half-second steps, the session's words, and blind where nothing is known."""

import math
from pathlib import Path

import numpy as np
import pytest

from fusion.estimator import BLIND, STATES, make
from fusion.network import STEP_NS, Network, shares, told
from kernels.layout import MODALITIES, SIZE
from models.errors import ModelError
from models.export import export
from models.labels import LANES
from models.stream import Answer
from sensors.clock import MILLISECOND, SECOND
from tests.models.nets import trained

ALL = dict.fromkeys(MODALITIES, 1.0)


def answer(strangeness: float = 0.2, weights: tuple[float, ...] = (0.4, 0.1, 0.3, 0.2)) -> Answer:
    return Answer(np.array([0.5, 0.2, 0.1, 0.1, 0.05, 0.05], np.float32),
                  np.array([True, True, False, False, False, False]),
                  np.array([[0.7, 0.1], [0.8, 0.2], [0.3, 0.05]], np.float32), np.array([0.1, 0.3], np.float32), 0.25,
                  np.array(weights, np.float32), strangeness)


def test_an_answer_in_the_sessions_words() -> None:
    said = told(answer(), ALL)
    assert sum(said.probabilities) == pytest.approx(1.0, abs=1e-12)
    assert said.conformal == ("focused", "distracted_visual")
    assert said.attention == pytest.approx((0.7, 0.1))
    assert said.vigilance == pytest.approx((0.8, 0.2))
    assert said.load == pytest.approx((0.3, 0.05))
    assert (said.lapse_risk_3s, said.lapse_risk_10s) == pytest.approx((0.1, 0.3))


def test_what_is_like_nothing_known_is_not_told() -> None:
    assert told(answer(1.0), ALL) is BLIND
    assert told(answer(math.nan), ALL) is BLIND
    assert told(answer(0.99), ALL) is not BLIND


def test_shares_sum_to_one_and_the_outside_has_that_of_external_attention() -> None:
    assert LANES == ("camera", "microphone", "eeg", "fusion")
    found = shares(answer(), ALL)
    assert found["context"] == 0.25
    assert sum(found.values()) == pytest.approx(1.0)
    assert found["camera"] == pytest.approx(0.75 * (0.4 + 0.2 / 3))
    without = shares(answer(), ALL | {"eeg": 0.0})
    assert without["camera"] == pytest.approx(0.75 * (0.4 + 0.1))
    assert without["eeg"] == pytest.approx(0.75 * 0.3)


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("network") / "tiny.onnx"
    export(path, trained())
    return path


def test_a_step_is_taken_on_every_half_second_and_holds_until_the_next(weights: Path) -> None:
    draw = np.random.default_rng(0)
    network, start = Network(str(weights)), 1_000 * SECOND + 300 * MILLISECOND
    said = [network.estimate(start + k * 100 * MILLISECOND, draw.normal(size=SIZE).astype(np.float32), ALL)
            for k in range(12)]
    steps = [k for k in range(1, 12) if said[k] is not said[k - 1]]
    assert steps == [2, 7]  # at 1000.5 s and 1001.0 s
    assert STEP_NS == SECOND // 2
    assert sum(said[-1].probabilities) == pytest.approx(1.0)
    assert len(said[-1].probabilities) == len(STATES)


def test_the_shipped_weights_are_found_and_others_are_asked_for() -> None:
    assert make("network").name == "network"
    with pytest.raises(ModelError, match="There are no weights at"):
        Network("none")
