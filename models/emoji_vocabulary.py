"""The bank's vocabulary, the accepted answers of concepts, and which words are kept out of the vocabulary."""

import re
from collections import Counter
from pathlib import Path
from typing import Any

import emoji_data

ROOT = Path(__file__).resolve().parent
MAX_WORDS = 2
MIN_TAGGED = 3
WORD = re.compile(r"[a-z]+(?:-[a-z]+)*")


def vocabulary(labels: list[dict[str, Any]]) -> list[str]:
    """Everyday words and short phrases: labels of at most `MAX_WORDS` words, and tags of several labels."""
    words = [entry["label"] for entry in labels if entry["subgroup"] != "geometric"]
    short = [word for word in words if len(word.split()) <= MAX_WORDS]
    counts = Counter(tag for entry in labels for tag in entry["tags"])
    tags = [tag for tag, count in counts.items() if count >= MIN_TAGGED and tag not in emoji_data.UNSAID_TAGS]
    plain = [word.lower() for word in [*short, *sorted(tags)]]
    return list(dict.fromkeys(word for word in plain if _is_plain(word)))


def answers() -> dict[str, list[str]]:
    """What counts as a right answer for each concept: its name first, then synonyms."""
    lines = (ROOT / "emoji_synonyms.txt").read_text().splitlines()
    split = [line.split(":", 1) for line in lines]
    return {name: [name, *(word.strip() for word in rest.split(";"))] for name, rest in split}


def gives_away(entry: str, answer: str) -> bool:
    """Whether a vocabulary entry says an answer: holds it as whole words, in singular or plural."""
    words, wanted = [_singular(w) for w in entry.split()], [_singular(w) for w in answer.split()]
    return any(words[i : i + len(wanted)] == wanted for i in range(len(words) - len(wanted) + 1))


def _is_plain(word: str) -> bool:
    return all(WORD.fullmatch(part) for part in word.split()) and len(word) > 2


def _singular(word: str) -> str:
    if word.endswith("ies") and len(word) > 4:
        return word[:-3] + "y"
    if word.endswith(("ches", "shes", "xes", "sses")):
        return word[:-2]
    return word[:-1] if word.endswith("s") and not word.endswith("ss") and len(word) > 3 else word
