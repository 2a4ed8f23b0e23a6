"""Text-to-image through any diffusers pipeline, one picture per seed."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch

from line_tui.errors import LineError, ModelFileError, UsageError
from line_tui.explain.ports import Cancelled, OnStep, Picture
from line_tui.explain.prompt_template import fill_template
from line_tui.models.catalog import GeneratorEntry
from line_tui.models.determinism import repeatable
from line_tui.models.generator_names import generator_name
from line_tui.models.latent_previews import OnPreview, Previewer
from line_tui.models.out_of_memory import out_of_memory_as
from line_tui.models.pipelines import open_pipeline

OnLatents = Callable[[torch.Tensor], None]

_WORDS = ("cat", "dog")
"""Two words of equal length: a tokenizer without a vocabulary maps both to the same tokens."""

REHEARSED_STEPS = 2
"""Enough to measure memory: every step needs the same, and the final decoder needs the most."""


class _BegunError(Exception):
    """Stops a pipeline after its first step."""

    def __init__(self, latents: torch.Tensor) -> None:
        self.latents = latents


class DiffusersGenerator:
    """A text-to-image pipeline that draws batches of one fixed size.

    The last digits of the output depend on the batch size, so a partial batch is padded with copies of its last
    picture. Each picture has its own CPU random generator, so a seed gives the same noise on any device.
    """

    def __init__(self, folder: Path, entry: GeneratorEntry, *, device: str = "cpu", batch_size: int | None = None):
        """Open the pipeline in a folder. Raises ModelFileError, UsageError for an unsupported setting."""
        self._pipeline = open_pipeline(folder, entry, device)
        self._takes = set(inspect.signature(self._pipeline.__call__).parameters)
        if entry.negative_prompt and "negative_prompt" not in self._takes:
            raise UsageError(
                f"{entry.id}: a {type(self._pipeline).__name__} takes no negative prompt",
                "leave negative_prompt out of its entry in your catalog.toml",
            )
        self._entry = entry
        self._device = device
        self._precision = "float32" if device == "cpu" else entry.dtype
        self.name = generator_name(folder, entry, device)
        self.prompt_template = entry.prompt_template
        self.steps = entry.steps
        self.guidance = entry.guidance
        self.size = entry.size
        self.batch_size = batch_size or entry.batch_size
        self.on_preview: OnPreview | None = None
        """Called with previews while a batch is drawn; None for none."""
        self._previewer = Previewer(self._pipeline, entry.size)

    def draw(self, prompts: Sequence[str], seeds: Sequence[int], on_step: OnStep) -> list[Picture]:
        """Draw one `uint8[height, width, 3]` for each prompt and seed.

        `on_step(step, steps)` is called after each step and may raise `Cancelled`. Raises ValueError for no prompts or
        too many, MemoryLimitError if the batch does not fit, ModelFileError if values overflow.
        """
        count = len(prompts)
        if not 0 < count <= self.batch_size or len(seeds) != count:
            raise ValueError(f"{count} prompts and {len(seeds)} seeds for batches of up to {self.batch_size}")
        padding = self.batch_size - count
        images = self._diffuse(
            [*prompts, *[prompts[-1]] * padding], [*seeds, *[seeds[-1]] * padding], self.steps, on_step, shown=count
        )
        return _to_pictures(images[:count], self._entry, self._precision)

    def rehearse(self, batch_size: int, on_step: OnStep) -> None:
        """Draw a batch in a few steps, only to measure its memory. Raises MemoryLimitError."""
        self._diffuse([self.prompt_template] * batch_size, [0] * batch_size, min(self.steps, REHEARSED_STEPS), on_step)

    def check_listens(self) -> None:
        """Check that two words with the same seed give different latents after one step.

        Raises UsageError for settings that the pipeline rejects, ModelFileError if the prompt has no effect.
        """
        first, second = (self._after_first_step(fill_template(self.prompt_template, word, 0)) for word in _WORDS)
        if not first.isfinite().all():
            raise _not_finite(self._entry, self._precision)
        if torch.equal(first, second):
            raise ModelFileError(
                f"{self._entry.id}: it starts the same picture for '{_WORDS[0]}' and '{_WORDS[1]}'",
                "files of its tokenizer or text encoder may be missing: fetch the model again; "
                "or its prompt_template is longer than its text encoder reads",
            )

    def _after_first_step(self, prompt: str) -> torch.Tensor:
        """Latents after the first step, or the finished picture if the pipeline offers no callback."""

        def catch(latents: torch.Tensor) -> None:
            raise _BegunError(latents.detach().float().cpu())

        try:
            return self._diffuse([prompt], [0], self.steps, lambda step, steps: None, on_latents=catch)
        except _BegunError as begun:
            return begun.latents

    def _diffuse(
        self,
        prompts: list[str],
        seeds: list[int],
        steps: int,
        on_step: OnStep,
        shown: int = 0,
        on_latents: OnLatents | None = None,
    ) -> torch.Tensor:
        """`float[batch, 3, height, width]` in [0, 1], on the device; previews are of the first `shown`."""
        arguments: dict[str, Any] = {
            "prompt": prompts,
            "num_inference_steps": steps,
            "guidance_scale": self.guidance,
            "generator": [torch.Generator("cpu").manual_seed(seed) for seed in seeds],
            "output_type": "pt",
            "height": self.size,
            "width": self.size,
            "negative_prompt": [self._entry.negative_prompt] * len(prompts) if self._entry.negative_prompt else None,
            # Turn off what Sana and PixArt do by default: draw at the nearest known size and crop, and rewrite the
            # prompt if a certain package is installed.
            "use_resolution_binning": False,
            "clean_caption": False,
            **self._reporter(on_step, shown, on_latents),
        }
        known = {key: value for key, value in arguments.items() if key in self._takes and value is not None}
        lack = f"{self._entry.id}: {len(prompts)} pictures of {self.size} pixels do not fit in memory"
        try:
            with (
                out_of_memory_as(lack, "set a smaller batch_size or size for it in your catalog.toml"),
                repeatable(full=self._precision == "float32"),
            ):
                images: torch.Tensor = self._pipeline(**known).images
                return images
        except (LineError, Cancelled, _BegunError):
            raise
        except Exception as error:  # Pipelines' errors for bad settings are undocumented and vary.
            message = " ".join(str(error).split())[:300]
            raise UsageError(
                f"{self._entry.id}: its {type(self._pipeline).__name__} cannot draw from words only, at this size: "
                f"{type(error).__name__}: {message}",
                "correct size, steps and scheduler in your catalog.toml, or name a text-to-image pipeline",
            ) from error
        finally:
            self._pipeline.maybe_free_model_hooks()

    def offload(self) -> None:
        """Move to RAM and free the device's memory."""
        self._pipeline.to("cpu", silence_dtype_warnings=True)
        if torch.device(self._device).type != "cpu":
            torch.accelerator.empty_cache()

    def onload(self) -> None:
        """Move to the device. Raises MemoryLimitError."""
        with out_of_memory_as(f"{self._entry.id} does not fit in memory", "close other programs"):
            self._pipeline.to(self._device)

    def _reporter(self, on_step: OnStep, shown: int, on_latents: OnLatents | None) -> dict[str, Any]:
        self._previewer.begin()

        def report(step: int, latents: torch.Tensor) -> None:
            if on_latents is not None:
                on_latents(latents)
            # Some schedulers take more steps than requested.
            on_step(step + 1, getattr(self._pipeline, "num_timesteps", self.steps))
            if shown and self.on_preview is not None:
                self._previewer.see(latents, shown, self.on_preview)

        def report_by_pipeline(pipeline: Any, step: int, timestep: Any, tensors: dict[str, Any]) -> dict[str, Any]:
            report(step, tensors["latents"])
            return {}

        # The older callback form, still used by PixArt, passes no pipeline and ignores the result.
        return {
            "callback_on_step_end": report_by_pipeline,
            "callback": lambda step, timestep, latents: report(step, latents),
            "callback_steps": 1,
        }


def _not_finite(entry: GeneratorEntry, precision: str) -> ModelFileError:
    if precision == "float32":
        return ModelFileError(f"{entry.id}: its numbers are not finite", "weights are damaged: fetch the model again")
    return ModelFileError(
        f"{entry.id}: its pictures are not finite, {precision} overflowed",
        'set dtype = "bfloat16" or "float32" for it in your catalog.toml',
    )


def _to_pictures(images: torch.Tensor, entry: GeneratorEntry, precision: str) -> list[Picture]:
    if not images.isfinite().all():
        raise _not_finite(entry, precision)
    # Converted on the device: bytes transfer faster than floats, and on the CPU the conversion would take longer than
    # drawing with a fast generator.
    eight_bit = (images.float() * 255).round().clamp(0, 255).to(torch.uint8)
    return list(eight_bit.permute(0, 2, 3, 1).contiguous().cpu().numpy())
