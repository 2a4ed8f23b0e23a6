"""Several neurons in one engine: the same labels, scores and pictures as one by one, and no picture looked at twice."""

from __future__ import annotations

import gc
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
import pytest

from line_tui import events as e
from line_tui.engine.executor import Executor
from line_tui.engine.local import LocalEngine
from line_tui.explain.strategies import metric_of
from line_tui.models.loaded import LoadedModels
from line_tui.store import Store
from tests.engine.fake_engine import FakeSource, Watched
from tests.engine.sessions import all_of, decisive, state_of

SPEC = e.RunSpec(model="fake", layer="fc", neuron=0, iterations=3, images=3, seed=8)


def _spec(neuron: int, **change: object) -> e.RunSpec:
    return msgspec.structs.replace(SPEC, neuron=neuron, **change)


@pytest.mark.parametrize("strategy", ["published", "adaptive"])
async def test_interleaved_runs_find_what_single_ones_find(tmp_path: Path, strategy: str) -> None:
    how = {"strategy": strategy, "metric": metric_of(strategy, None)}
    apart, together = Store.open(tmp_path / "apart"), Store.open(tmp_path / "together")
    for neuron in range(3):
        async with Executor(LocalEngine(apart, FakeSource())) as executor:
            await all_of(executor.submit(f"n{neuron}", _spec(neuron, **how)))
    source = Watched()
    async with Executor(LocalEngine(together, source)) as executor:
        handles = [executor.submit(f"n{neuron}", _spec(neuron, **how)) for neuron in range(3)]
        for handle in handles:
            await all_of(handle)
    for neuron in range(3):
        assert decisive(together, f"n{neuron}") == decisive(apart, f"n{neuron}")
    pictures = list((tmp_path / "together" / "images").glob("*/*.png"))
    assert sorted(path.name for path in pictures) == sorted(
        path.name for path in (tmp_path / "apart" / "images").glob("*/*.png")
    )
    assert len(source.visions) == 1 and source.visions[0].looked == len(pictures)


async def test_old_models_are_gone_before_others_come(store: Store) -> None:
    source = Watched()
    async with Executor(LocalEngine(store, source)) as executor:
        await all_of(executor.submit("a", _spec(0)))
        await all_of(executor.submit("b", _spec(1)))
        assert source.alive_at_load == [0]
        await all_of(executor.submit("c", _spec(0, model="colours")))
        await all_of(executor.submit("d", _spec(0, profile="other", model="colours")))
    assert source.alive_at_load == [0, 0, 0]
    gc.collect()
    assert not any(reference() for reference in source.generators)


async def test_two_models_wanted_at_once_are_never_both_in_memory(store: Store) -> None:
    source = Watched()
    async with Executor(LocalEngine(store, source)) as executor:
        wanted = [_spec(0), _spec(1), _spec(0, model="colours"), _spec(2), _spec(1, model="colours")]
        handles = [executor.submit(f"r{n}", spec) for n, spec in enumerate(wanted)]
        for handle in handles:
            await all_of(handle)
    assert [run.status for run in store.runs()] == ["finished"] * 5
    assert source.alive_at_load == [0] * len(source.alive_at_load)


async def test_a_run_whose_thread_has_not_ended_keeps_no_models_in_memory(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Announced(Watched):
        def load(self, spec: e.RunSpec, fixed: e.Settings | None, on_progress: Callable[[str], None]) -> LoadedModels:
            loaded = super().load(spec, fixed, on_progress)
            if len(self.generators) == 2:
                others_loaded.set()
            return loaded

    @contextmanager
    def lease(run_id: str) -> Iterator[None]:
        with usual_lease(run_id):
            yield
            if run_id == "a":
                assert others_loaded.wait(30)

    others_loaded, usual_lease, source = threading.Event(), store.lease, Announced()
    monkeypatch.setattr(store, "lease", lease)
    async with Executor(LocalEngine(store, source)) as executor:
        first = executor.submit("a", _spec(0))
        second = executor.submit("b", _spec(0, model="colours"))
        await all_of(first)
        await all_of(second)
    assert source.alive_at_load == [0, 0]


async def test_the_models_of_a_run_that_was_stopped_serve_it_again_and_the_next(store: Store) -> None:
    source = Watched()
    async with Executor(LocalEngine(store, source)) as executor:
        handle = executor.submit("a", _spec(0))
        async for envelope in handle.events():
            if isinstance(envelope.event, e.ControlMeasured):
                await handle.cancel()
        await all_of(executor.resume("a"))
        await all_of(executor.submit("b", _spec(1)))
    assert [run.status for run in store.runs()] == ["finished"] * 2 and len(source.generators) == 1


async def test_memory_that_runs_out_lowers_all_runs_that_share_it(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FAKE_ROOM", "2")
    source = Watched()
    async with Executor(LocalEngine(store, source)) as executor:
        handles = [executor.submit(f"n{neuron}", _spec(neuron)) for neuron in range(3)]
        for handle in handles:
            await all_of(handle)
    for neuron in range(3):
        settings = state_of(store, f"n{neuron}").settings
        assert settings is not None and settings.batch_size == 2
    assert [run.status for run in store.runs()] == ["finished"] * 3
    assert not any(source.alive_at_load)
