import numpy as np

from line_tui.explain.insight import insight
from line_tui.explain.meaning import Lexicon, Meaning
from line_tui.explain.state import Control
from tests.fakes import FakeEmbedder

REDS = ["red", "red apple", "red apples", "red rose", "red roses", "red car"]
OTHERS = ["violin", "ladder", "window", "pencil", "bottle", "castle"]
EMBEDDER = FakeEmbedder()


def seen(rows: list[list[float]], *lexicon: str):  # type: ignore[no-untyped-def]
    words = Lexicon(list(lexicon), EMBEDDER.embed(list(lexicon))) if lexicon else Lexicon()
    return insight(Control("bank", [*REDS, *OTHERS], rows), Meaning(EMBEDDER), words)


RED_NEURON = [[5.0, 4.0]] * 6 + [[0.0, 1.0]] * 6


def test_the_bank_points_at_a_word_that_it_does_not_have() -> None:
    pointed = list(seen(RED_NEURON, "reds", "violins").pointed_at())
    assert pointed.index("reds") < pointed.index("violins")
    assert set(pointed) == {*REDS, *OTHERS, "reds", "violins"}


def test_words_of_like_meaning_with_like_responses_have_order() -> None:
    ordered = seen(RED_NEURON)
    shuffled = seen([RED_NEURON[i] for i in np.random.default_rng(0).permutation(12)])
    assert ordered.meaning_share > 0.5
    assert ordered.order is not None and shuffled.order is not None
    assert ordered.order > shuffled.order


def test_with_one_image_a_word_the_order_is_not_known() -> None:
    assert seen([[row[0]] for row in RED_NEURON]).order is None


def test_coverage_is_the_share_of_top_images_that_the_label_is_about() -> None:
    red = seen(RED_NEURON)
    assert red.coverage("red") > red.coverage("violin") > 0
    assert red.coverage("zzz") == 0


def test_a_dead_neuron_has_no_theme() -> None:
    assert seen([[0.0, 0.0]] * 12).themes == []
    assert seen([[0.0, 0.0]] * 12).theme_of("red") == 0


def test_fit_is_best_for_what_drives_the_neuron() -> None:
    red, violin = seen(RED_NEURON).fits(["red", "violin"])
    assert red > 0.3 > violin
