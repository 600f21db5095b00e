"""An adapter is small, changes only what it may, and is refused wherever it does not belong."""

from pathlib import Path

import pytest
import torch
from nets import net, steps, trained
from numpy.testing import assert_allclose
from safetensors.torch import load_file, save_file

from models import adapter_file
from models.adapter import Adapter, changed, fresh, merged
from models.errors import ModelError
from models.people import checked, folder_of, forget, known


def moved(seed: int = 0, name: str = "tiny") -> Adapter:
    made = fresh(net(seed, name), "p1")
    draw = torch.Generator().manual_seed(1)
    tensors = {key: torch.randn(value.shape, generator=draw) * 0.1 for key, value in made.tensors.items()}
    return Adapter("p1", made.backbone, tensors, ({"labelled_s": {"focused": 60.0}},))


def test_a_fresh_adapter_changes_nothing_and_a_learned_one_only_queries_values_and_the_readout() -> None:
    base = net()
    same = merged(base, fresh(base, "p1")).state_dict()
    assert all(torch.equal(value, same[name]) for name, value in base.state_dict().items())
    other = merged(base, moved()).state_dict()
    differ = {name for name, value in base.state_dict().items() if not torch.equal(value, other[name])}
    assert differ == {f"layers.{k}.{kind}.weight" for k in range(2) for kind in ("time", "lanes")} | {
        "heads.state.weight", "heads.state.bias"}
    width = base.preset.width
    for name in ("layers.0.time.weight", "layers.1.lanes.weight"):
        assert torch.equal(base.state_dict()[name][width:2 * width], other[name][width:2 * width]), "keys stay"


def test_gradients_reach_the_adapter_and_not_the_backbone() -> None:
    base = net()
    tensors = {name: value.requires_grad_() for name, value in moved().tensors.items()}
    out = torch.func.functional_call(base, changed(base, tensors), steps(8))
    out.readout.state.sum().backward()
    assert all(value.grad is not None and bool((value.grad != 0).any()) for value in tensors.values())
    assert base.layers[0].time.weight.grad is None


def test_the_merged_network_says_what_the_adapted_one_says() -> None:
    base, known_as = trained(), moved()
    ours = adapter_file.personal(base, known_as)
    direct = torch.func.functional_call(base.net, changed(base.net, known_as.tensors), steps(20))
    assert_allclose(ours.net(*steps(20)).readout.state.detach().numpy(), direct.readout.state.detach().numpy(),
                    atol=1e-5)
    assert ours.card["person"] == "p1"


@pytest.mark.parametrize("name", ["tiny", "small", "base"])
def test_the_file_is_small_and_comes_back_as_it_was(tmp_path: Path, name: str) -> None:
    path = tmp_path / "a.safetensors"
    there = moved(0, name)
    assert adapter_file.save(path, there) == path.stat().st_size < 100_000
    back = adapter_file.load(path, net(0, name), "p1")
    assert back.history == there.history
    assert all(torch.equal(value, back.tensors[key]) for key, value in there.tensors.items())


def test_one_that_would_be_too_large_is_refused(tmp_path: Path) -> None:
    base = net(0, "base")
    with pytest.raises(ModelError, match=r"takes \d+ bytes, expected 100000 at most"):
        adapter_file.save(tmp_path / "a.safetensors", fresh(base, "p1", rank=12))
    assert not list(tmp_path.iterdir())


def test_it_is_refused_by_other_weights_other_people_and_when_damaged(tmp_path: Path,
                                                                      monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.safetensors"
    adapter_file.save(path, moved())
    with pytest.raises(ModelError, match="has the backbone"):
        adapter_file.load(path, net(1), "p1")
    with pytest.raises(ModelError, match="belongs to the weights"):
        merged(net(1), moved())
    with pytest.raises(ModelError, match="has the person 'p1', expected 'p2'"):
        adapter_file.load(path, net(), "p2")
    with pytest.raises(ModelError, match="Nothing is learned about 'p1' yet"):
        adapter_file.load(tmp_path / "none.safetensors", net(), "p1")
    with monkeypatch.context() as patch:
        patch.setattr(adapter_file, "layout_hash", lambda: "other")
        with pytest.raises(ModelError, match="has the layout"):
            adapter_file.load(path, net(), "p1")
    tensors = load_file(path)
    save_file(tensors, tmp_path / "b.safetensors")
    with pytest.raises(ModelError, match="has the format ''"):
        adapter_file.load(tmp_path / "b.safetensors", net(), "p1")
    path.write_bytes(path.read_bytes()[:-40])
    with pytest.raises(ModelError, match="is damaged"):
        adapter_file.load(path, net(), "p1")


@pytest.mark.parametrize(("name", "sentence"), [
    ("jane.doe@example.org", "looks like an e-mail address"), ("Jane Doe", "looks like a full name"),
    ("Jane", "is no pseudonym"), ("../p1", "is no pseudonym"), ("", "is no pseudonym"), ("p_1", "is no pseudonym"),
    ("-p1", "is no pseudonym"), ("p" * 41, "is no pseudonym")])
def test_only_pseudonyms_are_stored(name: str, sentence: str) -> None:
    with pytest.raises(ModelError, match=sentence):
        checked(name)


def test_everything_about_a_person_lies_in_one_folder_and_can_be_forgotten(tmp_path: Path,
                                                                           monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    folder = folder_of("p07-evening")
    assert folder == tmp_path / "attnflow" / "people" / "p07-evening"
    assert known() == []
    adapter_file.save(folder / "adapter.safetensors", moved())
    assert known() == ["p07-evening"]
    assert forget("p07-evening") == [folder / "adapter.safetensors"]
    assert known() == []
    with pytest.raises(ModelError, match="Nothing is stored about 'p07-evening'"):
        forget("p07-evening")
    monkeypatch.setenv("XDG_DATA_HOME", "relative")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert folder_of("p1") == tmp_path / ".local" / "share" / "attnflow" / "people" / "p1"
