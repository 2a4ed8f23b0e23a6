"""The bank's vocabulary, the accepted answers of units, and which words are kept out of the vocabulary."""

import re
from functools import cache
from typing import Any

from emoji_data import read_taxonomy

MAX_WORDS = 2
WORDS = re.compile(r"[a-z]+(?:[-' ][a-z]+)*")
COMPOSED_ANSWERS = {
    "two things": "two objects; two; pair; a pair of things; couple of things; double; twins",
    "three things": "three objects; three; trio; triple; triplet",
    "four things": "four objects; four; quartet; foursome",
    "small": "small thing; small object; little; tiny; tiny object; miniature; little thing",
    "upside-down": "upside-down thing; inverted; turned over; flipped; upside-down object",
    "sideways": "sideways thing; on its side; lying on its side; rotated; turned sideways; sideways object",
    "on the left": "left; left side; thing on the left; on the left side",
    "on the right": "right; right side; thing on the right; on the right side",
    "at the top": "top; upper half; thing at the top; on top; upper",
    "at the bottom": "bottom; lower half; thing at the bottom; lower",
}
"""Right answers for units that mean a value of the composition, beside their name."""
BACKGROUND_ANSWERS = ("{} backdrop", "on {}", "on a {} background", "{} surroundings", "background {}")


def vocabulary(labels: list[dict[str, Any]]) -> list[str]:
    """Everyday words and short phrases: labels of at most `MAX_WORDS` words, concepts, values of the composition."""
    short = [entry["label"] for entry in labels if len(entry["label"].split()) <= MAX_WORDS]
    taxonomy = read_taxonomy(labels)
    concepts = [name for name, concept in taxonomy.items() if concept["kind"] != "name"]
    backgrounds = [f"{name} background" for name, concept in taxonomy.items() if concept["kind"] == "colour"]
    plain = [word.lower() for word in [*short, *concepts, *backgrounds, *COMPOSED_ANSWERS]]
    return list(dict.fromkeys(word for word in plain if WORDS.fullmatch(word) and len(word) > 2))


def without(vocabulary: list[str], answers: list[str]) -> list[str]:
    """The entries that give none of the answers away."""
    return [entry for entry in vocabulary if not any(gives_away(entry, answer) for answer in answers)]


def answers(labels: list[dict[str, Any]], names: list[str]) -> list[list[str]]:
    """What counts as a right answer for each output of emoji-resnet18: its name first, then synonyms."""
    taxonomy = read_taxonomy(labels)
    return [[name, *_further(taxonomy, name)] for name in names]


def gives_away(entry: str, answer: str) -> bool:
    """Whether a vocabulary entry says an answer: holds it as whole words, in singular or plural."""
    return _singulars(answer) in _singulars(entry)


def _further(taxonomy: dict[str, Any], name: str) -> list[str]:
    if name in taxonomy:
        synonyms: list[str] = taxonomy[name]["synonyms"]
        return synonyms
    if name in COMPOSED_ANSWERS:
        return COMPOSED_ANSWERS[name].split("; ")
    colour = name.removesuffix(" background")
    return [answer.format(colour) for answer in BACKGROUND_ANSWERS]


@cache
def _singulars(text: str) -> str:
    """The words of a text in singular, a space before and after each."""
    return f" {' '.join(_singular(word) for word in text.lower().split())} "


def _singular(word: str) -> str:
    if word.endswith("ies") and len(word) > 4:
        return word[:-3] + "y"
    if word.endswith(("ches", "shes", "xes", "sses")):
        return word[:-2]
    return word[:-1] if word.endswith("s") and not word.endswith("ss") and len(word) > 3 else word
