import gc
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from line_tui.errors import UnknownNameError, UsageError
from line_tui.models.preprocess import classification
from line_tui.models.vision import TorchVision
from tests.models.toys import PLAIN, Colours, paint

RED, BLUE, GREY = paint(255, 0, 0), paint(0, 0, 255), paint(51, 51, 51)


def vision(batch_size: int = 2) -> Any:
    return TorchVision(Colours(), "colours", PLAIN, batch_size=batch_size)


def test_exact_numbers_before_an_in_place_relu() -> None:
    seen = vision().record([RED, GREY], "conv", neuron=0)
    np.testing.assert_allclose(seen.activations, [[0.5, -0.5, -0.5], [-0.3, -0.3, -0.3]], atol=1e-6)
    np.testing.assert_allclose(seen.maps[0], np.full((4, 4), 0.5), atol=1e-6)
    assert seen.activations.dtype == np.float32 and seen.maps.shape == (2, 4, 4)


def test_a_module_that_runs_twice_counts_with_its_last_run() -> None:
    np.testing.assert_allclose(vision().record([RED], "relu").activations, [[0.4, 0, 0]], atol=1e-6)


def test_tuples_count_with_their_first_tensor() -> None:
    np.testing.assert_allclose(vision().record([BLUE], "attend").activations, [[0, 0, 0.5]], atol=1e-6)


def test_output_layer() -> None:
    seen = vision().record([RED, BLUE], "fc", neuron=1)
    np.testing.assert_allclose(seen.activations, [[0.4, 0], [0, 0.8]], atol=1e-6)
    assert seen.maps is None


@pytest.mark.parametrize("count", [1, 2, 3, 4, 5])
def test_the_last_partial_batch_is_right_and_padded(count: int) -> None:
    pictures = [paint(40 * n, 200 - 30 * n, 9 * n) for n in range(5)][:count]
    whole = vision(batch_size=2)
    one_by_one = np.concatenate([vision(batch_size=1).record([picture], "conv").activations for picture in pictures])
    np.testing.assert_array_equal(whole.record(pictures, "conv").activations, one_by_one)
    sizes = whole._model.batches
    assert set(sizes[-((count + 1) // 2) :]) == {2}


def test_no_pictures_are_an_error() -> None:
    with pytest.raises(ValueError, match="no pictures"):
        vision().record([], "fc")


def test_hooks_are_removed_even_after_an_error() -> None:
    seeing = vision()
    seeing.record([RED], "conv")

    def broken(x: Tensor) -> None:
        raise RuntimeError("broken")

    seeing._model.attend.forward = broken
    with pytest.raises(UsageError, match="broken"):
        seeing.record([RED], "conv")
    assert all(not module._forward_hooks for module in seeing._model.modules())


def test_memory_stays_flat_in_a_loop() -> None:
    seeing = vision()

    def tensors() -> Any:
        gc.collect()
        return sum(issubclass(type(thing), torch.Tensor) for thing in gc.get_objects())

    seeing.record([RED], "conv", neuron=0)
    before = tensors()
    for _ in range(50):
        seeing.record([RED, BLUE, GREY], "conv", neuron=0)
    assert tensors() == before


@pytest.mark.parametrize(
    ("layer", "neuron", "message"),
    [
        ("convv", None, "no layer of colours named 'convv' — did you mean conv"),
        ("", None, "`line-tui layers colours` lists them"),
        ("unused", None, "'unused' of colours does not give one output per image"),
        ("fc.weight", None, "no layer of colours named 'fc.weight'"),
        ("fc", 2, "layer 'fc' of colours has no neuron 2 — choose one from 0 to 1"),
        ("fc", -1, "has no neuron -1"),
    ],
)
def test_unknown_layers_and_neurons(layer: str, neuron: int, message: str) -> None:
    with pytest.raises(UnknownNameError) as error:
        vision().record([RED], layer, neuron)
    assert message in str(error.value)


def test_preprocess_resizes_crops_and_normalises() -> None:
    picture = np.zeros((8, 16, 3), np.uint8)
    picture[:, 4:12] = 255
    prepared = classification(size=4, resize=4, mean=(0.5, 0.5, 0.5), std=(0.5, 0.5, 0.5))([picture, picture])
    assert prepared.shape == (2, 3, 4, 4) and prepared.dtype == torch.float32
    # The centre is white: 1 is (1 - .5) / .5. Antialiasing reaches across the edges of the crop.
    assert prepared[:, :, :, 1:3].min() == 1.0
