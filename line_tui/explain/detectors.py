"""Concept detectors: how much a picture shows a concept, judged by the activations of a layer.

A detector is a concept activation vector (Kim et al. 2018, arXiv 1711.11279), found by linear discriminant analysis:
the mean activation of the concept's pictures, whitened by the control set's covariance. It needs no captions and no
second model. It says how much each control picture shows the concept, which makes two-sided scores possible: does
the concept drive the neuron, and does what drives the neuron show the concept?
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from line_tui.explain.ports import Floats

RIDGE = 0.3
"""Added to the covariance of standardised activations: directions with less variance than this count less."""
NEAR_COPY = 0.9
"""Minimum absolute correlation of a neuron's copies, which would detect the neuron, not the concept."""
STEEP = 4.0
"""Log odds at a concept's mean picture; half-way between it and the control's mean the odds are even."""


def usable_features(activations: Floats, neuron: int | None) -> NDArray[np.intp]:
    """The neurons of a layer that a neuron's detectors read: all that vary, except the neuron and its near copies.

    `activations` is `float32[pictures, neurons]`; `neuron` is None if it belongs to another layer.
    """
    spread = activations.std(axis=0)
    alive = spread > 1e-6 * max(float(np.abs(activations).max()), 1e-30)
    if neuron is not None:
        own = activations[:, neuron] - activations[:, neuron].mean()
        scale = np.linalg.norm(own) * spread * np.sqrt(len(own))
        covariance = own @ (activations - activations.mean(axis=0))
        copies = np.abs(np.divide(covariance, scale, out=np.zeros_like(scale), where=scale > 0)) >= NEAR_COPY
        alive &= ~copies
        alive[neuron] = False
    return np.flatnonzero(alive)


@dataclass(frozen=True)
class Whitening:
    """Turns activations into coordinates in which the control set's covariance is (nearly) the identity."""

    mean: Floats
    std: Floats
    directions: Floats
    """`float32[features, components]`."""

    def __call__(self, activations: Floats) -> Floats:
        """`float32[pictures, features]` to `float32[pictures, components]`."""
        return ((activations - self.mean) / self.std).astype(np.float32) @ self.directions


def whitening(control: Floats) -> Whitening:
    """Learn the whitening from a control set, `float32[pictures, features]`.

    The smaller of the two Gram matrices is decomposed, so the cost of a layer wider than the control set does not grow
    with the square of its width. The part of a new picture outside the span of the control set is dropped.
    """
    mean, std = control.mean(axis=0), control.std(axis=0)
    std = np.where(std > 0, std, 1).astype(np.float32)
    rows = (control - mean) / std
    pictures, features = rows.shape
    if features <= pictures:
        values, vectors = np.linalg.eigh(rows.T @ rows / np.float32(pictures))
        kept = values > 1e-5 * values[-1]
        directions = vectors[:, kept]
    else:
        values, vectors = np.linalg.eigh(rows @ rows.T / np.float32(pictures))
        kept = values > 1e-5 * values[-1]
        directions = rows.T @ (vectors[:, kept] / np.sqrt(values[kept] * pictures))
    return Whitening(mean, std, (directions / np.sqrt(values[kept] + RIDGE)).astype(np.float32))


def shown(control: Floats, centres: Floats) -> Floats:
    """How much each control picture shows each concept, in (0, 1): `float32[pictures, concepts]`.

    `control` is `float32[pictures, components]`, `centres` the whitened means of the concepts' pictures.
    """
    length = np.einsum("ij,ij->i", centres, centres)
    length = np.where(length > 0, length, 1).astype(np.float32)
    return _squash(control @ centres.T, length)


def _squash(along: Floats, length: Floats) -> Floats:
    odds = STEEP * (along / length - np.float32(0.5))
    squashed: Floats = 1 / (1 + np.exp(-np.clip(odds, -30, 30)))
    return squashed


@dataclass(frozen=True)
class HeldOut:
    """A concept's pictures, each scored by a detector made from the others."""

    shown: Floats
    """`float32[..., pictures]`."""
    along: Floats
    """The logits, comparable between pictures."""


def held_out(pictures: Floats, weights: Floats | None = None) -> HeldOut | None:
    """Leave-one-out within each concept's whitened pictures; None if there is only one picture per concept.

    `pictures` is `float32[..., pictures, components]`, of one or several concepts with the same number of pictures.
    `weights` are the pictures' weights in the concept's centre, `float32[pictures]`; equal by default.
    """
    count = pictures.shape[-2]
    if count < 2:
        return None
    share = np.full(count, 1 / count, np.float32) if weights is None else weights
    centre = share @ pictures
    own, towards = np.einsum("...ij,...ij->...i", pictures, pictures), (pictures @ centre[..., None])[..., 0]
    square = np.einsum("...j,...j->...", centre, centre)[..., None]
    along = (towards - share * own) / (1 - share)
    length = (square - 2 * share * towards + share**2 * own) / (1 - share) ** 2
    length = np.where(length > 1e-12, length, 1).astype(np.float32)
    return HeldOut(_squash(along, length), along / length)
