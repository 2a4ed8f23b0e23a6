"""Captions for training: what a picture is called and what is said of its composition.

    python models/emoji_captions.py --data DIR --wordnet DIR --out FILE

A minute on one core; the second folder holds WordNet's `data.noun` and `index.noun`. The captions name some attributes
of the composition and leave the others to the seed. Combinations of a label and a value in
`held_out_combinations.json` are never among them.
"""

import json
import random
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from emoji_data import asked, read_labels, read_taxonomy
from emoji_wordnet import other_words
from numpy.typing import NDArray

from line_tui.worlds.emoji.compose import ATTRIBUTES, COLOURS
from line_tui.worlds.minilm import load_minilm

ROOT = Path(__file__).resolve().parent
HELD_OUT = ROOT / "held_out_combinations.json"
UNNAMED = -1
MAX_TOKENS = 20

PLAIN = ("{}", "{}", "{}", "{}", "a {}", "the {}", "a picture of a {}", "a realistic photo of a {}", "{} emoji")
VALUE_WORDS: dict[str, dict[str, tuple[str, ...]]] = {
    "tint": {name: (name,) for name in COLOURS} | {"grey": ("grey", "gray"), "purple": ("purple", "violet")},
    "size": {"small": ("small", "small", "little", "tiny"), "large": ("large", "big", "huge")},
    "turn": {"tilted": ("tilted",), "sideways": ("sideways",), "upside-down": ("upside-down", "upside down")},
    "count": {"two": ("two", "two", "2", "a pair of"), "three": ("three", "three", "3"), "four": ("four", "four", "4")},
}
PLACES = {
    "left": ("on the left", "on the left side"),
    "right": ("on the right", "on the right side"),
    "top": ("at the top", "in the upper half"),
    "bottom": ("at the bottom", "in the lower half"),
}
BACKGROUNDS = ("on a {} background", "on a {} background", "on {}", "with a {} background", "against a {} background")
AFTER = {"upside-down": ("upside down",), "sideways": ("on its side",), "tilted": ()}
# How often each set of attributes is named where any is.
NAMED = (
    (("tint",), 0.27), (("background",), 0.17), (("size",), 0.09), (("count",), 0.12), (("turn",), 0.09),
    (("place",), 0.06), (("tint", "background"), 0.05), (("tint", "count"), 0.04), (("tint", "size"), 0.04),
    (("count", "background"), 0.03), (("size", "background"), 0.02), (("turn", "tint"), 0.02),
)  # fmt: skip
KIND_SHARES = {"label": 0.42, "synonym": 0.17, "category": 0.31, "tag": 0.06, "anything": 0.04}
ROWS = {"label": 36, "synonym": 20, "category": 90, "tag": 8, "anything": 400}
PLAIN_SHARE = {"label": 0.55, "synonym": 0.55, "category": 0.6, "tag": 0.8, "anything": 0.0}
UNSAID_TAGS = frozenset(["feels", "whatever", "bae", "not", "no", "you", "good", "wow", "awesome", "shade", "yolo"])
TAG_MEMBERS = 12
TAGGED_GROUPS = ("objects", "travel-places", "animals-nature", "food-drink", "activities")
ANYTHING = ("thing", "object", "something", "picture")
COMBINATIONS = {"tint": 80, "background": 60, "count": 40, "size": 24, "turn": 24, "place": 24}


@dataclass(frozen=True)
class Noun:
    """A name, and the labels that bear it."""

    text: str
    kind: str
    members: tuple[int, ...]


def nouns(labels: list[dict[str, Any]], same: dict[str, set[int]] | None = None) -> list[Noun]:
    """Every name in captions: labels, their synonyms, the taxonomy's concepts and theirs, and some tags.

    `same` has the labels of further words, as `other_words` finds them.
    """
    found: dict[str, Noun] = {}
    taxonomy = read_taxonomy(labels)

    def add(text: str, kind: str, members: Iterable[int]) -> None:
        text = text.lower().strip()
        if text and text not in found:
            found[text] = Noun(text, kind, tuple(sorted(set(members))))

    tagged: dict[str, set[int]] = {}
    for i, entry in enumerate(labels):
        for tag in entry["tags"]:
            if entry["group"] in TAGGED_GROUPS and tag not in UNSAID_TAGS:
                tagged.setdefault(tag, set()).add(i)
    # "bird" is a label and a concept: the wider sense wins.
    concepts = {name: set(concept["members"]) for name, concept in taxonomy.items() if concept["kind"] != "name"}
    for name, members in concepts.items():
        add(name, "category" if len(members) > 1 else "synonym", members)
    for i, entry in enumerate(labels):
        add(entry["label"], "label", {i})
    for concept in taxonomy.values():
        if concept["kind"] == "name":
            for word in concept["synonyms"]:
                add(word, "synonym", concept["members"])
    for word, members in (same or {}).items():
        add(word, "synonym", members)
    # Of two concepts that share a word, it goes to the narrower; and to those alone that bear it as a tag.
    for name, members in sorted(concepts.items(), key=lambda item: len(item[1])):
        for word in taxonomy[name]["synonyms"]:
            borne = (members & tagged.get(word, set())) or members
            add(word, "category" if len(members) > 1 else "synonym", borne)
    for tag, members in tagged.items():
        if len(members) <= TAG_MEMBERS:
            add(tag, "tag", members)
    for name in ANYTHING:
        add(name, "anything", range(len(labels)))
    return list(found.values())


