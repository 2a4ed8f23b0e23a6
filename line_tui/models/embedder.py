"""Texts to unit vectors: all-MiniLM-L6-v2, the text encoder that the bundled generator has loaded anyway."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from line_tui.explain.ports import Floats
from line_tui.worlds import minilm


class MiniLMEmbedder:
    """Sentence embeddings, each text encoded once and by itself."""

    def __init__(self) -> None:
        self._known: dict[str, Floats] = {}

    def embed(self, texts: Sequence[str]) -> Floats:
        """`float32[texts, 384]`, each row of length 1."""
        missing = [text for text in dict.fromkeys(texts) if text not in self._known]
        self._known |= zip(missing, minilm.embed(missing), strict=True)
        if not texts:
            return np.empty((0, minilm.DIMENSIONS), np.float32)
        return np.stack([self._known[text] for text in texts])
