"""A batch of neurons: bad ones end no other, what is done is not done again, and two processes share the work."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from line_tui import events as e
from line_tui.engine.executor import Executor
from line_tui.engine.local import LocalEngine
from line_tui.engine.neuron_queue import Batch, Queue
from line_tui.explain.ports import Picture, Recording
from line_tui.store import Store
from tests.engine.conftest import process
from tests.engine.fake_engine import FakeSource
from tests.fakes import FakeVision


class Touchy(FakeVision):
    """Fails at the map of the second neuron."""

    def record(self, pictures: Sequence[Picture], layer: str, neuron: int | None = None) -> Recording:
        if neuron == 1:
            raise ValueError("a bad neuron")
        return super().record(pictures, layer, neuron)


class BadSource(FakeSource):
    vision_kind = Touchy


def asked(neuron: int) -> e.RunSpec:
    return e.RunSpec(model="fake", layer="conv", neuron=neuron, iterations=1, images=1)


async def _explain(executor: Executor, store: Store, ended: list[tuple[int, str]] | None = None) -> Batch[int]:
    heard = ended if ended is not None else []
    return await Queue(executor, store, asked, lambda neuron, how: heard.append((neuron, how))).explain([0, 1, 2])


async def test_a_bad_neuron_ends_no_other(store: Store) -> None:
    async with Executor(LocalEngine(store, BadSource())) as executor:
        batch = await _explain(executor, store)
    assert batch.finished([2, 1, 0]) == [batch.runs[2], batch.runs[0]]
    assert list(batch.failures) == [1] and "a bad neuron" in str(batch.failures[1])
    assert sorted(run.status for run in store.runs()) == ["failed", "finished", "finished"]
    # The next call tries the bad one again, and no other.
    ended: list[tuple[int, str]] = []
    async with Executor(LocalEngine(store, FakeSource())) as executor:
        again = await _explain(executor, store, ended)
    assert sorted(ended) == [(0, "before"), (1, "explained"), (2, "before")] and not again.failures
    assert [run.status for run in store.runs()] == ["finished"] * 3


async def test_an_engine_that_dies_is_started_again(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FAKE_DELAY", "0.05")
    engine = process(tmp_path)
    async with Executor(engine) as executor:
        work = asyncio.create_task(_explain(executor, store))
        while not any(run.images for run in store.runs()):
            await asyncio.sleep(0.05)
        await engine.kill(0.0)
        batch = await work
    assert len(batch.runs) == 3 and not batch.failures


async def test_two_processes_share_a_layer(tmp_path: Path) -> None:
    stores = [Store.open(tmp_path / "data") for _ in range(2)]
    ended: list[list[tuple[int, str]]] = [[], []]
    engines = [LocalEngine(store, FakeSource()) for store in stores]
    async with Executor(engines[0]) as one, Executor(engines[1]) as two:
        batches = await asyncio.gather(_explain(one, stores[0], ended[0]), _explain(two, stores[1], ended[1]))
    assert len(stores[0].runs()) == 3 and batches[0].runs == batches[1].runs
    for neuron in range(3):
        assert sorted(how for heard in ended for n, how in heard if n == neuron) == ["before", "explained"]


async def test_a_batch_that_is_stopped_goes_on_where_it_was(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FAKE_DELAY", "0.02")
    async with Executor(LocalEngine(store, FakeSource())) as executor:
        queue = Queue(executor, store, asked, lambda neuron, how: None)
        work = asyncio.create_task(queue.explain([0, 1, 2]))
        while not store.runs():
            await asyncio.sleep(0.01)
        queue.stop()
        assert (await work).stopped and not queue.batch.failures
        batch = await _explain(executor, store)
    assert len(batch.runs) == 3 and len(store.runs()) == 3


async def test_runs_begin_in_the_order_of_the_neurons(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    def slow_at_first(spec: e.RunSpec) -> e.RunSpec:
        time.sleep(0.1 if spec.neuron == 0 else 0)
        return spec

    monkeypatch.setattr("line_tui.engine.neuron_queue.with_sources", slow_at_first)
    begun: list[str] = []
    async with Executor(LocalEngine(store, FakeSource())) as executor:
        queue = Queue(executor, store, asked, lambda neuron, how: None)
        queue.on_begin = lambda handle: begun.append(handle.run_id)
        await queue.explain([0, 1, 2])
    assert [store.run(run_id).neuron for run_id in begun] == [0, 1, 2]
