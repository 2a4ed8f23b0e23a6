import pytest

from line_tui.explain.meaning import Meaning
from line_tui.explain.pairs import loss, quiet_neighbour, variants
from line_tui.explain.profile import profile
from line_tui.explain.state import Control
from tests.fakes import FakeEmbedder

SEEN = profile(Control("bank", ["red apple", "green apple", "violin"], [[9.0], [0.5], [0.0]]))
MEANING = Meaning(FakeEmbedder())


def test_each_word_is_dropped_and_the_nearest_quiet_word_swapped_in() -> None:
    assert variants("red apple", SEEN, MEANING) == [("apple", "drop"), ("red", "drop"), ("green apple", "swap")]


def test_one_word_is_dropped_to_nothing() -> None:
    assert variants("cherry", SEEN, MEANING)[0] == ("", "drop")


def test_a_neuron_that_answers_to_all_has_no_quiet_word() -> None:
    loud = profile(Control("bank", ["apple", "pear", "car"], [[1.0], [1.0], [-9.0]]))
    assert quiet_neighbour("apples", loud, MEANING) == "car"


def test_loss_by_hand() -> None:
    lost, p_value = loss([5.0, 7.0, 6.0], [2.0, 3.0, 4.0], [1.0, 3.0])
    assert lost == pytest.approx(3 / 4)
    assert p_value == 1 / 8


def test_a_change_that_adds_is_a_negative_loss() -> None:
    lost, p_value = loss([4.0, 4.0], [6.0, 6.0], [2.0])
    assert lost == -1
    assert p_value == 1


def test_without_a_response_nothing_can_be_lost() -> None:
    assert loss([1.0], [0.0], [2.0])[0] == 0


def test_pairs_must_be_pairs() -> None:
    with pytest.raises(ValueError, match="as many"):
        loss([1.0], [1.0, 2.0], [0.0])
