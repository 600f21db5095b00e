"""Baselines, subsets, the ceiling and its filter on made windows whose answer is known."""

import numpy as np
import pytest
from synthetic_windows import cohort, session

from fusion.evaluate_rules import RulesPredictor
from fusion.rules import Rules
from kernels.layout import FEATURES, INDEX, MODALITIES
from models import subsets
from models.baselines import GradientBoosting, lagged, single, thinned
from models.ceiling import Ceiling
from models.errors import ModelError
from models.labels import NOT_LABELLED, STATES
from models.metrics import balanced_accuracy
from models.predictions import Predictions, of_states, predict_all
from models.splits import part
from models.windows import Windows

TRAIN, TEST = cohort(4), session("p90")


@pytest.fixture(scope="module")
def boosting() -> GradientBoosting:
    return GradientBoosting(TRAIN, rounds=15)


def right(predictor: GradientBoosting | Ceiling) -> float:
    return balanced_accuracy(TEST.state, predictor.predict(TEST).probabilities.argmax(axis=1))


def test_gradient_boosting_learns_and_one_modality_knows_less(boosting: GradientBoosting) -> None:
    assert boosting.name == "gradient_boosting"
    assert right(boosting) > 0.75
    # The camera columns tell three of the six states from focused.
    assert 0.4 < right(single(TRAIN, "camera", rounds=15)) < right(boosting)


def test_predictions_are_causal(boosting: GradientBoosting) -> None:
    half = np.arange(len(TEST)) < 200
    for predictor in (boosting, GradientBoosting(TRAIN, rounds=5, lags_s=(1.0, 3.0)), Ceiling(TRAIN, rounds=5)):
        whole, begun = predictor.predict(TEST), predictor.predict(part(TEST, half))
        np.testing.assert_allclose(whole.probabilities[half], begun.probabilities, atol=1e-6)


def test_lags_take_the_step_of_that_long_ago() -> None:
    values = np.arange(len(TEST), dtype=np.float32)[:, None]
    table = lagged(TEST, values, (1.0, 3.0))
    assert table[10].tolist() == [10, 8, 4]
    assert np.isnan(table[1, 1:]).all()
    np.testing.assert_array_equal(lagged(TEST, values, (1.0, 3.0), np.array([9, 40])), table[[9, 40]])
    assert table[2, 1] == 0


def test_warnings_are_chances(boosting: GradientBoosting) -> None:
    lapse = boosting.predict(TEST).lapse
    assert ((lapse >= 0) & (lapse <= 1)).all()
    assert lapse[:, 1].mean() > lapse[:, 0].mean()  # ten seconds hold more lapses than three


def test_without_two_states_nothing_is_learnt() -> None:
    unknown = part(TRAIN[0], TRAIN[0].state == 0)
    with pytest.raises(ModelError, match="hold 1 labelled state, expected two or more"):
        GradientBoosting([unknown], rounds=2)
    with pytest.raises(ModelError, match="hold 0 labelled state"):
        GradientBoosting([], rounds=2)


def test_the_ceiling_is_above_gradient_boosting(boosting: GradientBoosting) -> None:
    assert right(Ceiling(TRAIN, rounds=15)) > right(boosting) + 0.03


def test_the_ceiling_sees_the_truth_and_no_feature() -> None:
    blind = part(TEST, np.ones(len(TEST), bool))
    object.__setattr__(blind, "features", np.full_like(TEST.features, np.nan))
    ceiling = Ceiling(TRAIN, rounds=5)
    np.testing.assert_array_equal(ceiling.predict(blind).probabilities, ceiling.predict(TEST).probabilities)


def test_thinning_takes_every_nth_labelled_step_of_everybody_trained_on() -> None:
    half = part(TRAIN[0], np.ones(len(TRAIN[0]), bool))
    unknown = np.arange(len(half)) % 2 == 0
    object.__setattr__(half, "state", np.where(unknown, np.int8(NOT_LABELLED), half.state))
    object.__setattr__(half, "lapse_in_s", np.where(unknown, np.float32(np.nan), half.lapse_in_s))
    every, steps = thinned([half, *TRAIN[1:]], 300)
    assert every == 6  # 240 and three times 480 labelled steps
    assert sum(map(len, steps)) <= 300 + len(TRAIN)
    assert not unknown[steps[0]].any()
    assert all(set(np.diff(taken)) == {6} for taken in steps[1:])
    assert thinned(TRAIN, 10**6)[0] == 1


