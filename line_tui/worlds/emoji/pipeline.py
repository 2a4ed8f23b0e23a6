"""Text to emoji picture: a latent diffusion pipeline with diffusers' calling convention."""

from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np
import torch
from diffusers import DiffusionPipeline, FlowMatchEulerDiscreteScheduler, ImagePipelineOutput
from diffusers.image_processor import VaeImageProcessor
from torch import Tensor
from transformers import BertModel, BertTokenizerFast

from line_tui.worlds.emoji.components import EmojiComposer, EmojiDecoder, EmojiDenoiser
from line_tui.worlds.emoji.compose import compose, draw_uniforms, pick
from line_tui.worlds.minilm import encode_tokens

LEAST_SHARE = 0.02
"""Share below which an attribute's value is not drawn."""

StepCallback = Callable[["EmojiDiffusionPipeline", int, Any, dict[str, Any]], dict[str, Any]]


class EmojiDiffusionPipeline(DiffusionPipeline):  # type: ignore[misc]
    """Flow matching in a compact latent, then tint, number, pose and background by prompt and seed.

    All randomness of a picture (noise, style, and the composition that the prompt leaves open) comes from its own CPU
    generator, so that it does not depend on the rest of the batch.
    """

    _callback_tensor_inputs: ClassVar[list[str]] = ["latents", "prompt_embeds"]

    def __init__(
        self,
        denoiser: EmojiDenoiser,
        decoder: EmojiDecoder,
        composer: EmojiComposer,
        scheduler: FlowMatchEulerDiscreteScheduler,
        text_encoder: BertModel,
        tokenizer: BertTokenizerFast,
    ) -> None:
        super().__init__()
        self.register_modules(
            denoiser=denoiser,
            decoder=decoder,
            composer=composer,
            scheduler=scheduler,
            text_encoder=text_encoder,
            tokenizer=tokenizer,
        )
        self.image_processor = VaeImageProcessor(do_normalize=False)
        self._interrupt = False

    @property
    def interrupt(self) -> bool:
        """Whether the running call was told to stop after its current step."""
        return self._interrupt

    @torch.no_grad()
    def __call__(
        self,
        prompt: str | list[str],
        num_inference_steps: int = 8,
        guidance_scale: float = 2.0,
        negative_prompt: str | list[str] | None = None,
        num_images_per_prompt: int = 1,
        generator: torch.Generator | list[torch.Generator] | None = None,
        output_type: str = "pil",
        return_dict: bool = True,
        callback_on_step_end: StepCallback | None = None,
        callback_on_step_end_tensor_inputs: list[str] | None = None,
    ) -> ImagePipelineOutput | tuple[Any]:
        """Draw one 96x96 picture for each prompt.

        `generator` is one for all pictures, or one per picture; `output_type` is "pil", "np"
        (`float32[n, 96, 96, 3]`) or "pt" (`float32[n, 3, 96, 96]`), in [0, 1]. `callback_on_step_end` gets
        the pipeline, the step, the timestep and the tensors it named, and may return changed ones. Raises
        ValueError for a negative prompt, for a wrong number of generators, and for an unknown tensor name.
        """
        if negative_prompt is not None:
            raise ValueError("The emoji pipeline takes no negative prompt: leave negative_prompt out.")
        named = callback_on_step_end_tensor_inputs or ["latents"]
        unknown = set(named) - set(self._callback_tensor_inputs)
        if unknown:
            raise ValueError(f"Unknown callback tensors {sorted(unknown)}; there are {self._callback_tensor_inputs}.")
        prompts = [prompt] if isinstance(prompt, str) else list(prompt)
        prompts = [text for text in prompts for _ in range(num_images_per_prompt)]
        self._interrupt = False
        device = self.denoiser.device
        generators = _one_each(generator, len(prompts))
        style = _draw(generators, lambda g: torch.randint(self.denoiser.config.styles, (), generator=g)).to(device)
        uniforms = draw_uniforms(generators)
        latents = _draw(generators, lambda g: torch.randn(self.denoiser.config.latent, generator=g)).to(device)
        prompt_embeds, shares = self.encode_prompts(prompts)
        values = pick(shares, uniforms)
        sigmas = np.linspace(1, 1 / num_inference_steps, num_inference_steps)
        self.scheduler.set_timesteps(sigmas=sigmas.tolist(), device=device)
        with self.progress_bar(total=num_inference_steps) as bar:
            for step, timestep in enumerate(self.scheduler.timesteps):
                if self.interrupt:
                    continue
                sigma = self.scheduler.sigmas[step]
                clean = self._predict_clean(latents, 1 - sigma, prompt_embeds, style, guidance_scale)
                # Our network predicts the picture; the scheduler wants the velocity from picture to noise.
                velocity = (latents - clean) / sigma
                latents = self.scheduler.step(velocity, timestep, latents, return_dict=False)[0]
                if callback_on_step_end is not None:
                    tensors = {"latents": latents, "prompt_embeds": prompt_embeds}
                    changed = callback_on_step_end(self, step, timestep, {name: tensors[name] for name in named})
                    latents = changed.get("latents", latents)
                    prompt_embeds = changed.get("prompt_embeds", prompt_embeds)
                bar.update()
        pictures = compose(self.decoder(latents).float().cpu(), values, uniforms)
        images = self.image_processor.postprocess(pictures, output_type=output_type)
        return ImagePipelineOutput(images=images) if return_dict else (images,)

    @torch.no_grad()
    def encode_prompts(self, prompts: list[str]) -> tuple[Tensor, list[Tensor]]:
        """Encode the object and the composition of prompts; each distinct text is encoded once, alone.

        Returns `float32[prompts, text]`, and for each attribute the shares of its values on the CPU,
        `float32[prompts, values]`.
        """
        read = {text: self._read(text) for text in dict.fromkeys(prompts)}
        texts = torch.cat([read[text][0] for text in prompts])
        shares = [torch.cat(rows) for rows in zip(*(read[text][1] for text in prompts), strict=True)]
        return texts, shares

    def _read(self, prompt: str) -> tuple[Tensor, list[Tensor]]:
        tokens = encode_tokens(prompt, self.tokenizer, self.text_encoder)[None].to(self.denoiser.device)
        mask = torch.ones(tokens.shape[:2], dtype=torch.bool, device=tokens.device)
        shares = [logits.softmax(1).cpu() for logits in self.composer(tokens, mask)]
        # Values with a small share are not drawn at all.
        kept = [share.where(share >= LEAST_SHARE, 0.0) for share in shares]
        return self.denoiser.read(tokens, mask), kept

    def _predict_clean(
        self, latents: Tensor, clean_share: Tensor, text: Tensor, style: Tensor, guidance: float
    ) -> Tensor:
        if guidance == 1.0:
            told: Tensor = self.denoiser(latents, clean_share.to(latents).expand(len(latents)), text, style)
            return told
        # Classifier-free guidance, arXiv 2207.12598. Both in one pass, so that the weights are read once.
        both = self.denoiser(
            latents.repeat(2, 1),
            clean_share.to(latents).expand(2 * len(latents)),
            torch.cat([text, torch.zeros_like(text)]),
            style.repeat(2),
        )
        told, untold = both.chunk(2)
        guided: Tensor = untold + guidance * (told - untold)
        return guided


def _one_each(generator: torch.Generator | list[torch.Generator] | None, count: int) -> list[torch.Generator]:
    if isinstance(generator, list):
        if len(generator) != count:
            raise ValueError(f"{count} pictures need {count} generators, not {len(generator)}.")
        return generator
    seeds = torch.randint(2**62, (count,), generator=generator)
    return [torch.Generator().manual_seed(int(seed)) for seed in seeds]


def _draw(generators: list[torch.Generator], draw: Callable[[torch.Generator], Tensor]) -> Tensor:
    return torch.stack([draw(generator) for generator in generators])
