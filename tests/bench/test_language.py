from dataclasses import replace
from typing import Any, Literal

import pytest

from line_tui.bench.answers import Answers, Unit
from line_tui.bench.language import LanguageProposals, OneSource, RandomWords, Search, choose, main, search, summary
from line_tui.bench.world import World, load_worlds
from line_tui.child_main import exit_code
from line_tui.explain.ports import Completion
from line_tui.explain.state import RunState
from line_tui.models.lexicon import load_lexicon

pytestmark = pytest.mark.models


class Speaker:
    """A language model that says what it is given, and is silent at the end."""

    name = "speaker"
    style: Literal["few-shot", "chat"] = "few-shot"

    def __init__(self, *replies: str) -> None:
        self.replies = list(replies)

    def complete(self, prompt: Any, seed: int, temperature: float, on_token: Any) -> Completion:
        return Completion(self.replies.pop(0) if self.replies else "", 1, 1, 1)


@pytest.fixture(scope="module")
def world() -> World:
    return load_worlds({"emoji-planted": ["planted"]})[0]


@pytest.fixture(scope="module")
def furniture(world: World) -> Unit:
    """A unit whose meaning is in the bank."""
    return next(unit for unit in Answers(world.loaded.embedder).units if unit.senses[0][:1] == ["furniture"])


def speaking(world: World, *replies: str) -> World:
    return replace(world, loaded=replace(world.loaded, models=replace(world.loaded.models, language=Speaker(*replies))))


def run(world: World, unit: Unit, source: type[OneSource], *replies: str) -> RunState:
    world = speaking(world, *replies)
    return world.run(source(world.loaded.embedder, load_lexicon(), pairs=False), "planted", unit.unit)


def test_a_model_that_knows_is_better_than_chance(world: World, furniture: Unit) -> None:
    random = run(world, furniture, RandomWords)
    asking = speaking(world, "sofa", "sofa", "armchair")
    strategy = LanguageProposals(world.loaded.embedder, load_lexicon(), pairs=False)
    found = search(asking, Answers(world.loaded.embedder), furniture, random, strategy, seed=0)
    assert found.proposals == ["sofa", "armchair"] and len(found.scores) == 2
    assert min(found.scores) > max(found.random[:2]) and found.opening > 0
    # Silence is refused, as often as the loop asks.
    assert found.refused >= 3


def test_all_words_are_from_the_one_source(world: World, furniture: Unit) -> None:
    by_chance = run(world, furniture, RandomWords)
    assert not by_chance.calls and by_chance.outcome is not None and by_chance.outcome.label is None
    origins = {trial.origin for trial in by_chance.trials.values()}
    assert origins == {"vocabulary", "bank"}
    said = run(world, furniture, LanguageProposals, "sofa")
    assert [trial.concept for trial in said.trials.values() if trial.iteration] == ["sofa"]


def one(scores: list[float], random: list[float], refused: int = 0, named: bool = False) -> Search:
    words = [f"w{n}" for n in range(len(scores))]
    return Search(
        neuron=0,
        meant="x",
        opening=0.5,
        proposals=words,
        scores=scores,
        random=random,
        named=named,
        refused=refused,
    )


@pytest.mark.unit
def test_the_summary() -> None:
    found = summary("m", "chat", 0, [one([0.2, 0.6], [0.1, 0.1], named=True), one([], [0.1, 0.3], refused=2)])
    assert found.mean_score == pytest.approx(0.2) and found.mean_random == pytest.approx(0.15)
    assert found.best_score == pytest.approx(0.3) and found.best_random == pytest.approx(0.2)
    assert found.better_than_opening == 0.5 and found.better_than_opening_random == 0
    assert found.named == 0.5 and found.refused_share == 0.5
    assert found.best_gain.low < found.best_gain.mean < found.best_gain.high


@pytest.mark.unit
def test_units_to_tune_on_alone() -> None:
    def unit(number: int, kind: str = "single", counted: bool = True) -> Unit:
        return Unit(number, kind, [["a"]], [[0]], [], False, counted)

    units = [unit(0), unit(1), unit(2), unit(4, "two senses"), unit(6, counted=False), unit(8)]
    assert sorted(found.unit for found in choose(units, 3, seed=0)) == [0, 2, 8]


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["--language", "smolm"], 3, "no language model named 'smolm'"),
        (["--neurons", "1"], 2, "from 2 to 45"),
        (["--neurons", "100000"], 2, "from 2 to 45"),
    ],
)
def test_errors_are_reported_in_one_line(
    arguments: list[str], code: int, message: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["bench", *arguments])
    assert exit_code(main) == code
    said = capsys.readouterr()
    assert message in said.err and "Traceback" not in said.err and said.out == ""
