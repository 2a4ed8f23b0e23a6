import pytest

from line_tui.explain.response_profile import profile
from line_tui.explain.state import Control


def control(*rows: list[float], scale: float = 0.0) -> Control:
    return Control("bank", [f"word{n}" for n in range(len(rows))], list(rows), scale)


def test_responses_are_in_standard_deviations_of_the_control() -> None:
    seen = profile(control([0.0, 0.0], [4.0, 4.0]))
    assert (seen.mean, seen.std) == (2, 2)
    assert seen.responses.tolist() == [-1, 1]


def test_a_word_is_found_in_any_form() -> None:
    seen = profile(control([0.0, 0.0], [4.0, 4.0]))
    assert seen.row("Word1s") == [4, 4]
    assert seen.row("violin") == []


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
