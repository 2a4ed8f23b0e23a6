import pytest

from line_tui.events import VerifiedScore
from line_tui.explain.choosing import FLOOR_AUC, TIE, Finalist, choose, finalists, is_concept


def one(trial: str, score: float = 0.9, response: float = 1.0, fit: float = 0.0) -> Finalist:
    return Finalist(trial, score, response, fit)


def test_half_of_the_places_go_by_response_and_half_by_fit() -> None:
    ranked = [one(id, fit=fit) for id, fit in [("a", 0.1), ("b", 0.1), ("c", 0.2), ("d", 0.9), ("e", 0.5)]]
    assert [finalist.trial for finalist in finalists(ranked, 4)] == ["a", "b", "d", "e"]
    assert [finalist.trial for finalist in finalists(ranked[:1], 4)] == ["a"]


def test_the_best_score_wins_by_more_than_a_tie() -> None:
    candidates = [one("narrow", 0.95), one("broad", 0.95 - 3 * TIE, fit=1.0)]
    assert choose(candidates, breadth=True).trial == "narrow"


def test_among_equals_the_label_that_covers_most_wins() -> None:
    candidates = [one("cherries", 1.0, 4.0, 0.2), one("fruit", 1.0 - TIE / 2, 3.0, 0.6)]
    assert choose(candidates, breadth=True).trial == "fruit"
    assert choose(candidates, breadth=False).trial == "cherries"


def test_at_a_saturated_score_the_stronger_response_wins() -> None:
    assert choose([one("a", 1.0, 3.0), one("b", 1.0, 4.0)], breadth=False).trial == "b"


@pytest.mark.parametrize(
    ("auc", "mad", "order", "found"),
    [
        (0.99, 2.0, 0.75, True),
        (FLOOR_AUC - 0.01, 2.0, 0.7, False),
        (0.99, 0.1, 0.7, False),
        (0.97, 2.5, 0.6, False),
        (0.97, 4.0, 0.45, True),
        (0.97, 2.0, None, True),
    ],
)
def test_a_concept_needs_an_effect(auc: float, mad: float, order: float | None, found: bool) -> None:
    score = VerifiedScore(auc=auc, mad=mad, mean=0, images=50, ci_low=auc, ci_high=auc, p_value=1e-9)
    assert is_concept(score, order) is found
