"""Measure emoji-diffusion by the judge: labels, concepts, held-out combinations, words that are no label.

    python models/measure_emoji_diffusion.py --data DIR --weights DIR --out FILE [--only labels,concepts]

A quarter of an hour on one core. Seeds are not selected: run seed "measure", the first ones.
"""

import argparse
import itertools
import json
import math
import time
from collections import Counter
from pathlib import Path
from typing import Any

import emoji_data
import torch
from emoji_captions import HELD_OUT, PLACES, nouns, plural
from emoji_compositions import filled, random_named
from emoji_data import premultiplied
from torch import Tensor
from train_emoji_world import Judge, load_parts

from line_tui.explain.seeds import image_seed
from line_tui.worlds.emoji.compose import ATTRIBUTES, PLACE, compose
from line_tui.worlds.emoji.pipeline import EmojiDiffusionPipeline
from line_tui.worlds.minilm import load_minilm

ROOT = Path(__file__).resolve().parent
SEEDS = {"labels": 4, "concepts": 50, "combinations": 8, "words": 4}
BATCH = 32
MEASURE = "measure"
"""Run seed of the pictures that are measured."""
MIN_MEMBERS = 8
GROUPS = ("objects", "travel-places", "smileys-emotion", "animals-nature", "people-body", "food-drink", "activities")


class Bench:
    """What is measured, and by what."""

    def __init__(self, data: Path, weights: Path, steps: int, guidance: float) -> None:
        self.pictures, self.label, _, self.labels = emoji_data.load(data)
        self.names = [entry["label"] for entry in self.labels]
        self.taxonomy = json.loads((ROOT / "emoji_taxonomy.json").read_text())
        self.judge = Judge(len(self.labels))
        self.judge.load_state_dict(load_parts(weights, "judge"))
        self.judge.eval()
        self.pipeline = load_pipeline()
        self.steps, self.guidance = steps, guidance
        by_code = {entry["hexcode"]: i for i, entry in enumerate(self.labels)}
        self.concepts = {
            name: {by_code[code] for code in concept["members"]}
            for name, concept in self.taxonomy.items()
            if concept["kind"] != "name"
        }
        self.meant = {noun.text: set(noun.members) for noun in nouns(self.labels, self.taxonomy, {})}

    def draw(self, word: str, seeds: int) -> Tensor:
        """Pictures `float32[seeds, 3, size, size]` of a word."""
        return draw(self.pipeline, [word], MEASURE, seeds, self.steps, self.guidance)[0]

    @torch.inference_mode()
    def judged(self, pictures: Tensor) -> tuple[Tensor, list[Tensor]]:
        """The judge's labels from the likeliest on, and its value of each attribute."""
        parts = [self.judge(batch) for batch in pictures.split(64)]
        order = torch.cat([label for label, _ in parts]).argsort(1, descending=True)
        values = [torch.cat([v[i] for _, v in parts]).argmax(1) for i in range(len(ATTRIBUTES))]
        return order, values


def load_pipeline(folder: Path = ROOT / "emoji-diffusion") -> EmojiDiffusionPipeline:
    """The shipped pipeline."""
    tokenizer, text_encoder = load_minilm()
    pipeline: EmojiDiffusionPipeline = EmojiDiffusionPipeline.from_pretrained(
        folder,
        text_encoder=text_encoder,
        tokenizer=tokenizer,
        local_files_only=True,
        low_cpu_mem_usage=False,
        dtype=torch.float32,
    )
    pipeline.set_progress_bar_config(disable=True)
    return pipeline


def draw(
    pipeline: EmojiDiffusionPipeline, words: list[str], run_seed: str, seeds: int, steps: int, guidance: float
) -> tuple[Tensor, Tensor]:
    """Pictures `float32[words * seeds, 3, size, size]` and the latents they were decoded from, word by word."""
    jobs = [(word, image_seed(run_seed, word, index)) for word in words for index in range(seeds)]
    pictures, latents = [], []

    def keep_last(_: Any, step: int, __: Any, tensors: dict[str, Any]) -> dict[str, Any]:
        if step == steps - 1:
            latents.append(tensors["latents"])
        return tensors

    for batch in (jobs[start : start + BATCH] for start in range(0, len(jobs), BATCH)):
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


