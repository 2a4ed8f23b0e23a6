"""Build the taxonomy: which emoji belong to which visual concept, and the words that name it.

    python models/build_emoji_taxonomy.py --data DIR

Ten seconds on one core, after `build_emoji_data.py`. Reads `emoji_concepts.txt` and `emoji_names.txt`, measures
colours from the pictures, and writes `emoji_taxonomy.json`: by concept its kind, the hexcodes of its members and
further words that are right answers. The kind `name` is a single emoji.
"""

import json
import re
from typing import Any

import numpy as np
from emoji_data import ROOT, asked, read_labels
from numpy.typing import NDArray

KINDS = ("hypernym", "expression", "feature", "activity", "colour", "shape", "subgroup", "name")
HEAD = re.compile(r"(?P<name>[\w' -]+) \((?P<kind>\w+)\): (?P<words>.*)")

COLOURS = ("red", "orange", "yellow", "green", "blue", "purple", "pink", "brown", "black", "grey", "white")
SHARE = 0.55
"""Share of the drawn pixels that a colour must have, in the median of the styles and, a little less, in each."""
LEAST_SHARE = 0.4


def main() -> None:
    """The command line."""
    [data] = asked(__doc__)
    labels = read_labels(data)
    with np.load(data / "pictures.npz") as arrays:
        measured = colour_members(arrays["pictures"], arrays["label"], labels)
    concepts = read_concepts((ROOT / "emoji_concepts.txt").read_text(), labels, measured)
    named = read_names((ROOT / "emoji_names.txt").read_text())
    for entry in labels:
        # Where a concept has the name of an emoji, the word means the concept.
        own = {"kind": "name", "words": named.get(entry["label"], []), "members": {entry["label"]}}
        concepts.setdefault(entry["label"], own)
    hexcodes = {entry["label"]: entry["hexcode"] for entry in labels}
    taxonomy = {
        name: {
            "kind": concept["kind"],
            "members": sorted((hexcodes[label] for label in concept["members"]), key=list(hexcodes.values()).index),
            "synonyms": concept["words"],
        }
        for name, concept in concepts.items()
    }
    lines = [f" {json.dumps(name)}: {json.dumps(concept)}" for name, concept in taxonomy.items()]
    (ROOT / "emoji_taxonomy.json").write_text("{\n" + ",\n".join(lines) + "\n}\n")
    wide = [name for name, concept in taxonomy.items() if len(concept["members"]) >= 8]
    print(f"{len(taxonomy)} concepts, {len(wide)} of them with 8 members or more")


def read_concepts(text: str, labels: list[dict[str, Any]], measured: dict[str, set[str]]) -> dict[str, dict[str, Any]]:
    """Kind, words and member labels of each concept in `emoji_concepts.txt`, colours and names added."""
    concepts: dict[str, dict[str, Any]] = {}
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    for head, items in zip(lines[::2], lines[1::2], strict=True):
        found = HEAD.fullmatch(head)
        if found is None or not items.startswith("  "):
            raise ValueError(f"emoji_concepts.txt: {head!r} is no concept with its members below")
        name, kind = found["name"], found["kind"]
        if kind not in KINDS:
            raise ValueError(f"emoji_concepts.txt: {name!r} has no kind that is known: {kind!r}")
        members = gathered(split(items), measured.get(name, set()), labels, concepts)
        concepts[name] = {"kind": kind, "words": split(found["words"]), "members": members}
    return concepts


def read_names(text: str) -> dict[str, list[str]]:
    """The further words for the names of emoji in `emoji_names.txt`."""
    pairs = (line.split(": ", 1) for line in text.splitlines() if not line.startswith("#"))
    return {label: split(words) for label, words in pairs}


def gathered(
    items: list[str], start: set[str], labels: list[dict[str, Any]], concepts: dict[str, dict[str, Any]]
) -> set[str]:
    """The labels that a line of members names."""
    members = set(start)
    for item in items:
        wanted = item.removeprefix("-")
        if wanted.startswith("@"):
            found = {entry["label"] for entry in labels if entry["subgroup"] == wanted[1:]}
        elif wanted.startswith("+"):
            found = concepts[wanted[1:]]["members"]
        elif wanted.startswith("*"):
            pattern = re.compile(rf"\b{re.escape(wanted[1:])}\b")
            found = {entry["label"] for entry in labels if pattern.search(entry["label"])}
        else:
            found = {entry["label"] for entry in labels if entry["label"] == wanted}
        if not found:
            raise ValueError(f"emoji_concepts.txt: {wanted!r} names no label")
        members = members - found if item.startswith("-") else members | found
    return members


def split(text: str) -> list[str]:
    """The parts between semicolons."""
    return [part.strip() for part in text.split(";") if part.strip()]


def colour_members(
    pictures: NDArray[np.uint8], label: NDArray[np.int16], labels: list[dict[str, Any]]
) -> dict[str, set[str]]:
    """The labels that are mostly of one colour in every style, by colour."""
    shares = np.stack([colour_shares(picture) for picture in pictures])
    members: dict[str, set[str]] = {name: set() for name in COLOURS}
    for index, entry in enumerate(labels):
        mine = shares[label == index]
        for number, name in enumerate(COLOURS):
            if np.median(mine[:, number]) >= SHARE and mine[:, number].min() >= LEAST_SHARE:
                members[name].add(entry["label"])
    return members


def colour_shares(picture: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Which share of a picture's opaque pixels has which colour, in the order of `COLOURS`."""
    opaque = picture[picture[..., 3] > 128][:, :3].astype(float) / 255
    high, low = opaque.max(1), opaque.min(1)
    spread = high - low
    saturation = np.where(high > 0, spread / np.maximum(high, 1e-6), 0)
    red, green, blue = opaque.T
    safe = np.maximum(spread, 1e-6)
    hue = np.where(
        high == red,
        (green - blue) / safe % 6,
        np.where(high == green, (blue - red) / safe + 2, (red - green) / safe + 4),
    )
    hue = hue * 60
    plain = (saturation < 0.18) | (spread < 0.08)
    dark = high < 0.28
    warm = (hue < 48) | (hue >= 345)
    brown = ~plain & ~dark & (hue >= 5) & (hue < 48) & ((high < 0.72) | ((saturation < 0.55) & (high < 0.88)))
    pink = (
        ~plain
        & ~dark
        & ~brown
        & (((hue >= 300) & (hue < 345)) | (((hue >= 345) | (hue < 12)) & (saturation < 0.6) & (high > 0.75)))
    )
    rest = ~plain & ~dark & ~brown & ~pink
    kinds = {
        "red": rest & ((hue >= 345) | (hue < 14)),
        "orange": rest & (hue >= 14) & (hue < 41) & warm,
        "yellow": rest & (hue >= 41) & (hue < 66),
        "green": rest & (hue >= 66) & (hue < 168),
        "blue": rest & (hue >= 168) & (hue < 252),
        "purple": rest & (hue >= 252) & (hue < 300),
        "pink": pink,
        "brown": brown,
        "black": dark | (plain & (high < 0.33)),
        "grey": plain & ~dark & (high >= 0.33) & (high < 0.86),
        "white": plain & (high >= 0.86),
    }
    return np.array([kinds[name].mean() if len(opaque) else 0 for name in COLOURS])


if __name__ == "__main__":
    main()
