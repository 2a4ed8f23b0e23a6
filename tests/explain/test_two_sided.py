import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from line_tui.explain.scores import auc
from line_tui.explain.two_sided import auprc, correlation, correlation_interval, f1, strong, strongest, unit


def test_strong_responses_are_those_above_the_mean_squared() -> None:
    assert strong(np.array([0, 0, 4], np.float32)).tolist() == pytest.approx([0, 0, 2])
    assert strong(np.array([5, 5, 5], np.float32)).tolist() == [0, 0, 0]


def test_a_narrow_word_scores_lower_than_the_right_one_where_auc_does_not() -> None:
    neuron = np.r_[np.ones(20), np.zeros(80)].astype(np.float32) + np.linspace(0, 0.01, 100, dtype=np.float32)
    right = np.r_[np.ones(20), np.zeros(80)].astype(np.float32)
    narrow = np.r_[np.ones(5), np.zeros(95)].astype(np.float32)
    assert auc(neuron[right > 0], neuron[right == 0]) == auc(neuron[narrow > 0], neuron[20:]) == 1
    assert correlation(right, neuron) > 0.99 > 0.6 > correlation(narrow, neuron)


@given(st.lists(st.floats(-5, 5, width=32), min_size=4, max_size=20))
def test_it_is_a_correlation(values: list[float]) -> None:
    shown = np.linspace(0, 1, len(values), dtype=np.float32)
    assert -1.001 <= correlation(shown, np.array(values, np.float32)) <= 1.001


def test_columns_of_unit_length_without_their_mean() -> None:
    columns = unit(np.array([[1, 5], [2, 5], [6, 5]], np.float32))
    assert columns[:, 1].tolist() == [0, 0, 0]
    assert np.linalg.norm(columns[:, 0]) == pytest.approx(1) and columns[:, 0].sum() == pytest.approx(0, abs=1e-6)


def test_the_interval_draws_whole_concepts() -> None:
    rng = np.random.default_rng(0)
    means = rng.normal(size=50)
    groups = np.repeat(np.arange(50), 4)
    shown = (means[groups] + rng.normal(0, 0.1, 200)).astype(np.float32)
    neuron = (means[groups] + rng.normal(0, 1, 50)[groups]).astype(np.float32)
    low, high = correlation_interval(shown, neuron, groups)
    one_low, one_high = correlation_interval(shown, neuron, np.arange(200))
    assert low < correlation(shown, neuron) < high
    assert high - low > 1.3 * (one_high - one_low)


def test_auprc_is_the_average_precision() -> None:
    from sklearn.metrics import average_precision_score  # It takes longer to import than the rest of this file to run.

    rng = np.random.default_rng(1)
    shown, positive = rng.random(60).astype(np.float32), rng.random(60) < 0.2
    assert auprc(shown, positive) == pytest.approx(average_precision_score(positive, shown))
    assert auprc(shown, np.zeros(60, bool)) == 0


def test_f1_of_two_sets_and_the_strongest() -> None:
    found = np.array([True, True, False, False])
    assert f1(found, np.array([True, False, True, False])) == 0.5
    assert f1(found, found) == 1 and f1(found, ~found) == 0
    assert strongest(np.array([1, 9, 3, 4], np.float32), 0.25).tolist() == [False, True, False, False]
