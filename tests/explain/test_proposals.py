import pytest
from hypothesis import given
from hypothesis import strategies as st

from line_tui import events as e
from line_tui.explain.proposals import judge, tried
from line_tui.explain.state import fold
from tests.explain.runs import started


@pytest.mark.parametrize(
    ("reply", "reason"),
    [
        ("", "empty"),
        ("?!", "empty"),
        ("a dog that runs fast", "longer than 3 words"),
        ("x" * 50, "longer than 3 words"),
        ("Dogs", "already tried as 'dog'"),
        ("red fox", None),
    ],
)
def test_judge(reply: str, reason: str | None) -> None:
    assert judge(reply, {"dog": "dog"}).reason == reason


@given(st.text())
def test_what_passes_is_usable(reply: str) -> None:
    judged = judge(reply, {})
    if judged.reason is None:
        assert 1 <= len(judged.concept.split()) <= 3
        assert judged.concept == judged.concept.strip().lower()


def test_what_no_dictionary_knows_is_no_concept() -> None:
    assert judge("an albatrak nest", {}, {"nest", "red"}.__contains__).reason == "not a known word: 'albatrak'"
    assert judge("red-nest", {}, {"nest", "red"}.__contains__).reason is None


def test_tried_knows_edits_and_bans() -> None:
    state = fold(
        [
            started(),
            e.Proposed(trial="t1", concept="dog", origin="llm", iteration=1),
            e.Decided(decision="d1", kind="edit", trial="t1", concept="wolves"),
            e.Decided(decision="d2", kind="ban", concept="cats"),
        ]
    )
    assert set(tried(state)) == {"wolf", "cat"}
