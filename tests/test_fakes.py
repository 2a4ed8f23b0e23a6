"""The fakes keep the contracts that everything else is tested against."""

import numpy as np

from line_tui.explain import ports
from tests import fakes


def test_the_fakes_are_what_the_ports_ask_for() -> None:
    language: ports.Language = fakes.FakeLanguage()
    generator: ports.Generator = fakes.FakeGenerator()
    vision: ports.Vision = fakes.FakeVision()
    embedder: ports.Embedder = fakes.FakeEmbedder()
    album: ports.Album = fakes.FakeAlbum()
    journal: ports.Journal = fakes.FakeJournal()
    assert all([language, generator, vision, embedder, album, journal])


def test_a_neuron_answers_to_its_colour() -> None:
    generator, vision = fakes.FakeGenerator(), fakes.FakeVision()
    prompts = [generator.prompt_template.format(concept=word) for word in ("strawberry", "frog", "ocean")]
    pictures = generator.draw(prompts, [1, 2, 3], lambda step, steps: None)
    seen = vision.record(pictures, "conv", neuron=1)
    assert list(seen.activations.argmax(axis=0)) == [0, 1, 2]
    assert seen.maps is not None and seen.maps.shape == (3, 4, 4)
    np.testing.assert_allclose(seen.maps.mean(axis=(1, 2)), seen.activations[:, 1], rtol=1e-5)


def test_a_picture_depends_on_its_prompt_and_seed_alone() -> None:
    generator = fakes.FakeGenerator()
    one = generator.draw(["a picture of a rose", "a picture of a map"], [1, 2], lambda step, steps: None)
    two = generator.draw(["a picture of a map"], [2], lambda step, steps: None)
    assert np.array_equal(one[1], two[0]) and not np.array_equal(one[0], two[0])


def test_embeddings_are_unit_vectors_and_near_words_are_near() -> None:
    rows = fakes.FakeEmbedder().embed(["strawberry", "strawberries", "violin"])
    np.testing.assert_allclose(np.linalg.norm(rows, axis=1), 1, rtol=1e-6)
    assert rows[0] @ rows[1] > rows[0] @ rows[2]
