import numpy as np
import pytest

from line_tui.events import Company
from line_tui.explain.meaning import Meaning
from line_tui.explain.profile import profile
from line_tui.explain.senses import themes
from line_tui.explain.state import Control

DIRECTIONS = {"apple": 0, "pear": 0, "bus": 1, "lorry": 1, "cloud": 2, "stone": 3}


class Directions:
    """Words of one group point the same way, apart from a little."""

    def embed(self, texts):  # type: ignore[no-untyped-def]
        rows = np.eye(5, dtype=np.float32)[[DIRECTIONS[text] for text in texts]]
        rows[:, 4] = [0.3 * (len(text) % 2) for text in texts]
        return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def found(company=None, **responses: float):  # type: ignore[no-untyped-def]
    control = Control("bank", list(responses), [[value, value] for value in responses.values()])
    return themes(profile(control), Meaning(Directions()), company)


def test_two_meanings_are_two_themes() -> None:
    result = found(apple=9.0, pear=8.8, bus=8.6, lorry=8.4, cloud=0.0, stone=0.0)
    assert [set(theme.words) for theme in result] == [{"apple", "pear"}, {"bus", "lorry"}]
    assert result[0].share > result[1].share
    assert sum(theme.share for theme in result) == pytest.approx(1)


def test_one_meaning_is_one_theme() -> None:
    assert [set(theme.words) for theme in found(apple=9.0, pear=8.0, cloud=0.0, stone=0.0)] == [{"apple", "pear"}]


def test_one_loud_word_is_a_theme() -> None:
    assert [theme.words for theme in found(apple=9.0, cloud=0.0, stone=0.0)] == [["apple"]]


def test_what_words_do_to_the_rest_of_the_layer_outweighs_what_they_mean() -> None:
    company = Company(
        ["apple", "bus", "pear", "cloud"], [[1, 0.8, -0.5, 1], [0.8, 1, -0.4, 1], [-0.5, -0.4, 1, 0], [1, 1, 0, 1]]
    )
    result = found(company, apple=9.0, pear=8.0, bus=8.6, cloud=0.0)
    assert [theme.words for theme in result] == [["apple", "bus"], ["pear"]]
