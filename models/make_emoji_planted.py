"""Make emoji-planted: units of known meaning over emoji-resnet18, and the answers that count as right.

    python models/make_emoji_planted.py --data DIR

A quarter of an hour on one core: it draws every label with the shipped generator, plain and with a named composition,
to measure each unit.
"""

import itertools
import json
import random
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import emoji_data
import emoji_vocabulary
import torch
from emoji_captions import own_names, plural
from emoji_data import ROOT
from emoji_drawings import drawings
from emoji_units import COMPOSED, Targets
from measure_emoji_resnet18 import average_precisions, load_resnet18, outputs, viewed
from safetensors.torch import save_file
from torch import Tensor

from line_tui.worlds.emoji.compose import ATTRIBUTES, BACKGROUND, COUNT, PLACE, SIZE, TINT
from line_tui.worlds.emoji.planted import PlantedUnits
from line_tui.worlds.minilm import embed

FOLDER = ROOT / "emoji-planted"
SEED = 20_261
COUNTS = {"single": 90, "two senses": 34, "broader": 22, "conjunction": 38, "exception": 10}
BARREN = {"dead": 4, "constant": 4, "random direction": 28, "noise": 28}
FLOOR = 0.8
"""Average precision on generated pictures from which a unit's answer counts."""
CHOSEN_FLOOR = 0.84
"""The same on the half of the pictures by which units are chosen: few then fall below the floor on the other."""
SAME = 0.8
"""Overlap of members (Jaccard) from which two concepts are one."""
UNRELATED = 0.3
"""Cosine of the names' embeddings below which two concepts are unrelated."""
TOO_COMMON = 30
"""A concept whose answers are said by more vocabulary entries than this is not withheld."""
COMPOSED_SINGLES = 14
NOISE_FREQUENCY = 2000.0
SEEDS = 2
TOGETHER = 10
"""Least number of drawn pictures that show both parts of a conjunction."""
MOST_TOGETHER = 0.6
"""Most of a part's pictures that may show the other part too: both must matter."""
KINDS_TOGETHER = {"colour": 14, "background": 6, "count": 3, "size": 2, "turn": 3, "place": 2, "other": 18}
"""Most conjunctions whose adjective is of a kind."""

BROADER: tuple[tuple[str, str, str], ...] = (
    ("produce", "fruit and vegetables; plant food; food; fresh food; groceries", "fruit; vegetable"),
    ("food", "meal; snack; something to eat; foodstuff; dish", "fast food; baked goods; dessert"),
    ("food and drink", "refreshment; food or drink; food; meal; consumable; provisions", "dish; drink"),
    ("vehicle", "transport; means of transport; transportation; conveyance", "car; train; boat"),
    ("vehicle", "transport; means of transport; transportation; conveyance; craft", "boat; flying machine"),
    ("land vehicle", "vehicle; transport; ground vehicle; means of transport", "car; train"),
    ("animal", "creature; beast; wild animal; wildlife; fauna", "bird; reptile; feline"),
    ("animal", "creature; beast; wild animal; wildlife; fauna", "insect; bird"),
    ("animal", "creature; beast; wild animal; wildlife; fauna", "hoofed animal; bird"),
    ("mammal", "animal; creature; furry animal; beast", "feline; hoofed animal; small mammal"),
    ("plant", "flora; vegetation; plants; greenery; nature", "flower; tree; leaf"),
    ("celestial body", "heavenly body; sky; space; astronomical object; sky object", "moon; sun"),
    ("sky", "weather; heaven; sky and weather; things in the sky", "cloud; moon; sun"),
    ("clothing", "clothes; garment; apparel; outfit; wear; clothing item; fashion", "shirt; footwear"),
    ("clothing", "clothes; garment; apparel; outfit; wear; accessory; fashion; accessories", "footwear; bag"),
    ("face", "facial expression; emoticon; smiley; emoji face; expression", "smiling face; sad face"),
    ("unhappy face", "negative emotion; bad mood; upset face; distressed face; unhappiness", "angry face; sad face"),
    ("adult", "person; human; grown-up; man or woman; people", "woman; man"),
    ("people", "person; human; human being; humans", "woman; man; fantasy character"),
    ("geometric shape", "shape; geometric figure; geometric; geometry; simple shape", "circle; square"),
    ("stationery", "office supplies; office item; school supplies; office supply", "document; writing instrument"),
    ("reading matter", "publication; paper; something to read; papers; text", "book; document"),
    ("household item", "household; household object; home item; housewares", "furniture; bathroom item"),
    ("plaything", "game; play; games; leisure", "toy; ball"),
    ("wealth", "riches; treasure; fortune; valuables; finance", "money; gold"),
    ("place", "scenery; location; places; architecture and scenery; outdoors", "building; landscape"),
    ("implement", "utensil; equipment; instrument; hand-held object", "tool; writing instrument"),
    ("kitchenware", "dishes; dishware; crockery; kitchen item; household item", "tableware; drinking glass"),
    ("musical equipment", "music; sound; audio; musical item; music equipment", "musical instrument; audio equipment"),
    ("container", "receptacle; vessel; containers", "box; bag; pot"),
)  # fmt: skip
"""Answer, further right answers, and the outputs whose mean a broader unit is."""

