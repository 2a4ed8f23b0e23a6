"""Decides whether a language model's reply is a usable new concept."""

from __future__ import annotations

from collections.abc import Callable

from line_tui.explain.state import RunState
from line_tui.explain.steps import Judged
from line_tui.explain.word_forms import clean, same_form

MAX_WORDS = 3
MAX_LETTERS = 40


def tried(state: RunState) -> dict[str, str]:
    """Normal forms of the concepts that may not be proposed again, banned ones included."""
    banned = [d.concept for d in state.standing.decisions if d.kind == "ban" and d.concept]
    return state.forms | {same_form(concept): concept for concept in banned}


def judge(text: str, taken: dict[str, str], known: Callable[[str], bool] | None = None) -> Judged:
    """Clean a reply and say whether it is a new concept; `known` tells whether a dictionary has a word."""
    concept = clean(text)
    if not concept:
        return Judged(concept, "empty")
    if len(concept.split()) > MAX_WORDS or len(concept) > MAX_LETTERS:
        return Judged(concept, f"longer than {MAX_WORDS} words")
    if not any(letter.isalpha() for letter in concept):
        return Judged(concept, "not words")
    if (before := taken.get(same_form(concept))) is not None:
        return Judged(concept, f"already tried as '{before}'")
    if known is not None and (strange := [word for word in concept.replace("-", " ").split() if not known(word)]):
        return Judged(concept, f"not a known word: '{strange[0]}'")
    return Judged(concept)
