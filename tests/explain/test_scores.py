import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from line_tui.explain.scores import auc, mad

values = st.lists(st.integers(-5, 5).map(float), min_size=1, max_size=30)


def test_by_hand() -> None:
    assert auc([1, 2], [0, 1, 3]) == pytest.approx((1 + 0.5 + 0 + 1 + 1 + 0) / 6)
    assert mad([3, 5], [0, 1, 2]) == pytest.approx((4 - 1) / 1)


def test_mad_of_a_constant_control_is_zero() -> None:
    assert mad([3, 5], [1, 1, 1]) == 0
    assert mad([3, 5], [1]) == 0


def test_empty_sides_are_refused() -> None:
    with pytest.raises(ValueError, match="at least one image"):
        auc([], [1])
    with pytest.raises(ValueError, match="at least one image"):
        auc([1], [])


@given(values, values)
def test_auc_as_scikit_learn(ours: list[float], theirs: list[float]) -> None:
    from sklearn.metrics import roc_auc_score  # It takes longer to import than the rest of this file to run.

    expected = roc_auc_score([1] * len(ours) + [0] * len(theirs), ours + theirs)
    assert auc(ours, theirs) == pytest.approx(expected)


@given(values, values)
def test_auc_is_symmetric_and_blind_to_scale(ours: list[float], theirs: list[float]) -> None:
    assert auc(ours, theirs) + auc(theirs, ours) == pytest.approx(1)
    assert auc(np.array(ours) * 3 + 1, np.array(theirs) * 3 + 1) == pytest.approx(auc(ours, theirs))
