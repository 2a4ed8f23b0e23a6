"""Checks that a vision model's activations are finite and deterministic."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from line_tui.errors import ModelFileError, UsageError
from line_tui.explain.ports import Floats, Picture, Vision
from line_tui.layers import LayerInfo

_NOISE = 1e-3
"""Tolerance for rounding, as a share of a neuron's largest activation."""
_UNSTEADY = 0.05
"""Share of differing neurons above which a model counts as unsteady; planted noise units amplify rounding."""


def finite(activations: Floats, model: str, layer: str, neuron: int | None) -> Floats:
    """`float32[images, neurons]` with NaN for all pictures of a neuron that is non-finite for any of them.

    Raises ModelFileError if `neuron` is one of these.
    """
    broken: NDArray[np.bool_] = ~np.all(np.isfinite(activations), axis=0)
    if neuron is not None and broken[neuron]:
        values = activations[:, neuron]
        value = values[~np.isfinite(values)][0]
        raise ModelFileError(
            f"{model}, layer {layer}, neuron {neuron}: its activation is {value}, which is not finite",
            "weights may be damaged or numbers may overflow: check the layers before it",
        )
    if broken.any():
        activations = np.where(broken, np.float32(np.nan), activations)
    return activations


def check_steady(vision: Vision, layer: LayerInfo, model: str) -> None:
    """Compare activations of the same pictures in different batches. Raises UsageError if they differ.

    Dropout is random, and batch normalisation in training mode mixes the pictures of a batch. A model saved in training
    mode can have either, and `eval` may not change that.
    """
    first, second, third = builtin_pictures()
    one = vision.record([first, second], layer.name).activations[1]
    other = vision.record([second, third], layer.name).activations[0]
    scale = np.maximum(np.abs(one), np.abs(other))
    moved = np.abs(one - other) > _NOISE * scale + _NOISE * np.nanmax(scale, initial=0)
    if moved.mean() > _UNSTEADY:
        raise UsageError(
            f"{model} gives different activations for the same picture",
            "make it deterministic, and independent of the batch: a torch module needs model.eval() before it is saved",
        )


def builtin_pictures(side: int = 256) -> list[Picture]:
    """Three reproducible pictures: coloured stripes, a disc on grey, and pixels of all colours."""
    rows, columns = np.mgrid[0:side, 0:side]
    stripes = np.stack([columns, rows, columns[::-1, ::-1]], -1) * 255 // (side - 1)
    inside = (rows - side / 2) ** 2 + (columns - side / 2) ** 2 < (side / 3) ** 2
    disc = np.where(inside[..., None], (220, 60, 40), (128, 128, 128))
    pixels: NDArray[np.uint8] = np.random.default_rng(0).integers(0, 256, (side, side, 3), np.uint8)
    return [stripes.astype(np.uint8), disc.astype(np.uint8), pixels]
