from typing import Any, Literal

import numpy as np
import pytest

from line_tui.bench.language import World, choose_hidden, main, measure, search
from line_tui.explain.ports import Completion

# Words on a circle: neighbours are alike.
WORDS = [f"{a}{b}" for a in "bdfgklmnprst" for b in ("ala", "ebe", "igi", "oko", "umu")]


class Circle:
    def embed(self, texts: Any) -> Any:
        angles = [2 * np.pi * WORDS.index(text) / len(WORDS) for text in texts]
        return np.array([[np.cos(angle), np.sin(angle)] for angle in angles], np.float32)


class Speaker:
    name = "speaker"
    style: Literal["few-shot", "chat"] = "few-shot"

    def __init__(self, replies: Any) -> None:
        self.replies = iter(replies)

    def complete(self, prompt: Any, seed: int, temperature: Any, on_token: Any) -> Any:
        return Completion(next(self.replies), 1, 1, 1)


def test_a_search_by_a_model_that_knows() -> None:
    start = WORDS.index("bala")
    near = sorted(WORDS, key=lambda word: min((WORDS.index(word) - start) % 60, (start - WORDS.index(word)) % 60))
    found = search(Speaker(near), World(Circle(), WORDS, np.random.default_rng(1)), "bala", 3, seed=1)
    assert found.proposals[0] == "bala" and found.proposed[0] == pytest.approx(1)
    assert found.pool_best < 1  # the hidden concept is not in the first pool
    assert len(found.proposals) + found.stalled == len(found.random) == 3
    assert np.mean(found.proposed) > np.mean(found.random)
    assert found.refused > 0  # the nearest words are in the first pool


def test_a_model_that_only_repeats_stalls() -> None:
    result = measure(Speaker(["", "bala"] * 200), Circle(), WORDS, ["bebe", "dala"], proposals=3, seed=0)
    assert result.stalled >= 4
    assert result.refused_share > 0.7


def test_random_words_gain_nothing() -> None:
    random = np.random.default_rng(5)
    replies = (WORDS[i] for i in random.integers(0, len(WORDS), 10_000))
    result = measure(Speaker(replies), Circle(), WORDS, WORDS[::2], proposals=5, seed=2)
    assert result.mean_gain.low < 0 < result.mean_gain.high
    assert abs(result.mean_gain.mean) < 0.2


def test_no_hidden_concept_is_in_the_examples() -> None:
    hidden = choose_hidden(["cello case", "violin", "red apple", "fox"], 2, seed=0)
    assert sorted(hidden) == ["fox", "red apple"]
    with pytest.raises(ValueError, match="2 concepts can be hidden, 3 were asked for"):
        choose_hidden(["cello case", "violin", "red apple", "fox"], 3, seed=0)


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["--profile", "dem"], 3, "no profile named 'dem' — did you mean demo"),
        (["--hidden", "1"], 2, "at least two pairs — choose another --hidden"),
        (["--hidden", "100000"], 2, "100000 were asked for"),
    ],
)
def test_errors_are_told_in_one_line(
    arguments: Any, code: Any, message: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["bench", *arguments, "--proposals", "1"])
    assert main() == code
    said = capsys.readouterr()
    assert message in said.err and "Traceback" not in said.err and said.out == ""
