"""The bench of a cluster: its models give a whole run, and its arithmetic is right."""

from __future__ import annotations

from pathlib import Path

import pytest

from line_tui import events as e
from line_tui.bench import cluster
from line_tui.engine.executor import Executor
from line_tui.engine.local import LocalEngine
from line_tui.store import Store


async def test_models_that_wait_give_a_whole_run(tmp_path: Path) -> None:
    store = Store.open(tmp_path)
    async with Executor(LocalEngine(store, cluster.WaitingModels(0.0))) as executor:
        spec = e.RunSpec(model="waiting", layer="units", neuron=3, strategy="published", metric="mean", iterations=1)
        async for _ in executor.submit("a", spec).events():
            pass
    assert store.run("a").status == "finished"


def test_efficiency_is_against_one_actor(monkeypatch: pytest.MonkeyPatch) -> None:
    async def explained(store: Store, actors: int, neurons: int) -> tuple[float, float]:
        store.create("a", e.RunSpec(model="waiting", layer="units", neuron=0))
        store.append_all("a", [e.Stopped(), e.Stopped()])
        return 10.0, 0.5

    monkeypatch.setattr(cluster, "_explain", explained)
    row = cluster.measure(4, 20, per_second=1.0)
    assert row.efficiency == pytest.approx(0.5) and row.driver_milliseconds == pytest.approx(250.0)
