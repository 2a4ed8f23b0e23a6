import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from line_tui.explain.paired_tests import mean_interval, sign_flip_p


def test_all_signs_the_same_is_one_pattern_of_all() -> None:
    assert sign_flip_p([1, 2, 3]) == 1 / 8
    assert sign_flip_p([-1, -2, -3]) == 1
    assert sign_flip_p(np.arange(1, 9)) == 1 / 256


def test_no_difference_is_no_evidence() -> None:
    assert sign_flip_p([0, 0, 0]) == 1


def test_many_pairs_are_sampled() -> None:
    assert sign_flip_p(np.ones(30)) == pytest.approx(1 / 10_001)
    assert 0.3 < sign_flip_p([1, -1] * 15) < 0.8


@given(st.lists(st.integers(-9, 9), min_size=1, max_size=10))
def test_it_is_a_probability_and_opposite_signs_mirror_it(differences: list[int]) -> None:
    p, mirrored = sign_flip_p(differences), sign_flip_p([-d for d in differences])
    assert 0 < p <= 1
    assert p + mirrored >= 1


def test_mean_interval_by_hand() -> None:
    mean, low, high = mean_interval([1.0, 2.0, 3.0])
    assert mean == 2
    assert high - mean == pytest.approx(4.302653 / np.sqrt(3), rel=1e-5)
    assert mean - low == pytest.approx(high - mean)


def test_too_few_pairs_are_an_error() -> None:
    with pytest.raises(ValueError, match="at least one"):
        sign_flip_p([])
    with pytest.raises(ValueError, match="two"):
        mean_interval([1.0])
