from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn import functional

from line_tui.events import THUMBNAIL
from line_tui.models import latent_previews
from line_tui.models.generator import DiffusersGenerator
from line_tui.models.latent_previews import Previewer, Projection, fit_projection
from tests.models import tiny

PAINT = torch.tensor([[0.2, 0.0, 0.1], [0.0, 0.3, 0.0], [0.1, 0.0, -0.4], [0.0, 0.1, 0.2]])


class LinearAutoencoder:
    """Decodes four channels to colours by `PAINT`, eight pixels to a place, around a shade of grey."""

    dtype = torch.float32
    device = torch.device("cpu")
    config = SimpleNamespace(latent_channels=4, scaling_factor=0.5, shift_factor=0.25)

    def decode(self, latents: Tensor, return_dict: bool) -> tuple[Tensor]:
        own = (latents - 0.25) * 0.5
        pixels = torch.einsum("nchw,cd->ndhw", own, PAINT) + 0.4
        return (functional.interpolate(2 * pixels - 1, scale_factor=8.0),)


def picture(thumbnail: bytes) -> np.ndarray[Any, Any]:
    return np.frombuffer(thumbnail, np.uint8).reshape(THUMBNAIL, THUMBNAIL, 3)


def test_a_linear_autoencoder_is_found_exactly_from_latents_as_pipelines_have_them() -> None:
    projection = fit_projection(SimpleNamespace(vae=LinearAutoencoder()))
    assert projection is not None
    torch.testing.assert_close(projection.weights[:-1], PAINT, atol=1e-4, rtol=0)
    torch.testing.assert_close(projection.weights[-1], torch.full((3,), 0.4), atol=1e-4, rtol=0)


def test_a_thumbnail_has_the_colours_of_its_latents_at_their_places() -> None:
    latents = torch.zeros(2, 4, 48, 48)
    latents[1, 0, :24] = 1.0
    plain, upper = Projection(torch.cat([PAINT, torch.full((1, 3), 0.4)])).thumbnails(latents)
    assert (picture(plain) == 102).all()
    assert (picture(upper)[:12] == [153, 102, 128]).all() and (picture(upper)[12:] == 102).all()


def test_noise_counted_in_absolute_numbers_does_not_blind() -> None:
    projection = Projection(torch.cat([PAINT, torch.full((1, 3), 0.4)]))
    noise = torch.randn(1, 4, THUMBNAIL, THUMBNAIL, generator=torch.Generator().manual_seed(0))
    [small], [large] = projection.thumbnails(1.5 * noise), projection.thumbnails(14 * noise)
    assert np.abs(picture(small).astype(int) - picture(large)).max() <= 1


@pytest.mark.parametrize("vae", [None, SimpleNamespace(config=SimpleNamespace(latent_channels=4), dtype=None)])
def test_what_cannot_be_fitted_has_no_previews(vae: Any) -> None:
    if vae is not None:

        def decode(latents: Tensor, return_dict: bool) -> None:
            raise RuntimeError("out of memory")

        vae.device, vae.decode = "cpu", decode
    pipeline = SimpleNamespace(vae=vae)
    assert fit_projection(pipeline) is None
    Previewer(pipeline, 32).see(torch.zeros(1, 4, 4, 4), 1, lambda pictures: pytest.fail())


def test_a_half_precise_autoencoder_that_overflows_is_fitted_in_full_and_left_as_it_was() -> None:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        vae = tiny.autoencoder(force_upcast=True).half()
    before = {name: value.clone() for name, value in vae.state_dict().items()}
    assert fit_projection(SimpleNamespace(vae=vae)) is not None
    assert all(value.dtype == torch.float16 for value in vae.state_dict().values())
    assert all(torch.equal(value, before[name]) for name, value in vae.state_dict().items())


@pytest.mark.parametrize("family", tiny.FAMILIES)
def test_every_family_is_previewed_and_draws_what_it_drew_unseen(
    family: str, pipelines: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(latent_previews, "INTERVAL", 0.0)
    folder = pipelines(family)
    torch.manual_seed(7)
    generator = DiffusersGenerator(folder, tiny.entry(folder, guidance=tiny.GUIDANCE.get(family, 2.0)))
    state = torch.get_rng_state()
    unseen = generator.draw(["a fox", "a hen"], [1, 2], lambda step, steps: None)
    drawn = torch.get_rng_state()
    shown: list[list[bytes]] = []
    torch.set_rng_state(state)
    generator.on_preview = shown.append
    seen = generator.draw(["a fox", "a hen"], [1, 2], lambda step, steps: None)
    assert all(np.array_equal(*pair) for pair in zip(seen, unseen, strict=True))
    assert torch.equal(torch.get_rng_state(), drawn)
    assert len(shown) >= 2 and all(len(each) == 2 for each in shown)
    assert {len(thumbnail) for each in shown for thumbnail in each} == {3 * THUMBNAIL * THUMBNAIL}
    # The two pictures are not one.
    assert shown[-1][0] != shown[-1][1]


def test_previews_come_now_and_then(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter([0.0, 0.1, 0.3, 0.3, 0.4, 0.6, 0.6])
    monkeypatch.setattr("line_tui.models.latent_previews.time.monotonic", lambda: next(clock))
    previewer = Previewer(SimpleNamespace(vae=LinearAutoencoder()), 64)
    shown: list[list[bytes]] = []
    previewer.begin()
    for _ in range(4):
        previewer.see(torch.zeros(2, 4, 8, 8), 1, shown.append)
    assert [len(each) for each in shown] == [1, 1]
