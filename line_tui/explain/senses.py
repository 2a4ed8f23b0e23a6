"""A neuron's senses: what drives it, clustered by meaning."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from line_tui.explain.meaning import Meaning
from line_tui.explain.profile import Profile

TOP_WORDS = 16
LOUD = 0.5
"""Share of the strongest response from which a word belongs to what drives the neuron."""
RELATED = 0.2
"""Mean cosine from which two groups of words are one theme."""


@dataclass(frozen=True)
class Theme:
    """Bank words of one meaning that drive the neuron, strongest first."""

    words: list[str]
    share: float
    """Share of the squared responses of all words that drive the neuron."""


def themes(profile: Profile, meaning: Meaning) -> list[Theme]:
    """Cluster the bank words that drive a neuron, the heaviest theme first; none when nothing does."""
    responses = profile.responses
    order = [int(i) for i in np.argsort(-responses)[:TOP_WORDS]]
    loud = [i for i in order if responses[i] > 0 and responses[i] >= LOUD * responses[order[0]]]
    if not loud:
        return []
    words, energy = [profile.words[i] for i in loud], responses[loud] ** 2
    found = [
        Theme([words[i] for i in members], float(energy[members].sum() / energy.sum()))
        for members in _clusters(meaning.similarity(words, words))
    ]
    return sorted(found, key=lambda theme: -theme.share)


def _clusters(cosines: NDArray[np.float32]) -> list[list[int]]:
    if len(cosines) < 2:
        return [list(range(len(cosines)))]
    # Takes half a second, and whoever only reads runs needs no clusters.
    from sklearn.cluster import AgglomerativeClustering

    model = AgglomerativeClustering(
        n_clusters=None, metric="precomputed", linkage="average", distance_threshold=1 - RELATED
    )
    labels = model.fit_predict(np.clip(1 - cosines, 0, 2))
    return [[int(i) for i in np.flatnonzero(labels == label)] for label in range(labels.max() + 1)]


def theme_of(concept: str, found: list[Theme], meaning: Meaning) -> int:
    """The theme that a concept belongs to: the one with the nearest word."""
    return int(np.argmax([meaning.similarity([concept], theme.words).max() for theme in found]))
