"""Memory that runs out in the middle of a run: the run goes on with a smaller batch, and says so."""

from __future__ import annotations

from pathlib import Path

import pytest

from line_tui import events as e
from line_tui.engine import protocol as p
from line_tui.store import Store
from tests.engine.conftest import begun
from tests.engine.sessions import SPEC, state_of, until_idle


async def _explain(tmp_path: Path, run_id: str, resume: bool = False) -> list[object]:
    client = await begun(tmp_path)
    await client.send(p.Resume(run_id=run_id) if resume else p.Start(run_id=run_id, spec=SPEC))
    seen = await until_idle(client.messages())
    await client.close()
    return seen


async def test_a_smaller_batch_saves_the_run(tmp_path: Path, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FAKE_ROOM", "1")
    seen = await _explain(tmp_path, "a")
    changes = [event for event in seen if isinstance(event, e.SettingsChanged)]
    assert [(change.settings.batch_size, change.reason) for change in changes] == [
        (2, "4 pictures do not fit in memory"),
        (1, "2 pictures do not fit in memory"),
    ]
    state = state_of(store, "a")
    assert state.settings is not None and not state.settings.bit_identical
    assert (store.run("a").status, store.run("a").label) == ("finished", "strawberry")


async def test_without_any_room_it_fails_in_one_line_and_can_be_resumed(
    tmp_path: Path, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FAKE_ROOM", "0")
    seen = await _explain(tmp_path, "a")
    failed = next(event for event in seen if isinstance(event, e.Failed))
    assert (failed.cause, failed.exit_code) == ("1 pictures do not fit in memory", 7)
    assert store.run("a").status == "failed"
    monkeypatch.setenv("FAKE_ROOM", "1")
    await _explain(tmp_path, "a", resume=True)
    assert store.run("a").label == "strawberry"
    assert state_of(store, "a").settings == next(
        event.settings for event in reversed(seen) if isinstance(event, e.SettingsChanged)
    )
