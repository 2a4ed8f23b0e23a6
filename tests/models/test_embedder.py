import json
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from line_tui.errors import ModelFileError
from line_tui.models.embedder import MiniLMEmbedder, bank_vectors


def test_unit_vectors_that_keep_meaning_and_order() -> None:
    embedder = MiniLMEmbedder()
    rows = embedder.embed(["dog", "puppy", "bridge", "dog"])
    assert rows.shape == (4, 384) and rows.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(rows, axis=1), 1, atol=1e-5)
    assert rows[0] @ rows[1] > 0.6 > rows[0] @ rows[2]
    assert np.array_equal(rows[0], rows[3])


def test_a_vector_does_not_depend_on_its_neighbours() -> None:
    alone = MiniLMEmbedder().embed(["dog"])
    beside = MiniLMEmbedder().embed(["a much longer text about something else entirely", "dog"])
    assert np.array_equal(alone[0], beside[1])


def test_no_text() -> None:
    assert MiniLMEmbedder().embed([]).shape == (0, 384)


def test_what_is_known_is_not_encoded(monkeypatch: pytest.MonkeyPatch) -> None:
    known = MiniLMEmbedder().embed(["dog"])[0]
    monkeypatch.setattr("line_tui.worlds.minilm.encode_tokens", lambda *given: pytest.fail("it was encoded again"))
    assert np.array_equal(MiniLMEmbedder({"dog": known}).embed(["dog"])[0], known)


def test_the_shipped_vectors_are_the_words_own() -> None:
    shipped = bank_vectors()
    words = list(shipped)[::50]
    np.testing.assert_allclose([shipped[word] for word in words], MiniLMEmbedder().embed(words), atol=1e-5)


def test_words_and_vectors_that_do_not_match_are_an_error(tmp_path: Path) -> None:
    (tmp_path / "bank.json").write_text(json.dumps({"concepts": ["dog", "cat"]}))
    with pytest.raises(ModelFileError, match="install line-tui again"):
        bank_vectors(tmp_path)
    save_file({"vectors": np.zeros((1, 384), np.float32)}, tmp_path / "vectors.safetensors")
    with pytest.raises(ModelFileError, match="2 words and vectors of float32"):
        bank_vectors(tmp_path)
