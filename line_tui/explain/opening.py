"""The concepts that an adaptive run opens with, before the language model is asked anything."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice

import numpy as np

from line_tui.events import Origin
from line_tui.explain.insight import Insight
from line_tui.explain.parts import Parts
from line_tui.explain.senses import Theme
from line_tui.explain.words import same_form

STRONGEST, BEST_FITTING = 6, 4
"""Bank words by response and by fit. Their pictures are in the bank: they cost nothing."""
STRONG = 20
"""Bank words by response among which the farthest is looked for."""
POINTED_AT, FOR_THEME = 9, 2
"""Words that the bank's responses point at, in all and for each further theme."""


def opening(
    seen: Insight, parts: Parts, taken: Iterable[str], pointed_at: int = POINTED_AT
) -> list[tuple[str, Origin]]:
    """Concepts and where they come from; none that means the same as one of `taken`.

    `pointed_at` concepts, and a few for each further theme, cost an image each.
    """
    found: list[tuple[str, Origin]] = []
    known = list(taken)

    def take(words: Iterable[str], origin: Origin, limit: int) -> None:
        for word in islice((word for word in words if is_new(seen, word, known, parts)), limit):
            known.append(word)
            found.append((word, origin))

    if parts.bank:
        take(seen.strongest(), "vocabulary", STRONGEST)
        take((theme.words[0] for theme in seen.themes), "vocabulary", len(seen.themes))
        words = seen.profile.words
        take((words[i] for i in np.argsort(-seen.fits(words))), "vocabulary", BEST_FITTING)
    if parts.lexicon:
        take(seen.pointed_at(), "bank", pointed_at)
        for theme in seen.themes[1:]:
            take(seen.pointed_at(theme), "bank", FOR_THEME)
    if not found:
        take(seen.profile.words, "random", 1)
    return found


def next_from_bank(seen: Insight, taken: list[str], parts: Parts, turn: int) -> tuple[str, str] | None:
    """What the bank proposes when the language model has run dry, and how it was found; None when all is tried.

    By turns the word that its responses point at, and the strong word that is farthest from all that was tried.
    """
    if turn % 2 == 0 or not taken:
        pointed = (word for word in seen.pointed_at() if is_new(seen, word, taken, parts))
        return next(((word, "the bank points at") for word in pointed), None)
    strong = list(islice((word for word in seen.strongest() if is_new(seen, word, taken, parts)), STRONG))
    if not strong:
        return None
    nearness = seen.meaning.similarity(strong, taken).max(axis=1)
    return strong[int(np.argmin(nearness))], "the bank's farthest strong word is"


def is_new(seen: Insight, word: str, taken: list[str], parts: Parts) -> bool:
    """Whether a word is none of those tried, in other words neither."""
    if same_form(word) in {same_form(other) for other in taken}:
        return False
    return not (parts.dedupe and taken and seen.meaning.same(word, taken))


def theme_words(seen: Insight, turn: int) -> Theme | None:
    """The theme whose turn it is."""
    return seen.themes[turn % len(seen.themes)] if seen.themes else None
