"""Regions, sides and the frontal row, told from electrode names."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from kernels import montage

CYTON = ("Fp1", "Fp2", "C3", "C4", "P7", "P8", "O1", "O2")
MUSE = ("TP9", "AF7", "AF8", "TP10")


def test_regions_are_found_by_name_in_any_case():
    assert_array_equal(montage.region(CYTON, montage.FRONTAL), [1, 1, 0, 0, 0, 0, 0, 0])
    assert_array_equal(montage.own(CYTON, montage.CENTRAL), [0, 0, 1, 1, 0, 0, 0, 0])
    assert_array_equal(montage.region(CYTON, montage.POSTERIOR, montage.TEMPORAL), [0, 0, 0, 0, 1, 1, 1, 1])
    assert_array_equal(montage.region(MUSE, montage.FRONTAL), [0, 1, 1, 0])
    assert_array_equal(montage.region(MUSE, montage.POSTERIOR, montage.TEMPORAL), [1, 0, 0, 1])
    assert_array_equal(montage.region(["fz", "POz", "oz", "Cz"], montage.POSTERIOR), [0, 1, 1, 0])


def test_without_any_of_a_region_all_stand_in():
    assert_array_equal(montage.region(["ch1", "ch2"], montage.POSTERIOR, montage.TEMPORAL), [1, 1])
    assert_array_equal(montage.own(["ch1", "ch2"], montage.CENTRAL), [0, 0])


@pytest.mark.parametrize(("name", "place"), [
    ("Fp1", ("FP", "1")), ("FCz", ("FC", "Z")), ("PO10", ("PO", "10")), ("EEG Fp1-REF", ("FP", "1")),
    ("CPP5h", ("CPP", "5")), (" oz ", ("O", "Z")), ("T5", ("P", "7")), ("T6", ("P", "8")), ("T3", ("T", "7")),
    ("T7", ("T", "7")),
])
def test_names_of_the_10_20_systems(name, place):
    assert montage.place(name) == place


@pytest.mark.parametrize("name", ["", "ch1", "X3", "PPG1", "F", "Fp", "P11", "EOG1", "ECG", "Fp1-F7", "O0", "Fpz9"])
def test_other_names_belong_nowhere(name):
    assert montage.place(name) == ("", "")


def test_the_midline_and_the_row_nearest_to_the_eyes():
    names = ("Fz", "FCz", "AFz", "Cz", "F3", "Fpz")
    assert_array_equal(montage.midline(names), [1, 1, 1, 0, 0, 0])
    assert_array_equal(montage.blink_sites(names), [0, 0, 0, 0, 0, 1])
    assert_array_equal(montage.blink_sites(MUSE), [0, 1, 1, 0])
    assert_array_equal(montage.blink_sites(("F3", "F4", "O1")), [1, 1, 0])
    assert not montage.blink_sites(("O1", "Cz", "FC3")).any()


def test_left_electrodes_know_their_right_partner():
    assert_array_equal(montage.mirrors(CYTON), [1, -1, 3, -1, 5, -1, 7, -1])
    assert_array_equal(montage.mirrors(("PO8", "O1", "PO7", "Oz", "T6", "P7")), [-1, -1, 0, -1, -1, 4])
    assert montage.mirrors(()).dtype == np.int32
