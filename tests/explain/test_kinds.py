import numpy as np
import pytest

from line_tui.explain.kinds import Taxonomy
from line_tui.explain.word_similarity import Lexicon, Meaning
from tests.fakes import FakeEmbedder

# 0 thing, 1 animal or beast, 2 dog, 3 cat, 4 vehicle, 5 car, 6 a sense that nothing names first, 7 tabby
TREE = Taxonomy(
    [[], [0], [6], [6], [0], [4], [1], [3]],
    [["thing"], ["animal", "beast"], ["dog"], ["cat"], ["vehicle"], ["car"], [], ["tabby"]],
)
PLAIN = {"beast": 1.0}
WORDS = ["dog", "cats", "police car", "tabby", "albatrak", "vehicle"]


def rarity(word: str) -> float:
    return PLAIN.get(word, 0.0)


def test_kinds_are_named_by_their_plainest_noun_and_hold_what_is_below_them() -> None:
    kinds = TREE.kinds(WORDS, rarity)
    assert set(kinds.names) == {"animal", "cat", "vehicle", "thing"}
    assert [WORDS[n] for n in kinds.of("animals")] == ["dog", "cats", "tabby"]
    assert [WORDS[n] for n in kinds.of("vehicle")] == ["police car", "vehicle"]
    assert not len(kinds.of("dog")) and not len(kinds.of("beast"))


def test_responses_to_all_of_a_kind_fit_the_kind() -> None:
    kinds = TREE.kinds(WORDS, rarity)
    fits = dict(zip(kinds.names, kinds.fits(np.array([3.0, 3.0, -1.0, 3.0, -1.0, -1.0])), strict=True))
    assert fits["animal"] == pytest.approx(1) and fits["cat"] < 0.8 and fits["vehicle"] < 0


def test_without_a_taxonomy_there_is_no_kind() -> None:
    kinds = Taxonomy().kinds(WORDS, rarity)
    assert kinds.names == [] and kinds.fits(np.ones(len(WORDS))).shape == (0,)


def test_what_drives_a_neuron_points_at_its_kind() -> None:
    embedder = FakeEmbedder()
    meaning = Meaning(embedder, Lexicon(["dog"], embedder.embed(["dog"]), TREE))
    responses = np.array([3.0, 3.0, -1.0, 3.0, -1.0, -1.0])
    assert next(meaning.pointed_at(WORDS, responses, 0.0)) == "animal"
    with_kinds, without = (m.fits(["animal"], WORDS, responses)[0] for m in (meaning, Meaning(embedder)))
    assert with_kinds == pytest.approx(1) and without < 0.9
