"""Minimal pairs: a label against itself with one word swapped or dropped, at the same seeds.

The same seed does not mean the same scene, so the test is paired by seed.
"""

from __future__ import annotations

from collections.abc import Sequence
from statistics import fmean
from typing import Literal

import numpy as np

from line_tui.explain.paired_tests import sign_flip_p
from line_tui.explain.ports import Floats
from line_tui.explain.response_profile import Profile
from line_tui.explain.word_similarity import SAME, Meaning

SEEDS = 8
"""Pairs per variant: one batch for most generators, and enough for p-values down to 1/256."""
QUIET_SHARE = 0.25
"""Up to this share of the strongest response, the neuron counts as not responding to a word."""

MIN_JUDGES = 8
"""Minimum number of other varying neurons for judging whether a change is visible."""
MIN_DISCRIMINABILITY = 0.75
"""Minimum discriminability of a visible change: 12 of 16 pictures, p = .04 by chance."""

Variant = tuple[str, Literal["swap", "drop"]]


def variants(label: str, profile: Profile, meaning: Meaning) -> list[Variant]:
    """The variants of a label: each word dropped in turn, then the whole label swapped for the nearest quiet bank word.

    Dropping the word of a one-word label leaves the empty prompt.
    """
    words = label.split()
    dropped = [" ".join(words[:n] + words[n + 1 :]) for n in range(len(words))]
    swapped = quiet_neighbour(label, profile, meaning)
    return [(text, "drop") for text in dropped] + ([(swapped, "swap")] if swapped else [])


def quiet_neighbour(label: str, profile: Profile, meaning: Meaning) -> str | None:
    """The nearest bank word in meaning to which the neuron hardly responds; None if it responds to all."""
    responses = profile.responses
    limit = QUIET_SHARE * max(float(responses.max()), 0.0)
    quiet = [word for word, response in zip(profile.words, responses, strict=True) if response <= limit]
    if not quiet:
        return None
    cosines = meaning.similarity([label], quiet)[0]
    cosines = np.where(cosines >= SAME, -1, cosines)
    return quiet[int(np.argmax(cosines))]


def relative_drop(before: Sequence[float], after: Sequence[float], control: Sequence[float]) -> tuple[float, float]:
    """The drop as a share of the response above the control's mean, and its paired p-value.

    1: the response is gone; 0: no change, or there was no response above the mean; below 0: a gain.
    Raises ValueError without pairs or control.
    """
    if not before or len(before) != len(after) or not control:
        raise ValueError("a minimal pair needs as many images after as before, and a control")
    differences = [b - a for b, a in zip(before, after, strict=True)]
    above = fmean(before) - fmean(control)
    return (fmean(differences) / above if above > 0 else 0.0), sign_flip_p(differences)


def discriminability(before: Floats, after: Floats) -> float | None:
    """Share of pictures that the layer's other neurons classify correctly, .5 by chance; None if they are too few.

    Both are `float32[pictures, neurons]` without the neuron in question. Each pair is held out in turn and assigned
    to the nearer mean of the other pairs. It tells an invisible change from one that has no effect.
    """
    sides = np.stack([before, after]).astype(np.float64)
    spread = sides.std(axis=(0, 1))
    sides = sides[:, :, spread > 0] / spread[spread > 0]
    pairs = sides.shape[1]
    if sides.shape[2] < MIN_JUDGES or pairs < 2:
        return None
    right = []
    for held in range(pairs):
        means = np.delete(sides, held, axis=1).mean(axis=1)
        distances = np.linalg.norm(sides[:, held, None] - means[None], axis=2)
        right += [distances[0, 0] < distances[0, 1], distances[1, 1] < distances[1, 0]]
    return float(np.mean(right))


def visibility(share: float | None) -> str:
    """A discriminability in words."""
    if share is None:
        return "whether the change can be seen was not judged"
    verdict = "the change can be seen" if share >= MIN_DISCRIMINABILITY else "the change can hardly be seen"
    return f"{verdict}: the layer's other neurons tell {share:.0%} of the pictures apart"
