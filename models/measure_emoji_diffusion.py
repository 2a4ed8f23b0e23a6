"""Measure emoji-diffusion: the judge on its pictures, words that are no label, memorisation, spread, seconds.

    python models/measure_emoji_diffusion.py --data DIR --checkpoints DIR [--steps 8] [--guidance 2] [--out FILE]

About four minutes on one core at 8 steps.
"""

import argparse
import itertools
import json
import time
from pathlib import Path
from typing import Any

import emoji_data
import torch
from torch import Tensor
from train_emoji_judge import Judge, load_judge

from line_tui.explain.seeds import image_seed
from line_tui.worlds.emoji.compose import UNIFORMS, compose
from line_tui.worlds.emoji.pipeline import EmojiDiffusionPipeline
from line_tui.worlds.minilm import load_minilm

ROOT = Path(__file__).resolve().parent

SEEDS = 4
BATCH = 8
MEASURE = "measure"
"""Run seed of the pictures that are measured."""


def load_pipeline(folder: Path = ROOT / "emoji-diffusion") -> EmojiDiffusionPipeline:
    """The shipped pipeline."""
    tokenizer, text_encoder = load_minilm()
    pipeline: EmojiDiffusionPipeline = EmojiDiffusionPipeline.from_pretrained(
        folder,
        text_encoder=text_encoder,
        tokenizer=tokenizer,
        local_files_only=True,
        low_cpu_mem_usage=False,
    )
    pipeline.set_progress_bar_config(disable=True)
    return pipeline


def draw(
    pipeline: EmojiDiffusionPipeline, words: list[str], run_seed: str, seeds: int, steps: int, guidance: float
) -> tuple[Tensor, Tensor]:
    """Pictures `float32[words * seeds, 3, 64, 64]` and the latents they were decoded from, word by word."""
    jobs = [(word, image_seed(run_seed, word, index)) for word in words for index in range(seeds)]
    pictures, latents = [], []

    def keep_last(_: Any, step: int, __: Any, tensors: dict[str, Any]) -> dict[str, Any]:
        if step == steps - 1:
            latents.append(tensors["latents"])
        return tensors

    for start in range(0, len(jobs), BATCH):
        batch = jobs[start : start + BATCH]
        drawn = pipeline(
            [word for word, _ in batch],
            num_inference_steps=steps,
            guidance_scale=guidance,
            generator=[torch.Generator().manual_seed(seed) for _, seed in batch],
            output_type="pt",
            return_dict=False,
            callback_on_step_end=keep_last,
        )
        pictures.append(drawn[0])
    # As they are on disk: eight bits.
    return (torch.cat(pictures) * 255).round() / 255, torch.cat(latents)


@torch.inference_mode()
def ranks(judge: Judge, pictures: Tensor) -> Tensor:
    """Label indices from the likeliest to the least likely: `int64[pictures, labels]`."""
    logits = torch.cat([judge(batch) for batch in emoji_data.batches(pictures)])
    return logits.argsort(1, descending=True)


def accuracies(order: Tensor, label: Tensor) -> tuple[Tensor, Tensor]:
    """Whether the right label is the first, and whether it is among the first five: `float32[pictures]` each."""
    hits = order[:, :5] == label[:, None]
    return hits[:, 0].float(), hits.any(1).float()


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--checkpoints", type=Path, required=True)
    parser.add_argument("--steps", type=int, default=8)
    parser.add_argument("--guidance", type=float, default=2.0)
    parser.add_argument("--every", type=int, default=1, help="measure every so-many-th label only")
    parser.add_argument("--out", type=Path)
    parsed = parser.parse_args()
    torch.set_num_threads(1)
    report = measure(parsed.data, parsed.checkpoints, parsed.steps, parsed.guidance, parsed.every)
    print(json.dumps({k: v for k, v in report.items() if k not in ("concepts", "words_missed")}, indent=1))
    if parsed.out:
        parsed.out.write_text(json.dumps(report, indent=1) + "\n")


def measure(data: Path, checkpoints: Path, steps: int, guidance: float, every: int) -> dict[str, Any]:
    """All numbers of the model card."""
    pictures, label, _, labels = emoji_data.load(data)
    rgba = emoji_data.premultiplied(pictures)
    judge = load_judge(checkpoints / "judge", len(labels))
    pipeline = load_pipeline()
    names = [entry["label"] for entry in labels]
    chosen = list(range(0, len(names), every))
    real = real_accuracy(judge, rgba, label, chosen)
    start = time.process_time()
    drawn, latents = draw(pipeline, [names[i] for i in chosen], MEASURE, SEEDS, steps, guidance)
    seconds = (time.process_time() - start) / len(drawn)
    target = torch.tensor(chosen).repeat_interleave(SEEDS)
    first, five = accuracies(ranks(judge, drawn), target)
    report: dict[str, Any] = {
        "steps": steps,
        "guidance": guidance,
        "labels": len(chosen),
        "cpu_seconds_per_picture": round(seconds, 4),
        "generated": {"top1": _round(first.mean()), "top5": _round(five.mean())},
        "real_held_out_augmentations": {"top1": _round(real[0].mean()), "top5": _round(real[1].mean())},
    }
    report["ratio"] = {
        "top1": _round(first.mean() / real[0].mean()),
        "top5": _round(five.mean() / real[1].mean()),
    }
    groups: dict[str, Any] = {}
    for group in emoji_data.GROUP_NAMES:
        here = torch.tensor([labels[int(i)]["group"] == group for i in target])
        there = torch.tensor([labels[int(i)]["group"] == group for i in real[2]])
        groups[group] = {
            "real_top1": _round(real[0][there].mean()),
            "real_top5": _round(real[1][there].mean()),
            "generated_top1": _round(first[here].mean()),
            "generated_top5": _round(five[here].mean()),
        }
    report["groups"] = groups
    report |= word_accuracy(pipeline, judge, names, steps, guidance)
    report |= novelty(pipeline, drawn, latents, rgba, label, chosen, names)
    return report