# -- labels ------------------------------------------------------------------------------------------------------


def measure_labels(bench: Bench, every: int) -> dict[str, Any]:
    """Top 1 and top 5 of the drawn and of the real pictures, and how far the drawn ones are from the real."""
    chosen = list(range(0, len(bench.names), every))
    start = time.process_time()
    drawn, latents = draw(
        bench.pipeline, [bench.names[i] for i in chosen], MEASURE, SEEDS["labels"], bench.steps, bench.guidance
    )
    seconds = (time.process_time() - start) / len(drawn)
    order, _ = bench.judged(drawn)
    target = torch.tensor(chosen).repeat_interleave(SEEDS["labels"])
    real_order, real_target = judged_real(bench, chosen)
    own = torch.tensor([bench.meant[bench.names[i].lower()] == {i} for i in range(len(bench.names))])

    def both(order: Tensor, target: Tensor, here: Tensor) -> dict[str, float]:
        hits = (order[:, :5] == target[:, None])[here]
        return {"top1": rounded(hits[:, 0].float().mean()), "top5": rounded(hits.any(1).float().mean())}

    groups = {}
    for group in GROUPS:
        inside = torch.tensor([entry["group"] == group for entry in bench.labels]) & own
        groups[group] = {
            "drawn": both(order, target, inside[target]),
            "real": both(real_order, real_target, inside[real_target]),
        }
    drawn_all, real_all = both(order, target, own[target]), both(real_order, real_target, own[real_target])
    return {
        "cpu_seconds_per_picture": round(seconds, 4),
        "labels": int(own[chosen].sum()),
        "labels_whose_name_is_a_concepts": int((~own[chosen]).sum()),
        "drawn": drawn_all,
        "real": real_all,
        "ratio": {key: round(drawn_all[key] / max(real_all[key], 1e-9), 3) for key in drawn_all},
        "drawn_all_labels": both(order, target, torch.ones_like(target, dtype=torch.bool)),
        "groups": groups,
        "top1_of_each": {
            bench.names[i]: rounded((order[target == i, 0] == i).float().mean()) for i in chosen if own[i]
        },
    } | novelty(bench, drawn, latents, chosen)


@torch.inference_mode()
def judged_real(bench: Bench, chosen: list[int]) -> tuple[Tensor, Tensor]:
    """The judge's order on real pictures in poses it was not trained on, and their labels."""
    torch.manual_seed(990_002)
    here = torch.isin(bench.label, torch.tensor(chosen)).nonzero()[:, 0]
    orders = []
    for some in here.split(64):
        values, uniforms = filled(torch.full((len(some), len(ATTRIBUTES)), -1))
        orders.append(bench.judged(compose(premultiplied(bench.pictures[some]), values, uniforms))[0][:, :5])
    return torch.cat(orders), bench.label[here]


@torch.inference_mode()
def novelty(bench: Bench, drawn: Tensor, latents: Tensor, chosen: list[int]) -> dict[str, Any]:
    """Root mean square distances at half the size: to the nearest real picture, between seeds, between styles."""
    seeds = SEEDS["labels"]
    halve = torch.nn.functional.avg_pool2d
    rgba = torch.cat([halve(premultiplied(batch), 2) for batch in bench.pictures.split(256)])
    cut_out = torch.cat([halve(bench.pipeline.decoder(batch), 2) for batch in latents.split(64)])
    nearest, where = torch.cdist(cut_out.flatten(1), rgba.flatten(1)).min(1)
    nearest = nearest / rgba[0].numel() ** 0.5
    small = halve(drawn, 2)
    on_white = rgba[:, :3] + 1 - rgba[:, 3:]
    to_white = torch.cdist(small.flatten(1), on_white.flatten(1)).min(1).values / small[0].numel() ** 0.5
    target = torch.tensor(chosen).repeat_interleave(seeds)
    between_seeds = [spread(small[row * seeds : (row + 1) * seeds]) for row in range(len(chosen))]
    between_styles = [spread(on_white[bench.label == index]) for index in chosen]
    return {
        "distances": {
            "nearest_cut_out": rounded(nearest.mean()),
            "nearest_is_own_label": rounded((bench.label[where] == target).float().mean()),
            "nearest_picture": rounded(to_white.mean()),
            "between_seeds": rounded(torch.stack(between_seeds).mean()),
            "between_styles": rounded(torch.stack(between_styles).mean()),
        }
    }


