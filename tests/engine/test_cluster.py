"""A Ray of this machine with two actors: what they find is what one process finds, whichever of them dies."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Iterator, Sequence
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import line_tui
from line_tui import events as e
from line_tui.config import EngineDefaults
from line_tui.engine import cluster
from line_tui.engine.cluster import RayEngine, Share, connect, import_ray, share_of
from line_tui.engine.executor import Engine, Executor
from line_tui.engine.local import LocalEngine
from line_tui.engine.neuron_queue import Batch, Queue
from line_tui.errors import EngineError, UnknownNameError, UsageError
from line_tui.store import Store
from tests.engine.fake_engine import FakeSource
from tests.engine.sessions import decisive

TWO = Share(actors=2, cores=0.01)
NEURONS = range(3)


@pytest.fixture(scope="module")
def ray(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ModuleType]:
    home = tmp_path_factory.mktemp("home")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HOME", str(home))
        for name in ("RAY_AUTH_MODE", "RAY_AUTH_TOKEN", "RAY_AUTH_TOKEN_PATH"):
            # Ray sets the mode itself, and this takes it back.
            patch.setenv(name, "")
            patch.delenv(name)
        ray = import_ray()
        assert connect(ray, None)
        yield ray
        ray.shutdown()
    assert not list(home.iterdir())


def asked(neuron: int, layer: str, strategy: str) -> e.RunSpec:
    metric: e.Metric = "mean" if strategy == "published" else "correlation"
    return e.RunSpec(
        model="fake", layer=layer, neuron=neuron, strategy=strategy, metric=metric, iterations=3, images=3, seed=8
    )


async def explain(
    engine: Engine, store: Store, layer: str, strategy: str, neurons: Sequence[int] = NEURONS
) -> Batch[int]:
    async with Executor(engine) as executor:
        queue: Queue[int] = Queue(
            executor, store, lambda neuron: asked(neuron, layer, strategy), lambda neuron, how: None
        )
        return await queue.explain(neurons)


def on_ray(store: Store, tmp_path: Path) -> RayEngine:
    return RayEngine(store, source="tests.engine.fake_engine:in_actor", share=TWO, log=tmp_path / "engine.log")


async def alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, layer: str, strategy: str) -> tuple[Store, Batch[int]]:
    monkeypatch.setenv("FAKE_WORDS", "20")
    store = Store.open(tmp_path / "alone")
    return store, await explain(LocalEngine(store, FakeSource()), store, layer, strategy)


def pictures(store: Store) -> list[str]:
    return sorted(store.images.identities())


@pytest.mark.ray
async def test_two_actors_find_what_one_process_finds_and_draw_the_bank_once(
    ray: ModuleType, store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, expected = await alone(tmp_path, monkeypatch, "fc", "adaptive")
    batch = await explain(on_ray(store, tmp_path), store, "fc", "adaptive")
    assert not batch.failures
    for neuron in NEURONS:
        assert decisive(store, batch.runs[neuron]) == decisive(before, expected.runs[neuron])
    assert pictures(store) == pictures(before)
    events = [event for run_id in batch.runs.values() for event in e.durable(store.events(run_id))]
    assert sum(event.drawn for event in events if isinstance(event, e.ControlMeasured)) == 12 + 20
    # Nothing outside this machine can reach it.
    assert {node["NodeManagerAddress"] for node in ray.nodes()} == {"127.0.0.1"}


@pytest.mark.ray
async def test_an_actor_that_dies_costs_one_step(
    ray: ModuleType, store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, expected = await alone(tmp_path, monkeypatch, "conv", "published")
    engine = on_ray(store, tmp_path)
    work = asyncio.create_task(explain(engine, store, "conv", "published"))
    victim = None
    while victim is None:
        await asyncio.sleep(0.02)
        worked_on = {run.id for run in store.runs() if run.images}
        victim = next((each for each in engine._workers if each.runs & worked_on), None)
    stored = {run_id: len(store.events(run_id)) for run_id in victim.runs}
    assert victim.pid is not None
    os.kill(victim.pid, signal.SIGKILL)
    batch = await work
    assert not batch.failures and victim not in engine._workers
    for neuron in NEURONS:
        run_id = batch.runs[neuron]
        assert decisive(store, run_id) == decisive(before, expected.runs[neuron])
        # It went on from what was stored, on another actor.
        loads = [n for n, event in enumerate(e.durable(store.events(run_id))) if isinstance(event, e.ModelsLoaded)]
        assert len(loads) == (2 if run_id in stored else 1)
        assert run_id not in stored or loads[-1] >= stored[run_id] - 1
    assert pictures(store) == pictures(before)


@pytest.mark.ray
async def test_what_cannot_be_is_reported_as_by_any_engine(ray: ModuleType, store: Store, tmp_path: Path) -> None:
    async with Executor(on_ray(store, tmp_path)) as executor:
        assert [layer.name for layer in await executor.layers("fake")] == ["fc", "conv"]
        with pytest.raises(UnknownNameError):
            await executor.layers("nothing")
        run_id = store.new_run_id()
        with pytest.raises(UnknownNameError, match="has no neuron 99"):
            async for _ in executor.submit(run_id, asked(99, "fc", "published")).events():
                pass
        assert not store.runs() and not store.is_worked_on(run_id)
        handle = executor.submit(run_id, asked(0, "fc", "published"))
        async for envelope in handle.events():
            if isinstance(envelope.event, e.ControlMeasured):
                await handle.cancel()
        assert store.run(run_id).status == "stopped"
        async for _ in executor.resume(run_id).events():
            pass
        assert store.run(run_id).status == "finished"


@pytest.mark.ray
def test_python_uses_ray_too(ray: ModuleType, store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FAKE_WORDS", "20")
    monkeypatch.setenv("LINE_TUI_CONFIG", str(tmp_path / "config.toml"))
    made: list[RayEngine] = []

    def make(store: Store, address: str | None) -> RayEngine:
        made.append(on_ray(store, tmp_path))
        return made[-1]

    monkeypatch.setattr(cluster, "RayEngine", make)
    options: dict[str, Any] = {"strategy": "published", "metric": "mean", "iterations": 3, "images": 3}
    options["progress"] = False
    monkeypatch.setattr("line_tui.engine.catalogued.CataloguedModels", FakeSource)
    try:
        here = line_tui.explain("fake", "conv", NEURONS, data=tmp_path / "here", **options)
        assert not made
        there = line_tui.explain("fake", "conv", NEURONS, data=tmp_path / "there", ray=True, **options)
        assert made[0].working and os.getpid() not in {worker.pid for worker in made[0]._workers}
    finally:
        line_tui.close()
    assert [(one.label, one.score) for one in there] == [(one.label, one.score) for one in here]
    assert pictures(Store.open(tmp_path / "there")) == pictures(Store.open(tmp_path / "here"))


def test_without_ray_one_line_says_what_to_install(monkeypatch: pytest.MonkeyPatch, store: Store) -> None:
    def missing(name: str) -> ModuleType:
        if name == "ray":
            raise ModuleNotFoundError("No module named 'ray'", name="ray")
        return import_module(name)

    monkeypatch.setattr(cluster, "import_module", missing)
    with pytest.raises(UsageError, match=r"pip install 'line-tui\[ray\]'"):
        RayEngine(store)


def test_an_actor_for_each_gpu_or_group_of_cores() -> None:
    def node(**resources: float) -> dict[str, object]:
        return {"Alive": True, "Resources": resources}

    usual, two = EngineDefaults(), EngineDefaults(threads=2)
    assert share_of([node(CPU=16, GPU=2), node(CPU=32, GPU=4)], usual) == Share(6, 1, 1, 8)
    assert share_of([node(CPU=16, GPU=2)], EngineDefaults(threads=4, device="cpu")) == Share(4, 4, 0, 4)
    assert share_of([node(CPU=4), node(CPU=5)], two) == Share(4, 2, 0, 2)
    assert share_of([node(CPU=4), node(memory=1)], usual) == Share(1, 4, 0, 4)
    with pytest.raises(EngineError, match="no machine"):
        share_of([{"Alive": False, "Resources": {"CPU": 4.0}}], usual)
