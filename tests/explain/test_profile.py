import numpy as np
import pytest

from line_tui.explain.profile import profile
from line_tui.explain.state import Control


def control(*rows: list[float], scale: float = 0.0) -> Control:
    return Control("bank", [f"word{n}" for n in range(len(rows))], list(rows), scale)


def test_responses_are_in_standard_deviations_of_the_control() -> None:
    seen = profile(control([0.0, 0.0], [4.0, 4.0]))
    assert (seen.mean, seen.std) == (2, 2)
    assert seen.responses.tolist() == [-1, 1]
    assert seen.standardised([6.0]) == [2]


def test_a_word_is_found_in_any_form() -> None:
    seen = profile(control([0.0, 0.0], [4.0, 4.0]))
    assert seen.row("Word1s") == [1, 1]
    assert seen.row("violin") == []


def test_noise_is_the_spread_between_seeds() -> None:
    assert profile(control([0.0, 2.0], [10.0, 12.0])).noise == pytest.approx(2**0.5 / 26**0.5)


def test_with_one_image_a_word_the_noise_is_that_of_the_control() -> None:
    assert profile(control([0.0], [1.0])).noise == 1


def test_the_share_of_variance_that_the_concept_decides() -> None:
    assert profile(control([1.0, 1.0], [5.0, 5.0])).concept_share == 1
    assert profile(control([0.0], [1.0])).concept_share is None
    # Variance of the words' means 8, of which 2 / 2 is that within the words.
    assert profile(control([0.0, 2.0], [4.0, 6.0])).concept_share == pytest.approx(7 / 9)


def test_noise_has_no_share() -> None:
    rows = np.random.default_rng(0).normal(size=(500, 4)).tolist()
    assert profile(control(*rows)).concept_share == pytest.approx(0, abs=0.05)


@pytest.mark.parametrize(
    ("rows", "scale", "inert"),
    [
        (([0.0], [0.0]), 0.0, True),
        (([3.0], [3.0]), 0.0, True),
        (([3.0], [3.00000001]), 0.0, True),
        (([0.0], [1e-7]), 1.0, True),
        (([0.0], [1e-7]), 0.0, False),
        (([0.0], [0.01]), 1.0, False),
    ],
)
def test_dead_and_constant_neurons_are_inert(rows: tuple[list[float], ...], scale: float, inert: bool) -> None:
    assert profile(control(*rows, scale=scale)).inert is inert


def test_an_empty_control_is_an_error() -> None:
    with pytest.raises(ValueError, match="at least one"):
        profile(Control("bank", [], []))