def own_names(labels: list[dict[str, Any]]) -> list[int]:
    """The labels whose name means them alone; "cat" is a concept's name before it is a label's."""
    meant = {noun.text: noun.members for noun in nouns(labels)}
    return [i for i, entry in enumerate(labels) if meant[entry["label"].lower()] == (i,)]


def plural(noun: str) -> str:
    """The plural of a noun, good enough for a caption: its head is what precedes a preposition."""
    for cut in (" with ", " of ", " in ", " on ", " and "):
        if cut in noun:
            head, rest = noun.split(cut, 1)
            return plural(head) + cut + rest
    irregular = {"man": "men", "woman": "women", "person": "people", "child": "children", "mouse": "mice",
                 "foot": "feet", "tooth": "teeth", "leaf": "leaves", "knife": "knives", "wolf": "wolves",
                 "sheep": "sheep", "fish": "fish", "goose": "geese", "ox": "oxen", "clothing": "clothing"}  # fmt: skip
    *before, last = noun.split(" ")
    if last in irregular:
        last = irregular[last]
    elif last.endswith("y") and last[-2:-1] not in "aeiou":
        last = last[:-1] + "ies"
    elif last.endswith(("x", "ch", "sh", "ss")):
        last += "es"
    elif not last.endswith("s"):
        last += "s"
    return " ".join([*before, last])


def said(noun: str, named: dict[str, str], chance: random.Random) -> str:
    """A noun with what is named of its composition, in one of the usual wordings."""
    before: list[str] = []
    after: list[str] = []
    count = named.get("count", "one")
    text = plural(noun) if count != "one" else noun
    if count != "one":
        before.append(chance.choice(VALUE_WORDS["count"][count]))
    if "size" in named:
        before.append(chance.choice(VALUE_WORDS["size"][named["size"]]))
    if "turn" in named:
        ways = AFTER[named["turn"]]
        if ways and chance.random() < 0.4:
            after.append(chance.choice(ways))
        else:
            before.append(chance.choice(VALUE_WORDS["turn"][named["turn"]]))
    if "tint" in named:
        before.append(chance.choice(VALUE_WORDS["tint"][named["tint"]]))
    if "place" in named:
        after.append(chance.choice(PLACES[named["place"]]))
    if "background" in named:
        colour = named["background"]
        colour = chance.choice(VALUE_WORDS["tint"].get(colour, (colour,)))
        after.append(chance.choice(BACKGROUNDS[:1] if colour == "gradient" else BACKGROUNDS).format(colour))
    if count == "one" and (before or after) and chance.random() < 0.3:
        before.insert(0, "a")
    return " ".join([*before, text, *after])


def bare(attribute: str, value: str, chance: random.Random) -> str:
    """A value named without any noun, "green background" or "upside down"."""
    if attribute == "background":
        return chance.choice(("{} background", "{} backdrop", "on a {} background", "a {} background")).format(value)
    if attribute == "place":
        return chance.choice(PLACES[value])
    return chance.choice(VALUE_WORDS[attribute][value])


def values_to_name(attribute: str) -> tuple[str, ...]:
    """The values that a caption can name: those that do not stand for chance."""
    return ATTRIBUTES[attribute] if attribute == "background" else ATTRIBUTES[attribute][1:]


def combinations(labels: list[dict[str, Any]], seed: int = 17) -> list[dict[str, str]]:
    """Pairs of a label and a value that no caption may name together, drawn by seed."""
    chance = random.Random(seed)
    plain = [e["label"] for e in labels if e["group"] in TAGGED_GROUPS and len(e["label"].split()) == 1]
    found = []
    for attribute, number in COMBINATIONS.items():
        values = [value for value in values_to_name(attribute) if value != "gradient"]
        for i, label in enumerate(chance.sample(plain, number)):
            found.append({"label": label, "attribute": attribute, "value": values[i % len(values)]})
    return found


