from dataclasses import replace

import pytest

from line_tui.events import VerifiedScore
from line_tui.explain.choosing import FLOOR_AUC, TIE, Finalist, choose, finalists, is_concept


def one(trial: str, score: float = 0.9, response: float = 1.0, fit: float = 0.0) -> Finalist:
    return Finalist(trial, score, score, response, fit)


def names(found: list[Finalist]) -> list[str]:
    return [finalist.trial for finalist in found]


def test_half_of_the_places_go_by_response_and_half_by_fit() -> None:
    ranked = [one(id, fit=fit) for id, fit in [("a", 0.1), ("b", 0.1), ("c", 0.2), ("d", 0.9), ("e", 0.5)]]
    assert names(finalists(ranked, ["a", "b", "c", "d", "e"], 4)) == ["a", "b", "d", "e"]
    assert names(finalists(ranked[:1], ["a"], 4)) == ["a"]


def test_what_scores_as_high_is_a_finalist_though_it_lost_the_race() -> None:
    ranked = [one("cherries", 0.99), one("fruit", 0.99 - TIE / 2, fit=0.9), one("thing", 0.99 - 2 * TIE, fit=1.0)]
    assert names(finalists(ranked, ["cherries"], 4)) == ["cherries", "fruit"]


def test_fresh_images_change_no_finalist() -> None:
    before = [one("cherries", 0.99), one("fruit", 0.99, fit=0.9)]
    after = [replace(before[0], score=1.0), replace(before[1], score=0.9)]
    assert names(finalists(before, ["cherries"], 4)) == names(finalists(after, ["cherries"], 4))


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
