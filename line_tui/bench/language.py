"""How useful a language model's proposals are: measured against random words, on concepts that it is not told.

    line-tui bench language [--profile demo] [--hidden 60] [--seed 0]

No picture is drawn. A neuron that responds to a hidden concept is played by embeddings: a concept's score is the
cosine of its embedding with the hidden concept's, plus noise. The published loop's search runs against that; the same
number of random words is the comparison.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass

import msgspec
import numpy as np
from numpy.typing import NDArray

from line_tui.errors import LineError, UsageError
from line_tui.explain.loop import TEMPERATURE, WARMER
from line_tui.explain.paired_tests import mean_interval
from line_tui.explain.ports import Embedder, Language
from line_tui.explain.prompting import Request, Shown, render
from line_tui.explain.proposals import judge
from line_tui.explain.published import ATTEMPTS, FROM_RANDOM, FROM_VOCABULARY
from line_tui.explain.seeds import derive, proposal_seed
from line_tui.explain.word_forms import same_form
from line_tui.offline import refuse_sockets, stay_offline
from line_tui.orphan import end_with_parent

NOISE = 0.05
"""Standard deviation of a score, in units of the cosine; the mean of five images is about as unsteady."""


class Search(msgspec.Struct, frozen=True, kw_only=True):
    """One hidden concept's search."""

    hidden: str
    pool_best: float
    """Cosine of the best concept that the search began with."""
    proposals: list[str]
    proposed: list[float]
    """Cosine of each proposal with the hidden concept."""
    random: list[float]
    """Cosine of as many random words of the vocabulary."""
    refused: int
    """Replies that were no usable new concept."""
    stalled: int
    """Times that no attempt gave a new concept."""


class Gain(msgspec.Struct, frozen=True, kw_only=True):
    """A paired difference over the hidden concepts, with Student's 95 % interval."""

    mean: float
    low: float
    high: float


class LanguageBench(msgspec.Struct, frozen=True, kw_only=True):
    """What was measured; all similarities are cosines of embeddings with the hidden concept's."""

    language: str
    style: str
    seed: int
    hidden: int
    vocabulary: int
    mean_proposed: float
    mean_random: float
    mean_gain: Gain
    best_proposed: float
    best_random: float
    best_gain: Gain
    pool_best: float
    better_than_pool: float
    """Share of hidden concepts for which a proposal came closer than all that the search began with."""
    better_than_pool_random: float
    """The same share for random words."""
    found: float
    """Share of hidden concepts that were proposed by name."""
    refused_share: float
    """Share of all replies that were refused."""
    stalled: int
    searches: list[Search]


@dataclass
class World:
    """Embeddings that play the part of images and neuron."""

    embedder: Embedder
    vocabulary: list[str]
    random: np.random.Generator

    def similarity(self, hidden: str, concepts: Sequence[str]) -> NDArray[np.float64]:
        """`float64[concepts]`: cosines with the hidden concept."""
        vectors = self.embedder.embed([hidden, *concepts]).astype(np.float64)
        return np.asarray(vectors[1:] @ vectors[0], np.float64)

    def scores(self, hidden: str, concepts: Sequence[str]) -> NDArray[np.float64]:
        """`float64[concepts]`: what the search sees of the similarity."""
        return self.similarity(hidden, concepts) + self.random.normal(0, NOISE, len(concepts))


def choose_hidden(labels: Sequence[str], count: int, seed: int) -> list[str]:
    """Concepts that are not in the prompt's examples, not even by one word, in random order.

    Raises ValueError when there are too few.
    """
    head = set(render(Request("new", [Shown("", 0.0)])).head.replace(",", " ").replace(":", " ").split())
    usable = sorted({label for label in labels if not head & set(label.lower().split())})
    if len(usable) < count:
        raise ValueError(f"{len(usable)} concepts can be hidden, {count} were asked for")
    order = np.random.default_rng(seed).permutation(len(usable))[:count]
    return [usable[i] for i in order]


def search(language: Language, world: World, hidden: str, proposals: int, seed: int) -> Search:
    """Run the published loop's search for one hidden concept, which its first pool does not contain."""
    words = [word for word in world.vocabulary if same_form(word) != same_form(hidden)]
    scores = world.scores(hidden, words)
    top = np.argsort(-scores)[:FROM_VOCABULARY]
    rest = world.random.permutation(np.setdiff1d(np.arange(len(words)), top))
    pool = {words[i]: float(scores[i]) for i in [*top, *rest[:FROM_RANDOM]]}
    pool_best = float(world.similarity(hidden, list(pool)).max())
    # Random words may hit the hidden concept as the model may, so they are drawn from all that is not in the pool.
    others = [word for word in world.vocabulary if word not in pool]
    random = [others[i] for i in world.random.permutation(len(others))[:proposals]]
    taken = {same_form(word): word for word in pool}
    proposed: list[str] = []
    refused = stalled = 0
    for turn in range(proposals):
        shown = sorted(pool.items(), key=lambda item: -item[1])
        for attempt in range(ATTEMPTS):
            reply = language.complete(
                render(Request("new", [Shown(*pair) for pair in shown], attempt=attempt)),
                proposal_seed(seed, turn + 1, attempt),
                TEMPERATURE + WARMER * attempt,
                lambda text, thinking: None,
            )
            judged = judge(reply.text, taken)
            concept = judged.concept
            if judged.reason is None:
                proposed.append(concept)
                taken[same_form(concept)] = concept
                pool[concept] = float(world.scores(hidden, [concept])[0])
                del pool[min(pool, key=lambda word: pool[word])]
                break
            refused += 1
        else:
            stalled += 1
    return Search(
        hidden=hidden,
        pool_best=pool_best,
        proposals=proposed,
        proposed=world.similarity(hidden, proposed).tolist() if proposed else [],
        random=world.similarity(hidden, random).tolist(),
        refused=refused,
        stalled=stalled,
    )


