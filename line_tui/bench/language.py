"""Compare a language model's proposals in the default loop with random words.

The neurons are planted, each with one known concept, from the split that the method was tuned on. In one search every
proposal comes from the model, in another every proposal is a random word of the vocabulary. Each is drawn three times
and gets a two-sided score. `--language` and `--form` may be repeated: all see the same neurons, seeds and random words.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import replace
from itertools import product

import msgspec
import numpy as np

from line_tui import events as e
from line_tui.bench.answers import Answers, Unit
from line_tui.bench.world import World, load_worlds
from line_tui.child_main import ArgumentParser, run_alone
from line_tui.errors import UsageError
from line_tui.explain.adaptive import ATTEMPTS, Adaptive
from line_tui.explain.paired_tests import mean_interval
from line_tui.explain.ports import Gallery
from line_tui.explain.proposals import tried
from line_tui.explain.seeds import derive
from line_tui.explain.state import RunState, Trial, attempts, next_id
from line_tui.explain.steps import Ask, Draw, DrawTogether, Record, Step
from line_tui.explain.verification import nothing
from line_tui.explain.word_forms import same_form

LAYER = "planted"


class Search(msgspec.Struct, frozen=True, kw_only=True):
    """One neuron's search; all scores are two-sided, on the choosing half of the control set."""

    neuron: int
    meant: str
    opening: float
    """Score of the best initial concept."""
    proposals: list[str]
    scores: list[float]
    """Scores of the proposals."""
    random: list[float]
    """Scores of the random words in the same loop."""
    named: bool
    """Whether any proposal is a right label."""
    refused: int
    """Replies that were not usable new concepts."""


class Gain(msgspec.Struct, frozen=True, kw_only=True):
    """A paired difference over the neurons, with Student's 95% interval."""

    mean: float
    low: float
    high: float


class LanguageBench(msgspec.Struct, frozen=True, kw_only=True):
    """The result for one language model in one form."""

    language: str
    form: str
    seed: int
    neurons: int
    mean_score: float
    mean_random: float
    mean_gain: Gain
    best_score: float
    best_random: float
    best_gain: Gain
    opening: float
    better_than_opening: float
    """Share of the neurons for which a proposal scored higher than every initial concept."""
    better_than_opening_random: float
    named: float
    """Share of the neurons for which a proposal is a right label."""
    refused_share: float
    """Share of all replies that were refused."""
    searches: list[Search]


class OneSource(Adaptive):
    """The default loop with all proposals from one source, ending when all are scored."""

    def next_step(self, state: RunState, gallery: Gallery) -> Step:
        """The default loop's step, with the source's proposals and without a conclusion."""
        step = super().next_step(state, gallery)
        match step:
            case Draw(purpose="choose" | "report") | DrawTogether(draws=[Draw(purpose="choose"), *_]):
                return nothing("all proposals are scored")
            case Ask(iteration=iteration):
                return self.proposal(state, gallery, iteration)
            case Record(events=events):
                proposed = next((event for event in events if isinstance(event, e.Proposed)), None)
                if proposed is not None and proposed.iteration:
                    return self.proposal(state, gallery, proposed.iteration)
        return step

    def proposal(self, state: RunState, gallery: Gallery, iteration: int) -> Step:
        """The proposal of an iteration."""
        raise NotImplementedError


class LanguageProposals(OneSource):
    """Every proposal is the language model's."""

    def proposal(self, state: RunState, gallery: Gallery, iteration: int) -> Step:
        """Ask the language model, as often as the loop does."""
        assert state.control is not None
        attempt = attempts(state, iteration)
        if attempt >= ATTEMPTS:
            return Record([e.Stalled(iteration=iteration, attempts=attempt, remedy="nothing usable was said")])
        return self._search(state, self._analysis(state.control, gallery), gallery).ask(iteration, attempt)


class RandomWords(OneSource):
    """Every proposal is a random word of the vocabulary."""

    def proposal(self, state: RunState, gallery: Gallery, iteration: int) -> Step:
        """A word that was not tried."""
        assert state.control is not None
        rng = np.random.default_rng(derive("bench language", state.spec.seed, state.spec.neuron, iteration))
        left = [word for word in state.control.concepts if same_form(word) not in tried(state)]
        word = left[rng.integers(len(left))]
        return Record([e.Proposed(trial=next_id(state), concept=word, origin="bank", iteration=iteration)])


def choose(units: Sequence[Unit], count: int, seed: int) -> list[Unit]:
    """Single-concept units of the tuning split, in random order. Raises UsageError if there are too few."""
    usable = [unit for unit in units if unit.kind == "single" and unit.counted and unit.unit % 2 == 0]
    if not 2 <= count <= len(usable):
        raise UsageError(f"--neurons {count}: from 2 to {len(usable)} can be measured", "choose another number")
    order = np.random.default_rng(seed).permutation(len(usable))[:count]
    return [usable[n] for n in order]


