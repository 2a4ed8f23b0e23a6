"""A run that is killed again and again ends as if nothing had happened."""

import random
from pathlib import Path

import msgspec
import pytest

from line_tui import events as e
from line_tui.explain.strategies import metric_of
from line_tui.store import Store
from tests.engine.conftest import FAKE_ENGINE
from tests.engine.sessions import decisive, run_through

SPEC = e.RunSpec(model="fake", layer="conv", neuron=2, iterations=3, images=3, seed=8)


@pytest.mark.parametrize(("seed", "strategy"), [(1, "published"), (2, "published"), (3, "adaptive")])
async def test_killed_at_random_moments(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int, strategy: str
) -> None:
    spec = msgspec.structs.replace(SPEC, strategy=strategy, metric=metric_of(strategy, None))
    monkeypatch.setenv("FAKE_DELAY", "0.004")
    kills = [random.Random(seed * 10 + n).randint(1, 45) for n in range(3)]
    # In a folder of its own: no picture of the one run may help the other.
    assert await run_through(tmp_path / "whole", spec, [], FAKE_ENGINE) == 1
    sessions = await run_through(tmp_path / "killed", spec, list(kills), FAKE_ENGINE)
    whole, killed = Store.open(tmp_path / "whole"), Store.open(tmp_path / "killed")
    assert sessions > 1, kills
    assert decisive(killed, "a") == decisive(whole, "a"), kills
    assert killed.run("a").label == whole.run("a").label
    assert [v.seq for v in killed.events("a")] == list(range(1, len(killed.events("a")) + 1))
