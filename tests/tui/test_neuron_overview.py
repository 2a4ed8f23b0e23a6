import numpy as np
import pytest

from line_tui.tui.neuron_overview import bank_overview, overview


def test_by_hand() -> None:
    # 3 concepts, 2 images each, 3 neurons: one selective, one that never fires, one that always says the same.
    activations = np.zeros((3, 2, 3), np.float32)
    activations[..., 0] = [[0, 0], [4, 2], [0, 0]]
    activations[..., 2] = 5
    first, second, third = overview(activations, ["dog", "rose", "car"])
    # mean 3 of "rose"; of all six: mean 1, squared deviations 9 + 1 + 4 * 1 = 14, over 5.
    assert (first.concept, first.flat) == ("rose", "")
    assert first.mad == pytest.approx((3 - 1) / np.sqrt(14 / 5))
    assert (second.flat, third.flat) == ("dead", "constant")


def test_the_shipped_bank_knows_the_bundled_layers_only() -> None:
    found = bank_overview("emoji-planted", "planted")
    if found is not None:  # The weights may be newer than the bank while both are made.
        assert len(found) > 100 and all(neuron.concept or neuron.flat for neuron in found)
    assert bank_overview("emoji-resnet18", "conv1") is None
    assert bank_overview("resnet50", "fc") is None
