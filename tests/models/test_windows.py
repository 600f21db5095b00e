"""Windows files: what is written comes back, and what cannot be used is refused with a sentence."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from kernels.layout import MODALITIES, SIZE
from models import windows as module
from models.errors import ModelError
from models.labels import SENSING, STATES
from models.windows import Windows, load, load_folder, people, save
from sensors.simulated.story import STATES as SIMULATED


def made(n: int = 5, person: str = "p1") -> Windows:
    draw = np.random.default_rng(n)
    known = draw.uniform(0, 1, n).astype(np.float32)
    return Windows(person=person, session="s1", source="simulated", times_s=np.arange(n) * 0.5,
                   features=draw.normal(size=(n, SIZE)).astype(np.float32),
                   quality=np.ones((n, len(MODALITIES)), np.float32), state=(np.arange(n) % 6).astype(np.int8),
                   lapse_in_s=np.where(known > 0.5, np.inf, np.nan).astype(np.float32), attention=known,
                   vigilance=known, load=known, truth=known[:, None], truth_names=("gain",))


def test_the_network_and_the_simulation_speak_of_the_same_states() -> None:
    assert STATES == SIMULATED
    assert MODALITIES[:3] == SENSING


def test_what_is_written_comes_back(tmp_path: Path) -> None:
    before = made()
    save(tmp_path / "a.windows", before)
    after = load(tmp_path / "a.windows")
    for name in ("person", "session", "source", "truth_names"):
        assert getattr(after, name) == getattr(before, name)
    for name in ("times_s", "features", "quality", "state", "lapse_in_s", "attention", "truth"):
        np.testing.assert_array_equal(getattr(after, name), getattr(before, name))
    assert [path.name for path in tmp_path.iterdir()] == ["a.windows"]


def test_another_layout_a_damaged_file_and_a_foreign_one_are_refused(tmp_path: Path,
                                                                     monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.windows"
    save(path, made())
    monkeypatch.setattr(module, "layout_hash", lambda: "0" * 16)
    with pytest.raises(ModelError, match=r"written for the feature layout .* this version has 0000000000000000"):
        load(path)
    monkeypatch.undo()
    path.write_bytes(path.read_bytes()[:300])
    with pytest.raises(ModelError, match="damaged"):
        load(path)
    path.write_bytes(b"")
    with pytest.raises(ModelError, match="damaged"):
        load(path)
    with pytest.raises(ModelError, match="cannot be read"):
        load(tmp_path / "none.windows")


@pytest.mark.parametrize(("changed", "sentence"), [
    ({"state": np.full(5, 6, np.int8)}, "state holds 6 to 6, expected -1 to 5"),
    ({"times_s": np.zeros(5)}, "does not increase"),
    ({"features": np.zeros((5, 3), np.float32)}, r"features has the shape \(5, 3\)"),
    ({"truth_names": ("a", "b")}, r"truth has the shape \(5, 1\)"),
    ({"person": ""}, "need a name"),
])
def test_windows_that_cannot_be_are_refused(changed: dict, sentence: str) -> None:
    with pytest.raises(ModelError, match=sentence):
        replace(made(), **changed)


def test_a_folder_is_read_in_order_and_an_empty_one_is_told(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="no windows here"):
        load_folder(tmp_path)
    save(tmp_path / "b.windows", made(3, "p2"))
    save(tmp_path / "a.windows", made(4, "p1"))
    found = load_folder(tmp_path)
    assert [len(windows) for windows in found] == [4, 3]
    assert people(found) == ["p1", "p2"]
