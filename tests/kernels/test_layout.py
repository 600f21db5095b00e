"""The feature vector's table."""

import math
from pathlib import Path

from kernels.layout import FEATURES, INDEX, MODALITIES, SIZE, layout_hash, markdown


def test_the_order_is_part_of_the_contract() -> None:
    """Stored models and windows depend on it: whoever changes it must mean to."""
    assert layout_hash() == "84b42eac1b3b96a8"


def test_the_table_is_whole() -> None:
    assert SIZE == len(FEATURES) == len(INDEX)
    assert [feature.modality for feature in FEATURES] == sorted(
        (feature.modality for feature in FEATURES), key=(*MODALITIES, "fusion").index)
    for feature in FEATURES:
        assert feature.low < feature.high
        assert feature.window_s >= 0
        assert math.isfinite(feature.high)
        assert feature.definition
        assert feature.source
    for modality in MODALITIES[:3]:
        assert f"{modality}_quality" in INDEX


def test_the_document_is_the_table() -> None:
    """When it is not: attnflow features --markdown > docs/features.md."""
    document = Path(__file__).resolve().parents[2] / "docs" / "features.md"
    assert document.read_text(encoding="utf-8") == markdown()