ADJECTIVES = {
    "smiling face": ("smiling {}", "smiling; happy; grinning; laughing; smile"),
    "sad face": ("sad {}", "sad; unhappy; frowning"),
    "crying face": ("crying {}", "crying; weeping; tearful; tears"),
    "angry face": ("angry {}", "angry; mad; furious"),
    "closed eyes": ("{} with closed eyes", "closed eyes; eyes closed; eyes shut; shut eyes"),
    "open mouth": ("{} with an open mouth", "open mouth; mouth open"),
    "hat": ("{} with a hat", "hat; cap; headgear; hatted"),
    "glasses": ("{} with glasses", "glasses; spectacles; eyeglasses"),
    "animal face": ("face of a {}", "face; head"),
    "animal from the side": ("{} from the side", "side; standing; walking; whole"),
    "round thing": ("round {}", "round; circular"),
    "long thin object": ("long thin {}", "long; thin; elongated"),
    "striped thing": ("striped {}", "striped; stripes"),
    "spotted thing": ("spotted {}", "spotted; dotted; spots"),
    "horned animal": ("horned {}", "horned; horns; antlers"),
    "gold": ("golden {}", "golden; gold"),
    "wheel": ("{} with wheels", "wheels; wheel; wheeled"),
    "worker": ("{} at work", "worker; work; working; professional; job"),
    "heart": ("{} with a heart", "heart; hearts; love"),
    "sea animal": ("sea {}", "sea; marine; ocean; aquatic; water"),
    "farm animal": ("farm {}", "farm; domestic"),
    "celebration": ("party {}", "party; celebration; festive"),
    "small": ("small {}", "small; little; tiny"),
    "upside-down": ("upside-down {}", "upside down; inverted; turned over"),
    "sideways": ("sideways {}", "sideways; on its side; lying"),
}
"""How a conjunction says that a noun is an output, and the words of which one must be said."""

PEOPLE = (
    "person",
    "woman",
    "man",
    "worker",
    "fantasy character",
    "hand",
    "open hand",
    "body part",
    "two people",
    "face",
)
"""Nouns that no colour goes with: what it would say of them is not what is meant."""


@dataclass
class Unit:
    """One planted unit: its kind, the outputs that it is made of, and what counts as right."""

    kind: str
    parts: tuple[int, ...] = ()
    senses: list[list[str]] = field(default_factory=list)
    names: list[list[int]] = field(default_factory=list)
    """For each sense the outputs whose name, if nearest to a label, makes it right."""
    both: list[list[str]] = field(default_factory=list)
    """Of a conjunction, the words of each part; a label that says one of each is right."""


@dataclass
class Drawn:
    """Generated pictures as the network sees them: calibrated outputs and truth, NaN where it is not known."""

    outputs: Tensor
    truth: Tensor
    precisions: dict[tuple[str, tuple[int, ...]], float] = field(default_factory=dict)
    """What `precision` has found already."""

    def half(self, which: int) -> "Drawn":
        """One of the two seeds of every prompt."""
        return Drawn(self.outputs[which::2], self.truth[which::2])


