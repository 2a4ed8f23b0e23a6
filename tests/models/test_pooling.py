import pytest
import torch
from torch import nn

from line_tui.models.pooling import choose_pooling, count_neurons, first_tensor, neuron_maps, pool


@pytest.mark.parametrize(
    ("shape", "moving", "channels_last", "expected"),
    [
        ((2, 10), set(), False, "as-is"),
        ((2, 10), set(), True, "as-is"),
        ((2, 197, 768), set(), False, "token-0"),
        ((2, 261, 384), set(), True, "token-0"),  # a class token and four registers before 16 x 16 patches
        ((2, 196, 768), set(), False, "token-mean"),  # 14 x 14 patches and no class token
        ((2, 64, 56, 56), {2, 3}, False, "spatial-mean"),
        ((2, 56, 56, 96), {1, 2}, False, "spatial-mean-channels-last"),
        ((2, 512, 1, 1), set(), False, "spatial-mean"),
        ((2, 64, 49, 128), set(), False, "spatial-mean-channels-last"),
        ((2, 7, 7, 7), set(), True, "spatial-mean-channels-last"),
        ((2,), set(), False, None),
        ((2, 3, 4, 5, 6), set(), False, None),
    ],
)
def test_pooling_by_shape(shape, moving, channels_last, expected):
    assert choose_pooling(shape, moving, channels_last) == expected


def test_exact_numbers():
    output = torch.arange(24.0).reshape(2, 3, 2, 2)
    assert pool(output, "spatial-mean").tolist() == [[1.5, 5.5, 9.5], [13.5, 17.5, 21.5]]
    assert pool(output, "spatial-mean-channels-last").tolist() == [[5.0, 6.0], [17.0, 18.0]]
    tokens = output.reshape(2, 3, 4)
    assert pool(tokens, "token-0").tolist() == [[0, 1, 2, 3], [12, 13, 14, 15]]
    assert pool(tokens, "token-mean").tolist() == [[4, 5, 6, 7], [16, 17, 18, 19]]
    assert pool(output.reshape(2, 12), "as-is").tolist() == output.reshape(2, 12).tolist()


def test_maps_belong_to_the_neuron():
    output = torch.arange(24.0).reshape(2, 3, 2, 2)
    maps = neuron_maps(output, "spatial-mean", 1)
    assert maps is not None and maps.tolist() == [[[4, 5], [6, 7]], [[16, 17], [18, 19]]]
    last = neuron_maps(output, "spatial-mean-channels-last", 1)
    assert last is not None and last[0].tolist() == [[1, 3], [5, 7], [9, 11]]
    assert neuron_maps(output.reshape(2, 12), "as-is", 1) is None


@pytest.mark.parametrize("pooling", ["as-is", "token-0", "spatial-mean"])
def test_pooled_values_survive_a_later_in_place_change(pooling):
    output = torch.full({"as-is": (2, 3), "token-0": (2, 3, 4), "spatial-mean": (2, 3, 4, 4)}[pooling], -1.0)
    pooled = pool(output, pooling)
    nn.functional.relu_(output)
    assert (pooled == -1).all()


def test_neurons_are_counted_on_the_pooled_axis():
    for shape, pooling in [((2, 5, 3, 4), "spatial-mean"), ((2, 3, 4, 5), "spatial-mean-channels-last")]:
        assert count_neurons(shape, pooling) == pool(torch.zeros(shape), pooling).shape[1] == 5


def test_first_tensor_of_what_modules_return():
    tensor = torch.zeros(1)
    assert first_tensor(tensor) is tensor
    assert first_tensor((None, tensor)) is tensor
    assert first_tensor({"logits": tensor}) is tensor
    assert first_tensor("nothing") is None
