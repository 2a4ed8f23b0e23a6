"""Small previews of unfinished pictures, from a linear projection of their latents."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from line_tui.events import THUMBNAIL

INTERVAL = 0.25
"""Seconds between previews; each one makes the GPU wait for the CPU."""

OnPreview = Callable[[list[bytes]], None]
"""Called with a thumbnail of each picture, in the form used in events."""

_SIDE = 8
_SCALES = (1, 2, 4, 8)
"""Number of random latents for the fit; each costs one decoding."""


@dataclass(frozen=True)
class Projection:
    """A linear map from latent channels to RGB."""

    weights: Tensor
    """`float32[channels + 1, 3]`; the last row is the bias."""

    def thumbnails(self, latents: Tensor) -> list[bytes]:
        """Approximate thumbnails of `float[n, channels, height, width]` latents."""
        # Shrunk on the device; averaging and projecting commute.
        small = functional.adaptive_avg_pool2d(latents.float(), THUMBNAIL).cpu()
        # Some schedulers scale noise absolutely, so that early latents are many times larger than final ones.
        small = small / small.std((1, 2, 3), keepdim=True).clamp_min(1)
        pixels = small.movedim(1, -1) @ self.weights[:-1] + self.weights[-1]
        return [picture.numpy().tobytes() for picture in (pixels * 255).round().clamp(0, 255).to(torch.uint8)]


def fit_projection(pipeline: Any) -> Projection | None:
    """The projection that best approximates a pipeline's own autoencoder.

    None if the pipeline has no autoencoder with spatial latents, or if anything fails: a missing preview is no
    error. The global random state is unchanged.
    """
    channels = getattr(getattr(getattr(pipeline, "vae", None), "config", None), "latent_channels", None)
    if not isinstance(channels, int):
        return None
    latents = _random_latents(channels)
    try:
        pictures = _decode(pipeline.vae, latents)
    except (RuntimeError, ValueError, TypeError):  # Such as running out of memory, or a video autoencoder.
        return None
    if pictures.ndim != 4 or pictures.shape[1] != 3 or not pictures.isfinite().all():
        return None
    targets = functional.adaptive_avg_pool2d(pictures, _SIDE).movedim(1, -1).reshape(-1, 3)
    inputs = latents.movedim(1, -1).reshape(-1, channels)
    inputs = torch.cat([inputs, torch.ones(len(inputs), 1)], 1)
    return Projection(torch.linalg.lstsq(inputs, targets, driver="gelsd").solution)


def _random_latents(channels: int) -> Tensor:
    random = torch.Generator("cpu").manual_seed(0)
    coarse = [torch.randn(1, channels, scale, scale, generator=random) for scale in _SCALES]
    return torch.cat([functional.interpolate(each, (_SIDE, _SIDE), mode="nearest") for each in coarse])


@torch.no_grad()
def _decode(vae: Any, latents: Tensor) -> Tensor:
    """`float32[n, 3, height, width]` in [0, 1], on the CPU, from a pipeline's latents."""
    dtype = vae.dtype
    # Pipelines do the same for autoencoders that overflow in half precision; the round trip is lossless.
    wide = dtype == torch.float16 and getattr(vae.config, "force_upcast", False)
    if wide:
        vae.to(torch.float32)
    try:
        scaled = latents / (getattr(vae.config, "scaling_factor", None) or 1.0)
        scaled = scaled + (getattr(vae.config, "shift_factor", None) or 0.0)
        decoded: Tensor = vae.decode(scaled.to(vae.device, vae.dtype), return_dict=False)[0]
    finally:
        if wide:
            vae.to(dtype)
    return decoded.float().cpu() / 2 + 0.5


class Previewer:
    """Shows previews at intervals while a batch is drawn."""

    def __init__(self, pipeline: Any, size: int) -> None:
        """`size` is the side of the pictures in pixels."""
        self._pipeline = pipeline
        self._size = size
        self._projection = fit_projection(pipeline)
        self._last = 0.0

    def begin(self) -> None:
        """Start a batch. The first steps are noise, and a fast batch needs no preview."""
        self._last = time.monotonic()

    def see(self, latents: Tensor, count: int, on_preview: OnPreview) -> None:
        """After a step, show the first `count` pictures if one is due and the latents can be interpreted."""
        if self._projection is None or time.monotonic() - self._last < INTERVAL:
            return
        if latents.ndim == 3 and hasattr(self._pipeline, "_unpack_latents"):
            # Flux packs two-by-two squares into one position.
            scale = self._pipeline.vae_scale_factor
            latents = self._pipeline._unpack_latents(latents, self._size, self._size, scale)
        if latents.ndim == 4 and latents.shape[1] == len(self._projection.weights) - 1:
            on_preview(self._projection.thumbnails(latents[:count]))
            self._last = time.monotonic()
