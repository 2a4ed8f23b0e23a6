"""Measure emoji-diffusion by the judge: labels, concepts, held-out combinations, words that are no label.

    python models/measure_emoji_diffusion.py --data DIR --weights DIR --out FILE [--only labels,concepts]

A quarter of an hour on one core. Seeds are not selected: the first ones of a run seed.
"""

import argparse
import itertools
import json
import math
from collections import Counter
from pathlib import Path
from typing import Any

import emoji_data
import torch
from emoji_captions import HELD_OUT, PLACES, nouns, own_names, plural
from emoji_compositions import filled, random_named
from emoji_data import ROOT, premultiplied
from emoji_drawings import draw, drawings, load_pipeline
from emoji_units import concepts
from torch import Tensor
from train_emoji_world import Judge, load_parts

from line_tui.explain.seeds import image_seed
from line_tui.worlds.emoji.compose import ATTRIBUTES, PLACE, compose

SEEDS = {"planted": 2, "concepts": 50, "combinations": 8, "words": 4}
"""Pictures of each prompt, under the run seeds that pictures are kept by; labels are drawn for `emoji-planted` too."""
DISTANT = 8
"""Distances are measured at every so-many-th label."""
GROUPS = (
    "objects", "travel-places", "smileys-emotion", "animals-nature", "people-body", "food-drink", "activities",
    "symbols",
)  # fmt: skip


class Bench:
    """What is measured, and by what."""

    def __init__(self, data: Path, weights: Path) -> None:
        self.data = data
        self.pictures, self.label, _, self.labels = emoji_data.load(data)
        self.names = [entry["label"] for entry in self.labels]
        self.judge = Judge(len(self.labels))
        self.judge.load_state_dict(load_parts(weights, "judge"))
        self.judge.eval()

    def draw(self, kind: str, prompts: list[str]) -> list[Tensor]:
        """Pictures `uint8[seeds, 3, size, size]` of each prompt, kept for another time."""
        return list(drawings(self.data, kind, prompts, SEEDS[kind]).split(SEEDS[kind]))

    @torch.inference_mode()
    def judged(self, pictures: Tensor) -> tuple[Tensor, list[Tensor]]:
        """The judge's labels from the likeliest on, and its value of each attribute, of `uint8` pictures."""
        parts = [self.judge(batch.float() / 255) for batch in pictures.split(64)]
        order = torch.cat([label for label, _ in parts]).argsort(1, descending=True)
        values = [torch.cat([v[i] for _, v in parts]).argmax(1) for i in range(len(ATTRIBUTES))]
        return order, values


# -- labels ------------------------------------------------------------------------------------------------------


def measure_labels(bench: Bench, every: int) -> dict[str, Any]:
    """Top 1 and top 5 of the drawn and of the real pictures, and how far the drawn ones are from the real."""
    own = own_names(bench.labels)[::every]
    drawn = bench.draw("planted", [bench.names[i] for i in own])
    order, _ = bench.judged(torch.cat(drawn))
    target = torch.tensor(own).repeat_interleave(SEEDS["planted"])
    real_order, real_target = judged_real(bench, own)

    def both(order: Tensor, target: Tensor, here: Tensor) -> dict[str, float]:
        hits = (order[:, :5] == target[:, None])[here]
        return {"top1": rounded(hits[:, 0].float().mean()), "top5": rounded(hits.any(1).float().mean())}

    def compared(here: Tensor) -> dict[str, Any]:
        drawn_ones, real_ones = both(order, target, here[target]), both(real_order, real_target, here[real_target])
        return {
            "drawn": drawn_ones,
            "real": real_ones,
            "ratio": {key: round(drawn_ones[key] / max(real_ones[key], 1e-9), 3) for key in drawn_ones},
        }

    everywhere = torch.ones(len(bench.names), dtype=torch.bool)
    groups = {g: torch.tensor([entry["group"] == g for entry in bench.labels]) for g in GROUPS}
    return (
        {"labels": len(own), "labels_whose_name_is_a_concepts": len(bench.names) - len(own) if every == 1 else None}
        | compared(everywhere)
        | {"groups": {group: compared(here) for group, here in groups.items()}}
        | {"distances": distances(bench, own[::DISTANT])}
        | {"each": {bench.names[i]: rounded((order[target == i, 0] == i).float().mean()) for i in own}}
    )


@torch.inference_mode()
def judged_real(bench: Bench, chosen: list[int]) -> tuple[Tensor, Tensor]:
    """The judge's order on real pictures in poses it was not trained on, and their labels."""
    torch.manual_seed(990_002)
    here = torch.isin(bench.label, torch.tensor(chosen)).nonzero()[:, 0]
    orders = []
    for some in here.split(64):
        values, uniforms = filled(torch.full((len(some), len(ATTRIBUTES)), -1))
        pictures = compose(premultiplied(bench.pictures[some]), values, uniforms)
        orders.append(bench.judged((pictures * 255).round().to(torch.uint8))[0][:, :5])
    return torch.cat(orders), bench.label[here]