def spread(pictures: Tensor) -> Tensor:
    """Mean distance of the pairs, root mean square over pixels."""
    pairs = [(a - b).square().mean().sqrt() for a, b in itertools.combinations(pictures, 2)]
    return torch.stack(pairs).mean() if pairs else torch.zeros(())


# -- concepts ----------------------------------------------------------------------------------------------------


def measure_concepts(bench: Bench, every: int) -> dict[str, Any]:
    """For each concept's word: the share of members among what is drawn, and how many there effectively are."""
    found = {}
    names = [name for name, members in bench.concepts.items() if len(members) >= MIN_MEMBERS][::every]
    for name in names:
        members = bench.concepts[name]
        order, _ = bench.judged(bench.draw(name, SEEDS["concepts"]))
        counts = Counter(int(i) for i in order[:, 0])
        inside = {i: n for i, n in counts.items() if i in members}
        share = sum(inside.values()) / SEEDS["concepts"]
        possible = expected_effective(len(members), SEEDS["concepts"])
        found[name] = {
            "members": len(members),
            "share": round(share, 3),
            "effective": round(effective(list(inside.values())), 1),
            "possible": round(possible, 1),
            "variety": round(effective(list(inside.values())) / possible, 3),
            "most_drawn": [f"{bench.names[i]} {n}" for i, n in counts.most_common(4)],
        }
        print(name, found[name], flush=True)
    good = [e for e in found.values() if e["share"] >= 0.9 and e["variety"] >= 0.6]
    return {
        "words": len(found),
        "right_and_varied": round(len(good) / len(found), 3),
        "share_of_members": round(sum(e["share"] for e in found.values()) / len(found), 3),
        "share_at_least_0.9": round(sum(e["share"] >= 0.9 for e in found.values()) / len(found), 3),
        "variety_at_least_0.6": round(sum(e["variety"] >= 0.6 for e in found.values()) / len(found), 3),
        "each": found,
    }


def effective(counts: list[int]) -> float:
    """The effective number of kinds: the exponential of the entropy of their shares."""
    total = sum(counts)
    return math.exp(-sum(n / total * math.log(n / total) for n in counts if n)) if total else 0.0


def expected_effective(members: int, draws: int) -> float:
    """The same for draws at random from so many members, the mean of 200 trials."""
    torch.manual_seed(0)
    trials = torch.randint(members, (200, draws))
    return sum(effective(torch.bincount(row).tolist()) for row in trials) / len(trials)


# -- combinations ------------------------------------------------------------------------------------------------


def measure_combinations(bench: Bench, every: int) -> dict[str, Any]:
    """Held-out pairs of a label and a value: whether the judge sees both."""
    rows = []
    for entry in json.loads(HELD_OUT.read_text())[::every]:
        attribute, value = entry["attribute"], entry["value"]
        prompt = prompt_of(entry["label"], attribute, value)
        order, values = bench.judged(bench.draw(prompt, SEEDS["combinations"]))
        noun = torch.isin(order[:, 0], torch.tensor(sorted(bench.meant[entry["label"].lower()])))
        column = list(ATTRIBUTES).index(attribute)
        asked = values[column] == ATTRIBUTES[attribute].index(value)
        rows.append(
            {
                "prompt": prompt,
                "attribute": attribute,
                "noun_right": rounded(noun.float().mean()),
                "attribute_right": rounded(asked.float().mean()),
                "both_right": rounded((noun & asked).float().mean()),
            }
        )

    def summary(some: list[dict[str, Any]]) -> dict[str, float]:
        keys = ("noun_right", "attribute_right", "both_right")
        means = {key: round(sum(row[key] for row in some) / len(some), 3) for key in keys}
        return means | {"combinations_right_in_half": round(sum(r["both_right"] >= 0.5 for r in some) / len(some), 3)}

    by_attribute = {a: summary([r for r in rows if r["attribute"] == a]) for a in {r["attribute"] for r in rows}}
    return {"combinations": len(rows), "all": summary(rows), "real": real_attributes(bench)} | {
        "by_attribute": by_attribute,
        "each": rows,
    }


