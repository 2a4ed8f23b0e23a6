"""The bundled lexicon: everyday words, their embeddings by the bundled embedder, and their hypernyms."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from safetensors.numpy import load_file

from line_tui.explain.kinds import Taxonomy
from line_tui.explain.word_similarity import Lexicon
from line_tui.models.model_files import bundled_models, installed


def load_lexicon(folder: Path | None = None) -> Lexicon:
    """Read the lexicon. Raises ModelFileError if a file is missing or damaged, or if they do not match."""
    folder = folder or bundled_models() / "lexicon"
    with installed(f"the lexicon in {folder}"):
        words = (folder / "words.txt").read_text().split()
        vectors = load_file(folder / "vectors.safetensors")["vectors"].astype(np.float32)
        taxonomy = _read_kinds(folder / "kinds.txt")
        if len(words) != len(vectors):
            raise ValueError(f"{len(words)} words and {len(vectors)} vectors")
    return Lexicon(words, vectors / np.linalg.norm(vectors, axis=1, keepdims=True), taxonomy)


def _read_kinds(path: Path) -> Taxonomy:
    """One sense per line: line numbers of its parent senses, a tab, the nouns whose first meaning it is."""
    fields = [line.split("\t") for line in path.read_text(encoding="utf-8").splitlines()]
    above = [[int(place) for place in places.split()] for places, _ in fields]
    return Taxonomy(above, [[noun for noun in nouns.split(",") if noun] for _, nouns in fields])
