import pytest

from line_tui.cli.neuron_selector import is_selector, select
from line_tui.errors import LineError


@pytest.mark.parametrize("text", ["all", "0-63", "3,7", "1-2,9", "random:50"])
def test_several_neurons(text: str) -> None:
    assert is_selector(text)


@pytest.mark.parametrize("text", ["3", "-1", "cat", "t-shirt", "1-"])
def test_one_neuron_or_a_name(text: str) -> None:
    assert not is_selector(text)


def test_what_is_selected() -> None:
    assert select("all", 3, 0) == [0, 1, 2]
    assert select("1-3,2,0", 4, 0) == [1, 2, 3, 0]


def test_a_sample_is_the_same_for_the_same_seed() -> None:
    assert select("random:5", 100, 1) == select("random:5", 100, 1)
    assert select("random:5", 100, 1) != select("random:5", 100, 2)
    assert len(set(select("random:100", 100, 0))) == 100


@pytest.mark.parametrize("text", ["0-4", "3-1", "random:0", "random:9", "random:x"])
def test_what_is_not_there_is_an_error(text: str) -> None:
    with pytest.raises(LineError):
        select(text, 4, 0)
