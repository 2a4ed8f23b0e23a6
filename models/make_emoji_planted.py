"""Make emoji-planted: units of known meaning over emoji-resnet18, and the answers that count as right.

    python models/make_emoji_planted.py --data DIR

Two minutes on one core: it draws every label with the shipped generator to measure each unit.
"""

import argparse
import itertools
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import emoji_data
import emoji_vocabulary
import torch
from measure_emoji_diffusion import draw, load_pipeline
from measure_emoji_resnet18 import average_precisions, by_name, load_resnet18, mean_known, outputs
from safetensors.torch import save_file
from torch import Tensor

from line_tui.models.catalog import read_catalog
from line_tui.worlds.emoji.compose import UNIFORMS, compose
from line_tui.worlds.emoji.planted import PlantedUnits
from line_tui.worlds.minilm import embed

ROOT = Path(__file__).resolve().parent
FOLDER = ROOT / "emoji-planted"
SEED = 20_260
SINGLES, TWO_SENSES, BROADER, EXCEPTIONS = 92, 28, 20, 10
DEAD, CONSTANT, RANDOM, NOISE = 4, 4, 24, 24
FLOOR = 0.5
"""Average precision on generated pictures from which a unit's answer counts."""
SAME = 0.8
"""Overlap of members (Jaccard) from which two concepts are one."""
UNRELATED, RELATED = 0.3, 0.4
"""Cosine of the names' embeddings below which two concepts are unrelated, above which they are related."""
TOO_COMMON = 30
"""A concept whose answers are said by more vocabulary entries than this is not withheld."""
NOISE_FREQUENCY = 2000.0
SEEDS = 4


@dataclass
class Unit:
    """One planted unit: its kind, the outputs that it is made of, and what counts as right."""

    kind: str
    parts: tuple[int, ...] = ()
    first: dict[int, float] = field(default_factory=dict)
    second: dict[int, float] | None = None
    senses: list[list[str]] = field(default_factory=list)
    members: frozenset[str] = frozenset()


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    data = parser.parse_args().data
    torch.set_num_threads(1)
    FOLDER.mkdir(exist_ok=True)
    pictures, label, _, labels = emoji_data.load(data)
    concepts = emoji_data.concepts(labels)
    network = load_resnet18()
    shift, scale, spread = calibrate(network, pictures, label, labels, concepts)
    names = [entry["label"] for entry in labels]
    drawn, _ = draw(load_pipeline(), names, "planted", SEEDS, *steps_and_guidance())
    generated = (outputs(network, drawn) - shift) / scale
    target = torch.arange(len(names)).repeat_interleave(SEEDS)
    truth = emoji_data.membership(labels, concepts)[target]
    on_drawn = average_precisions(generated, truth)
    print(f"emoji-resnet18 on drawn pictures: mean average precision {mean_known(on_drawn):.3f}")
    text = json.dumps(by_name(concepts, on_drawn), indent=1)
    (ROOT / "measured" / "resnet18-drawn.json").write_text(text + "\n")
    precisions = [value or 0.0 for value in on_drawn]

    answers = emoji_vocabulary.answers()
    vocabulary = emoji_vocabulary.vocabulary(labels)
    withheld = choose_withheld(concepts, answers, vocabulary)
    units = plant(concepts, answers, precisions, withheld)
    units += barren()
    planted = assemble(units, shift, scale, spread)
    with torch.inference_mode():
        activations = planted(generated * scale + shift)
    words = sorted({word for index in withheld for word in answers[concepts[index]["name"]]})
    left = [entry for entry in vocabulary if not any(emoji_vocabulary.gives_away(entry, w) for w in words)]
    known = torch.tensor([[float(names[int(i)] in unit.members) for unit in units] for i in target])
    measured = average_precisions(activations, known)
    save_file(planted.state_dict(), FOLDER / "planted.safetensors")
    config = {"network": "emoji-resnet18", "outputs": len(concepts), "units": len(units)}
    (FOLDER / "config.json").write_text(json.dumps(config, indent=1) + "\n")
    entries = [entry_of(i, unit, value, left) for i, (unit, value) in enumerate(zip(units, measured, strict=True))]
    document = {"floor": FLOOR, "withheld_words": words, "units": entries}
    (FOLDER / "answers.json").write_text(json.dumps(document, indent=1) + "\n")
    with_concept = [entry for entry in entries if entry["senses"]]
    counted = [entry for entry in entries if entry["counted"]]
    print(
        f"{len(units)} units, {len(with_concept)} with a concept, {len(counted)} counted, "
        f"{sum(entry['withheld'] for entry in counted)} of these withheld, vocabulary {len(left)}"
    )


def steps_and_guidance() -> tuple[int, float]:
    """What the shipped generator is meant to be run with."""
    entry = read_catalog().find_generator("emoji-diffusion")
    return entry.steps, entry.guidance


def calibrate(
    network: torch.nn.Module,
    pictures: Tensor,
    label: Tensor,
    labels: list[dict[str, Any]],
    concepts: list[dict[str, Any]],
) -> tuple[Tensor, Tensor, Tensor]:
    """Shift and scale that make each output 0 where its concept is absent and 1 where it is present.

    Returns `float32[outputs]` twice, and the calibrated outputs on real pictures `float32[n, outputs]`.
    """
    generator = torch.Generator().manual_seed(SEED)
    batches = emoji_data.batches(emoji_data.premultiplied(pictures))
    views = [compose(batch, torch.rand(len(batch), UNIFORMS, generator=generator)) for batch in batches]
    logits = outputs(network, torch.cat(views))
    truth = emoji_data.membership(labels, concepts)[label]
    absent = (logits * (1 - truth)).sum(0) / (1 - truth).sum(0)
    present = (logits * truth).sum(0) / truth.sum(0)
    scale = present - absent
    return absent, scale, (logits - absent) / scale


