from __future__ import annotations

from collections.abc import Callable, Sequence

from line_tui import events as e
from line_tui.engine.executor import Executor
from line_tui.engine.local import LocalEngine
from line_tui.explain.ports import OnStep, Picture
from line_tui.store import Store
from tests.engine.fake_engine import FakeSource
from tests.fakes import FakeGenerator


class Previewing(FakeGenerator):
    on_preview: Callable[[list[bytes]], None] | None = None

    def draw(self, prompts: Sequence[str], seeds: Sequence[int], on_step: OnStep) -> list[Picture]:
        if self.on_preview is not None:
            self.on_preview([b"rgb"] * len(prompts))
        return super().draw(prompts, seeds, on_step)


class Source(FakeSource):
    generator_kind = Previewing


async def test_unfinished_pictures_are_shown(store: Store) -> None:
    spec = e.RunSpec(model="fake", layer="fc", neuron=0, strategy="published", metric="mean", iterations=1, images=3)
    async with Executor(LocalEngine(store, Source())) as executor:
        shown = [envelope.event async for envelope in executor.submit("a", spec).events()]
    previews = [event.pictures for event in shown if isinstance(event, e.Preview)]
    assert [b"rgb"] * 3 in previews
    assert not any(isinstance(envelope.event, e.Preview) for envelope in store.events("a"))
