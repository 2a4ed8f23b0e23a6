"""How a seed places, turns, tints and backs an emoji: shared by the pipeline and by every training script."""

import math

import torch
from torch import Tensor
from torch.nn import functional

UNIFORMS = 16
"""Random numbers that one composition takes."""

MAX_ANGLE = math.radians(20)
MAX_SHEAR = 0.12
MAX_HUE = math.radians(12)
SCALES = (0.62, 1.0)
SQUEEZES = (0.92, 1.08)
SATURATIONS = (0.75, 1.2)
BRIGHTNESSES = (0.85, 1.08)
PLAIN_WHITE = 0.25
PLAIN_COLOUR = 0.75

_TO_YIQ = torch.tensor([[0.299, 0.587, 0.114], [0.596, -0.274, -0.322], [0.211, -0.523, 0.312]])
_TO_RGB = torch.linalg.inv(_TO_YIQ)


def draw_uniforms(generators: list[torch.Generator]) -> Tensor:
    """The random numbers of each picture's composition, each row from its own generator.

    Returns `float32[images, UNIFORMS]` in [0, 1).
    """
    return torch.stack([torch.rand(UNIFORMS, generator=generator) for generator in generators])


def compose(rgba: Tensor, uniforms: Tensor) -> Tensor:
    """Pictures posed, tinted and laid on a background.

    `rgba` is `float32[images, 4, size, size]`, premultiplied, in [0, 1]; `uniforms` is
    `float32[images, UNIFORMS]`. Returns `float32[images, 3, size, size]` in [0, 1].
    """
    posed = functional.grid_sample(rgba, _pose_grid(rgba, uniforms), padding_mode="zeros", align_corners=False)
    alpha = posed[:, 3:].clamp(0, 1)
    # Premultiplied colours stay below their alpha, so the tint must be applied before anything is added.
    colour = torch.minimum(_tint(posed[:, :3], uniforms).clamp_min(0), alpha)
    return (colour + (1 - alpha) * _background(uniforms, rgba.shape[-1])).clamp(0, 1)


def _between(uniform: Tensor, low: float, high: float) -> Tensor:
    return low + (high - low) * uniform


def _pose_grid(rgba: Tensor, uniforms: Tensor) -> Tensor:
    angle = _between(uniforms[:, 0], -MAX_ANGLE, MAX_ANGLE)
    scale = _between(uniforms[:, 1], *SCALES)
    shear = _between(uniforms[:, 4], -MAX_SHEAR, MAX_SHEAR)
    squeeze = _between(uniforms[:, 5], *SQUEEZES)
    cos, sin = torch.cos(angle), torch.sin(angle)
    # The room that the scale leaves free is the room that the picture may move in.
    room = 1 - scale
    right = _between(uniforms[:, 2], -1, 1) * room
    down = _between(uniforms[:, 3], -1, 1) * room
    turn = torch.stack([cos, -sin, sin, cos], 1).view(-1, 2, 2)
    lean = torch.stack([squeeze, shear, torch.zeros_like(shear), 1 / squeeze], 1).view(-1, 2, 2)
    inverse = lean @ turn / scale[:, None, None]
    shift = -inverse @ torch.stack([right, down], 1)[:, :, None]
    matrix = torch.cat([inverse, shift], 2)
    return functional.affine_grid(matrix, list(rgba.shape), align_corners=False)


def _tint(colour: Tensor, uniforms: Tensor) -> Tensor:
    hue = _between(uniforms[:, 6], -MAX_HUE, MAX_HUE)
    saturation = _between(uniforms[:, 7], *SATURATIONS)
    brightness = _between(uniforms[:, 8], *BRIGHTNESSES)
    cos, sin = torch.cos(hue) * saturation, torch.sin(hue) * saturation
    zero, one = torch.zeros_like(cos), torch.ones_like(cos)
    rotate = torch.stack([one, zero, zero, zero, cos, -sin, zero, sin, cos], 1).view(-1, 3, 3)
    matrix = brightness[:, None, None] * (_TO_RGB @ rotate @ _TO_YIQ)
    return torch.einsum("nij,njhw->nihw", matrix, colour)


def _background(uniforms: Tensor, size: int) -> Tensor:
    first = _colour(uniforms[:, 10], uniforms[:, 11], uniforms[:, 12])
    second = _colour(uniforms[:, 10] + 0.3 * uniforms[:, 13], uniforms[:, 12], uniforms[:, 11])
    kind = uniforms[:, 9, None]
    first = torch.where(kind < PLAIN_WHITE, torch.ones_like(first), first)
    second = torch.where(kind < PLAIN_COLOUR, first, second)
    angle = 2 * math.pi * uniforms[:, 14]
    line = torch.linspace(-1, 1, size)
    across = (
        torch.cos(angle)[:, None, None] * line[None, None, :] + torch.sin(angle)[:, None, None] * line[None, :, None]
    )
    share = (across / (2 * math.sqrt(2)) + 0.5)[:, None]
    return first[:, :, None, None] * (1 - share) + second[:, :, None, None] * share


def _colour(hue: Tensor, pale: Tensor, dim: Tensor) -> Tensor:
    saturation, value = pale**1.5 * 0.8, 1 - 0.75 * dim**2
    offsets = torch.tensor([0.0, 2 / 3, 1 / 3])
    wave = ((hue[:, None] + offsets) % 1 * 6 - 3).abs().sub(1).clamp(0, 1)
    return value[:, None] * (1 - saturation[:, None] * (1 - wave))