def test_thinned_trees_tell_every_step_of_the_others_almost_as_well(boosting: GradientBoosting) -> None:
    thin = GradientBoosting(TRAIN, rounds=15, most_rows=500)
    assert (boosting.every, thin.every) == (1, 4)
    assert thin.rows == pytest.approx(boosting.rows / 4, rel=0.05)
    assert len(thin.predict(TEST)) == len(TEST)
    assert right(thin) > right(boosting) - 0.06


def test_one_modality_does_not_see_whether_the_others_are_there() -> None:
    deaf = part(TEST, np.ones(len(TEST), bool))
    object.__setattr__(deaf, "quality", TEST.quality * np.float32([1, 0, 0, 1]))
    camera = single([*TRAIN, replace_quality(TRAIN[0])], "camera", rounds=5)
    np.testing.assert_array_equal(camera.predict(deaf).probabilities, camera.predict(TEST).probabilities)


def replace_quality(windows: Windows) -> Windows:
    """Return windows whose microphone is gone while the person is away: trees that see its quality will use it."""
    cut = part(windows, np.ones(len(windows), bool))
    quality = np.ones_like(windows.quality)
    quality[windows.state == STATES.index("away"), 1] = 0.0
    object.__setattr__(cut, "quality", quality)
    return cut


def test_the_ceiling_needs_what_generated_the_windows() -> None:
    bare = part(TEST, np.ones(len(TEST), bool))
    object.__setattr__(bare, "truth_names", ())
    with pytest.raises(ModelError, match="columns that generated them"):
        Ceiling([bare])


def test_there_are_seven_subsets_and_what_is_gone_is_gone() -> None:
    assert len(subsets.SUBSETS) == 7
    assert subsets.name(subsets.SUBSETS[0]) == "camera+microphone+eeg"
    whole = subsets.only(TEST, subsets.SUBSETS[0])
    np.testing.assert_array_equal(whole.features, TEST.features)
    blind = subsets.only(TEST, ("eeg", "microphone"))
    assert np.isnan(blind.features[:, INDEX["openness"]]).all()
    assert np.isnan(blind.features[:, INDEX["blink_match_60s"]]).all()
    assert np.isnan(blind.features[:, INDEX["flow_eeg"]]).all()
    assert not np.isnan(blind.features[:, INDEX["alpha"]]).any()
    assert not np.isnan(blind.features[:, INDEX["demand"]]).any()
    assert blind.quality[0].tolist() == [0, 1, 1, 1]
    assert TEST.quality[0, 0] == 1
    assert set(subsets.PARTS) == {feature.name for feature in FEATURES if feature.modality == "fusion"}


def test_rules_on_windows_say_what_they_say_live() -> None:
    said = RulesPredictor().predict(part(TEST, np.arange(len(TEST)) < 3))
    live = Rules().estimate(0, TEST.features[2], dict(zip(MODALITIES, TEST.quality[2].tolist(), strict=True)))
    np.testing.assert_allclose(said.probabilities[2], live.probabilities, atol=1e-6)
    assert said.lapse[2, 0] == pytest.approx(live.lapse_risk_3s)
    assert (said.load[2], said.load_sd[2]) == pytest.approx(live.load)
    assert len(RulesPredictor().predict(part(TEST, np.zeros(len(TEST), bool)))) == 0


def test_predictions_of_a_wrong_shape_or_sum_are_refused() -> None:
    with pytest.raises(ModelError, match="do not sum to 1"):
        of_states(np.full((4, len(STATES)), 0.5))
    with pytest.raises(ModelError, match=r"lapse has the shape \(4, 1\)"):
        of_states(np.full((4, len(STATES)), 1 / 6), np.zeros((4, 1)))

    class Short:
        name = "short"

        def predict(self, windows: object) -> Predictions:
            return of_states(np.full((1, len(STATES)), 1 / 6))

    with pytest.raises(ModelError, match="'short' told 1 steps"):
        predict_all(Short(), [TEST])


def test_unlabelled_steps_are_not_learnt_from() -> None:
    state = TRAIN[0].state.copy()
    state[::2] = NOT_LABELLED
    half = part(TRAIN[0], np.ones(len(state), bool))
    object.__setattr__(half, "state", state)
    assert GradientBoosting([half], rounds=3, lapses=False).predict(TEST).probabilities.shape == (len(TEST), 6)
