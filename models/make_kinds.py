"""Make the lexicon's kinds: what a noun is a kind of, by WordNet's first sense, for words that the lexicon knows.

    python models/make_kinds.py --wordnet DIR

`DIR` holds WordNet 3.0's `index.noun` and `data.noun`. Each line of `lexicon/kinds.txt` is one sense: the lines of the
senses that it is a kind of, a tab, and the nouns that mean it before anything else. A minute on one core.
"""

import argparse
from pathlib import Path

from emoji_wordnet import read_senses, synset

FOLDER = Path(__file__).resolve().parent / "lexicon"
MAX_WORDS = 2
KIND_OF = ("@", "@i")
"""WordNet's signs for what a sense is a kind, or an instance, of."""


def main() -> None:
    """Write `kinds.txt`."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--wordnet", type=Path, required=True)
    given = parser.parse_args()
    known = set((FOLDER / "words.txt").read_text().split())
    data = (given.wordnet / "data.noun").read_bytes()
    nouns: dict[int, list[str]] = {}
    for lemma, senses in read_senses(given.wordnet).items():
        name = lemma.replace("_", " ")
        if len(name.split()) <= MAX_WORDS and known.issuperset(name.replace("-", " ").split()):
            nouns.setdefault(senses[0], []).append(name)
    above: dict[int, list[int]] = {}
    left = list(nouns)
    while left:
        sense = left.pop()
        if sense not in above:
            _, _, above[sense] = synset(data, sense, KIND_OF)
            left += above[sense]
    places = {sense: place for place, sense in enumerate(sorted(above))}
    lines = [f"{' '.join(str(places[a]) for a in above[s])}\t{','.join(nouns.get(s, []))}" for s in sorted(above)]
    (FOLDER / "kinds.txt").write_text("\n".join(lines) + "\n")
    print(f"{sum(map(len, nouns.values()))} nouns, {len(lines)} senses")


if __name__ == "__main__":
    main()
