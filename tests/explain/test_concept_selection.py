import numpy as np
import pytest

from line_tui.explain.concept_selection import account, choose_set


def neuron_of(*parts: slice) -> np.ndarray:
    activations = np.random.default_rng(0).normal(0, 0.05, 400).astype(np.float32)
    for part in parts:
        activations[part] += 3
    return activations


def show(*parts: slice) -> np.ndarray:
    shown = np.zeros(400, np.float32)
    for part in parts:
        shown[part] = 1
    return shown


A, B, A_PART, OTHER = slice(0, 30), slice(100, 125), slice(0, 8), slice(200, 240)
NO_BONUS = np.zeros(4)
UNRELATED = np.eye(4, dtype=np.float32)
CANDIDATES = np.stack([show(A_PART), show(A), show(OTHER), show(B)], axis=1)


def test_two_senses_are_both_in_the_set() -> None:
    assert choose_set(neuron_of(A, B), CANDIDATES, NO_BONUS, UNRELATED.__getitem__) == [1, 3]


def test_one_concept_is_enough_for_a_neuron_of_one() -> None:
    assert choose_set(neuron_of(A), CANDIDATES, NO_BONUS, UNRELATED.__getitem__) == [1]


def test_the_same_in_other_words_is_no_second_sense() -> None:
    candidates = np.stack([show(slice(0, 20)), show(slice(5, 30)), show(OTHER)], axis=1)
    assert len(choose_set(neuron_of(A), candidates, np.zeros(3), np.eye(3, dtype=np.float32).__getitem__)) == 1


def test_two_words_of_one_theme_are_no_two_senses() -> None:
    related = UNRELATED.copy()
    related[1, 3] = related[3, 1] = 0.6
    assert choose_set(neuron_of(A, B), CANDIDATES, NO_BONUS, related.__getitem__) == [1]


def test_what_speaks_for_a_candidate_besides_breaks_a_near_tie() -> None:
    candidates = np.stack([show(slice(0, 29)), show(slice(1, 30))], axis=1)
    assert choose_set(neuron_of(A), candidates, np.array([0.0, 0.2]), np.eye(2, dtype=np.float32).__getitem__)[0] == 1


def test_what_is_out_of_the_question_is_no_label_and_no_second_sense() -> None:
    without_best = np.array([0, -np.inf, 0, 0])
    assert choose_set(neuron_of(A, B), CANDIDATES, without_best, UNRELATED.__getitem__) == [3, 0]
    without_second = np.array([0, 0, -np.inf, -np.inf])
    assert choose_set(neuron_of(A, B), CANDIDATES, without_second, UNRELATED.__getitem__) == [1]


def test_shares_add_up_and_what_is_left_is_not_accounted_for() -> None:
    neuron = neuron_of(A, B)
    done = account(neuron, [show(A), show(B)])
    assert sum(done.shares) + done.unexplained == pytest.approx(1)
    assert done.unexplained < 0.05 and done.shares[0] > done.shares[1] > 0.3
    only = account(neuron, [show(A)])
    assert only.left[B].mean() > 5 * abs(only.left[A].mean())


def test_a_concept_that_goes_against_the_neuron_accounts_for_nothing() -> None:
    assert account(neuron_of(A), [show(OTHER)]).shares == [0]
    assert account(neuron_of(A), []).unexplained == 1
