"""Activation maximization: the picture that drives a neuron most, by gradient ascent. White-box models only."""

from __future__ import annotations

import torch
from torch import Tensor

from line_tui.explain.ports import OnStep, Picture
from line_tui.models.vision import TorchVision

RATE = 0.05
JITTER = 16
"""Maximum jitter as a share of the side, so that no single pixel matters."""
CONTRAST = 4.0


def maximise(
    vision: TorchVision,
    layer: str,
    neuron: int,
    *,
    steps: int,
    seed: int,
    on_step: OnStep = lambda step, steps: None,
) -> Picture:
    """Climb from a grey picture; return the `uint8[side, side, 3]` picture of the last step.

    The picture is parametrised by its Fourier coefficients, with higher rates for low frequencies (Olah, Mordvintsev
    and Schubert 2017, "Feature Visualization"); otherwise the ascent ends in noise. The same seed gives the same
    picture on the same machine. Raises UnknownNameError; `on_step(step, steps)` may raise to end it.
    """
    side = vision.side
    random = torch.Generator().manual_seed(seed)
    scale = _wave_scale(side)
    waves = (0.01 * torch.randn((3, side, side // 2 + 1, 2), generator=random)).requires_grad_()
    adam = torch.optim.Adam([waves], lr=RATE)
    reach = side // JITTER
    for step in range(steps):
        moved = torch.randint(-reach, reach + 1, (2,), generator=random)
        image = _image(waves, scale, side).roll((int(moved[0]), int(moved[1])), (1, 2))
        loss = -vision.respond(image[None], layer, neuron).mean()
        adam.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        adam.step()
        on_step(step + 1, steps)
    with torch.no_grad():
        pixels = (_image(waves, scale, side) * 255).round().to(torch.uint8)
    picture: Picture = pixels.permute(1, 2, 0).numpy()
    return picture


def _wave_scale(side: int) -> Tensor:
    frequency = (torch.fft.fftfreq(side)[:, None] ** 2 + torch.fft.rfftfreq(side)[None] ** 2).sqrt()
    scale: Tensor = 1 / frequency.clamp_min(1 / side)
    return scale


def _image(waves: Tensor, scale: Tensor, side: int) -> Tensor:
    spectrum = torch.view_as_complex(waves) * scale
    return torch.sigmoid(CONTRAST * torch.fft.irfft2(spectrum, s=(side, side)))
