"""Weights on disk and in ONNX: the same answers, and a sentence for whatever does not fit."""

import json
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from nets import trained
from numpy.testing import assert_array_equal

from kernels.layout import MODALITIES, SIZE
from models import export as exporting
from models import header as module
from models.checkpoint import Trained, load, save
from models.compress import pruned, quantised
from models.engine_onnx import OnnxEngine
from models.engine_torch import TorchEngine
from models.errors import ModelError
from models.export import difference, export
from models.step import turned
from models.stream import Stream


def limited() -> Trained:
    """Return a network that does not listen to everything."""
    return trained(limit=3.0)


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("weights") / "tiny.onnx"
    assert export(path, limited()) < 1e-5
    return path


def test_what_is_written_comes_back_whole(tmp_path: Path) -> None:
    before = limited()
    save(tmp_path / "a.safetensors", before)
    after = load(tmp_path / "a.safetensors")
    assert after.card == before.card
    assert after.calibration.temperature == before.calibration.temperature
    assert_array_equal(after.calibration.centres, before.calibration.centres)
    assert_array_equal(after.calibration.precision, before.calibration.precision)
    for name, value in before.net.state_dict().items():
        assert torch.equal(after.net.state_dict()[name], value), name


def test_another_layout_other_states_and_damage_are_refused(tmp_path: Path, exported: Path,
                                                            monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.safetensors"
    save(path, limited())
    for name, told in (("layout_hash", lambda: "0" * 16), ("STATES", ("calm",))):
        monkeypatch.setattr(module, name, told)
        with pytest.raises(ModelError, match=r"were trained for the (layout|states) .* this version has (0000|calm)"):
            load(path)
        with pytest.raises(ModelError, match="were trained for the"):
            OnnxEngine(exported)
        monkeypatch.undo()
    path.write_bytes(path.read_bytes()[:2_000])
    with pytest.raises(ModelError, match=r"the weights are damaged .* attnflow train"):
        load(path)
    with pytest.raises(ModelError, match="There are no weights at"):
        load(tmp_path / "none.safetensors")
    with pytest.raises(ModelError, match="There are no weights at"):
        OnnxEngine(tmp_path / "none.onnx")
    (tmp_path / "b.onnx").write_bytes(exported.read_bytes()[:5_000])
    with pytest.raises(ModelError, match="the network is damaged"):
        OnnxEngine(tmp_path / "b.onnx")


def test_a_foreign_safetensors_file_and_a_wrong_size_are_told(tmp_path: Path) -> None:
    from safetensors.torch import save_file

    made = limited()
    save_file({"x": torch.zeros(1)}, tmp_path / "x.safetensors")
    with pytest.raises(ModelError, match="no weights of attnflow"):
        load(tmp_path / "x.safetensors")
    text = made.header.as_text()
    text["preset"] = json.dumps(json.loads(text["preset"]) | {"width": 64})
    save_file({name: value.contiguous() for name, value in made.net.state_dict().items()}, tmp_path / "y.safetensors",
              metadata=text)
    with pytest.raises(ModelError, match="do not fit the network that they name"):
        load(tmp_path / "y.safetensors")
    text["calibration"] = "{"
    save_file({"x": torch.zeros(1)}, tmp_path / "z.safetensors", metadata=text)
    with pytest.raises(ModelError, match="the header of the weights is damaged"):
        load(tmp_path / "z.safetensors")


def test_the_exported_network_carries_the_header_and_answers_alike(exported: Path) -> None:
    engine, made = OnnxEngine(exported), limited()
    assert engine.header.card == made.card
    assert engine.preset == made.net.preset
    assert difference(TorchEngine(made.net), engine, made) < 1e-5


def test_an_export_that_is_off_is_refused_and_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exporting, "difference", lambda *engines: 0.01)
    with pytest.raises(ModelError, match=r"is off by 1\.0e-02, expected 1e-04 at most"):
        export(tmp_path / "a.onnx", limited())
    assert list(tmp_path.iterdir()) == []


def test_two_streams_of_one_session_give_the_same_bits(exported: Path) -> None:
    draw = np.random.default_rng(0)
    features = draw.normal(size=(40, SIZE)).astype(np.float32)
    engine = OnnxEngine(exported)
    streams = [Stream(engine, engine.calibration) for _ in range(2)]
    for k in range(40):
        one, other = (stream.step(0.5 * k, features[k], np.ones(len(MODALITIES), np.float32)) for stream in streams)
        for a, b in zip(one, other, strict=True):
            assert_array_equal(a, b)


def test_eight_bits_hold_the_matrices_and_change_the_answers_little(exported: Path, tmp_path: Path) -> None:
    made = limited()
    quantised(exported, tmp_path / "q.onnx", made.header)
    off = difference(TorchEngine(made.net), OnnxEngine(tmp_path / "q.onnx"), made)
    assert 1e-4 < off < 0.5
    kinds = [one.data_type for one in onnx.load(str(tmp_path / "q.onnx")).graph.initializer if len(one.dims) == 2]
    assert kinds.count(onnx.TensorProto.INT8) > 10


def test_pruning_leaves_out_the_smallest_weights_of_a_copy() -> None:
    made = limited()
    less = pruned(made, 0.5)
    zero = [float((p == 0).float().mean()) for name, p in less.net.named_parameters() if name.endswith("net.0.weight")]
    assert zero == [pytest.approx(0.5, abs=0.01)] * len(zero)
    assert not any((p == 0).any() for name, p in made.net.named_parameters() if name.endswith("net.0.weight"))


def test_times_are_turned_as_in_training() -> None:
    from models.attention import rotations

    for time_s in (0.0, 0.5, 3600.25):
        for ours, theirs in zip(turned(time_s, 16), rotations(torch.tensor(time_s, dtype=torch.float64), 16),
                                strict=True):
            np.testing.assert_allclose(ours, theirs.numpy(), atol=1e-6)
