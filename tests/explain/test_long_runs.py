"""A step costs the same however long a run is: counted in calls of Python functions, not in seconds."""

from __future__ import annotations

import sys
from types import FrameType

import pytest

from line_tui.explain.adaptive import Adaptive
from line_tui.explain.ports import Completion, OnToken, Prompt
from line_tui.explain.steps import Strategy
from line_tui.explain.word_similarity import Lexicon
from tests.explain.runs import Run
from tests.fakes import FakeEmbedder, FakeLanguage

pytestmark = pytest.mark.thorough

WORDS = [f"{a}{b}{c}{d}" for a in "bdfgklmnprst" for b in "aeiou" for c in "dlmnrt" for d in ("en", "ak", "or")]


class Counting(FakeLanguage):
    """Says one new word after the other, and notes how many calls were made since the last time."""

    def __init__(self) -> None:
        super().__init__()
        self.calls: list[int] = []
        self.count = 0

    def complete(self, prompt: Prompt, seed: int, temperature: float, on_token: OnToken) -> Completion:
        self.calls.append(self.count)
        self.count = 0
        return Completion(WORDS[len(self.calls)], 10, 5, 1)

    def note(self, frame: FrameType, event: str, argument: object) -> None:
        if event == "call" and "line_tui" in frame.f_code.co_filename:
            self.count += 1


@pytest.mark.parametrize(("kind", "most"), [("published", 1.5), ("adaptive", 4)])
def test_an_iteration_makes_no_more_calls_later(kind: str, most: float) -> None:
    language = Counting()
    strategy: Strategy | None = Adaptive(FakeEmbedder(), Lexicon()) if kind == "adaptive" else None
    metric = "mean" if kind == "published" else "correlation"
    run = Run(language, strategy, kind=kind, metric=metric, iterations=240, images=3)
    sys.setprofile(language.note)
    try:
        run.go()
    finally:
        sys.setprofile(None)
    asked = language.calls[2:]
    early, late = sorted(asked[:20])[10], sorted(asked[-20:])[10]
    assert len(asked) > 60 and late < most * early, (early, late)
