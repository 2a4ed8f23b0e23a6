import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from line_tui.explain.word_forms import same_form
from line_tui.explain.word_similarity import Lexicon, Meaning, fit
from tests.fakes import FakeEmbedder


def test_similarity_is_the_cosine() -> None:
    meaning = Meaning(FakeEmbedder())
    cosines = meaning.similarity(["tomato", "violin"], ["tomato", "tomatoes"])
    assert cosines.shape == (2, 2)
    assert cosines[0, 0] == pytest.approx(1)
    assert cosines[0, 1] > cosines[1, 1]


def test_no_texts_have_no_similarity() -> None:
    assert Meaning(FakeEmbedder()).similarity([], ["tomato"]).shape == (0, 1)


def test_a_lexicon_knows_its_words_and_how_common_they_are() -> None:
    words = [*(f"word{n}" for n in range(20_000)), "cherries"]
    lexicon = Lexicon(words, np.zeros((len(words), 1), np.float32))
    assert lexicon.knows("word7") and lexicon.knows("word7s") and not lexicon.knows("albatrak")
    assert lexicon.rarity("word2") == lexicon.rarity("word1999") == 0
    assert lexicon.rarity("word2 word19999") == pytest.approx(1, abs=0.001)
    assert lexicon.rarity("albatrak") > 1
    assert lexicon.rarity("word2 on a word7") == 0
    assert Lexicon().knows("albatrak") and Lexicon().rarity("albatrak") == 0


def test_responses_point_at_words_of_vocabulary_and_lexicon() -> None:
    embedder = FakeEmbedder()
    lexicon = Lexicon(["violins", "tomatoes", "tomato"], embedder.embed(["violins", "tomatoes", "tomato"]))
    found = list(Meaning(embedder, lexicon).pointed_at(["tomato", "violin", "boot"], np.array([3.0, -1.0, -1.0]), 0.0))
    # Each once, in whatever form.
    assert found[0] == "tomato" and len(found) == len({same_form(word) for word in found})


def test_no_search_proposes_an_offensive_word() -> None:
    embedder = FakeEmbedder()
    words = ["tomato", "shit", "fucked", "shitake"]
    lexicon = Lexicon(words, embedder.embed(words))
    assert lexicon.knows("shit")
    found = Meaning(embedder, lexicon).pointed_at(["tomato", "negro lily"], np.array([3.0, 2.0]), 0.0)
    assert set(found) == {"tomato", "shitake"}


def test_the_label_near_all_that_drives_the_neuron_fits_best() -> None:
    # Words: apple, banana, car, bus. Labels: fruit, apple, vehicle.
    similarity = np.array([[0.6, 0.6, 0.1, 0.1], [1.0, 0.4, 0.1, 0.1], [0.1, 0.1, 0.6, 0.6]], np.float32)
    fits = fit(similarity, np.array([3.0, 3.0, -0.2, -0.1]))
    assert fits[0] > fits[1] > fits[2]
    assert fits[0] == pytest.approx(1)


def test_what_drives_the_neuron_more_counts_more() -> None:
    similarity = np.eye(2, dtype=np.float32)
    assert fit(similarity, np.array([4.0, 1.0]))[0] == pytest.approx(1)


def test_nothing_drives_the_neuron() -> None:
    assert fit(np.eye(3, dtype=np.float32), np.zeros(3)).tolist() == [0, 0, 0]


@given(st.lists(st.floats(-5, 5), min_size=3, max_size=3))
def test_it_is_a_correlation(responses: list[float]) -> None:
    similarity = np.array([[0.9, 0.2, 0.1], [0.0, 0.5, 0.4]], np.float32)
    assert np.all(np.abs(fit(similarity, np.array(responses))) <= 1 + 1e-9)
