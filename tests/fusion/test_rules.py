"""The evidence table: every row pulls its own state, missing evidence pulls nothing, blindness widens doubt."""

import numpy as np
import pytest

from fusion.estimator import STATES
from fusion.rules import EVIDENCE, Evidence, Rules
from kernels.layout import FEATURES, INDEX, MODALITIES, SIZE

TRUST = dict.fromkeys(MODALITIES, 1.0)


def vector(**features: float) -> np.ndarray:
    values = np.full(SIZE, np.nan, np.float32)
    for name, value in features.items():
        values[INDEX[name]] = value
    return values


def probability(state: str, quality: dict[str, float] = TRUST, **features: float) -> float:
    return float(Rules().estimate(0, vector(**features), quality).probabilities[STATES.index(state)])


@pytest.mark.parametrize("row", EVIDENCE, ids=lambda row: f"{row.state}-{row.feature}")
def test_each_row_raises_its_own_state_and_grows_with_its_feature(row: Evidence) -> None:
    nothing, half, full = (probability(row.state, **{row.feature: row.none + share * (row.full - row.none)})
                           for share in (0.0, 0.5, 1.0))
    assert nothing < half < full


@pytest.mark.parametrize("row", EVIDENCE, ids=lambda row: f"{row.state}-{row.feature}")
def test_each_band_lies_inside_the_range_of_its_feature(row: Evidence) -> None:
    feature = FEATURES[INDEX[row.feature]]
    assert feature.low <= min(row.none, row.full)
    assert max(row.none, row.full) <= feature.high


def test_what_is_not_measured_moves_nothing() -> None:
    estimate = Rules().estimate(0, vector(), TRUST)
    assert STATES[int(np.argmax(estimate.probabilities))] == "focused"
    assert sum(estimate.weights.values()) == pytest.approx(1)
    assert sum(estimate.probabilities) == pytest.approx(1)


def test_an_untrusted_sensor_moves_nothing_but_absence_is_seen() -> None:
    blind = TRUST | {"camera": 0.0}
    assert probability("drowsy", blind, perclos_60s=0.5) == pytest.approx(probability("drowsy", blind))
    assert probability("away", blind, face_absent_s=2.0) > 0.9


def test_doubt_widens_with_every_sensor_that_goes() -> None:
    spreads = [Rules().estimate(0, vector(), TRUST | dict.fromkeys(MODALITIES[:gone], 0.0)).attention.sd
               for gone in range(4)]
    assert spreads == sorted(spreads)
    assert spreads[0] < spreads[3]


def test_it_claims_no_calibration() -> None:
    assert Rules().estimate(0, vector(), TRUST).conformal == ()
