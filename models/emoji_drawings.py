"""Pictures that the shipped generator draws of prompts, kept in the data folder while the weights are the same."""

from pathlib import Path
from typing import Any

import numpy as np
import torch
from emoji_data import ROOT
from torch import Tensor

from line_tui.engine.bundled_bank import weights_digest
from line_tui.explain.seeds import image_seed
from line_tui.models.catalog import read_catalog
from line_tui.worlds.emoji.pipeline import EmojiDiffusionPipeline
from line_tui.worlds.minilm import load_minilm

BATCH, SAVED = 32, 16
"""Pictures at a time, and batches between two savings."""


def drawings(data: Path, run_seed: str, prompts: list[str], seeds: int) -> Tensor:
    """Pictures `uint8[prompts * seeds, 3, size, size]`, prompt by prompt; what is there is not drawn again."""
    path = data / f"drawings-{run_seed}.npz"
    entry = read_catalog().find_generator("emoji-diffusion")
    drawn_by = f"{weights_digest(ROOT / 'emoji-diffusion')} {entry.steps} {entry.guidance}"
    jobs = [(prompt, image_seed(run_seed, prompt, index)) for prompt in prompts for index in range(seeds)]
    kept: dict[tuple[str, int], np.ndarray] = {}
    if path.exists():
        with np.load(path) as arrays:
            if str(arrays["drawn_by"]) == drawn_by:
                pairs = zip(arrays["prompts"].tolist(), arrays["seeds"].tolist(), strict=True)
                kept = dict(zip(pairs, arrays["pictures"], strict=True))
    missing = [job for job in dict.fromkeys(jobs) if job not in kept]
    pipeline: Any = load_pipeline() if missing else None
    for number, start in enumerate(range(0, len(missing), BATCH), start=1):
        batch = missing[start : start + BATCH]
        found = draw(pipeline, batch)
        kept |= zip(batch, (found * 255).round().to(torch.uint8).numpy(), strict=True)
        if number % SAVED == 0 or start + BATCH >= len(missing):
            print(f"{run_seed}: {start + len(batch)} of {len(missing)} pictures drawn", flush=True)
            np.savez(
                path,
                drawn_by=drawn_by,
                prompts=[prompt for prompt, _ in kept],
                seeds=[seed for _, seed in kept],
                pictures=np.stack(list(kept.values())),
            )
    return torch.from_numpy(np.stack([kept[job] for job in jobs]))


def draw(pipeline: Any, jobs: list[tuple[str, int]]) -> Tensor:
    """Pictures `float32[jobs, 3, size, size]` in [0, 1] of prompts and seeds."""
    entry = read_catalog().find_generator("emoji-diffusion")
    pictures: Tensor = pipeline(
        [prompt for prompt, _ in jobs],
        num_inference_steps=entry.steps,
        guidance_scale=entry.guidance,
        generator=[torch.Generator().manual_seed(seed) for _, seed in jobs],
        output_type="pt",
        return_dict=False,
    )[0]
    return pictures


def load_pipeline() -> EmojiDiffusionPipeline:
    """The shipped pipeline."""
    tokenizer, text_encoder = load_minilm()
    pipeline: EmojiDiffusionPipeline = EmojiDiffusionPipeline.from_pretrained(
        ROOT / "emoji-diffusion",
        text_encoder=text_encoder,
        tokenizer=tokenizer,
        local_files_only=True,
        low_cpu_mem_usage=False,
        dtype=torch.float32,
    )
    pipeline.set_progress_bar_config(disable=True)
    return pipeline