def real_accuracy(judge: Judge, rgba: Tensor, label: Tensor, chosen: list[int]) -> tuple[Tensor, Tensor, Tensor]:
    """The judge on real pictures in poses it was not trained on: top 1, top 5 and labels."""
    here = torch.isin(label, torch.tensor(chosen))
    generator = torch.Generator().manual_seed(990_002)
    views = [compose(b, torch.rand(len(b), UNIFORMS, generator=generator)) for b in emoji_data.batches(rgba[here])]
    first, five = accuracies(ranks(judge, torch.cat(views)), label[here])
    return first, five, label[here]


def word_accuracy(
    pipeline: EmojiDiffusionPipeline, judge: Judge, names: list[str], steps: int, guidance: float
) -> dict[str, Any]:
    """Words that are no label: share with an acceptable label among the judge's first five."""
    entries = json.loads((ROOT / "emoji-diffusion" / "words.json").read_text())
    drawn, _ = draw(pipeline, [entry["word"] for entry in entries], MEASURE, SEEDS, steps, guidance)
    order = ranks(judge, drawn)[:, :5].view(len(entries), SEEDS, 5)
    accepted = [{names.index(name) for name in entry["accepted"]} for entry in entries]
    hits = torch.tensor(
        [
            [float(bool(good & set(picture))) for picture in pictures]
            for good, pictures in zip(accepted, order.tolist(), strict=True)
        ]
    )
    said = torch.tensor([entry["caption"] for entry in entries])
    return {
        "words": {
            "top5_mean_over_seeds": _round(hits.mean()),
            "words_right_in_half_of_seeds": _round((hits.mean(1) >= 0.5).float().mean()),
            "never_a_caption_top5": _round(hits[~said].mean()),
            "a_caption_in_training_top5": _round(hits[said].mean()),
        },
        "words_missed": [entry["word"] for entry, row in zip(entries, hits, strict=True) if row.mean() < 0.5],
    }


def novelty(
    pipeline: EmojiDiffusionPipeline,
    drawn: Tensor,
    latents: Tensor,
    rgba: Tensor,
    label: Tensor,
    chosen: list[int],
    names: list[str],
) -> dict[str, Any]:
    """Root mean square distances: to the nearest training picture, between seeds, between real styles."""
    with torch.inference_mode():
        cut_out = torch.cat([pipeline.decoder(batch) for batch in emoji_data.batches(latents, 64)])
    size = rgba[0].numel() ** 0.5
    to_real = torch.cdist(cut_out.flatten(1), rgba.flatten(1)) / size
    nearest, where = to_real.min(1)
    on_white = rgba[:, :3] + 1 - rgba[:, 3:]
    to_white = torch.cdist(drawn.flatten(1), on_white.flatten(1)).min(1).values / drawn[0].numel() ** 0.5
    concepts: dict[str, Any] = {}
    for row, index in enumerate(chosen):
        block = slice(row * SEEDS, (row + 1) * SEEDS)
        concepts[names[index]] = {
            "nearest_cut_out": _round(nearest[block].mean()),
            "nearest_is_own_label": _round((label[where[block]] == index).float().mean()),
            "nearest_picture": _round(to_white[block].mean()),
            "between_seeds": _round(spread(drawn[block])),
            "between_styles": _round(spread(on_white[label == index])),
        }
    keys = ("nearest_cut_out", "nearest_is_own_label", "nearest_picture", "between_seeds", "between_styles")
    means = {key: round(float(sum(entry[key] for entry in concepts.values())) / len(concepts), 3) for key in keys}
    return {"distances_mean": means, "concepts": concepts}


def spread(pictures: Tensor) -> Tensor:
    """Mean distance of the pairs, root mean square over pixels."""
    pairs = [(a - b).square().mean().sqrt() for a, b in itertools.combinations(pictures, 2)]
    return torch.stack(pairs).mean() if pairs else torch.zeros(())


def _round(value: Tensor) -> float:
    return round(float(value), 3)


if __name__ == "__main__":
    main()
