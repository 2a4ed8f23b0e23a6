import numpy as np
import pytest

from line_tui.errors import ModelFileError
from line_tui.explain.banks import bank_of
from line_tui.explain.non_finite import neuron_of, silenced


def layer(value: float) -> np.ndarray:
    activations = np.random.default_rng(0).normal(size=(5, 2, 4)).astype(np.float32)
    activations[3, 1, 2] = value
    return activations


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_a_neuron_that_is_no_finite_number_is_named_and_the_others_go_on(value: float) -> None:
    with pytest.raises(ModelFileError, match=f"neuron 2: its activation is {value}, which is not finite"):
        neuron_of(layer(value), 2)
    with pytest.raises(ModelFileError, match="neuron 2"):
        bank_of("bank", list("abcde"), layer(value), 2)
    bank = bank_of("bank", list("abcde"), layer(value), 1)
    assert np.array_equal(bank.activations, layer(0)[..., 1]) and np.isfinite(bank.layer_scale)
    assert np.array_equal(silenced(layer(value))[..., [0, 1, 3]], layer(0)[..., [0, 1, 3]])
    assert not silenced(layer(value))[..., 2].any()
