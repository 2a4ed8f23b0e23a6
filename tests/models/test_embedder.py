import numpy as np

from line_tui.models.embedder import MiniLMEmbedder


def test_unit_vectors_that_keep_meaning_and_order():
    embedder = MiniLMEmbedder()
    rows = embedder.embed(["dog", "puppy", "bridge", "dog"])
    assert rows.shape == (4, 384) and rows.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(rows, axis=1), 1, atol=1e-5)
    assert rows[0] @ rows[1] > 0.6 > rows[0] @ rows[2]
    assert np.array_equal(rows[0], rows[3])


def test_a_vector_does_not_depend_on_its_neighbours():
    alone = MiniLMEmbedder().embed(["dog"])
    beside = MiniLMEmbedder().embed(["a much longer text about something else entirely", "dog"])
    assert np.array_equal(alone[0], beside[1])


def test_no_text():
    assert MiniLMEmbedder().embed([]).shape == (0, 384)
