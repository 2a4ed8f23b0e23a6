"""Which replies of a language model are usable new concepts."""

from __future__ import annotations

from line_tui.explain.state import RunState, concept_of, standing
from line_tui.explain.words import clean, same_form

MAX_WORDS = 3
MAX_LETTERS = 40


def tried(state: RunState) -> dict[str, str]:
    """Concepts that may not be proposed again, by their form; banned ones among them."""
    concepts = [concept_of(state, trial) for trial in state.trials.values()]
    concepts += [d.concept for d in standing(state) if d.kind == "ban" and d.concept]
    return {same_form(concept): concept for concept in concepts}


def refuse(text: str, taken: dict[str, str]) -> tuple[str, str | None]:
    """Clean a reply; return the concept and why it is refused, None if it is not."""
    concept = clean(text)
    if not concept:
        return concept, "empty"
    if len(concept.split()) > MAX_WORDS or len(concept) > MAX_LETTERS:
        return concept, f"longer than {MAX_WORDS} words"
    if not any(letter.isalpha() for letter in concept):
        return concept, "not words"
    known = taken.get(same_form(concept))
    if known is not None:
        return concept, f"already tried as '{known}'"
    return concept, None
