"""Sentence embeddings by all-MiniLM-L6-v2, the text encoder that the bundled generator also uses."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from safetensors.numpy import load_file

from line_tui.explain.ports import Floats
from line_tui.models.model_files import bundled_models, installed
from line_tui.worlds import minilm


class MiniLMEmbedder:
    """Sentence embeddings with a cache. Each text is encoded on its own, so its vector does not depend on the batch."""

    def __init__(self, known: Mapping[str, Floats] | None = None) -> None:
        self._known = dict(known or {})

    def embed(self, texts: Sequence[str]) -> Floats:
        """`float32[texts, 384]`, each row of length 1."""
        missing = [text for text in dict.fromkeys(texts) if text not in self._known]
        self._known |= zip(missing, minilm.embed(missing), strict=True)
        if not texts:
            return np.empty((0, minilm.DIMENSIONS), np.float32)
        return np.stack([self._known[text] for text in texts])


def bank_vectors(folder: Path | None = None) -> dict[str, Floats]:
    """Precomputed embeddings of the bundled bank's words, `float32[384]` each: encoding them takes over ten seconds.

    Raises ModelFileError if a file is missing or damaged, or if they do not match.
    """
    folder = folder or bundled_models() / "emoji-bank"
    with installed(f"the bank in {folder}"):
        words = json.loads((folder / "bank.json").read_text(encoding="utf-8"))["concepts"]
        vectors = load_file(folder / "vectors.safetensors")["vectors"]
        if vectors.shape != (len(words), minilm.DIMENSIONS) or vectors.dtype != np.float32:
            raise ValueError(f"{len(words)} words and vectors of {vectors.dtype}{list(vectors.shape)}")
    return dict(zip(words, vectors, strict=True))
