"""What words mean to the loop: similarity by embedding, and which words the bank's strongest pictures point at."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from line_tui.explain.ports import Embedder, Floats

SAME = 0.9
"""Cosine from which two concepts mean the same: "tv" and "television" .96, "dog" and "puppy" .80."""
_NONE = np.zeros((0, 1), np.float32)


@dataclass(frozen=True)
class Lexicon:
    """Words that may be proposed without a language model, with their embeddings `float32[words, dimensions]`."""

    words: list[str] = field(default_factory=list)
    vectors: Floats = field(default_factory=_NONE.copy)


@dataclass(frozen=True)
class Meaning:
    """Nearness of concepts by an embedder, which keeps what it has embedded."""

    embedder: Embedder

    def similarity(self, texts: Sequence[str], others: Sequence[str]) -> Floats:
        """Cosines `float32[texts, others]`."""
        if not texts or not others:
            return np.zeros((len(texts), len(others)), np.float32)
        cosines: Floats = self.embedder.embed(texts) @ self.embedder.embed(others).T
        return cosines

    def same(self, text: str, others: Sequence[str]) -> str | None:
        """The first of the others that means the same, if any does."""
        cosines = self.similarity([text], others)[0]
        return next((other for other, cosine in zip(others, cosines, strict=True) if cosine >= SAME), None)


def fit(similarity: Floats, responses: NDArray[np.float64]) -> NDArray[np.float64]:
    """How well nearness to each label predicts the bank's strong responses: a correlation, `float64[labels]`.

    `similarity` is `float32[labels, words]`, `responses` the standardised mean of each bank word, `float64[words]`.
    Responses below the control's mean count as none, strong ones by their square: a label should be near to what
    drives the neuron most, and far from the rest. Nearness is cubed, as only near words share a meaning.
    """
    near = np.clip(similarity, 0, None).astype(np.float64) ** 3
    strong = np.clip(responses, 0, None) ** 2
    near -= near.mean(axis=1, keepdims=True)
    strong = strong - strong.mean()
    scale = np.linalg.norm(near, axis=1) * np.linalg.norm(strong)
    correlation: NDArray[np.float64] = np.divide(near @ strong, scale, out=np.zeros(len(near)), where=scale > 0)
    return correlation