def rows_of(
    noun: Noun, held_out: set[tuple[int, str, str]], chance: random.Random
) -> Iterator[tuple[str, dict[str, str]]]:
    """Captions of one noun, with what each names."""
    number = ROWS[noun.kind]
    plain = round(PLAIN_SHARE[noun.kind] * number)
    words = set(noun.text.replace("-", " ").split())
    taken = {
        a for a, ways in VALUE_WORDS.items() if any(words & set(way.split("-")) for w in ways.values() for way in w)
    }
    for i in range(plain):
        if i % 8 == 7:
            yield plural(noun.text), {"count": chance.choice(("one", "one", "one", "two", "three", "four"))}
        else:
            yield PLAIN[i % len(PLAIN)].format(noun.text), {}
    sets, shares = zip(*NAMED, strict=True)
    for _ in range(number - plain):
        attributes = chance.choices(sets, shares)[0]
        named = {a: chance.choice(values_to_name(a)) for a in attributes if a not in taken or noun.kind == "anything"}
        if len(noun.members) <= 3 and any((m, a, v) in held_out for m in noun.members for a, v in named.items()):
            continue
        if named:
            yield said(noun.text, named, chance), named


def main() -> None:
    """The command line."""
    data, wordnet, out = asked(__doc__, "wordnet", "out")
    labels = read_labels(data)
    if not HELD_OUT.exists():
        lines = [json.dumps(entry) for entry in combinations(labels)]
        HELD_OUT.write_text("[\n" + ",\n".join(lines) + "\n]\n")
    index = {entry["label"]: i for i, entry in enumerate(labels)}
    held_out = {(index[e["label"]], e["attribute"], e["value"]) for e in json.loads(HELD_OUT.read_text())}
    chance = random.Random(0)
    all_nouns = nouns(labels, other_words(wordnet, labels))
    texts: list[str] = []
    noun_of: list[int] = []
    named_of: list[list[int]] = []
    weights: list[float] = []
    totals = {k: sum(_weight(n) for n in all_nouns if n.kind == k) for k in KIND_SHARES}

    def keep(text: str, noun: int, named: dict[str, str], weight: float) -> None:
        texts.append(text)
        noun_of.append(noun)
        named_of.append([v.index(named[a]) if a in named else UNNAMED for a, v in ATTRIBUTES.items()])
        weights.append(weight)

    anything = next(i for i, noun in enumerate(all_nouns) if noun.kind == "anything")
    for i, noun in enumerate(all_nouns):
        rows = list(rows_of(noun, held_out, chance))
        share = KIND_SHARES[noun.kind] * _weight(noun) / totals[noun.kind]
        for text, named in rows:
            keep(text, i, named, share / len(rows))
        if noun.text in COLOURS:
            # A bare colour: things of that colour, tinted or not.
            for text in (noun.text, f"{noun.text} thing", f"something {noun.text}", f"{noun.text} object"):
                for _ in range(4):
                    keep(text, i, {"tint": noun.text}, share / len(rows))
    for attribute in ATTRIBUTES:
        for value in values_to_name(attribute):
            if attribute != "tint":
                for _ in range(12):
                    keep(bare(attribute, value, chance), anything, {attribute: value}, 2e-5)
    ids, vocabulary, kept = tokens_of(texts)
    row_of = {text: row for row, text in reversed(list(enumerate(t for t, k in zip(texts, kept, strict=True) if k)))}
    kind_of = {noun.text: noun.kind for noun in all_nouns}
    own = [e["label"].lower() if kind_of[e["label"].lower()] == "label" else "" for e in labels]
    members = [np.array(noun.members, np.int32) for noun in all_nouns]
    np.savez_compressed(
        out,
        ids=ids[kept].astype(np.int16),
        vocabulary=vocabulary,
        noun=np.array(noun_of, np.int32)[kept],
        named=np.array(named_of, np.int8)[kept],
        weight=np.array(weights, np.float32)[kept],
        label_row=np.array([row_of.get(text, -1) for text in own], np.int32),
        members=np.concatenate(members),
        ends=np.cumsum([len(m) for m in members]).astype(np.int32),
    )
    out.with_suffix(".txt").write_text("\n".join(t for t, k in zip(texts, kept, strict=True) if k) + "\n")
    counts = {kind: sum(noun.kind == kind for noun in all_nouns) for kind in KIND_SHARES}
    print(f"{int(kept.sum())} captions of {counts}, {len(set(texts))} different, {len(vocabulary)} word pieces")


def tokens_of(texts: list[str]) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.bool_]]:
    """MiniLM's word pieces of each text, renumbered to those that occur.

    Returns `int[texts, MAX_TOKENS]` with 0 for padding, what each number was, and which texts are short enough.
    """
    tokenizer, _ = load_minilm()
    pieces = tokenizer(texts)["input_ids"]
    kept = np.array([len(row) <= MAX_TOKENS for row in pieces])
    ids = np.zeros((len(texts), MAX_TOKENS), np.int64)
    for row, numbers in zip(ids, pieces, strict=True):
        row[: len(numbers)] = numbers[:MAX_TOKENS]
    vocabulary, renumbered = np.unique(np.concatenate([[0], ids.ravel()]), return_inverse=True)
    return renumbered[1:].reshape(ids.shape), vocabulary, kept


def _weight(noun: Noun) -> float:
    return float(len(noun.members) ** 0.5)


if __name__ == "__main__":
    main()
