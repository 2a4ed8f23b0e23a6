import numpy as np
import pytest

from line_tui.errors import ModelFileError
from line_tui.explain.layer_activations import bank_of_neuron, of_neuron, zero_non_finite


def layer(value: float) -> np.ndarray:
    activations = np.random.default_rng(0).normal(size=(5, 2, 4)).astype(np.float32)
    activations[3, 1, 2] = value
    return activations


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_a_neuron_that_is_no_finite_number_is_named_and_the_others_go_on(value: float) -> None:
    with pytest.raises(ModelFileError, match=f"neuron 2: its activation is {value}, which is not finite"):
        of_neuron(layer(value), 2)
    with pytest.raises(ModelFileError, match="neuron 2"):
        bank_of_neuron("bank", list("abcde"), layer(value), 2)
    bank = bank_of_neuron("bank", list("abcde"), layer(value), 1)
    assert np.array_equal(bank.activations, layer(0)[..., 1]) and np.isfinite(bank.layer_scale)
    assert np.array_equal(zero_non_finite(layer(value))[..., [0, 1, 3]], layer(0)[..., [0, 1, 3]])
    assert not zero_non_finite(layer(value))[..., 2].any()