def prompt_of(label: str, attribute: str, value: str) -> str:
    """The plain wording of a label with one value of the composition."""
    if attribute == "background":
        return f"{label} on a {value} background"
    if attribute == "place":
        return f"{label} {PLACES[value][0]}"
    return f"{value} {plural(label) if attribute == 'count' else label}"


@torch.inference_mode()
def real_attributes(bench: Bench) -> dict[str, float]:
    """The judge itself on real pictures in compositions named at random: labels, and each attribute."""
    torch.manual_seed(990_003)
    index = torch.randint(len(bench.label), (2048,))
    named = random_named(len(index), 0.2, torch.device("cpu"))
    values, uniforms = filled(named)
    pictures = torch.cat(
        [
            compose(premultiplied(bench.pictures[some]), values[rows], uniforms[rows])
            for some, rows in zip(index.split(64), torch.arange(len(index)).split(64), strict=True)
        ]
    )
    order, told = bench.judged(pictures)
    result = {"label": rounded((order[:, 0] == bench.label[index]).float().mean())}
    for i, attribute in enumerate(ATTRIBUTES):
        here = named[:, i] >= 0 if i != PLACE else values[:, i] > 0
        result[attribute] = rounded((told[i] == values[:, i])[here].float().mean())
    return result


# -- words -------------------------------------------------------------------------------------------------------


def measure_words(bench: Bench, every: int) -> dict[str, Any]:
    """Words that are no label: whether an acceptable label is the judge's first, or among its first five."""
    entries = json.loads((ROOT / "emoji-diffusion" / "words.json").read_text())[::every]
    first, five = [], []
    for entry in entries:
        accepted = torch.tensor([bench.names.index(name) for name in entry["accepted"]])
        order, _ = bench.judged(bench.draw(entry["word"], SEEDS["words"]))
        hits = torch.isin(order[:, :5], accepted)
        first.append(hits[:, 0].float().mean())
        five.append(hits.any(1).float().mean())
    one, many = torch.stack(first), torch.stack(five)
    return {
        "top1": rounded(one.mean()),
        "top5": rounded(many.mean()),
        "right_in_half_top1": rounded((one >= 0.5).float().mean()),
        "right_in_half_top5": rounded((many >= 0.5).float().mean()),
        "missed": [entry["word"] for entry, hit in zip(entries, many, strict=True) if hit < 0.5],
    }


def rounded(value: Tensor) -> float:
    """Three digits."""
    return round(float(value), 3)


MEASURES = {
    "labels": measure_labels,
    "concepts": measure_concepts,
    "combinations": measure_combinations,
    "words": measure_words,
}


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--weights", type=Path, required=True, help="folder with the judge")
    parser.add_argument("--out", type=Path, help="file to write; parts of it that are not measured now stay")
    parser.add_argument("--only", default=",".join(MEASURES))
    parser.add_argument("--steps", type=int, default=8)
    parser.add_argument("--guidance", type=float, default=2.0)
    parser.add_argument("--every", type=int, default=1, help="measure every so-many-th one only")
    parsed = parser.parse_args()
    torch.set_num_threads(1)
    bench = Bench(parsed.data, parsed.weights, parsed.steps, parsed.guidance)
    report: dict[str, Any] = {"steps": parsed.steps, "guidance": parsed.guidance}
    if parsed.out and parsed.out.exists():
        report = json.loads(parsed.out.read_text()) | report
    for name in parsed.only.split(","):
        found = MEASURES[name](bench, parsed.every)
        report[name] = found
        print(json.dumps({k: v for k, v in found.items() if k not in ("each", "top1_of_each")}, indent=1), flush=True)
        if parsed.out:
            parsed.out.write_text(json.dumps(report, indent=1) + "\n")


if __name__ == "__main__":
    main()