def main() -> None:
    """The command line."""
    [data] = emoji_data.asked(__doc__)
    torch.manual_seed(SEED)
    FOLDER.mkdir(exist_ok=True)
    labels = emoji_data.read_labels(data)
    targets = Targets(labels)
    shift, scale, spread = calibrate(data, targets)
    drawn = see(data, labels, targets)
    drawn.outputs = (drawn.outputs - shift) / scale
    words = emoji_vocabulary.answers(labels, targets.names)
    vocabulary = emoji_vocabulary.vocabulary(labels)
    units, withheld = halved(drawn.half(0), targets, words, vocabulary)
    units = shuffled(units) + [Unit(kind) for kind, count in BARREN.items() for _ in range(count)]
    planted = assemble(units, shift, scale, spread)
    save_file(planted.state_dict(), FOLDER / "planted.safetensors")
    config = {"network": "emoji-resnet18", "outputs": len(targets.names), "units": len(units)}
    (FOLDER / "config.json").write_text(json.dumps(config, indent=1) + "\n")
    other = drawn.half(1)
    measured = [precision(unit, other) if unit.parts else None for unit in units]
    kept_out = sorted({word for index in withheld for word in words[index]})
    left = emoji_vocabulary.without(vocabulary, kept_out)
    entries = [entry_of(i, unit, value, left) for i, (unit, value) in enumerate(zip(units, measured, strict=True))]
    document = {"floor": FLOOR, "withheld_words": kept_out, "units": entries}
    (FOLDER / "answers.json").write_text(json.dumps(document, indent=1) + "\n")
    summarise(entries, len(left))


