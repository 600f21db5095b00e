"""Training: it learns what is there, the same every time, and goes on where it was interrupted."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.testing import assert_allclose, assert_array_equal
from synthetic_sessions import sessions

from kernels.layout import INDEX, MODALITIES, SIZE
from models.augment import disturbed, silence
from models.build import build, calibrated
from models.errors import ModelError
from models.fusion_net import FusionNet
from models.network import Network
from models.optimisers import average, optimisers
from models.presets import preset
from models.recipe import Augment, Recipe, read
from models.sequences import balance, batches, session
from models.train import Told, learn, parts
from models.windows import people

RECIPE = Recipe(name="test", preset="tiny", epochs=4, batch=8, sequence_steps=40, learning_rate=5e-3,
                augment=Augment(modality_absent=0.1, modality_lost=0.1))


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> None:
    torch.set_num_threads(1)


def test_it_learns_what_tells_the_states_apart_on_people_it_never_saw() -> None:
    given = sessions(range(16), steps=240)
    trained = build(replace(RECIPE, epochs=10), given)
    dealt = parts(RECIPE, given)
    unseen = sessions(range(100, 104), steps=240)
    right = np.mean([(Network(trained).predict(one).probabilities.argmax(axis=1) == one.state)[20:].mean()
                     for one in unseen])
    assert right > 0.7  # by chance 0.17
    assert trained.card["people"] == {"training": 12, "validation": 2, "calibration": 2}
    assert len({*dealt.training, *dealt.validation, *dealt.calibration}) == 16


def test_the_same_recipe_gives_the_same_weights_bit_for_bit() -> None:
    given = sessions(range(4), steps=100)
    recipe = replace(RECIPE, epochs=1, pretrain_epochs=1)
    one, other = (learn(recipe, given[:3], given[3:]).state_dict() for _ in range(2))
    for name in one:
        assert_array_equal(one[name].numpy(), other[name].numpy())
    different = learn(replace(recipe, seed=2), given[:3], given[3:]).state_dict()
    assert not torch.equal(one["heads.state.weight"], different["heads.state.weight"])


def test_an_interrupted_training_ends_as_one_that_was_not(tmp_path: Path) -> None:
    given = sessions(range(4), steps=100)
    recipe = replace(RECIPE, epochs=3, pretrain_epochs=1)
    through = learn(recipe, given[:3], given[3:]).state_dict()

    def stop(told: Told) -> None:
        if told.epoch == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        learn(recipe, given[:3], given[3:], tmp_path, stop)
    resumed = learn(recipe, given[:3], given[3:], tmp_path, resume=True).state_dict()
    for name in through:
        assert_array_equal(through[name].numpy(), resumed[name].numpy(), err_msg=name)
    with pytest.raises(ModelError, match="another recipe"):
        learn(replace(recipe, batch=2), given[:3], given[3:], tmp_path, resume=True)
    with pytest.raises(ModelError, match="no training to go on with"):
        learn(recipe, given[:3], given[3:], tmp_path / "elsewhere", resume=True)


def test_a_batch_too_large_for_the_memory_is_told_and_what_was_learned_is_kept(
        tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    given = sessions(range(4), steps=100)
    recipe = replace(RECIPE, epochs=2)

    def stop(told: Told) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        learn(recipe, given[:3], given[3:], tmp_path, stop)
    monkeypatch.setattr("models.train.loss", lambda *given: (_ for _ in ()).throw(torch.OutOfMemoryError("CUDA")))
    with pytest.raises(ModelError, match=r"Memory ran out at a batch of 8 sequences of 40 steps\. .* --resume"):
        learn(recipe, given[:3], given[3:], tmp_path, resume=True)
    monkeypatch.undo()
    through = learn(recipe, given[:3], given[3:]).state_dict()
    for name, value in learn(recipe, given[:3], given[3:], tmp_path, resume=True).state_dict().items():
        assert_array_equal(value.numpy(), through[name].numpy(), err_msg=name)


def test_the_matrices_go_with_muon_and_the_mean_of_the_weights_is_what_is_kept() -> None:
    made = FusionNet(preset("tiny"))
    muon, adam = optimisers(RECIPE, made, torch.nn.Linear(3, 3))
    by = {id(p): kind for kind, one in (("muon", muon), ("adam", adam)) for group in one.param_groups
          for p in group["params"]}
    kinds = {name: by[id(p)] for name, p in made.named_parameters()}
    assert len(by) == len(kinds) + 2
    assert kinds["layers.0.time.weight"] == kinds["embed.eeg.weight"] == "muon"
    assert {kinds[name] for name in ("layers.0.time.bias", "bottleneck", "heads.state.weight", "absent",
                                     "layers.1.mixture.score.weight")} == {"adam"}
    mean, seen = average(made, 0.5), []
    for value in (1.0, 2.0, 4.0):
        torch.nn.init.constant_(made.heads.state.bias, value)
        mean.update_parameters(made)
        seen.append(float(mean.module.heads.state.bias[0].detach()))
    shares = [min(0.5, (1 + n) / (10 + n)) for n in (1, 2)]
    assert seen[0] == 1.0
    assert seen[1] == pytest.approx(1.0 * shares[0] + 2.0 * (1 - shares[0]))
    assert seen[2] == pytest.approx(seen[1] * shares[1] + 4.0 * (1 - shares[1]))


def test_it_stops_when_the_validation_people_gain_nothing_and_keeps_the_best() -> None:
    given = sessions(range(4), steps=100)
    told: list[Told] = []
    learn(replace(RECIPE, epochs=30, patience=2, learning_rate=0.1), given[:3], given[3:], say=told.append)
    losses = [one.validation for one in told]
    assert len(told) < 30
    assert int(np.argmin(losses)) == len(losses) - 3


def test_nobody_is_on_two_sides() -> None:
    given = sessions(range(4), steps=50)
    with pytest.raises(ModelError, match="p001 is among the training and the validation people"):
        learn(RECIPE, given[:3], given[1:2])
    with pytest.raises(ModelError, match="p002 is among the training and the calibration people"):
        calibrated(learn(replace(RECIPE, epochs=1), given[:3], given[3:]), given[:3], given[2:3])


def test_too_few_people_and_no_labels_are_told() -> None:
    given = sessions(range(3), steps=50)
    with pytest.raises(ModelError, match="There are 2 people in the windows, expected 3 or more"):
        build(RECIPE, given[:2])
    blank = [replace(one, state=np.full(len(one), -1, np.int8)) for one in given]
    with pytest.raises(ModelError, match="No step of the training people is labelled"):
        build(RECIPE, blank)


def test_rare_states_count_as_much_and_absent_ones_nothing() -> None:
    one = session(sessions(range(1), steps=60)[0])
    one.state[:] = 0
    one.state[:6] = 3
    assert_allclose(balance([one]).numpy(), [60 / 54 / 2, 0, 0, 60 / 6 / 2, 0, 0])


def test_an_epoch_meets_every_step_once_and_marks_what_lies_outside() -> None:
    given = [session(one) for one in sessions(range(3), steps=70)]
    cut = list(batches(given, 2, 20, 0.0, np.random.default_rng(1)))
    assert sum(int((batch.state >= 0).sum()) for batch in cut) == 3 * 70
    for batch in cut:
        outside = batch.state < 0
        assert torch.isnan(batch.inputs[outside]).all()
        assert torch.isnan(batch.lapse[outside]).all()


def test_what_needs_several_modalities_goes_with_any_of_them_and_one_sensor_is_left() -> None:
    given = [session(one) for one in sessions(range(3), steps=120)]
    (batch,) = batches(given, 64, 30, 0.0, np.random.default_rng(1))
    how = Augment(modality_absent=0.9, modality_lost=0.9, context_absent=0.5)
    noisy = disturbed(batch, torch.ones(2, SIZE), how, torch.Generator().manual_seed(0))
    inside = batch.state >= 0
    gone = torch.isnan(noisy.inputs[:, :, 0])
    sensing = torch.stack([gone[..., INDEX[name]] for name in ("luma", "loudness_3s", "alpha")], dim=-1)[inside]
    assert sensing.float().mean() > 0.5
    assert (noisy.quality[..., :3] > 0).any(dim=-1)[inside].all()
    assert gone[..., INDEX["flow_camera"]][inside][sensing.any(dim=-1)].all()
    assert torch.equal(batch.quality[inside] > 0, torch.ones(int(inside.sum()), len(MODALITIES), dtype=torch.bool))


def test_silence_takes_one_modality_and_leaves_the_others() -> None:
    inputs, quality = torch.ones(1, 2, 2, SIZE), torch.ones(1, 2, len(MODALITIES))
    missing = torch.zeros(1, 2, len(MODALITIES), dtype=torch.bool)
    missing[0, 1, MODALITIES.index("eeg")] = True
    silence(inputs, quality, missing)
    assert not torch.isnan(inputs[0, 0]).any()
    lost = torch.isnan(inputs[0, 1, 0])
    assert lost[INDEX["alpha"]]
    assert lost[INDEX["flow_camera"]]
    assert not lost[INDEX["luma"]]
    assert quality[0, 1].tolist() == [1.0, 1.0, 0.0, 1.0]


@pytest.mark.parametrize(("text", "sentence"), [
    ("epocs = 3", "unknown key 'epocs'"), ("epochs = 'many'", "epochs is 'many', expected int"),
    ("epochs = 0", "epochs is 0, expected 1 or more"), ("preset = 'huge'", "There is no network preset 'huge'"),
    ("[augment]\nnoise = true", "noise is True, expected float"), ("epochs = ", "cannot be read"),
    ("calibration_share = 0.7", "expected above 0 to under 0.5")])
def test_a_recipe_that_is_wrong_is_told(tmp_path: Path, text: str, sentence: str) -> None:
    (tmp_path / "r.toml").write_text(text)
    with pytest.raises(ModelError, match=sentence):
        read(str(tmp_path / "r.toml"))


def test_the_shipped_recipe_is_found_by_name() -> None:
    assert read("default").name == "default"
    with pytest.raises(ModelError, match=r"no recipe 'none'\. Shipped ones: default"):
        read("none")


def test_the_people_are_dealt_out_by_the_seed_alone() -> None:
    given = sessions(range(20), steps=5)
    assert parts(RECIPE, given) == parts(RECIPE, given[::-1])
    assert parts(RECIPE, given) != parts(replace(RECIPE, seed=5), given)
    assert len(people(given)) == 20
