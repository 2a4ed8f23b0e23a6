import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import beta, norm

from line_tui.explain.intervals import PRIOR_WEIGHT, interval, p_value, placements, posterior, verified_score
from line_tui.explain.scores import auc

ACTIVATIONS = st.lists(st.integers(-5, 5).map(float), min_size=1, max_size=30)


@given(ACTIVATIONS, ACTIVATIONS)
def test_the_mean_placement_is_the_auc(concept: list[float], control: list[float]) -> None:
    assert placements(concept, control).mean() == pytest.approx(auc(concept, control))


def test_placements_by_hand() -> None:
    assert placements([0, 1, 2.5, 9], [1, 2, 3, 4]).tolist() == [0, 0.125, 0.5, 1]


@given(st.lists(st.floats(0, 1), min_size=1, max_size=60))
def test_an_interval_contains_the_mean_and_has_a_width(placed: list[float]) -> None:
    low, high = interval(placed)
    assert 0 <= low <= np.mean(placed) + 1e-12 and np.mean(placed) - 1e-12 <= high <= 1
    assert high - low > 1e-4


def test_of_zeros_and_ones_it_is_the_beta_posterior() -> None:
    placed = [1.0] * 40 + [0.0] * 10
    exact = beta.ppf([0.025, 0.975], 40 + PRIOR_WEIGHT, 10 + PRIOR_WEIGHT)
    assert interval(placed) == pytest.approx(tuple(exact), abs=0.006)


def test_at_one_the_interval_still_has_a_width() -> None:
    low, high = interval([1.0] * 50)
    assert high == 1
    assert low == pytest.approx(beta.ppf(0.025, 50 + PRIOR_WEIGHT, PRIOR_WEIGHT), abs=0.01)
    assert low < 0.99


def test_the_same_images_have_the_same_interval() -> None:
    placed = np.linspace(0.4, 1, 50)
    assert interval(placed) == interval(placed)
    assert np.array_equal(posterior(placed), posterior(placed))


@pytest.mark.thorough
@pytest.mark.parametrize("true", [0.7, 0.9, 0.97, 0.99])
def test_it_covers_the_truth_about_as_often_as_it_says(true: float) -> None:
    rng = np.random.default_rng(1)
    mean = norm.ppf(true) * np.sqrt(2)
    covered = 0
    for _ in range(400):
        low, high = interval(norm.cdf(rng.normal(mean, 1, 50)))
        covered += low <= true <= high
    assert 0.92 <= covered / 400 <= 0.985


def test_p_value_is_small_for_a_concept_and_not_for_the_control_itself() -> None:
    control = np.arange(200.0)
    assert p_value(np.arange(190, 240.0), control) < 1e-10
    assert p_value(control[::4], control) > 0.3


def test_a_verified_score_says_it_all() -> None:
    score = verified_score([3.0, 4.0, 5.0], [1.0, 2.0, 3.0])
    assert score.images == 3 and score.mean == 4
    assert score.auc == pytest.approx(17 / 18)
    assert score.mad == pytest.approx(2)
    assert score.ci_low < score.auc < score.ci_high


def test_nothing_to_measure_is_an_error() -> None:
    with pytest.raises(ValueError, match="at least one"):
        placements([1.0], [])
    with pytest.raises(ValueError, match="at least one"):
        interval([])
