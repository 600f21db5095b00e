"""A sensor that says what nobody was seen to say is not listened to, and with no other there is nothing to say."""

import math

import numpy as np
import pytest
import torch
from nets import net, trained
from numpy.testing import assert_array_equal
from synthetic_windows import session

from kernels.layout import MODALITIES, SIZE
from models.engine_torch import TorchEngine
from models.familiar import PASSED, limits
from models.fusion_net import FusionNet
from models.inputs import KINDS, columns_of
from models.sequences import scaling
from models.sequences import session as prepared
from models.stream import Stream
from models.windows import Windows

CAMERA = columns_of("camera")


def people() -> list[Windows]:
    return [session(f"p{k}") for k in range(6)]


def scaled() -> FusionNet:
    made = net()
    mean, spread = scaling([prepared(one) for one in people()])
    made.mean.copy_(mean)
    made.spread.copy_(spread)
    return made


def test_the_limit_is_passed_by_one_ordinary_step_in_a_thousand() -> None:
    made, held = scaled(), people()
    found = limits(made, held)
    far = torch.cat([made.distance(torch.from_numpy(prepared(one).inputs)[None])[0] for one in held])
    trusted = np.concatenate([one.quality for one in held]) >= 0.3
    for place, kind in enumerate(MODALITIES):
        steps = far[:, place].numpy()[trusted[:, place]]
        steps = steps[steps > 0]
        if len(steps):
            assert (steps <= float(found[place])).mean() >= PASSED - 1e-3, kind
            assert (steps > 0.98 * float(found[place])).any(), kind
        else:
            assert math.isinf(found[place]), kind


def test_what_is_far_from_everybody_counts_as_absent() -> None:
    made = net()
    made.limit.fill_(3.0)
    inputs = torch.zeros(1, 1, 2, SIZE)
    quality = torch.ones(1, 1, len(MODALITIES))
    strange, absent, near = inputs.clone(), inputs.clone(), inputs.clone()
    strange[..., CAMERA], absent[..., CAMERA], near[..., CAMERA] = 3.5, torch.nan, 2.5
    one, other, third = (made.tokens(given, quality) for given in (strange, absent, near))
    assert_array_equal(one.lanes.detach(), other.lanes.detach())
    assert not one.heard[0, 0, KINDS.index("camera")]
    assert one.heard[0, 0, KINDS.index("eeg")]
    assert third.heard.all()
    assert not np.array_equal(third.lanes.detach(), other.lanes.detach())


def test_one_wild_feature_is_no_strange_sensor() -> None:
    made = net()
    made.limit.fill_(3.0)
    inputs = torch.zeros(1, 1, 2, SIZE)
    inputs[..., CAMERA[0]] = 12.0
    assert made.tokens(inputs, torch.ones(1, 1, len(MODALITIES))).heard.all()
    inputs[..., CAMERA[0]] = 1e9
    assert len(CAMERA) > 20
    assert made.distance(inputs)[0, 0, KINDS.index("camera")] == pytest.approx(20.0 / len(CAMERA)**0.5, rel=1e-4)


def test_with_every_sensor_strange_or_absent_the_answer_is_like_nothing_known() -> None:
    made = trained(limit=3.0)
    stream = Stream(TorchEngine(made.net), made.calibration)
    features, quality = np.full(SIZE, 15.0, np.float32), np.ones(len(MODALITIES), np.float32)
    features[columns_of("context")] = 0.0
    assert math.isinf(stream.step(0.0, features, quality).strangeness)
    features[CAMERA] = 0.0
    assert math.isfinite(stream.step(0.5, features, quality).strangeness)
    assert math.isinf(stream.step(1.0, np.full(SIZE, np.nan, np.float32), quality).strangeness)
