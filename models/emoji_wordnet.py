"""Other words for labels: synonyms and kinds in WordNet, where the label's group tells which sense is meant."""

from collections import deque
from pathlib import Path
from typing import Any

LEXICAL_FILES = {
    "animals-nature": (5, 20),
    "food-drink": (13, 20),
    "travel-places": (6, 17, 19, 15),
    "objects": (6, 21, 10),
    "activities": (6,),
    "people-body": (8,),
}
"""WordNet's numbers of the files of nouns (animal 5, plant 20, ...) in which a group's things stand."""
MAX_WORDS = 2
MAX_KINDS = 14
DEPTH = 2


def other_words(folder: Path, labels: list[dict[str, Any]]) -> dict[str, set[int]]:
    """Each word's labels: lemmas of the label's own synset, then of its hyponyms, the nearest first.

    `folder` holds WordNet's `index.noun` and `data.noun`. The first sense in one of the group's files is taken.
    """
    senses = read_senses(folder)
    data = (folder / "data.noun").read_bytes()
    found: dict[str, set[int]] = {}
    for number, entry in enumerate(labels):
        files = LEXICAL_FILES.get(entry["group"], ())
        offsets = senses.get(entry["label"].lower().replace(" ", "_"), [])
        synsets = [synset(data, offset) for offset in offsets]
        here = [s for s in synsets if s[0] in files][:1]
        if not here:
            continue
        words = list(here[0][1])
        queue = deque((offset, 1) for offset in here[0][2])
        kinds: list[str] = []
        while queue and len(kinds) < MAX_KINDS:
            offset, depth = queue.popleft()
            _, lemmas, below = synset(data, offset)
            kinds += lemmas[:2]
            if depth < DEPTH:
                queue.extend((child, depth + 1) for child in below)
        for word in [*words, *kinds[:MAX_KINDS]]:
            if len(word.split()) <= MAX_WORDS and word != entry["label"].lower():
                found.setdefault(word, set()).add(number)
    return found


def read_senses(folder: Path) -> dict[str, list[int]]:
    """Where the synsets of each noun are in `data.noun`, the usual sense first."""
    found = {}
    for line in (folder / "index.noun").read_text().splitlines():
        if line.startswith(" "):
            continue
        fields = line.split()
        found[fields[0]] = [int(offset) for offset in fields[-int(fields[2]) :]]
    return found


def synset(data: bytes, offset: int, relations: tuple[str, ...] = ("~",)) -> tuple[int, list[str], list[int]]:
    """The file's number, the lemmas, and the offsets of what stands in the relations: the hyponyms."""
    line = data[offset : data.index(b"\n", offset)].decode()
    fields = line.split("|")[0].split()
    count = int(fields[3], 16)
    lemmas = [fields[4 + 2 * i].replace("_", " ").lower() for i in range(count)]
    pointers = fields[5 + 2 * count :]
    below = [int(pointers[i + 1]) for i in range(0, len(pointers) - 3, 4) if pointers[i] in relations]
    return int(fields[1]), lemmas, below