def calibrate(data: Path, targets: Targets) -> tuple[Tensor, Tensor, Tensor]:
    """Shift and scale that make each output 0 where its concept is absent and 1 where it is present.

    Returns `float32[outputs]` twice, and the calibrated outputs on real pictures `float32[n, outputs]`.
    """
    pictures, label, _, _ = emoji_data.load(data)
    chosen = torch.arange(len(label)) % 4 == torch.arange(len(label)) // 4 % 4
    views, values = viewed(pictures[chosen], label[chosen], 0.1)
    logits = outputs(load_resnet18(), views)
    truth = targets(label[chosen].repeat(len(views) // int(chosen.sum())), values)
    absent = (logits * (1 - truth)).sum(0) / (1 - truth).sum(0)
    present = (logits * truth).sum(0) / truth.sum(0)
    scale = present - absent
    return absent, scale, (logits - absent) / scale


def see(data: Path, labels: list[dict[str, Any]], targets: Targets) -> Drawn:
    """What the network says of every label drawn, plain and with a composition named, before calibration."""
    chance = random.Random(SEED)
    usual = own_names(labels)
    prompts = [(i, prompt, values) for i in usual for prompt, values in prompts_of(labels[i]["label"], i, chance)]
    pictures = drawings(data, "planted", [prompt for _, prompt, _ in prompts], SEEDS)
    network = load_resnet18()
    logits = torch.cat([outputs(network, some.float() / 255) for some in pictures.split(256)])
    label = torch.tensor([i for i, _, _ in prompts]).repeat_interleave(SEEDS)
    values = torch.tensor([named for _, _, named in prompts]).repeat_interleave(SEEDS, 0)
    return Drawn(logits, truth_of(targets, label, values))


def prompts_of(name: str, index: int, chance: random.Random) -> list[tuple[str, list[int]]]:
    """A label plain, tinted, and every second one with another attribute named.

    With each prompt goes the value of each attribute: 0 where nothing is named, -1 where the seed decides.
    """
    nothing = [0] * len(ATTRIBUTES)
    nothing[BACKGROUND] = nothing[PLACE] = -1
    prompts = [(name, nothing)]

    def add(prompt: str, attribute: int, value: int) -> None:
        prompts.append((prompt, [value if i == attribute else other for i, other in enumerate(nothing)]))

    colours = ATTRIBUTES["tint"][1:]
    value = chance.randrange(len(colours))
    add(f"{colours[value]} {name}", TINT, value + 1)
    if index % 2:
        return prompts
    kind = chance.choice(("background", "background", "count", "size", "turn", "place"))
    value = chance.randrange(kind != "background", len(colours) if kind == "background" else len(ATTRIBUTES[kind]))
    word = ATTRIBUTES[kind][value]
    said = {
        "background": f"{name} on {article(word)} {word} background",
        "count": f"{word} {plural(name)}",
        "place": f"{name} {'on' if word in ('left', 'right') else 'at'} the {word}",
    }
    add(said.get(kind, f"{word} {name}"), list(ATTRIBUTES).index(kind), value)
    return prompts


def truth_of(targets: Targets, label: Tensor, values: Tensor) -> Tensor:
    """What each output should say, `float32[n, outputs]`; NaN where the seed decides."""
    truth = targets(label, values)
    first = len(targets.concepts)
    for column, (_, _, attribute, _) in enumerate(COMPOSED, start=first):
        truth[values[:, attribute] < 0, column] = torch.nan
        if attribute == SIZE:
            truth[values[:, COUNT] > 0, column] = torch.nan
    return truth


def value_of(unit: Unit, parts: Tensor) -> Tensor:
    """A unit that has a concept, of its calibrated outputs or of their truth: `float32[n]` of `float32[n, parts]`."""
    if unit.kind == "two senses":
        return parts.amax(1)
    if unit.kind == "conjunction":
        return parts.amin(1)
    if unit.kind == "exception":
        return parts[:, 0] - parts[:, 1]
    return parts.mean(1)


def precision(unit: Unit, drawn: Drawn) -> float:
    """Average precision of a unit on the drawn pictures whose truth is known."""
    key = (unit.kind, unit.parts)
    if key not in drawn.precisions:
        parts = list(unit.parts)
        truth = value_of(unit, drawn.truth[:, parts])
        known = ~truth.isnan()
        value = value_of(unit, drawn.outputs[:, parts])[known, None]
        drawn.precisions[key] = average_precisions(value, (truth[known, None] > 0).float())[0] or 0.0
    return drawn.precisions[key]


def halved(
    drawn: Drawn, targets: Targets, words: list[list[str]], vocabulary: list[str]
) -> tuple[list[Unit], set[int]]:
    """Units with a concept, planned so that about half of them have no answer in the vocabulary."""
    plans = []
    for share in range(2, 9):
        withheld = choose_withheld(words, vocabulary, share / 10)
        units = plan(drawn, targets, words, withheld)
        left = emoji_vocabulary.without(vocabulary, [word for index in withheld for word in words[index]])
        without = sum(not is_said(unit, left) for unit in units) / len(units)
        plans.append((abs(without - 0.5), units, withheld))
    _, units, withheld = min(plans, key=lambda made: made[0])
    return units, withheld


def choose_withheld(words: list[list[str]], vocabulary: list[str], share: float) -> set[int]:
    """Outputs whose every answer is kept out of the bank's vocabulary: a share of those that allow it."""
    rare = []
    for index, answers in enumerate(words):
        said = sum(any(emoji_vocabulary.gives_away(entry, answer) for answer in answers) for entry in vocabulary)
        if said <= TOO_COMMON:
            rare.append(index)
    random.Random(SEED).shuffle(rare)
    return set(rare[: round(share * len(rare))])


def is_said(unit: Unit, vocabulary: list[str]) -> bool:
    """Whether the vocabulary says an answer; of a conjunction, a word of each part."""
    groups = unit.both or [[answer for sense in unit.senses for answer in sense]]
    return all(
        any(emoji_vocabulary.gives_away(entry, answer) for entry in vocabulary for answer in answers)
        for answers in groups
    )


def plan(drawn: Drawn, targets: Targets, words: list[list[str]], withheld: set[int]) -> list[Unit]:
    """Units that have a concept, each of which the network knows on the drawn pictures."""
    names = targets.names
    members = [frozenset(concept["members"]) for concept in targets.concepts]
    members += [frozenset([-1 - number]) for number in range(len(COMPOSED))]

    def known(unit: Unit) -> bool:
        return precision(unit, drawn) >= CHOSEN_FLOOR

    each = {i: precision(Unit("single", (i,)), drawn) for i in range(len(names))}
    order = sorted((i for i in each if each[i] >= CHOSEN_FLOOR), key=lambda i: -each[i])
    distinct: list[int] = []
    composed = 0
    for i in order:
        if all(len(members[i] & members[j]) / len(members[i] | members[j]) < SAME for j in distinct):
            composed += i >= len(targets.concepts)
            if i < len(targets.concepts) or composed <= COMPOSED_SINGLES:
                distinct.append(i)
    units = [Unit("single", (i,), [words[i]], [[i]]) for i in distinct[: COUNTS["single"]]]
    chance = random.Random(SEED + 1)
    vectors = embed(names)
    plain = [i for i in distinct if i < len(targets.concepts)]
    pairs = list(itertools.combinations(plain, 2))
    chance.shuffle(pairs)
    pairs = [(i, j) for i, j in pairs if (i in withheld) == (j in withheld)]
    two = (
        Unit("two senses", (i, j), [words[i], words[j]], [[i], [j]])
        for i, j in pairs
        if vectors[i] @ vectors[j] < UNRELATED and not members[i] & members[j]
    )
    units += _each_few(two, COUNTS["two senses"], 2, known)
    units += _each_few(broader(names), COUNTS["broader"], 4, known)
    units += conjunctions(drawn, targets, words, each, known)
    exceptions = (
        Unit("exception", pair, [words[pair[0]]], [[pair[0]]])
        for i, j in pairs
        for pair in ((i, j), (j, i))
        if len(members[pair[0]] & members[pair[1]]) >= 3 and len(members[pair[0]] - members[pair[1]]) >= 6
    )
    return units + _each_few(exceptions, COUNTS["exception"], 2, lambda unit: True)


def broader(names: list[str]) -> list[Unit]:
    """Means of related outputs; right is what they have in common, not one of them."""
    units = []
    for answer, further, parts in BROADER:
        outputs_ = parts.split("; ")
        if all(part in names for part in outputs_):
            right = [names.index(answer)] if answer in names else []
            indices = tuple(names.index(part) for part in outputs_)
            units.append(Unit("broader", indices, [[answer, *further.split("; ")]], [right]))
    return units


def conjunctions(
    drawn: Drawn, targets: Targets, words: list[list[str]], each: dict[int, float], known: Any
) -> list[Unit]:
    """The smaller of two outputs, where both occur together and neither implies the other."""
    kinds = [concept["kind"] for concept in targets.concepts] + [kind for _, kind, _, _ in COMPOSED]
    positive = (drawn.truth > 0).float()
    together = positive.T @ positive
    count = positive.sum(0)
    found: list[Unit] = []
    said = {name: said_as(name, kinds[i], words[i]) for i, name in enumerate(targets.names)}
    adjectives = [i for i, name in enumerate(targets.names) if said[name] is not None and each[i] >= CHOSEN_FLOOR]
    things = [i for i, kind in enumerate(kinds) if kind in ("hypernym", "subgroup") and each[i] >= CHOSEN_FLOOR]
    pairs = [
        (i, j)
        for i in adjectives
        for j in things
        if i != j
        and not (kinds[i] == "colour" and targets.names[j] in PEOPLE)
        and together[i, j] >= TOGETHER / 2
        and together[i, j] <= MOST_TOGETHER * min(count[i], count[j])
    ]
    random.Random(SEED + 2).shuffle(pairs)
    left = dict(KINDS_TOGETHER)
    used: dict[int, int] = {}
    for i, j in pairs:
        kind = kinds[i] if kinds[i] in left else "other"
        if not left[kind] or used.get(i, 0) >= 3 or used.get(j, 0) >= 2 or len(found) == COUNTS["conjunction"]:
            continue
        template, adjective_words = said[targets.names[i]]
        nouns_ = words[j][:4]
        many = kinds[i] == "count"
        phrases = [template.format(plural(noun) if many else noun) for noun in nouns_]
        unit = Unit("conjunction", (i, j), [phrases], [[]], [adjective_words, words[j]])
        if known(unit):
            found.append(unit)
            left[kind] -= 1
            used[i], used[j] = used.get(i, 0) + 1, used.get(j, 0) + 1
    return found


def article(word: str) -> str:
    """The indefinite article of a colour."""
    return "an" if word[0] in "aeiou" else "a"


def said_as(name: str, kind: str, words: list[str]) -> Any:
    """How a conjunction says an output, and the words of which one must be said; None if it cannot."""
    if kind == "colour":
        return f"{name} {{}}", words
    if kind == "background":
        colour = name.removesuffix(" background")
        return f"{{}} on {article(colour)} {colour} background", [
            f"{colour} background",
            f"{colour} backdrop",
            f"on {colour}",
        ]
    if kind == "count":
        number = name.removesuffix(" things")
        return f"{number} {{}}", [number, *({"two": ["pair of", "couple of"]}.get(number, []))]
    if kind == "place":
        return f"{{}} {name}", [name, name.split()[-1]]
    if name in ADJECTIVES:
        template, further = ADJECTIVES[name]
        return template, further.split("; ")
    return None


def shuffled(units: list[Unit]) -> list[Unit]:
    """Units by kind, in an order within each that nothing decides but the seed: even numbers tune, odd ones report."""
    chance = random.Random(SEED + 3)
    return [
        unit
        for kind in COUNTS
        for here in [[unit for unit in units if unit.kind == kind]]
        for unit in chance.sample(here, len(here))
    ]


def assemble(units: list[Unit], shift: Tensor, scale: Tensor, spread: Tensor) -> PlantedUnits:
    """The module that computes the units; random directions are random in the whitened outputs."""
    planted = PlantedUnits(len(shift), len(units))
    planted.shift, planted.scale = shift, scale
    covariance = torch.cov(spread.T) + 1e-3 * torch.eye(len(shift))
    whiten = torch.linalg.inv(torch.linalg.cholesky(covariance))
    generator = torch.Generator().manual_seed(SEED + 4)
    for row, unit in enumerate(units):
        first = torch.zeros(len(shift))
        second = first.clone()
        if unit.kind in ("two senses", "conjunction"):
            first[unit.parts[0]], second[unit.parts[1]] = 1, 1
            planted.smaller[row] = unit.kind == "conjunction"
        else:
            if unit.kind in ("single", "broader"):
                first[list(unit.parts)] = 1 / len(unit.parts)
            elif unit.kind == "exception":
                first[unit.parts[0]], first[unit.parts[1]] = 1, -1
            elif unit.kind in ("random direction", "noise"):
                first = torch.randn(len(shift), generator=generator) @ whiten / len(shift) ** 0.5
            second = first
        planted.first[row], planted.second[row] = first, second
        planted.constant[row] = float(unit.kind == "constant")
        planted.frequency[row] = NOISE_FREQUENCY * (unit.kind == "noise")
    return planted


def entry_of(index: int, unit: Unit, value: float | None, vocabulary: list[str]) -> dict[str, Any]:
    """What the bench reads about a unit."""
    passed = value is not None and value >= FLOOR
    return {
        "unit": index,
        "kind": unit.kind,
        "outputs": list(unit.parts),
        "senses": unit.senses,
        "names": unit.names,
        "both": unit.both,
        "withheld": bool(unit.senses) and not is_said(unit, vocabulary),
        "average_precision": None if value is None else round(value, 3),
        # A prompt cannot draw what is not there, so an exception's label is not judged.
        "counted": passed and unit.kind != "exception",
    }


def summarise(entries: list[dict[str, Any]], vocabulary: int) -> None:
    """Print how many units of each kind there are, count, and are withheld."""
    for kind in (*COUNTS, *BARREN):
        here = [entry for entry in entries if entry["kind"] == kind]
        counted = [entry for entry in here if entry["counted"]]
        least = min((entry["average_precision"] for entry in counted), default=None)
        hidden = sum(entry["withheld"] for entry in counted)
        print(f"{kind}: {len(here)}, counted {len(counted)}, withheld {hidden}, least average precision {least}")
    print(f"{len(entries)} units; vocabulary {vocabulary}")


def _each_few(candidates: Any, count: int, times: int, fits: Any) -> list[Unit]:
    """The first `count` units that fit, no output in more than `times` of them."""
    used: dict[int, int] = {}
    found: list[Unit] = []
    for unit in candidates:
        if len(found) == count:
            break
        if all(used.get(part, 0) < times for part in unit.parts) and fits(unit):
            found.append(unit)
            for part in unit.parts:
                used[part] = used.get(part, 0) + 1
    return found


if __name__ == "__main__":
    main()
