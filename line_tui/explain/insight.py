"""What a neuron's control set and the meaning of its words tell the search, computed once a run."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from line_tui.explain.meaning import Lexicon, Meaning, fit
from line_tui.explain.ports import Floats
from line_tui.explain.profile import Profile, profile
from line_tui.explain.senses import Theme, themes
from line_tui.explain.state import Control
from line_tui.explain.words import same_form

HEAVY = 0.2
"""Share of the strong responses from which a theme is searched for a sense of its own."""
TOP_IMAGES = 40
NEIGHBOURS = 5
"""Words that a word's response is compared with."""
COVERED = 0.45
"""Cosine from which a label covers a bank word."""


@dataclass(frozen=True)
class Insight:
    """A neuron seen through its control set."""

    profile: Profile
    meaning: Meaning
    lexicon: Lexicon
    themes: list[Theme]
    """Those that are heavy enough to be a sense; the heaviest first."""

    def fits(self, concepts: Sequence[str]) -> NDArray[np.float64]:
        """How well each concept accounts for the bank's strong responses, see `meaning.fit`: `float64[concepts]`."""
        return fit(self.meaning.embedder.embed(concepts) @ self._bank.T, self.profile.responses)

    def fits_of_theme(self, concepts: Sequence[str]) -> NDArray[np.float64]:
        """The same for the theme that each concept belongs to: words of the other themes count as no response."""
        if len(self.themes) < 2:
            return self.fits(concepts)
        turns = [self.theme_of(concept) for concept in concepts]
        near = self.meaning.embedder.embed(concepts) @ self._bank.T
        found = np.zeros(len(concepts))
        for turn in set(turns):
            others = [word for n, theme in enumerate(self.themes) if n != turn for word in theme.words]
            responses = np.where(np.isin(self.profile.words, others), 0.0, self.profile.responses)
            members = [n for n, other in enumerate(turns) if other == turn]
            found[members] = fit(near[members], responses)
        return found

    def strongest(self) -> Iterator[str]:
        """Bank words, the strongest response first."""
        return (self.profile.words[i] for i in np.argsort(-self.profile.responses))

    def pointed_at(self, theme: Theme | None = None) -> Iterator[str]:
        """Words that the bank's responses (or those of one theme) point at, the best first: bank and lexicon."""
        responses = self.profile.responses
        if theme is not None:
            responses = np.where(np.isin(self.profile.words, theme.words), responses, 0.0)
        words = [*self.profile.words, *self.lexicon.words]
        vectors = np.concatenate([self._bank, self.lexicon.vectors]) if self.lexicon.words else self._bank
        return (words[i] for i in np.argsort(-fit(vectors @ self._bank.T, responses)))

    @cached_property
    def _bank(self) -> Floats:
        return self.meaning.embedder.embed(self.profile.words)

    @cached_property
    def meaning_share(self) -> float:
        """How well a word's response follows from those of its nearest words in meaning: a correlation."""
        responses = self.profile.responses
        cosines = self._bank @ self._bank.T
        np.fill_diagonal(cosines, -1)
        nearest = np.argsort(-cosines, axis=1)[:, :NEIGHBOURS]
        around = responses[nearest].mean(axis=1)
        if responses.std() == 0 or around.std() == 0:
            return 0.0
        return float(np.corrcoef(responses, around)[0, 1])

    @property
    def order(self) -> float | None:
        """How much order there is in the bank's responses, see `choosing.FLOOR`; None with one image a word."""
        share = self.profile.concept_share
        return None if share is None else share + self.meaning_share / 2

    def theme_of(self, concept: str) -> int:
        """The theme with the nearest word; 0 when there is none."""
        nearness = [self.meaning.similarity([concept], theme.words).max() for theme in self.themes]
        return int(np.argmax(nearness)) if nearness else 0

    def coverage(self, concept: str) -> float:
        """Share of the neuron's top control images whose word is near to the concept."""
        flat = self.profile.rows.ravel()
        top = np.argsort(-flat)[:TOP_IMAGES] // self.profile.rows.shape[1]
        words = [self.profile.words[i] for i in top]
        near = self.meaning.similarity([concept], words)[0] >= COVERED
        same = np.array([same_form(word) == same_form(concept) for word in words])
        return float((near | same).mean())


def insight(control: Control, meaning: Meaning, lexicon: Lexicon) -> Insight:
    """Look at a neuron through its control set."""
    seen = profile(control)
    found = [] if seen.inert else [theme for theme in themes(seen, meaning, control.company) if theme.share >= HEAVY]
    return Insight(seen, meaning, lexicon, found)
