"""Word meanings: similarity of embeddings, how common a word is, and which words a neuron's responses suggest."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from math import log10

import numpy as np
from numpy.typing import NDArray

from line_tui.explain.kinds import Kinds, Taxonomy
from line_tui.explain.ports import Embedder, Floats
from line_tui.explain.two_sided import unit
from line_tui.explain.word_forms import same_form, singular

SAME = 0.9
"""Minimum cosine of two concepts that mean the same: "tv" and "television" .96, "dog" and "puppy" .80."""
NEIGHBOURS = 1000
"""Number of lexicon words whose fit is computed: those nearest to what drives the neuron."""
MOST_COMMON = 2000
"""Words up to this lexicon rank count as equally common."""
MIN_LETTERS = 3
"""Minimum length of a word in the lexicon; shorter words, such as "of", do not count as rare."""
_OFFENSIVE = set(
    """
    asshole bastard bitch bullshit chink cum cunt darkie fag faggot fuck fucked fucker fucking gook kike negro negroes
    nigga nigger piss shit slut spic whore wop
    """.split()  # noqa: SIM905
)
"""Slurs and swear words without another everyday sense (a cock is a bird). The lexicon, being a language model's
vocabulary, has them; no search proposes them, but a user or a language model may.
"""
_NONE = np.zeros((0, 1), np.float32)


@dataclass(frozen=True)
class Lexicon:
    """Everyday words, the most common first, with their embeddings `float32[words, dimensions]`."""

    words: list[str] = field(default_factory=list)
    vectors: Floats = field(default_factory=_NONE.copy)
    taxonomy: Taxonomy = field(default_factory=Taxonomy)
    """The kinds that these words and their phrases belong to."""

    def knows(self, word: str) -> bool:
        """Whether the lexicon has the word or its singular; an empty lexicon has every word."""
        return not self.words or word in self._places or singular(word) in self._places

    def rarity(self, concept: str) -> float:
        """How much rarer the concept's rarest word is than common words, in decades of rank; 0 in an empty lexicon."""
        # Each step of each neuron asks for the same hundreds of words.
        if (known := self._rarities.get(concept)) is None:
            known = self._rarities[concept] = self._rarity(concept)
        return known

    def _rarity(self, concept: str) -> float:
        last = len(self.words)
        words = [word for word in concept.split() if len(word) >= MIN_LETTERS]
        place = max((self._places.get(word, last) for word in words), default=last)
        return log10(max(place, MOST_COMMON) / MOST_COMMON) if self.words else 0.0

    @cached_property
    def _rarities(self) -> dict[str, float]:
        return {}

    @cached_property
    def _places(self) -> dict[str, int]:
        return {word: place for place, word in enumerate(self.words)}


@dataclass(frozen=True)
class Meaning:
    """Similarity of concepts by an embedder that caches its results, and the words that may be proposed."""

    embedder: Embedder
    lexicon: Lexicon = field(default_factory=Lexicon)
    _kinds: dict[tuple[str, ...], Kinds] = field(default_factory=dict, init=False, repr=False)
    _near: dict[tuple[str, ...], Floats] = field(default_factory=dict, init=False, repr=False)

    def kinds(self, words: Sequence[str]) -> Kinds:
        """The kinds that the words of a vocabulary belong to; computed once."""
        key = tuple(words)
        if key not in self._kinds:
            self._kinds[key] = self.lexicon.taxonomy.kinds(words, self.lexicon.rarity)
        return self._kinds[key]

    def _nearness(self, words: Sequence[str]) -> Floats:
        """Sharpened similarity of a vocabulary's words to each other; computed once."""
        key = tuple(words)
        if key not in self._near:
            self._near[key] = sharpened(self.similarity(words, words))
        return self._near[key]

    def similarity(self, texts: Sequence[str], others: Sequence[str]) -> Floats:
        """Cosines `float32[texts, others]`."""
        if not texts or not others:
            return np.zeros((len(texts), len(others)), np.float32)
        cosines: Floats = self.embedder.embed(texts) @ self.embedder.embed(others).T
        return cosines

    def fits(self, concepts: Sequence[str], words: Sequence[str], responses: NDArray[np.floating]) -> Floats:
        """How well each concept accounts for the responses to words, `float32[concepts]`.

        The better of two fits: by similarity (`fit`), or as the name of a kind: "animal" is similar to few animals.
        """
        kinds = self.kinds(words)
        known = dict(zip(map(same_form, kinds.names), kinds.fits(responses), strict=True))
        as_kind = np.array([known.get(same_form(concept), -1.0) for concept in concepts], np.float32)
        return np.maximum(fit(self.similarity(concepts, words), responses), as_kind)

    def pointed_at(self, words: Sequence[str], responses: NDArray[np.floating], rare: float) -> Iterator[str]:
        """Words that the responses to a vocabulary's `words` suggest, best first: from vocabulary, lexicon and kinds.

        `rare` is the penalty per decade of rarity, in units of fit.
        """
        vectors = self.embedder.embed(words)
        towards = (np.clip(responses, 0, None) ** 2).astype(np.float32) @ vectors
        names, fits = list(words), [self._nearness(words) @ sharpened_responses(responses)]
        if self.lexicon.words:
            near = np.argsort(-(self.lexicon.vectors @ towards), kind="stable")[:NEIGHBOURS]
            names += [self.lexicon.words[n] for n in near]
            fits.append(fit(self.lexicon.vectors[near] @ vectors.T, responses))
        kinds = self.kinds(words)
        names += kinds.names
        scores = np.concatenate([*fits, kinds.fits(responses)])
        scores -= rare * np.array([self.lexicon.rarity(name) for name in names], np.float32)
        yielded: set[str] = set()
        for name in (names[n] for n in np.argsort(-scores, kind="stable")):
            if (form := same_form(name)) not in yielded and not _offensive(name):
                yielded.add(form)
                yield name


def _offensive(concept: str) -> bool:
    return any(singular(word) in _OFFENSIVE for word in concept.split())


def fit(similarity: Floats, responses: NDArray[np.floating]) -> Floats:
    """Correlation of similarity to each concept with the strong responses to words, `float32[concepts]`.

    `similarity` is `float32[concepts, words]`, `responses` each word's mean in standard deviations, `float[words]`.
    """
    fits: Floats = sharpened(similarity) @ sharpened_responses(responses)
    return fits


def sharpened(similarity: Floats) -> Floats:
    """Similarity as `fit` uses it: cubed, since only near words share a meaning, and each row centred to length 1."""
    near = np.clip(similarity, 0, None)
    near *= near * near
    return unit(near.T).T


def sharpened_responses(responses: NDArray[np.floating]) -> Floats:
    """Responses as `fit` uses them, centred to length 1.

    Responses below the control's mean count as 0, the others are squared: a label should be near to what drives the
    neuron most, and far from the rest.
    """
    return unit((np.clip(responses, 0, None) ** 2).astype(np.float32))
