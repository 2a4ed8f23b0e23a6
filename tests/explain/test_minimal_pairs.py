import numpy as np
import pytest

from line_tui.explain.minimal_pairs import discriminability, quiet_neighbour, relative_drop, variants, visibility
from line_tui.explain.response_profile import profile
from line_tui.explain.state import Control
from line_tui.explain.word_similarity import Meaning
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
    drop, p_value = relative_drop([5.0, 7.0, 6.0], [2.0, 3.0, 4.0], [1.0, 3.0])
    assert drop == pytest.approx(3 / 4)
    assert p_value == 1 / 8


def test_a_change_that_adds_is_a_negative_loss() -> None:
    drop, p_value = relative_drop([4.0, 4.0], [6.0, 6.0], [2.0])
    assert drop == -1
    assert p_value == 1


def test_without_a_response_nothing_can_be_lost() -> None:
    assert relative_drop([1.0], [0.0], [2.0])[0] == 0


def test_pairs_must_be_pairs() -> None:
    with pytest.raises(ValueError, match="as many"):
        relative_drop([1.0], [1.0, 2.0], [0.0])


def test_the_rest_of_the_layer_tells_apart_what_differs_and_not_what_is_alike() -> None:
    rng = np.random.default_rng(0)
    before = rng.normal(0, 1, (8, 10)).astype(np.float32)
    other = rng.normal(0, 1, (8, 10)).astype(np.float32)
    assert discriminability(before, other + 5) == 1.0
    assert discriminability(before, before) == 0.0  # A held-out picture is as near to its twin's side as to its own.
    alike = discriminability(before, other)
    assert alike is not None and 0.2 <= alike <= 0.7


def test_too_few_others_or_pairs_judge_nothing() -> None:
    some = np.arange(80, dtype=np.float32).reshape(8, 10)
    assert discriminability(some[:, :7], some[:, 1:8]) is None
    assert discriminability(np.ones((8, 10), np.float32), np.ones((8, 10), np.float32)) is None
    assert discriminability(some[:1], some[1:2]) is None


def test_visibility_in_words() -> None:
    assert visibility(None) == "whether the change can be seen was not judged"
    assert visibility(0.94) == "the change can be seen: the layer's other neurons tell 94% of the pictures apart"
    assert visibility(0.5).startswith("the change can hardly be seen")