@torch.inference_mode()
def distances(bench: Bench, chosen: list[int]) -> dict[str, float]:
    """Root mean square distances at half the size: to the nearest real picture, between seeds, between styles."""
    seeds = SEEDS["planted"]
    halve = torch.nn.functional.avg_pool2d
    rgba = torch.cat([halve(premultiplied(batch), 2) for batch in bench.pictures.split(256)])
    pictures, latents = finished(load_pipeline(), [bench.names[i] for i in chosen], seeds)
    cut_out = torch.cat([halve(batch, 2) for batch in latents.split(64)])
    nearest, where = torch.cdist(cut_out.flatten(1), rgba.flatten(1)).min(1)
    small = halve(pictures, 2)
    on_white = rgba[:, :3] + 1 - rgba[:, 3:]
    to_white = torch.cdist(small.flatten(1), on_white.flatten(1)).min(1).values
    target = torch.tensor(chosen).repeat_interleave(seeds)
    return {
        "labels": len(chosen),
        "nearest_cut_out": rounded(nearest.mean() / rgba[0].numel() ** 0.5),
        "nearest_is_own_label": rounded((bench.label[where] == target).float().mean()),
        "nearest_picture": rounded(to_white.mean() / small[0].numel() ** 0.5),
        "between_seeds": rounded(torch.stack([spread(some) for some in small.split(seeds)]).mean()),
        "between_styles": rounded(torch.stack([spread(on_white[bench.label == index]) for index in chosen]).mean()),
    }


def finished(pipeline: Any, prompts: list[str], seeds: int) -> tuple[Tensor, Tensor]:
    """Pictures `float32[n, 3, size, size]` and the cut-outs that they were composed of, `float32[n, 4, size, size]`."""
    pictures: list[Tensor] = []
    cut_outs: list[Tensor] = []
    handle = pipeline.decoder.register_forward_hook(lambda _, __, output: cut_outs.append(output))
    for prompt in prompts:
        pictures.append(draw(pipeline, [(prompt, image_seed("planted", prompt, i)) for i in range(seeds)]))
    handle.remove()
    return torch.cat(pictures), torch.cat(cut_outs)


def spread(pictures: Tensor) -> Tensor:
    """Mean distance of the pairs, root mean square over pixels."""
    pairs = [(a - b).square().mean().sqrt() for a, b in itertools.combinations(pictures, 2)]
    return torch.stack(pairs).mean() if pairs else torch.zeros(())


# -- concepts ----------------------------------------------------------------------------------------------------


def measure_concepts(bench: Bench, every: int) -> dict[str, Any]:
    """For each concept's word: the share of members among what is drawn, and how many there effectively are."""
    found: dict[str, dict[str, Any]] = {}
    members_of = {concept["name"]: concept["members"] for concept in concepts(bench.labels)[::every]}
    pictures_of = bench.draw("concepts", list(members_of))
    for (name, members), pictures in zip(members_of.items(), pictures_of, strict=True):
        order, _ = bench.judged(pictures)
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
    meant = {noun.text: noun.members for noun in nouns(bench.labels)}
    entries = json.loads(HELD_OUT.read_text())[::every]
    prompts = [prompt_of(entry["label"], entry["attribute"], entry["value"]) for entry in entries]
    for entry, prompt, pictures in zip(entries, prompts, bench.draw("combinations", prompts), strict=True):
        attribute, value = entry["attribute"], entry["value"]
        order, values = bench.judged(pictures)
        noun = torch.isin(order[:, 0], torch.tensor(meant[entry["label"].lower()]))
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
    order, told = bench.judged((pictures * 255).round().to(torch.uint8))
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
    drawn = bench.draw("words", [entry["word"] for entry in entries])
    for entry, pictures in zip(entries, drawn, strict=True):
        accepted = torch.tensor([bench.names.index(name) for name in entry["accepted"]])
        order, _ = bench.judged(pictures)
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
    parser.add_argument("--every", type=int, default=1, help="measure every so-many-th one only")
    parsed = parser.parse_args()
    torch.set_num_threads(1)
    bench = Bench(parsed.data, parsed.weights)
    report: dict[str, Any] = json.loads(parsed.out.read_text()) if parsed.out and parsed.out.exists() else {}
    for name in parsed.only.split(","):
        found = MEASURES[name](bench, parsed.every)
        report[name] = found
        print(json.dumps({k: v for k, v in found.items() if k != "each"}, indent=1), flush=True)
        if parsed.out:
            parsed.out.write_text(json.dumps(report, indent=1) + "\n")


if __name__ == "__main__":
    main()
