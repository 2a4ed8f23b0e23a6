from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from diffusers import FlowMatchEulerDiscreteScheduler
from torch import nn

from line_tui.worlds.emoji.components import EmojiComposer, EmojiDecoder, EmojiDenoiser
from line_tui.worlds.emoji.compose import UNIFORMS
from line_tui.worlds.emoji.pipeline import EmojiDiffusionPipeline


class Letters:
    """A tokenizer: one token a letter."""

    def __call__(self, text: str, **_: Any) -> dict[str, torch.Tensor]:
        return {"input_ids": torch.tensor([[ord(letter) for letter in text]])}


class Vectors(nn.Module):
    """A text encoder: a fixed random vector a letter."""

    def __init__(self) -> None:
        super().__init__()
        self.table = nn.Embedding(256, 384)

    def forward(self, input_ids: torch.Tensor) -> SimpleNamespace:
        return SimpleNamespace(last_hidden_state=self.table(input_ids))


@pytest.fixture(scope="module")
def pipeline() -> EmojiDiffusionPipeline:
    """A pipeline of toy size with random weights."""
    torch.manual_seed(0)
    toy = EmojiDiffusionPipeline(
        EmojiDenoiser(latent=8, width=16, depth=2, queries=2),
        EmojiDecoder(latent=8, size=16, first=4, widths=(8, 8, 8, 8)),
        EmojiComposer(width=8),
        FlowMatchEulerDiscreteScheduler(),
        Vectors(),
        Letters(),
    )
    # Opaque somewhere, whatever the weights are.
    torch.nn.init.normal_(toy.decoder.network.outward.weight)
    torch.nn.init.constant_(toy.decoder.network.outward.bias, 0.5)
    toy.set_progress_bar_config(disable=True)
    return toy


def _seeded(*seeds: int) -> list[torch.Generator]:
    return [torch.Generator().manual_seed(seed) for seed in seeds]


Draw = Callable[..., torch.Tensor]


@pytest.fixture
def draw(pipeline: EmojiDiffusionPipeline) -> Draw:
    return lambda *args, **kwargs: pipeline(*args, **kwargs | {"output_type": "pt"}).images


def test_a_seed_repeats_its_picture_and_another_does_not(draw: Draw) -> None:
    first, again, other = (draw("dog", generator=_seeded(seed)) for seed in (1, 1, 2))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


def test_a_picture_does_not_depend_on_its_neighbours(draw: Draw) -> None:
    one = draw(["dog", "cat", "owl"], generator=_seeded(1, 2, 3))
    other = draw(["dog", "a horse by the sea", "x"], generator=_seeded(1, 8, 9))
    assert torch.equal(one[0], other[0])
    assert not torch.equal(one[1], other[1])


def test_text_steers_the_picture(draw: Draw) -> None:
    assert not torch.equal(draw("dog", generator=_seeded(1)), draw("cat", generator=_seeded(1)))


def test_output_types(pipeline: EmojiDiffusionPipeline) -> None:
    image = pipeline("dog", generator=_seeded(1)).images[0]
    array = pipeline("dog", generator=_seeded(1), output_type="np").images
    (pair,) = pipeline("dog", generator=_seeded(1), output_type="np", return_dict=False)
    assert image.size == (16, 16) and image.mode == "RGB"
    assert array.shape == (1, 16, 16, 3) and array.min() >= 0 and array.max() <= 1
    assert (array == pair).all()


def test_each_step_is_reported_and_may_change_the_latents(draw: Draw) -> None:
    steps: list[int] = []

    def blank(_: Any, step: int, __: Any, tensors: dict[str, Any]) -> dict[str, Any]:
        steps.append(step)
        return {"latents": torch.zeros_like(tensors["latents"])}

    plain = draw("dog", generator=_seeded(1), num_inference_steps=3)
    blanked = draw("dog", generator=_seeded(1), num_inference_steps=3, callback_on_step_end=blank)
    assert steps == [0, 1, 2]
    assert not torch.equal(plain, blanked)


def test_interrupt_skips_the_steps_that_are_left(pipeline: EmojiDiffusionPipeline) -> None:
    steps: list[int] = []

    def stop(running: EmojiDiffusionPipeline, step: int, _: Any, tensors: dict[str, Any]) -> dict[str, Any]:
        steps.append(step)
        running._interrupt = True
        return tensors

    pipeline("dog", num_inference_steps=5, callback_on_step_end=stop)
    assert steps == [0]
    pipeline("dog", num_inference_steps=2)
    assert not pipeline.interrupt


def test_an_exception_in_the_callback_leaves_the_call(pipeline: EmojiDiffusionPipeline) -> None:
    def cancel(*_: Any) -> dict[str, Any]:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        pipeline("dog", callback_on_step_end=cancel)


def test_one_step_draws_what_the_network_says_at_once(pipeline: EmojiDiffusionPipeline) -> None:
    seen: list[torch.Tensor] = []

    def keep(_: Any, __: int, ___: Any, tensors: dict[str, Any]) -> dict[str, Any]:
        seen.append(tensors["latents"])
        return tensors

    generator = _seeded(5)
    pipeline("dog", generator=generator, num_inference_steps=1, guidance_scale=1.0, callback_on_step_end=keep)
    replay = _seeded(5)[0]
    style = torch.randint(4, (), generator=replay)[None]
    torch.rand(UNIFORMS, generator=replay)
    noise = torch.randn(8, generator=replay)[None]
    text, _ = pipeline.encode_prompts(["dog"])
    expected = pipeline.denoiser(noise, torch.zeros(1), text, style)
    assert torch.allclose(seen[0], expected, atol=1e-5)


def test_guidance_of_one_asks_for_told_pictures_alone(pipeline: EmojiDiffusionPipeline) -> None:
    calls: list[int] = []
    handle = pipeline.denoiser.register_forward_hook(lambda _, __, output: calls.append(len(output)))
    pipeline("dog", num_inference_steps=4, guidance_scale=1.0)
    pipeline("dog", num_inference_steps=4, guidance_scale=2.0)
    handle.remove()
    assert calls == [1] * 4 + [2] * 4


def test_a_single_generator_seeds_all_pictures_of_a_batch(draw: Draw) -> None:
    one = draw(["dog", "dog"], generator=torch.Generator().manual_seed(3))
    other = draw(["dog", "dog"], generator=torch.Generator().manual_seed(3))
    assert torch.equal(one, other)
    assert not torch.equal(one[0], one[1])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"negative_prompt": "cat"}, "no negative prompt"),
        ({"generator": _seeded(1, 2)}, "1 pictures need 1 generators, not 2"),
        ({"callback_on_step_end_tensor_inputs": ["noise"]}, "Unknown callback tensors"),
    ],
)
def test_wrong_calls_are_named(pipeline: EmojiDiffusionPipeline, arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        pipeline("dog", **arguments)
