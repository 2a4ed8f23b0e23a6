"""Normal forms of concepts: two that differ only in case, article, punctuation or number are the same."""

from __future__ import annotations

import re
from functools import lru_cache

_IRREGULAR = {
    "men": "man",
    "women": "woman",
    "children": "child",
    "people": "person",
    "mice": "mouse",
    "geese": "goose",
    "feet": "foot",
    "teeth": "tooth",
    "leaves": "leaf",
    "wolves": "wolf",
    "knives": "knife",
    "loaves": "loaf",
}
_ARTICLES = {"a", "an", "the", "some"}


def clean(text: str) -> str:
    """Lower-case a text and strip quotes, numbering, punctuation and a leading article; may return ""."""
    words = [word.strip("_'-") for word in re.sub(r"[^\w\s'-]", " ", text.lower()).split()]
    words = [word for word in words if word]
    while words and (words[0] in _ARTICLES or words[0].isdigit()):
        words = words[1:]
    return " ".join(words)


def singular(word: str) -> str:
    """The singular of an English noun by the common rules; other words are returned unchanged."""
    if word in _IRREGULAR:
        return _IRREGULAR[word]
    if len(word) > 4 and word.endswith("ies"):
        return word[:-3] + "y"
    if re.search(r"(ss|x|z|ch|sh)es$", word):
        return word[:-2]
    if len(word) > 3 and re.search(r"[^sui]s$", word):
        return word[:-1]
    return word


@lru_cache(maxsize=1 << 16)
def same_form(concept: str) -> str:
    """A key that is equal for concepts that differ only in case, article, punctuation or number."""
    words = clean(concept).replace("-", " ").split()
    return " ".join([*words[:-1], singular(words[-1])]) if words else ""
