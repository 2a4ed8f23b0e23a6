"""Analyses a neuron on its control set: what drives it, what its layer's detectors see, what chance would give."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from line_tui.explain.detectors import Whitening, held_out, shown, usable_features, whitening
from line_tui.explain.no_concept import RandomDirections, random_directions
from line_tui.explain.ports import Bank, Floats
from line_tui.explain.response_profile import Profile, profile
from line_tui.explain.scores import auc
from line_tui.explain.state import Control
from line_tui.explain.two_sided import correlation, correlation_interval, strong, unit

MIN_NEARNESS = 0.2
"""Minimum correlation of two detectors whose concepts the layer hardly distinguishes."""
ENOUGH = 50
"""Minimum number of pictures for choosing: with fewer, any direction is fitted by some word."""


@dataclass(frozen=True)
class Detection:
    """A concept's detector, applied to the control set and to its own pictures."""

    shown: Floats
    """How much each control picture shows the concept, `float32[pictures]`."""
    detected: float | None
    """AUC of the concept's pictures against the control set, each scored by a detector made from the others."""


@dataclass(frozen=True)
class ControlAnalysis:
    """A neuron's control set and its layer's detectors. Half of the pictures are for choosing, half for reporting."""

    profile: Profile
    activations: Floats
    """`float32[pictures]` of the control set."""
    groups: NDArray[np.intp]
    """The concept of each control picture, as an index."""
    words: list[str]
    """The vocabulary."""
    whiten: Whitening
    features: NDArray[np.intp]
    """Indices of the features that the detectors read."""
    features_description: str
    """Description of these features, for the report."""
    shift: Floats
    """Mean shift of drawn pictures against natural ones, `float32[components]`; 0 if the control set is drawn too."""
    control: Floats
    """Whitened control pictures, `float32[pictures, components]`."""
    vocabulary: Floats
    """Whitened pictures of the vocabulary, `float32[words, images, components]`."""
    is_own: bool
    """Whether the control set's pictures are the vocabulary's."""

    @cached_property
    def choosing(self) -> NDArray[np.bool_]:
        """The half of the control pictures used to choose concepts; scores are reported on the other half."""
        first = np.r_[True, self.groups[1:] != self.groups[:-1]]
        starts = np.maximum.accumulate(np.where(first, np.arange(len(first)), 0))
        place = np.arange(len(first)) - starts
        # With one picture per concept, split by concepts instead.
        return np.asarray(place % 2 == 0 if place.any() else self.groups % 2 == 0)

    @cached_property
    def words_shown(self) -> Floats:
        """How much each control picture shows each word of the vocabulary, `float32[pictures, words]`."""
        scores = shown(self.control, self.vocabulary.mean(axis=1))
        if self.is_own:
            words, count = self.vocabulary.shape[:2]
            judged = held_out(self.vocabulary)
            own = np.arange(words * count), np.repeat(np.arange(words), count)
            scores[own] = scores.mean(axis=0)[own[1]] if judged is None else judged.shown.ravel()
        return scores

    @cached_property
    def word_scores(self) -> Floats:
        """Two-sided score of each word, `float32[words]`."""
        scores: Floats = unit(self.words_shown[self.choosing]).T @ unit(strong(self.activations[self.choosing]))
        return scores

    @cached_property
    def random_directions(self) -> RandomDirections:
        """What words explain of random directions of the layer."""
        return random_directions(self.control, self.vocabulary, self.words_shown, self.choosing)

    def drive(self, activations: Sequence[float]) -> float:
        """How reliably a concept's pictures drive the neuron: the weakest response, in standard deviations.

        Uses as many pictures as the vocabulary has per word, since the minimum of more would be lower.
        """
        own = np.asarray(activations[: self.vocabulary.shape[1]], np.float32)
        return float((own.min() - self._mean) / self._std)

    @cached_property
    def _mean(self) -> np.floating:
        mean: np.floating = self.activations.mean()
        return mean

    @cached_property
    def _std(self) -> np.floating | int:
        return self.activations.std() or 1

    def p_value(self, score: float, drive: float) -> float | None:
        """p-value of "no concept", given the best score and drive; None if the control set is too small."""
        return self.random_directions.p_value(score, drive) if self.choosing.sum() >= ENOUGH else None

    def detection(
        self, concept: str, pictures: Floats, words: bool = True, members: NDArray[np.intp] | None = None
    ) -> Detection:
        """Apply a concept's detector, made from its pictures and, with `words`, from the vocabulary's.

        The vocabulary gives the pictures of the concept and, if it is a kind, those of its `members` (indices): the
        detector is half-way between the two means, since a few pictures of "animal" do not show all animals.
        `pictures` is `float32[pictures, features]`. Raises ValueError without any picture of the concept.
        """
        drawn = self.whiten(pictures[:, self.features]) - self.shift if len(pictures) else self.control[:0]
        word = self.profile.place(concept) if words else None
        own = np.array([] if word is None else [word], np.intp)
        kin = np.setdiff1d(members, own) if words and members is not None else own[:0]
        known = np.r_[own, kin]
        count, width = self.vocabulary.shape[1:]
        together = np.concatenate([self.vocabulary[known].reshape(-1, width), drawn])
        if not len(together):
            raise ValueError(f"no picture of '{concept}' was seen")
        is_kin = np.zeros(len(together), bool)
        is_kin[len(own) * count : len(known) * count] = True
        weights = (1 / np.where(is_kin, is_kin.sum(), (~is_kin).sum())).astype(np.float32)
        weights /= weights.sum()
        scores = shown(self.control, weights[None] @ together)[:, 0]
        judged = held_out(together, weights)
        rest = np.ones(len(scores), bool)
        if self.is_own and len(known):
            places = (known[:, None] * count + np.arange(count)).ravel()
            rest[places] = False
            if judged is not None:
                scores[places] = judged.shown[: len(places)]
            elif rest.any():
                scores[places] = scores[rest].mean()
        # A control set may show nothing else, and a kind may have no picture but those of its members.
        comparable = judged is not None and rest.any() and not is_kin.all()
        detected = auc(judged.shown[~is_kin], scores[rest]) if judged is not None and comparable else None
        return Detection(scores, detected)

    def score(self, detection: Detection, reporting: bool = False) -> float:
        """Two-sided score on the choosing or the reporting half."""
        pictures = ~self.choosing if reporting else self.choosing
        return correlation(detection.shown[pictures], self.activations[pictures])

    def interval(self, detection: Detection) -> tuple[float, float]:
        """95% interval of the reported score."""
        groups = np.unique(self.groups[~self.choosing], return_inverse=True)[1]
        return correlation_interval(detection.shown[~self.choosing], self.activations[~self.choosing], groups)

    def responses_left(self, left: Floats, pictures: NDArray[np.bool_]) -> Floats:
        """Each word's mean unexplained response on a subset of the control pictures, in standard deviations.

        `left` is `float32[subset]`; returns `float32[words]`, all 0 if the control set has other pictures.
        """
        if not self.is_own:
            return np.zeros(len(self.words), np.float32)
        groups = self.groups[pictures]
        count = np.bincount(groups, minlength=len(self.words))
        sums = np.bincount(groups, left, len(self.words))
        means: Floats = np.divide(sums, count, out=np.zeros(len(self.words)), where=count > 0).astype(np.float32)
        return means / (left.std() or 1)

    def words_like(self, detection: Detection, count: int) -> list[str]:
        """Vocabulary words that drive the neuron and look similar to a concept to its layer, most similar first."""
        driving = np.argsort(-self.profile.responses, kind="stable")[: 10 * count]
        nearness = unit(self.words_shown[:, driving]).T @ unit(detection.shown)
        return [
            self.words[driving[n]] for n in np.argsort(-nearness, kind="stable")[:count] if nearness[n] >= MIN_NEARNESS
        ]


def analyse(control: Control, bank: Bank) -> ControlAnalysis:
    """Analyse a neuron on its control set. Raises ValueError without any picture."""
    words, images, width = bank.features.shape
    rows = bank.features.reshape(-1, width) if bank.reference_features is None else bank.reference_features
    features = usable_features(rows, bank.column)
    whiten = whitening(rows[:, features])
    vocabulary = whiten(bank.features.reshape(-1, width)[:, features])
    is_own = bank.reference_features is None
    return ControlAnalysis(
        profile=profile(control),
        activations=np.asarray(control.flat, np.float32),
        groups=np.repeat(np.arange(words), images) if is_own else np.arange(len(rows)),
        words=control.concepts,
        whiten=whiten,
        features=features,
        features_description=f"{len(features)} neurons of {bank.features_of}",
        control=vocabulary if is_own else whiten(rows[:, features]),
        # The difference between drawn and natural pictures is not part of any concept.
        shift=vocabulary.mean(axis=0),
        vocabulary=(vocabulary - vocabulary.mean(axis=0)).reshape(words, images, -1),
        is_own=is_own,
    )
