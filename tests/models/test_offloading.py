from __future__ import annotations

from collections.abc import Callable

import pytest

from line_tui.errors import MemoryLimitError
from line_tui.explain.ports import Completion, OnToken, Prompt
from line_tui.models.offloading import OffloadedGenerator, OffloadedLanguage, SharedDevice
from tests.fakes import FakeGenerator, FakeLanguage

PROMPT = Prompt(head="", tail="", system="", user="", grammar="")


class Tracked(FakeLanguage):
    def __init__(self, log: list[str]) -> None:
        super().__init__(words=["apple"])
        self._log = log
        log.append("language loaded")

    def complete(self, prompt: Prompt, seed: int, temperature: float, on_token: OnToken) -> Completion:
        self._log.append("language works")
        return super().complete(prompt, seed, temperature, on_token)

    def close(self) -> None:
        self._log.append("language closed")


class Moved(FakeGenerator):
    on_preview: Callable[[list[bytes]], None] | None = None

    def __init__(self, log: list[str]) -> None:
        super().__init__()
        self._log = log

    def onload(self) -> None:
        self._log.append("generator in")

    def offload(self) -> None:
        self._log.append("generator out")


def test_never_are_both_on_the_device() -> None:
    log: list[str] = []
    device, generator = SharedDevice(), Moved(log)
    device.move_in(generator)
    language = OffloadedLanguage(lambda: Tracked(log), device)
    painter = OffloadedGenerator(generator, device)
    assert log == ["generator in", "generator out", "language loaded"]
    assert (language.style, painter.batch_size, painter.name) == ("few-shot", 4, FakeGenerator.name)

    log.clear()
    language.complete(PROMPT, 1, 0.5, lambda text, thinking: None)
    painter.draw(["apple"], [1], lambda step, steps: None)
    painter.draw(["apple"], [2], lambda step, steps: None)
    language.complete(PROMPT, 2, 0.5, lambda text, thinking: None)
    assert log == [
        *["language works", "language closed", "generator in"],
        *["generator out", "language loaded", "language works"],
    ]


def test_whoever_looks_on_reaches_the_generator_itself() -> None:
    generator = Moved([])
    painter = OffloadedGenerator(generator, SharedDevice())
    painter.on_preview = print
    assert generator.on_preview is print is painter.on_preview


def test_an_arrival_that_fails_leaves_the_device_empty() -> None:
    log: list[str] = []
    device = SharedDevice()

    class TooLarge(Moved):
        def onload(self) -> None:
            raise MemoryLimitError("too large", "buy memory")

    language = OffloadedLanguage(lambda: Tracked(log), device)
    painter = OffloadedGenerator(TooLarge(log), device)
    for _ in range(2):
        with pytest.raises(MemoryLimitError):
            painter.draw(["apple"], [1], lambda step, steps: None)
    log.clear()
    language.complete(PROMPT, 1, 0.5, lambda text, thinking: None)
    assert log == ["language loaded", "language works"]
