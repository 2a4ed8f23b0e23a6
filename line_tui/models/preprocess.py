"""Preprocessing, always done by the network's own library."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torchvision.transforms import InterpolationMode
from torchvision.transforms._presets import ImageClassification
from torchvision.transforms.functional import center_crop

from line_tui.errors import LineError, UsageError
from line_tui.explain.ports import Picture

_PROBE = 512
"""Side in pixels of the pictures used to measure a preprocessing."""


@dataclass(frozen=True)
class Preprocess:
    """A preprocessing. Its sizes are measured, so they do not depend on the library's names for them."""

    prepare: Callable[[Picture], Tensor]
    """Maps a picture to `float32[3, height, width]`; the size may depend on the picture's."""
    told: str
    """The library's full description; part of the model's identity."""
    fix: str = "correct size, mean and std, or the preprocessing in its files"
    """What to do about a preprocessing that does not work."""

    def __call__(self, pictures: Sequence[Picture]) -> Tensor:
        """`uint8[height, width, 3]` pictures to `float32[pictures, 3, height, width]`.

        Raises RuntimeError if pictures end up with different sizes.
        """
        return torch.stack([self.prepare(picture) for picture in pictures])

    @cached_property
    def shape(self) -> tuple[int, int]:
        """Height and width of the network's input for a square picture.

        Raises UsageError if the result does not have three channels, or is not finite.
        """
        try:
            made = self.prepare(_grey(128))
        except LineError:
            raise
        except Exception as error:  # Libraries and user functions raise all kinds of errors.
            message = " ".join(str(error).split())[:200]
            raise UsageError(f"no picture can be preprocessed: {type(error).__name__}: {message}", self.fix) from error
        if not isinstance(made, Tensor) or made.ndim != 3 or made.shape[0] != 3:
            what = list(made.shape) if isinstance(made, Tensor) else type(made).__name__
            raise UsageError(
                f"preprocessing turns a picture into {what}, not into a tensor of 3 x height x width", self.fix
            )
        if not made.isfinite().all():
            raise UsageError("preprocessing turns a grey picture into numbers that are not finite", self.fix)
        return int(made.shape[1]), int(made.shape[2])

    @cached_property
    def side(self) -> int:
        """Side in pixels of a square picture that is not resized, though it may be cropped."""
        ramp = np.broadcast_to(np.linspace(0, 255, _PROBE)[None, :, None], (_PROBE, _PROBE, 3))
        row = self.prepare(ramp.round().astype(np.uint8))[0].mean(0)
        black, white = self.prepare(_grey(0))[0].mean(), self.prepare(_grey(255))[0].mean()
        step = float((row[-2] - row[1]) / (len(row) - 3)) if len(row) > 3 else 0.0
        # The change per pixel as a share of the whole ramp.
        change = float(white - black) * _PROBE / (_PROBE - 1)
        return max(*self.shape, round(change / step)) if step else max(self.shape)

    def crop_and_normalise(self, images: Tensor) -> Tensor:
        """The rest of the preprocessing for `float[..., 3, side, side]` in [0, 1]; differentiable."""
        black = self.prepare(_grey(0)).mean((1, 2))[:, None, None].to(images)
        white = self.prepare(_grey(255)).mean((1, 2))[:, None, None].to(images)
        cropped: Tensor = center_crop(images, list(self.shape))
        return black + cropped * (white - black)


def classification(
    size: int,
    resize: int,
    mean: Sequence[float],
    std: Sequence[float],
    interpolation: InterpolationMode = InterpolationMode.BILINEAR,
) -> Preprocess:
    """Resize the shorter side, crop the centre, normalise."""
    return by_torchvision(
        ImageClassification(
            crop_size=size, resize_size=resize, mean=tuple(mean), std=tuple(std), interpolation=interpolation
        )
    )


def by_torchvision(preset: Any) -> Preprocess:
    """What `Weights.transforms()` does to a decoded picture."""

    def prepare(picture: Picture) -> Tensor:
        prepared: Tensor = preset(torch.from_numpy(picture.copy()).permute(2, 0, 1))
        return prepared

    return Preprocess(prepare, " ".join(f"torchvision {preset!r}".split()))


def _grey(level: int) -> Picture:
    return np.full((_PROBE, _PROBE, 3), level, np.uint8)