def choose_withheld(concepts: list[dict[str, Any]], answers: dict[str, list[str]], vocabulary: list[str]) -> set[int]:
    """Concepts whose every answer is kept out of the bank's vocabulary: half of those that allow it."""
    rare = []
    for index, concept in enumerate(concepts):
        said = [
            entry
            for entry in vocabulary
            if any(emoji_vocabulary.gives_away(entry, answer) for answer in answers[concept["name"]])
        ]
        if len(said) <= TOO_COMMON:
            rare.append(index)
    order = torch.randperm(len(rare), generator=torch.Generator().manual_seed(SEED)).tolist()
    return {rare[i] for i in order[: len(concepts) // 2]}


def plant(
    concepts: list[dict[str, Any]],
    answers: dict[str, list[str]],
    precisions: list[float],
    withheld: set[int],
) -> list[Unit]:
    """Units that have a concept."""
    members = [frozenset(concept["members"]) for concept in concepts]
    said = [answers[concept["name"]] for concept in concepts]
    vectors = torch.from_numpy(embed([concept["name"] for concept in concepts]))
    cosine = vectors @ vectors.T
    order = sorted(range(len(concepts)), key=lambda i: -precisions[i])
    distinct: list[int] = []
    for i in order:
        if all(_overlap(members[i], members[j]) < SAME for j in distinct):
            distinct.append(i)
    singles = distinct[:SINGLES]
    units = [Unit("single", (i,), {i: 1.0}, None, [said[i]], members[i]) for i in singles]
    generator = torch.Generator().manual_seed(SEED + 1)
    pairs = [pair for pair in itertools.combinations(singles, 2) if (pair[0] in withheld) == (pair[1] in withheld)]
    pairs = [pairs[i] for i in torch.randperm(len(pairs), generator=generator).tolist()]
    for i, j in _each_once(pairs, TWO_SENSES, lambda i, j: cosine[i, j] < UNRELATED and not members[i] & members[j]):
        both = members[i] | members[j]
        units.append(Unit("two senses", (i, j), {i: 1.0}, {j: 1.0}, [said[i], said[j]], both))
    for i, j in _each_once(pairs, BROADER, lambda i, j: cosine[i, j] > RELATED):
        both = members[i] | members[j]
        units.append(Unit("broader", (i, j), {i: 0.5, j: 0.5}, None, [[*said[i], *said[j]]], both))
    turned = [(a, b) for i, j in pairs for a, b in ((i, j), (j, i))]

    def is_exception(i: int, j: int) -> bool:
        return len(members[i] & members[j]) >= 3 and len(members[i] - members[j]) >= 6

    for i, j in _each_once(turned, EXCEPTIONS, is_exception):
        units.append(Unit("exception", (i, j), {i: 1.0, j: -1.0}, None, [said[i]], members[i] - members[j]))
    return units


def barren() -> list[Unit]:
    """Units that have no concept."""
    kinds = [("dead", DEAD), ("constant", CONSTANT), ("random direction", RANDOM), ("noise", NOISE)]
    return [Unit(kind) for kind, count in kinds for _ in range(count)]


def assemble(units: list[Unit], shift: Tensor, scale: Tensor, spread: Tensor) -> PlantedUnits:
    """The module that computes the units; random directions are random in the whitened outputs."""
    planted = PlantedUnits(len(shift), len(units))
    planted.shift, planted.scale = shift, scale
    covariance = torch.cov(spread.T) + 1e-3 * torch.eye(len(shift))
    whiten = torch.linalg.inv(torch.linalg.cholesky(covariance))
    generator = torch.Generator().manual_seed(SEED + 2)
    for row, unit in enumerate(units):
        first = torch.zeros(len(shift))
        for output, weight in unit.first.items():
            first[output] = weight
        if unit.kind in ("random direction", "noise"):
            direction = torch.randn(len(shift), generator=generator)
            first = direction @ whiten / len(shift) ** 0.5
        if unit.kind == "noise":
            planted.frequency[row] = NOISE_FREQUENCY
        if unit.kind == "constant":
            planted.constant[row] = 1.0
        planted.first[row] = first
        planted.second[row] = first
        if unit.second is not None:
            planted.second[row] = 0
            for output, weight in unit.second.items():
                planted.second[row, output] = weight
    return planted


def entry_of(index: int, unit: Unit, precision: float | None, vocabulary: list[str]) -> dict[str, Any]:
    """What the bench reads about a unit."""
    answers = [answer for sense in unit.senses for answer in sense]
    said = any(emoji_vocabulary.gives_away(entry, answer) for entry in vocabulary for answer in answers)
    passed = precision is not None and precision >= FLOOR
    return {
        "unit": index,
        "kind": unit.kind,
        "outputs": list(unit.parts),
        "senses": unit.senses,
        "withheld": bool(answers) and not said,
        "average_precision": None if precision is None else round(precision, 3),
        # A prompt cannot draw what is not there, so an exception's label is not judged.
        "counted": passed and unit.kind != "exception",
    }


def _overlap(one: frozenset[str], other: frozenset[str]) -> float:
    return len(one & other) / len(one | other)


def _each_once(pairs: list[tuple[int, int]], count: int, fits: Any) -> list[tuple[int, int]]:
    """The first `count` pairs that fit, no output in more than two of them."""
    used: dict[int, int] = {}
    found: list[tuple[int, int]] = []
    for i, j in pairs:
        if len(found) < count and used.get(i, 0) < 2 and used.get(j, 0) < 2 and fits(i, j):
            found.append((i, j))
            used[i], used[j] = used.get(i, 0) + 1, used.get(j, 0) + 1
    return found


if __name__ == "__main__":
    main()
