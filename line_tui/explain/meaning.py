"""What words mean to the loop: nearness by embedding, how common they are, and what a neuron's responses point at."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from math import log10

import numpy as np
from numpy.typing import NDArray

from line_tui.explain.ports import Embedder, Floats
from line_tui.explain.words import same_form, singular

SAME = 0.9
"""Cosine from which two concepts mean the same: "tv" and "television" .96, "dog" and "puppy" .80."""
NEAREST = 1000
"""Words of the lexicon whose fit is worked out, those nearest to what drives the neuron."""
MOST_COMMON = 2000
"""Words up to this place in the lexicon are equally common."""
_NONE = np.zeros((0, 1), np.float32)


@dataclass(frozen=True)
class Lexicon:
    """Everyday words, the most common first, with their embeddings `float32[words, dimensions]`."""

    words: list[str] = field(default_factory=list)
    vectors: Floats = field(default_factory=_NONE.copy)

    def knows(self, word: str) -> bool:
        """Whether a dictionary would have the word, in this or in its singular form; an empty lexicon knows all."""
        return not self.words or word in self._places or singular(word) in self._places

    def rarity(self, concept: str) -> float:
        """Decades by which the concept's rarest word is rarer than the most common ones; 0 in an empty lexicon."""
        last = len(self.words)
        place = max((self._places.get(word, last) for word in concept.split()), default=last)
        return log10(max(place, MOST_COMMON) / MOST_COMMON) if self.words else 0.0

    @cached_property
    def _places(self) -> dict[str, int]:
        return {word: place for place, word in enumerate(self.words)}


@dataclass(frozen=True)
class Meaning:
    """Nearness of concepts by an embedder, which keeps what it has embedded, and the words that may be proposed."""

    embedder: Embedder
    lexicon: Lexicon = field(default_factory=Lexicon)

    def similarity(self, texts: Sequence[str], others: Sequence[str]) -> Floats:
        """Cosines `float32[texts, others]`."""
        if not texts or not others:
            return np.zeros((len(texts), len(others)), np.float32)
        cosines: Floats = self.embedder.embed(texts) @ self.embedder.embed(others).T
        return cosines

    def fits(self, concepts: Sequence[str], words: Sequence[str], responses: NDArray[np.floating]) -> Floats:
        """How well each concept accounts for the responses to words, see `fit`: `float32[concepts]`."""
        return fit(self.similarity(concepts, words), responses)

    def pointed_at(self, words: Sequence[str], responses: NDArray[np.floating], rare: float) -> Iterator[str]:
        """Words that the responses to a vocabulary's `words` point at, the best first: vocabulary and lexicon.

        `rare` is what a decade of rarity costs, in units of fit.
        """
        vectors = self.embedder.embed(words)
        towards = (np.clip(responses, 0, None) ** 2).astype(np.float32) @ vectors
        names, pool = list(words), vectors
        if self.lexicon.words:
            near = np.argsort(-(self.lexicon.vectors @ towards), kind="stable")[:NEAREST]
            names += [self.lexicon.words[n] for n in near]
            pool = np.concatenate([vectors, self.lexicon.vectors[near]])
        scores = fit(pool @ vectors.T, responses)
        scores -= rare * np.array([self.lexicon.rarity(name) for name in names], np.float32)
        found = (names[n] for n in np.argsort(-scores, kind="stable"))
        seen: set[str] = set()
        for name in found:
            if (form := same_form(name)) not in seen:
                seen.add(form)
                yield name


def fit(similarity: Floats, responses: NDArray[np.floating]) -> Floats:
    """How well nearness to each concept predicts strong responses to words: a correlation, `float32[concepts]`.

    `similarity` is `float32[concepts, words]`, `responses` each word's mean in standard deviations, `float[words]`.
    Responses below the control's mean count as none, strong ones by their square: a label should be near to what
    drives the neuron most, and far from the rest. Nearness is cubed, as only near words share a meaning.
    """
    near = np.clip(similarity, 0, None) ** 3
    strong = (np.clip(responses, 0, None) ** 2).astype(near.dtype)
    near -= near.mean(axis=1, keepdims=True)
    strong = strong - strong.mean()
    scale = np.linalg.norm(near, axis=1) * np.linalg.norm(strong)
    correlation: Floats = np.divide(near @ strong, scale, out=np.zeros_like(scale), where=scale > 0)
    return correlation
