import numpy as np
import pytest
import torch
from torch import nn

from line_tui.errors import UnknownNameError
from line_tui.models.activation_maximization import maximise
from line_tui.models.preprocess import classification
from line_tui.models.vision import TorchVision


@pytest.fixture
def redness() -> TorchVision:
    """Neuron 0 is red minus green and blue, neuron 1 its opposite."""
    conv = nn.Conv2d(3, 2, 1, bias=False)
    with torch.no_grad():
        conv.weight[:] = torch.tensor([[1.0, -1, -1], [-1.0, 1, 1]])[:, :, None, None]
    plain = classification(size=16, resize=16, mean=(0, 0, 0), std=(1, 1, 1))
    return TorchVision(nn.Sequential(conv), "redness", plain, batch_size=1)


def test_it_climbs_to_the_colour_that_is_asked_for(redness: TorchVision) -> None:
    picture = maximise(redness, "0", 0, steps=100, seed=0)
    assert picture.shape == (16, 16, 3)
    assert picture.dtype == np.uint8
    red, green, blue = picture.reshape(-1, 3).mean(axis=0)
    assert red > 200 > 55 > max(green, blue)
    opposite = maximise(redness, "0", 1, steps=100, seed=0).reshape(-1, 3).mean(axis=0)
    assert opposite[0] < 55 < 200 < min(opposite[1:])


def test_the_same_seed_gives_the_same_picture(redness: TorchVision) -> None:
    first, second, other = (maximise(redness, "0", 0, steps=3, seed=seed) for seed in (1, 1, 2))
    assert (first == second).all()
    assert (first != other).any()


def test_it_can_be_ended(redness: TorchVision) -> None:
    def stop(step: int, steps: int) -> None:
        assert steps == 10
        if step == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        maximise(redness, "0", 0, steps=10, seed=0, on_step=stop)


def test_an_unknown_layer(redness: TorchVision) -> None:
    with pytest.raises(UnknownNameError):
        maximise(redness, "1", 0, steps=1, seed=0)


def test_no_gradient_is_left_behind(redness: TorchVision) -> None:
    before = redness.record([np.full((16, 16, 3), 7, np.uint8)], "0").activations
    maximise(redness, "0", 0, steps=2, seed=0)
    assert (redness.record([np.full((16, 16, 3), 7, np.uint8)], "0").activations == before).all()