def search(world: World, answers: Answers, unit: Unit, random: RunState, strategy: OneSource, seed: int) -> Search:
    """Run one neuron's search, and the one with random words."""
    state = world.run(strategy, LAYER, unit.unit, seed)
    proposed = _proposed(state)
    return Search(
        neuron=unit.unit,
        meant=unit.senses[0][0],
        opening=max(_score(trial) for trial in state.trials.values() if trial.origin == "vocabulary"),
        proposals=[trial.concept for trial in proposed],
        scores=[_score(trial) for trial in proposed],
        random=[_score(trial) for trial in _proposed(random)],
        named=any(answers.right(unit, trial.concept) for trial in proposed),
        refused=len(state.refusals),
    )


def summary(language: str, form: str, seed: int, searches: Sequence[Search]) -> LanguageBench:
    """Summarise all neurons; a search with every reply refused counts as 0. Raises ValueError for one neuron."""
    means = np.array([[_mean(one.scores), _mean(one.random)] for one in searches])
    bests = np.array([[max(one.scores, default=0.0), max(one.random, default=0.0)] for one in searches])
    opening = np.array([one.opening for one in searches])
    replies = sum(len(one.proposals) + one.refused for one in searches)
    return LanguageBench(
        language=language,
        form=form,
        seed=seed,
        neurons=len(searches),
        mean_score=float(means[:, 0].mean()),
        mean_random=float(means[:, 1].mean()),
        mean_gain=_gain(means),
        best_score=float(bests[:, 0].mean()),
        best_random=float(bests[:, 1].mean()),
        best_gain=_gain(bests),
        opening=float(opening.mean()),
        better_than_opening=float((bests[:, 0] > opening).mean()),
        better_than_opening_random=float((bests[:, 1] > opening).mean()),
        named=float(np.mean([one.named for one in searches])),
        refused_share=sum(one.refused for one in searches) / max(1, replies),
        searches=list(searches),
    )


def _proposed(state: RunState) -> list[Trial]:
    return [trial for trial in state.trials.values() if trial.iteration and trial.score is not None]


def _score(trial: Trial) -> float:
    return (trial.score.correlation or 0.0) if trial.score is not None else 0.0


def _mean(values: list[float]) -> float:
    return float(np.mean(values)) if values else 0.0


def _gain(pairs: np.ndarray) -> Gain:
    mean, low, high = mean_interval(pairs[:, 0] - pairs[:, 1])
    return Gain(mean=mean, low=low, high=high)


def measure(names: Sequence[str], forms: Sequence[str | None], neurons: int, seed: int) -> list[LanguageBench]:
    """Measure each language model in each form; a form of None is the catalogue's. Raises LineError."""
    from line_tui.models.catalog import read_catalog
    from line_tui.models.hardware import default_threads
    from line_tui.models.lexicon import load_lexicon
    from line_tui.models.loader import load_language

    catalog, threads = read_catalog(), default_threads()
    entries = [catalog.find_language(name) for name in names]
    world = load_worlds({"emoji-planted": [LAYER]}, threads)[0]
    answers, lexicon = Answers(world.loaded.embedder), load_lexicon()
    units = choose(answers.units, neurons, seed)
    by_chance = RandomWords(world.loaded.embedder, lexicon, pairs=False)
    random = [world.run(by_chance, LAYER, unit.unit, seed) for unit in units]
    results = []
    for entry, form in product(entries, forms):
        form_entry = entry if form is None else msgspec.structs.replace(entry, style=form)
        language = load_language(form_entry, threads)
        models = replace(world.loaded.models, language=language)
        asking = replace(world, loaded=replace(world.loaded, models=models))
        strategy = LanguageProposals(world.loaded.embedder, lexicon, pairs=False)
        searches = []
        for unit, chance in zip(units, random, strict=True):
            searches.append(search(asking, answers, unit, chance, strategy, seed))
            progress = f"{language.name} {language.style} {len(searches)}/{len(units)}"
            print(f"{progress} {searches[-1].meant}: {', '.join(searches[-1].proposals)}", file=sys.stderr)
        results.append(summary(language.name, language.style, seed, searches))
        language.close()
    return results


def main() -> None:
    """Measure and print the result as JSON."""
    parser = ArgumentParser(
        prog="line-tui bench language",
        description=__doc__,
        epilog="Example: line-tui bench language --language smollm2-135m --neurons 20",
    )
    parser.add_argument(
        "--language", action="append", metavar="NAME", help="language model of the catalogue (default: smollm2-135m)"
    )
    parser.add_argument(
        "--form", action="append", choices=["few-shot", "chat"], help="form of the prompt (default: the catalogue's)"
    )
    parser.add_argument("--neurons", type=int, default=20, help="number of neurons (default: 20)")
    parser.add_argument("--seed", type=int, default=0, help="default: 0")
    options = parser.parse_args()
    results = measure(options.language or ["smollm2-135m"], options.form or [None], options.neurons, options.seed)
    print(json.dumps(msgspec.to_builtins(results), indent=1))


if __name__ == "__main__":
    run_alone(main)
