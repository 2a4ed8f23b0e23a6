from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import pytest

from line_tui.bench.layer import Stopwatch, TimedModels
from line_tui.engine.catalogued import CataloguedModels
from line_tui.events import RunSpec
from line_tui.explain.loop import Models
from tests.fakes import FakeGenerator, FakeLanguage, FakeVision


class Counted(Stopwatch):
    count = 0

    @contextmanager
    def running(self) -> Iterator[None]:
        self.count += 1
        yield


def test_each_call_of_a_model_is_timed(monkeypatch: pytest.MonkeyPatch) -> None:
    models = Models(FakeLanguage(), FakeGenerator(), FakeVision())
    loaded: Any = SimpleNamespace(models=models)
    monkeypatch.setattr(CataloguedModels, "load", lambda self, spec, fixed, on_progress: loaded)
    source = TimedModels()
    source.watch = Counted()
    source.load(RunSpec(model="fake", layer="fc", neuron=0), None, lambda what: None)
    models.vision.record(models.generator.draw(["cat"], [0], lambda step, steps: None), "fc")
    assert source.watch.count == 2
