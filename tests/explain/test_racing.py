import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from line_tui.explain.racing import contenders, estimate, next_rung

EVIDENCE = st.dictionaries(st.sampled_from("abcdefgh"), st.lists(st.floats(-3, 8), min_size=1, max_size=5), min_size=1)


def test_one_image_says_less_than_four() -> None:
    assert estimate([3.0]) == 1.5
    assert estimate([3.0] * 4) == pytest.approx(2.4)
    assert estimate([]) == 0


def test_who_is_far_behind_is_out() -> None:
    assert contenders({"a": [5.0] * 4, "b": [4.9] * 4, "c": [0.0] * 4}, noise=0.5) == ["a", "b"]


def test_noise_keeps_more_in_the_race() -> None:
    evidence = {"a": [4.0], "b": [2.0]}
    assert contenders(evidence, noise=0.1) == ["a"]
    assert contenders(evidence, noise=1.0) == ["a", "b"]


def test_within_the_indifference_zone_nobody_is_out() -> None:
    assert contenders({"a": [2.0, 2.0], "b": [1.8, 1.8]}, noise=0.0) == ["a", "b"]


def test_who_has_no_image_is_not_in_the_race() -> None:
    assert contenders({"a": [], "b": [-1.0]}, noise=1.0) == ["b"]
    assert contenders({}, noise=1.0) == []


def test_the_lower_rung_is_climbed_first_and_half_go_on() -> None:
    evidence = {id: [2.0 - n / 100] for n, id in enumerate("abcd")}
    rung = next_rung(evidence, 1.0, (1, 2, 4))
    assert rung is not None and (rung.trials, rung.images) == (["a", "b"], 2)
    evidence |= {"a": [2.0, 2.0], "b": [2.0, 2.0]}
    rung = next_rung(evidence, 1.0, (1, 2, 4))
    assert rung is not None and (len(rung.trials), rung.images) == (1, 4)


@given(EVIDENCE, st.floats(0, 2))
def test_the_race_ends(evidence: dict[str, list[float]], noise: float) -> None:
    rng = np.random.default_rng(0)
    for _ in range(100):
        rung = next_rung(evidence, noise, (1, 2, 4))
        if rung is None:
            break
        for id in rung.trials:
            evidence[id] = evidence[id] + [float(rng.normal()) for _ in range(rung.images - len(evidence[id]))]
    assert rung is None
    assert contenders(evidence, noise)
