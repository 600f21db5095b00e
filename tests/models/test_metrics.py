"""Every figure against an example worked by hand."""

import math

import numpy as np
import pytest

from models import events, metrics
from models.errors import ModelError
from models.intervals import Told, over_people, permutation_p
from models.labels import NOT_LABELLED, STATES

TRUTH = np.array([0, 0, 0, 0, 1, 1])
SAID = np.array([0, 0, 0, 1, 1, 0])
VISUAL, AWAY = STATES.index("distracted_visual"), STATES.index("away")


def sure(told: np.ndarray, classes: int, confidence: float = 1.0) -> np.ndarray:
    """Probabilities that give `confidence` to what is told and share the rest."""
    rest = (1 - confidence) / (classes - 1)
    return np.where(np.eye(classes)[told] == 1, confidence, rest)


def test_balanced_accuracy_is_the_mean_recall() -> None:
    assert metrics.balanced_accuracy(TRUTH, SAID) == pytest.approx((3 / 4 + 1 / 2) / 2)
    assert metrics.balanced_accuracy(TRUTH, np.zeros(6, int)) == metrics.chance(TRUTH) == 0.5
    assert math.isnan(metrics.balanced_accuracy(TRUTH[:0], SAID[:0]))


def test_recall_precision_f1_and_confusion() -> None:
    first, second = metrics.per_class(TRUTH, sure(SAID, 2))
    assert (first.recall, first.precision, first.f1) == pytest.approx((3 / 4, 3 / 4, 3 / 4))
    assert (second.recall, second.precision, second.f1) == pytest.approx((1 / 2, 1 / 2, 1 / 2))
    assert metrics.confusion(TRUTH, SAID, 2).tolist() == [[3, 1], [1, 1]]
    never = metrics.per_class(TRUTH, sure(np.zeros(6, int), 3))
    assert never[1].f1 == 0
    assert math.isnan(never[1].precision)
    assert math.isnan(never[2].recall)


def test_auc_counts_pairs_in_order_and_halves_ties() -> None:
    # Pairs: 0.9 > 0.5, 0.9 > 0.1, 0.5 = 0.5 (half), 0.5 > 0.1: 3.5 of 4.
    assert metrics.auc(np.array([True, True, False, False]), np.array([0.9, 0.5, 0.5, 0.1])) == pytest.approx(3.5 / 4)
    assert math.isnan(metrics.auc(np.array([True, True]), np.array([0.1, 0.2])))
    assert metrics.macro_auc(TRUTH, sure(TRUTH, 3)) == 1.0


def test_calibration_error_of_bins_of_equal_mass() -> None:
    truth = np.zeros(30, int)
    half = np.concatenate((np.zeros(15, int), np.ones(15, int)))  # half of them right
    assert metrics.ece(truth, sure(half, 2, 0.8), bins=1) == pytest.approx(0.3)
    # Half the steps confident at 0.9 and right, half at 0.6 and wrong: (|1 - 0.9| + |0 - 0.6|) / 2.
    mixed = np.concatenate((sure(np.zeros(15, int), 2, 0.9), sure(np.ones(15, int), 2, 0.6)))
    assert metrics.ece(truth, mixed, bins=2) == pytest.approx(0.35)
    assert metrics.ece(truth, sure(truth, 2)) == 0.0
    assert [part.steps for part in metrics.reliability(truth, mixed)] == [2] * 15


def test_log_loss_and_brier() -> None:
    assert metrics.nll(np.array([0, 1]), np.array([[0.5, 0.5], [0.75, 0.25]])) == pytest.approx(
        (math.log(2) + math.log(4)) / 2)
    assert metrics.brier(np.array([0, 1]), np.array([[0.5, 0.5], [1.0, 0.0]])) == pytest.approx((0.5 + 2.0) / 2)
    assert metrics.nll(np.array([1]), np.array([[1.0, 0.0]])) < 30  # one sure mistake stays a number


def test_a_missing_class_is_named() -> None:
    with pytest.raises(ModelError, match=r"no example of b, d"):
        metrics.require_classes(np.array([0, 2, 0]), ("a", "b", "c", "d"), "The test windows")


def test_false_alarms_are_entries_that_last_a_second_and_were_not_true_lately() -> None:
    times = np.arange(120) * 0.5
    truth, told = np.zeros(120, int), np.zeros(120, int)
    told[10:20] = VISUAL      # false: 5 s, nothing true about it
    told[30] = VISUAL         # half a second: never announced
    truth[50:60] = VISUAL
    told[50:64] = VISUAL      # right
    told[66:70] = VISUAL      # again within 5 s of the truth: excused
    told[80:90] = AWAY        # no alarming state
    alarms = events.false_alarms(times, truth, told)
    assert alarms.false == 1
    assert alarms.hours == pytest.approx(60 / 3600)
    assert alarms.per_hour == pytest.approx(60)
    truth[5:12] = NOT_LABELLED
    assert events.false_alarms(times, truth, told).false == 0
    assert events.false_alarms(times, truth, told).hours == pytest.approx((60 - 3.5) / 3600)


def test_detection_delay_runs_from_a_known_onset() -> None:
    times = np.arange(200) * 0.5
    truth, told = np.zeros(200, int), np.zeros(200, int)
    truth[0:20] = VISUAL      # no known onset
    truth[40:60], told[43:60] = VISUAL, VISUAL    # 1.5 s late
    truth[80:88] = VISUAL     # 3.5 s: too short
    truth[100:120], told[101:] = VISUAL, VISUAL   # 0.5 s late
    told[120:] = 0
    truth[140:160], told[160:170] = VISUAL, VISUAL  # told only after it was over
    found = events.delays(times, truth, told)[VISUAL]
    assert found == [1.5, 0.5, math.inf]
    assert events.median_delay(found) == (1.0, pytest.approx(1 / 3))
    assert all(math.isnan(value) for value in events.median_delay([]))


def test_intervals_draw_people_and_not_windows() -> None:
    # Everybody is told either wholly right or wholly wrong: the interval is as wide as 4 people make it, however many
    # windows each has.
    truth = np.tile([0, 1], 500)
    told = [Told(f"p{k}", truth, sure(truth if k < 3 else 1 - truth, 2)) for k in range(4)]
    wide = over_people(told)
    assert wide.value == 0.75
    assert (wide.low, wide.high) == (0.25, 1.0)
    assert wide.chance == 0.5
    assert over_people(told) == wide
    alone = over_people(told[:1])
    assert math.isnan(alone.low)
    with pytest.raises(ModelError, match="no step with a known truth"):
        over_people([])


def test_turned_labels_keep_slowness_and_call_a_slow_guess_no_finding() -> None:
    slow = np.repeat([0, 1] * 6, 100)
    real = [Told(f"p{k}", slow, sure(slow, 2)) for k in range(2)]
    assert permutation_p(real, draws=200) < 0.02
    draw = np.random.default_rng(3)
    guesses = [Told(f"p{k}", slow, sure(np.repeat(draw.integers(0, 2, 12), 100), 2)) for k in range(2)]
    assert permutation_p(guesses, draws=200) > 0.05
