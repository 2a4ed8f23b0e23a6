from typing import get_args

import pytest

from line_tui.events import Move
from line_tui.explain.prompting import PromptConcept, Request, render


@pytest.mark.parametrize("move", [move for move in get_args(Move) if move != "start"])
@pytest.mark.parametrize("count", [1, 2, 10])
def test_every_move_with_any_pool(move: Move, count: int) -> None:
    shown = [PromptConcept(f"word{n}", 1.0 - n / 10) for n in range(count)]
    prompt = render(Request(move, shown))
    assert prompt.tail.rstrip()[-1] in ":"
    assert "word0" in prompt.tail
    assert all(f"word{n}" in prompt.user for n in range(count))


def test_the_head_never_changes() -> None:
    first = render(Request("new", [PromptConcept("dog", 1.0)]))
    second = render(
        Request("summarise", [PromptConcept("cat", 0.5), PromptConcept("cow", 0.1)], rejected=[("pig", "no")])
    )
    assert first.head == second.head


def test_the_prompt_contains_the_users_decisions() -> None:
    prompt = render(Request("new", [PromptConcept("dog", 1.0)], rejected=[("pig", "too fat")], accepted=["wolf"]))
    assert "pig: too fat" in prompt.user
    assert "wolf" in prompt.user
    assert "pig" not in prompt.tail
    assert "wolf" in prompt.tail


def test_a_refused_attempt_changes_what_is_shown() -> None:
    shown = [PromptConcept(word, 1.0) for word in ("dog", "wolf", "fox", "cat")]
    tails = {render(Request("new", shown, attempt=attempt)).tail for attempt in range(4)}
    assert len(tails) == 4


def test_nothing_to_show_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one concept"):
        render(Request("new", []))


def test_both_sides_and_what_is_left_are_reported() -> None:
    shown = [PromptConcept("ewe", 0.3, drives=0.97), PromptConcept("animal", 0.8, drives=0.86)]
    told = render(Request("new", shown, left=["fern", "oak"])).user
    assert "0.97           9%   ewe" in told and "0.86          64%   animal" in told
    assert "fern, oak" in told
