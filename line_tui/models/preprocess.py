"""Pictures of any size to a vision model's input."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torchvision.transforms import InterpolationMode
from torchvision.transforms.functional import center_crop, normalize, resize

from line_tui.explain.ports import Picture
from line_tui.models.catalog import IMAGENET_MEAN, IMAGENET_STD


@dataclass(frozen=True)
class Preprocess:
    """Resize the shorter side, crop the centre, normalise."""

    size: int
    """Side of the model's input in pixels."""
    resize: int
    """Length of the shorter side before the crop; as `size` for no crop of a square picture."""
    mean: tuple[float, float, float] = IMAGENET_MEAN
    std: tuple[float, float, float] = IMAGENET_STD
    interpolation: InterpolationMode = InterpolationMode.BILINEAR

    def __call__(self, pictures: Sequence[Picture]) -> Tensor:
        """`uint8[height, width, 3]` pictures to `float32[pictures, 3, size, size]`."""
        return torch.stack([self._one(picture) for picture in pictures])

    def _one(self, picture: Picture) -> Tensor:
        image = torch.from_numpy(picture.copy()).permute(2, 0, 1)
        image = resize(image, [self.resize], interpolation=self.interpolation, antialias=True)
        return self.crop_and_normalise(image.float() / 255)

    def crop_and_normalise(self, image: Tensor) -> Tensor:
        """What is left to do for `float[..., 3, height, width]` in [0, 1] whose shorter side has the right length."""
        normal: Tensor = normalize(center_crop(image, [self.size, self.size]), list(self.mean), list(self.std))
        return normal
