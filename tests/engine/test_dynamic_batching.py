"""Several runs share one batcher: full batches, nothing drawn twice, one that stops takes no other along."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext

import numpy as np
import pytest

from line_tui.engine.dynamic_batching import DynamicBatcher
from line_tui.errors import MemoryLimitError
from line_tui.explain.ports import Cancelled, OnStep, Picture
from tests.fakes import FakeGenerator

TEMPLATE = FakeGenerator.prompt_template


class Recorder(FakeGenerator):
    """Keeps the size of each batch, and waits before each until it is let go."""

    def __init__(self) -> None:
        super().__init__()
        self.batches: list[int] = []
        self.error: Exception | None = None

    def draw(self, prompts: Sequence[str], seeds: Sequence[int], on_step: OnStep) -> list[Picture]:
        self.batches.append(len(prompts))
        if self.error is not None:
            raise self.error
        return super().draw(prompts, seeds, on_step)


class Room:
    """Runs that are all active until each has its pictures."""

    def __init__(self) -> None:
        self.generator = Recorder()
        self.batcher = DynamicBatcher(self.generator, threading.Lock())

    def draw(self, words: list[str], on_step: OnStep = lambda step, steps: None) -> list[Picture]:
        with self.batcher.active():
            self.everybody.wait()
            prompts = [TEMPLATE.replace("{concept}", word) for word in words]
            return self.batcher.draw(prompts, list(range(len(words))), on_step, None, lambda: None)

    def together(self, *calls: Callable[[], list[Picture]]) -> list[object]:
        """What each call gives, or raises."""
        self.everybody = threading.Barrier(len(calls))

        def tried(call: Callable[[], list[Picture]]) -> object:
            try:
                return call()
            except Exception as error:
                return error

        with ThreadPoolExecutor(len(calls)) as pool:
            return list(pool.map(tried, calls))


def alone(words: list[str]) -> list[Picture]:
    batcher = DynamicBatcher(FakeGenerator(), nullcontext())
    prompts = [TEMPLATE.replace("{concept}", word) for word in words]
    return batcher.draw(prompts, list(range(len(words))), lambda step, steps: None, None, lambda: None)


def test_single_wishes_fill_a_batch() -> None:
    room = Room()
    words = ["rose", "frog", "ocean", "coal"]
    found = room.together(*[lambda word=word: room.draw([word]) for word in words])
    assert room.generator.batches == [4]
    for word, pictures in zip(words, found, strict=True):
        assert np.array_equal(pictures, alone([word]))  # type: ignore[arg-type]


def test_what_two_want_is_drawn_once() -> None:
    room = Room()
    one, two = room.together(lambda: room.draw(["rose", "frog"]), lambda: room.draw(["rose", "frog"]))
    assert room.generator.drawn == 2
    assert np.array_equal(one, two) and np.array_equal(one, alone(["rose", "frog"]))  # type: ignore[arg-type]


def test_more_than_a_batch_is_drawn_in_several() -> None:
    room = Room()
    words = [f"word {n}" for n in range(10)]
    (pictures,) = room.together(lambda: room.draw(words))
    assert room.generator.batches == [4, 4, 2] and np.array_equal(pictures, alone(words))  # type: ignore[arg-type]


def test_a_batch_waits_for_nobody_who_is_away() -> None:
    batcher = DynamicBatcher(Recorder(), threading.Lock())
    with batcher.active(), batcher.active(), batcher.inactive():
        assert len(batcher.draw(["a picture of a rose"], [1], lambda step, steps: None, None, lambda: None)) == 1


def test_one_that_stops_takes_no_other_along() -> None:
    room = Room()

    def stop(step: int, steps: int) -> None:
        raise Cancelled

    stopped, went_on = room.together(lambda: room.draw(["rose"], stop), lambda: room.draw(["frog"]))
    assert isinstance(stopped, Cancelled) and np.array_equal(went_on, alone(["frog"]))  # type: ignore[arg-type]
    assert isinstance(room.together(lambda: room.draw(["coal"], stop))[0], Cancelled)


def test_one_that_waits_can_be_stopped() -> None:
    batcher = DynamicBatcher(Recorder(), threading.Lock())

    def check() -> None:
        raise Cancelled

    with batcher.active(), batcher.active(), pytest.raises(Cancelled):
        batcher.draw(["a picture of a rose"], [1], lambda step, steps: None, None, check)
    with batcher.active():
        assert batcher.draw(["a picture of a frog"], [1], lambda step, steps: None, None, lambda: None)


def test_an_error_reaches_everybody_in_the_batch() -> None:
    room = Room()
    room.generator.error = MemoryLimitError("no room", "buy some")
    found = room.together(lambda: room.draw(["rose"]), lambda: room.draw(["frog"]))
    assert [str(error) for error in found] == ["no room — buy some"] * 2 and found[0] is not found[1]
