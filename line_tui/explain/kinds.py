"""Kinds of things (hypernyms): a dictionary's tree of senses, applied to a vocabulary."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from line_tui.explain.ports import Floats
from line_tui.explain.two_sided import unit
from line_tui.explain.word_forms import same_form, singular

LEAST = 2
"""Minimum number of a vocabulary's words in a kind."""


@dataclass(frozen=True)
class Kinds:
    """The kinds that the words of a vocabulary belong to."""

    names: list[str]
    members: NDArray[np.bool_]
    """`bool[words, kinds]`."""

    def fits(self, responses: NDArray[np.floating]) -> Floats:
        """Correlation of membership in each kind with the strong responses to the words, `float32[kinds]`.

        `responses` is each word's mean in standard deviations, `float[words]`.
        """
        strong = np.clip(responses, 0, None).astype(np.float32) ** 2
        fits: Floats = self._columns.T @ unit(strong)
        return fits

    def of(self, concept: str) -> NDArray[np.intp]:
        """The words of the kind that a concept names; empty if it names none."""
        place = self._places.get(same_form(concept))
        return np.flatnonzero(self.members[:, place]) if place is not None else np.zeros(0, np.intp)

    @cached_property
    def _columns(self) -> Floats:
        return unit(self.members.astype(np.float32))

    @cached_property
    def _places(self) -> dict[str, int]:
        return {same_form(name): place for place, name in enumerate(self.names)}


@dataclass(frozen=True)
class Taxonomy:
    """Senses of nouns, each with its parent senses and the nouns that it is the first meaning of."""

    above: list[list[int]] = field(default_factory=list)
    nouns: list[list[str]] = field(default_factory=list)

    def kinds(self, words: Sequence[str], rarity: Callable[[str], float]) -> Kinds:
        """The kinds that contain at least `LEAST` of the words, each under its most common name."""
        members: dict[int, list[int]] = {}
        for place, word in enumerate(words):
            for sense in self._reached(self._sense(word)):
                members.setdefault(sense, []).append(place)
        # Of two kinds with the same name or the same members, the narrower comes first and is kept.
        named: dict[str, list[int]] = {}
        for sense, places in sorted(members.items(), key=lambda item: len(item[1])):
            if len(places) >= LEAST and self.nouns[sense]:
                named.setdefault(min(self.nouns[sense], key=rarity), places)
        table = np.zeros((len(words), len(named)), bool)
        for column, places in enumerate(named.values()):
            table[places, column] = True
        return Kinds(list(named), table)

    def _sense(self, concept: str) -> int | None:
        """The meaning of a phrase, by its longest ending that is a noun: "police car" is at least a car."""
        words = concept.lower().split()
        for start in range(len(words)):
            end = words[start:]
            for form in (" ".join(end), " ".join([*end[:-1], singular(end[-1])])):
                if form in self._senses:
                    return self._senses[form]
        return None

    def _reached(self, sense: int | None) -> set[int]:
        reached: set[int] = set()
        left = [] if sense is None else [sense]
        while left:
            if (node := left.pop()) not in reached:
                reached.add(node)
                left += self.above[node]
        return reached

    @cached_property
    def _senses(self) -> dict[str, int]:
        return {noun: sense for sense, nouns in enumerate(self.nouns) for noun in nouns}
