import numpy as np
import pytest

from line_tui.explain.company import STRONGEST, bank_of, company

WORDS = ["cat", "lion", "clock", "watch", *(f"other {n}" for n in range(36))]


def layer(neurons: int = 12) -> np.ndarray:
    """Neuron 0 responds to cats and to clocks; the others keep them apart, and each has words of its own."""
    rng = np.random.default_rng(0)
    activations = rng.normal(0, 0.1, (len(WORDS), 2, neurons)).astype(np.float32)
    activations[:4, :, 0] += 5
    activations[:2, :, 1 : neurons // 2] += 5
    activations[2:4, :, neurons // 2 :] += 5
    return activations


def test_words_that_drive_the_same_neurons_are_alike_and_others_are_not() -> None:
    found = company(WORDS, layer(), 0)
    assert found is not None and len(found.words) == STRONGEST
    assert set(found.words[:4]) == set(WORDS[:4])
    cosines = {(one, other): value for one, row in zip(found.words, found.cosines, strict=True)
               for other, value in zip(found.words, row, strict=True)}  # fmt: skip
    assert cosines["cat", "lion"] > 0.9 and cosines["clock", "watch"] > 0.9
    assert cosines["cat", "clock"] < 0
    assert cosines["cat", "cat"] == pytest.approx(1, abs=1e-3)


def test_the_neuron_itself_does_not_count() -> None:
    louder = layer()
    louder[:, :, 0] *= 100
    assert company(WORDS, louder, 0) == company(WORDS, layer(), 0)


def test_constant_neurons_do_not_count_and_too_few_say_nothing() -> None:
    activations = np.concatenate([layer(), np.ones((len(WORDS), 2, 5), np.float32)], axis=2)
    assert company(WORDS, activations, 0) == company(WORDS, layer(), 0)
    assert company(WORDS, layer()[:, :, :8], 0) is None
    assert company(WORDS, layer()[:, :, :1], 0) is None


def test_a_bank_of_one_neuron() -> None:
    bank = bank_of("mine", WORDS, layer(), 1)
    assert bank.activations.shape == (40, 2) and bank.layer_scale > 5
    assert bank.company == company(WORDS, layer(), 1)
