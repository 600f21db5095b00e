"""The feature vector's table."""

import math

from kernels.layout import FEATURES, INDEX, MODALITIES, SIZE, layout_hash


def test_the_order_is_part_of_the_contract() -> None:
    """Stored models and windows depend on it: whoever changes it must mean to."""
    assert layout_hash() == "4647993b0f8b04a4"


def test_the_table_is_whole() -> None:
    assert SIZE == len(FEATURES) == len(INDEX)
    assert [feature.modality for feature in FEATURES] == sorted(
        (feature.modality for feature in FEATURES), key=MODALITIES.index)
    for feature in FEATURES:
        assert feature.low < feature.high
        assert feature.window_s >= 0
        assert math.isfinite(feature.high)
        assert feature.definition
    for modality in MODALITIES[:3]:
        assert f"{modality}_quality" in INDEX
