from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from line_tui.errors import ModelFileError
from line_tui.models.lexicon import load_lexicon


def write(folder: Path, words: str, vectors: list[list[int]]) -> None:
    (folder / "words.txt").write_text(words)
    (folder / "kinds.txt").write_text("\tfruit\n0\tapple,eating apple\n")
    save_file({"vectors": np.array(vectors, np.int8)}, folder / "vectors.safetensors")


def test_vectors_have_unit_length(tmp_path: Path) -> None:
    write(tmp_path, "apple\npear\n", [[3, 4], [0, 127]])
    lexicon = load_lexicon(tmp_path)
    assert lexicon.words == ["apple", "pear"]
    assert lexicon.taxonomy.above == [[], [0]]
    assert lexicon.taxonomy.nouns == [["fruit"], ["apple", "eating apple"]]
    assert lexicon.vectors == pytest.approx(np.array([[0.6, 0.8], [0.0, 1.0]]))


def test_the_shipped_one_knows_everyday_words_and_what_is_near_them() -> None:
    lexicon = load_lexicon()
    assert len(lexicon.words) == len(set(lexicon.words)) > 20_000
    vectors = dict(zip(lexicon.words, lexicon.vectors, strict=True))
    assert vectors["fruit"] @ vectors["fruits"] > 0.9 > vectors["fruit"] @ vectors["apple"] > 0.4
    assert vectors["fruit"] @ vectors["mortgage"] < 0.3
    kinds = lexicon.taxonomy.kinds(["pencil", "fountain pen", "police car", "bus"], lexicon.rarity)
    assert kinds.of("writing implement").tolist() == [0, 1] and kinds.of("transports").tolist() == [2, 3]


def test_words_and_vectors_that_do_not_match_are_an_error(tmp_path: Path) -> None:
    write(tmp_path, "apple\n", [[3, 4], [0, 127]])
    with pytest.raises(ModelFileError, match="1 words and 2 vectors"):
        load_lexicon(tmp_path)


def test_a_missing_or_damaged_file_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ModelFileError, match="install line-tui again"):
        load_lexicon(tmp_path)
    write(tmp_path, "apple\n", [[3, 4]])
    (tmp_path / "vectors.safetensors").write_bytes(b"broken")
    with pytest.raises(ModelFileError, match="cannot be read"):
        load_lexicon(tmp_path)