def measure(
    language: Language,
    embedder: Embedder,
    vocabulary: list[str],
    hidden: Sequence[str],
    *,
    proposals: int = 10,
    seed: int = 0,
) -> LanguageBench:
    """Search for each hidden concept, and compare with random words, hidden concept by hidden concept.

    A search whose every proposal stalled counts with similarity 0. Raises ValueError for fewer than two concepts.
    """
    world = World(embedder, vocabulary, np.random.default_rng(seed))
    searches = []
    for concept in hidden:
        searches.append(search(language, world, concept, proposals, derive("bench", seed, concept)))
        print(f"{len(searches)}/{len(hidden)} {concept}: {', '.join(searches[-1].proposals)}", file=sys.stderr)
    means = np.array([[_mean(s.proposed), _mean(s.random)] for s in searches])
    bests = np.array([[max(s.proposed, default=0.0), max(s.random)] for s in searches])
    starts = np.array([s.pool_best for s in searches])
    replies = sum(len(s.proposals) + s.refused for s in searches)
    found = [same_form(s.hidden) in map(same_form, s.proposals) for s in searches]
    return LanguageBench(
        language=language.name,
        style=language.style,
        seed=seed,
        hidden=len(searches),
        vocabulary=len(vocabulary),
        mean_proposed=float(means[:, 0].mean()),
        mean_random=float(means[:, 1].mean()),
        mean_gain=_gain(means[:, 0] - means[:, 1]),
        best_proposed=float(bests[:, 0].mean()),
        best_random=float(bests[:, 1].mean()),
        best_gain=_gain(bests[:, 0] - bests[:, 1]),
        pool_best=float(starts.mean()),
        better_than_pool=float((bests[:, 0] > starts).mean()),
        better_than_pool_random=float((bests[:, 1] > starts).mean()),
        found=float(np.mean(found)),
        refused_share=sum(s.refused for s in searches) / max(1, replies),
        stalled=sum(s.stalled for s in searches),
        searches=searches,
    )


def _mean(values: list[float]) -> float:
    return float(np.mean(values)) if values else 0.0


def _gain(differences: NDArray[np.float64]) -> Gain:
    mean, low, high = mean_interval(differences)
    return Gain(mean=mean, low=low, high=high)


def bundled_labels() -> list[str]:
    """All labels of the emoji world, from the bundled network's files."""
    from line_tui.models.model_files import bundled_models

    units = json.loads((bundled_models() / "emoji-resnet18" / "labels.json").read_text(encoding="utf-8"))
    return sorted({member for unit in units for member in unit["members"]})


def bundled_vocabulary() -> list[str]:
    """The words of the bundled bank."""
    from line_tui.models.model_files import bundled_models

    bank = json.loads((bundled_models() / "emoji-bank" / "bank.json").read_text(encoding="utf-8"))
    return list(bank["concepts"])


def main() -> int:
    """Measure a profile's language model and print the result as JSON; the exit code."""
    parser = argparse.ArgumentParser(
        prog="line-tui bench language",
        description=(__doc__ or "").partition("\n")[0],
        epilog="Example: line-tui bench language --hidden 60",
    )
    parser.add_argument("--profile", default="demo", help="whose language model (default: demo)")
    parser.add_argument("--hidden", type=int, default=60, help="how many concepts are hidden (default: 60)")
    parser.add_argument("--proposals", type=int, default=10, help="for each of them (default: 10)")
    parser.add_argument("--seed", type=int, default=0)
    parsed = parser.parse_args()
    try:
        result = _measure_profile(parsed.profile, parsed.hidden, parsed.proposals, parsed.seed)
    except LineError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    print(json.dumps(msgspec.to_builtins(result), indent=1))
    return 0


def _measure_profile(profile: str, hidden: int, proposals: int, seed: int) -> LanguageBench:
    stay_offline()
    from line_tui.models.catalog import read_catalog
    from line_tui.models.embedder import MiniLMEmbedder
    from line_tui.models.loader import default_threads, load_language

    catalog = read_catalog()
    entry = catalog.find_language(catalog.find_profile(profile).language)
    language = load_language(entry, threads=default_threads())
    try:
        concepts = choose_hidden(bundled_labels(), hidden, seed)
        return measure(language, MiniLMEmbedder(), bundled_vocabulary(), concepts, proposals=proposals, seed=seed)
    except ValueError as error:
        raise UsageError(str(error), "choose another --hidden") from error


if __name__ == "__main__":
    refuse_sockets()
    end_with_parent()
    sys.exit(main())
