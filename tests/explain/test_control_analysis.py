import numpy as np
import pytest

from line_tui.explain.control_analysis import ControlAnalysis, analyse
from line_tui.explain.layer_activations import bank_of_neuron
from line_tui.explain.state import Control

WORDS = [f"word{n}" for n in range(40)]
MEMBERS = np.arange(8)


@pytest.fixture
def neuron() -> ControlAnalysis:
    """A layer in which each word has a look of its own and the first eight words share one that drives neuron 0."""
    rng = np.random.default_rng(0)
    layer = (rng.normal(size=(40, 1, 30)) + 0.5 * rng.normal(size=(40, 4, 30))).astype(np.float32)
    layer[:8, :, :4] += 3
    bank = bank_of_neuron("bank", WORDS, layer, 0, "layer")
    return analyse(Control("bank", WORDS, bank.activations.tolist(), bank.layer_scale), bank)


def picture_of_a_member() -> np.ndarray:
    picture = np.random.default_rng(1).normal(size=(2, 30)).astype(np.float32)
    picture[:, :4] += 3
    return picture


def test_a_kind_is_seen_through_the_pictures_of_its_members_too(neuron: ControlAnalysis) -> None:
    alone = neuron.detection("kind", picture_of_a_member())
    kind = neuron.detection("kind", picture_of_a_member(), members=MEMBERS)
    assert neuron.score(kind) > neuron.score(alone) + 0.05
    assert kind.detected is not None and kind.detected > 0.8


def test_the_report_knows_the_drawn_pictures_alone(neuron: ControlAnalysis) -> None:
    alone = neuron.detection("kind", picture_of_a_member(), words=False)
    with_members = neuron.detection("kind", picture_of_a_member(), words=False, members=MEMBERS)
    assert np.array_equal(alone.shown, with_members.shown)


def test_a_word_that_is_its_own_only_member_is_seen_as_before(neuron: ControlAnalysis) -> None:
    nothing = np.zeros((0, 30), np.float32)
    before, after = neuron.detection("word3", nothing), neuron.detection("word3", nothing, members=np.array([3]))
    assert np.array_equal(before.shown, after.shown)


def test_what_has_nothing_to_be_compared_with_is_not_compared(neuron: ControlAnalysis) -> None:
    nothing = np.zeros((0, 30), np.float32)
    assert neuron.detection("kind", nothing, members=MEMBERS).detected is None
    bank = bank_of_neuron(
        "bank", WORDS[:1], np.random.default_rng(0).normal(size=(1, 6, 30)).astype(np.float32), 0, "layer"
    )
    only = analyse(Control("bank", WORDS[:1], bank.activations.tolist(), bank.layer_scale), bank)
    detection = only.detection("word0", nothing)
    assert detection.detected is None and np.isfinite(detection.shown).all()


def test_few_random_directions_are_explained_as_well_as_a_neuron_that_a_word_explains_whole(
    neuron: ControlAnalysis,
) -> None:
    explained = neuron.p_value(0.95, 0.0)
    assert explained is not None and explained < 0.05
    assert neuron.p_value(0.0, 0.0) == 1


def test_what_drives_the_neuron_whatever_else_is_shown_is_a_concept_too(neuron: ControlAnalysis) -> None:
    surely = neuron.drive([float(neuron.activations.max())] * 4)
    assert surely > 2
    driven = neuron.p_value(0.0, surely)
    assert driven is not None and driven < 0.05
    # The weakest picture counts, of as many as a word of the vocabulary has.
    assert neuron.drive([5.0, 5.0, 5.0, -5.0]) < 0 < neuron.drive([5.0, 5.0, 5.0, 5.0, -5.0])
