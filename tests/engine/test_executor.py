"""Runs through handles, the same in this process and in a process of its own: steering, decisions, every end."""

from __future__ import annotations

import asyncio
import sys
import time
from pathlib import Path

import msgspec
import pytest

from line_tui import events as e
from line_tui.engine.executor import Executor, Handle
from line_tui.engine.local import LocalEngine
from line_tui.engine.server import Server
from line_tui.errors import EngineError, LineError, StoreError, UnknownNameError
from line_tui.explain.state import fold
from line_tui.models.source_digests import in_memory
from line_tui.store import Store
from tests.engine.conftest import FAKE_ENGINE, process
from tests.engine.fake_engine import FakeSource
from tests.engine.sessions import SPEC, all_of, decisive, state_of, until_it_hangs


async def _until(handle: Handle, kind: type, phase: str = "") -> None:
    async for envelope in handle.events():
        if isinstance(envelope.event, kind) and phase in ("", getattr(envelope.event, "phase", "")):
            return
    raise AssertionError(f"no {kind.__name__}")


async def test_a_whole_run(executor: Executor, store: Store) -> None:
    seen = await all_of(executor.submit("a", SPEC))
    assert e.durable(e.Envelope(run_id="a", time=0, event=event) for event in seen) == e.durable(store.events("a"))
    run, state = store.run("a"), state_of(store, "a")
    assert (run.status, run.label, run.images) == ("finished", "strawberry", 15 * 3)
    assert state.control is not None and state.control_images == 12 and len(state.trials) == 10 + 4 + 1
    assert all(Path(image.image.path).exists() for trial in state.trials.values() for image in trial.images)


async def test_both_places_find_the_same(store: Store, tmp_path: Path) -> None:
    async with Executor(LocalEngine(store, FakeSource())) as here, Executor(process(tmp_path)) as beside:
        await all_of(here.submit("a", SPEC))
        await all_of(beside.submit("b", SPEC))
    assert decisive(store, "a") == decisive(store, "b")


async def test_pause_step_and_go_on(executor: Executor, store: Store) -> None:
    handle = executor.submit("a", SPEC)
    handle.pause()
    await _until(handle, e.PhaseChanged, "paused")
    before = len(store.events("a"))
    handle.step()
    await _until(handle, e.PhaseChanged, "paused")
    after = len(store.events("a"))
    # One step: the control set, one reply, or one batch of pictures with what follows from it.
    assert before < after <= before + 12
    await asyncio.sleep(0.2)
    assert len(store.events("a")) == after
    handle.go_on()
    await all_of(handle)
    assert store.run("a").status == "finished"


async def test_a_decision_during_a_step_is_folded_where_it_is_stored(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FAKE_DELAY", "0.05")
    live: list[e.DurableEvent] = []
    said: list[e.Decision] = [
        e.Decided(decision="d1", kind="add", concept="sunset"),
        e.BudgetChanged(iterations=1),
    ]
    async with Executor(LocalEngine(store, FakeSource())) as executor:
        handle = executor.submit("a", SPEC)
        async for envelope in handle.events():
            if isinstance(envelope.event, e.Durable):
                live.append(envelope.event)
            if isinstance(envelope.event, e.Progress) and envelope.event.phase == "drawing":
                while said:
                    handle.decide(said.pop(0))
    stored = e.durable(store.events("a"))
    kinds = [type(event) for event in stored]
    assert e.Decided in kinds[: kinds.index(e.ImageScored)] and stored == live
    assert fold(live) == state_of(store, "a")
    # What the loop itself decided from is what a replay sees: the budget of 1 held.
    assert max(t.iteration for t in state_of(store, "a").trials.values() if t.origin == "llm") == 1


async def test_a_run_that_nobody_works_on_takes_decisions(executor: Executor, store: Store) -> None:
    handle = executor.submit("a", SPEC)
    await all_of(handle)
    handle.decide(e.Decided(decision="late", kind="accept", trial="t1"))
    for _ in range(500):
        if state_of(store, "a").decisions:
            break
        await asyncio.sleep(0.02)
    assert state_of(store, "a").decisions[0].decision == "late"


async def test_nobody_else_writes_a_run_that_goes_on(store: Store) -> None:
    store.create("a", SPEC)
    with store.lease("a"), pytest.raises(StoreError, match="another process is working on run 'a'"):
        store.decide("a", e.ModeChanged(ask_first=True))
    assert store.events("a") == []


async def test_cancel_leaves_a_run_that_goes_on(executor: Executor, store: Store) -> None:
    handle = executor.submit("a", SPEC)
    await _until(handle, e.TrialScored)
    await handle.cancel()
    assert store.run("a").status in ("stopped", "finished") and executor.status.state == "ready"
    handle = executor.submit("b", SPEC)
    await handle.cancel()
    assert store.run("b").status in ("new", "stopped")
    await all_of(executor.resume("b"))
    assert store.run("b").status == "finished"


@pytest.mark.parametrize(
    ("change", "cause"),
    [
        ({"model": "fak"}, "no model named 'fak'"),
        ({"layer": "fd"}, "no layer of fake named 'fd'"),
        ({"neuron": 3}, "layer 'conv' of fake has no neuron 3"),
        ({"neuron": -1}, "no neuron -1"),
    ],
)
async def test_a_run_that_cannot_begin_leaves_nothing(
    executor: Executor, store: Store, change: dict[str, object], cause: str
) -> None:
    with pytest.raises(LineError, match=cause) as raised:
        await all_of(executor.submit("a", msgspec.structs.replace(SPEC, **change)))
    assert raised.value.exit_code == 3 and raised.value.fix
    assert store.runs(include_deleted=True) == []
    with pytest.raises(UnknownNameError):
        store.spec("a")
    with pytest.raises(UnknownNameError, match="no model named 'nothing'"):
        await executor.layers("nothing")


async def test_a_second_start_does_not_take_the_first_away(executor: Executor, store: Store) -> None:
    store.create("a", SPEC)
    with pytest.raises(LineError, match="run 'a' already exists"):
        await all_of(executor.submit("a", SPEC))
    assert [run.id for run in store.runs()] == ["a"]


async def test_a_hung_engine_is_ended_by_cancel_and_the_run_goes_on(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FAKE_HANG", "1")
    async with Executor(process(tmp_path, grace=0.3)) as executor:
        handle = executor.submit("a", SPEC)
        await until_it_hangs(executor)
        await handle.cancel(grace=0.3)
        # It was asked for: no error, though the process was killed.
        await all_of(handle)
        while executor.status.state != "dead":
            await asyncio.sleep(0.01)
        assert executor.status.signal == "SIGKILL"
        monkeypatch.delenv("FAKE_HANG")
        await all_of(executor.resume("a"))
    assert store.run("a").status == "finished"


@pytest.mark.parametrize(
    ("code", "told"),
    [
        ("import sys; sys.exit('no torch here')", "ended with code 1 (no torch here)"),
        ("import os; os.abort()", "SIGABRT"),
    ],
)
async def test_an_engine_that_dies_before_it_is_ready(tmp_path: Path, code: str, told: str) -> None:
    states = []
    engine = process(tmp_path, (sys.executable, "-c", code))
    async with Executor(engine, lambda status: states.append(status.state)) as executor:
        with pytest.raises(EngineError) as raised:
            await all_of(executor.submit("a", SPEC))
        assert told in str(raised.value)
        with pytest.raises(EngineError):
            await executor.layers("fake")
    assert states == ["starting", "dead", "starting", "dead"]


async def test_an_engine_of_another_version_is_refused_before_it_gets_work(tmp_path: Path) -> None:
    ready = '{"message": "ready", "pid": 1, "protocol_version": 0}'
    code = f"import sys; print({ready!r}, flush=True); sys.stderr.write(sys.stdin.readline())"
    async with Executor(process(tmp_path, (sys.executable, "-c", code))) as executor:
        with pytest.raises(EngineError, match="the engine belongs to another version of line-tui"):
            await all_of(executor.submit("a", SPEC))
        assert "another version" in executor.status.lines[0] and executor.log_lines(9) == []


async def test_only_the_program_that_has_its_model_in_memory_resumes_a_run(executor: Executor, store: Store) -> None:
    store.create("a", in_memory(msgspec.structs.replace(SPEC, model="Net"), "0123"))
    with pytest.raises(LineError, match=r"memory of a Python program — call line_tui\.explain there again"):
        await all_of(executor.resume("a"))


async def test_an_engine_that_cannot_be_started_is_reported(tmp_path: Path) -> None:
    async with Executor(process(tmp_path, ("/nothing/here",))) as executor:
        with pytest.raises(EngineError, match=r"cannot be started: .*No such file"):
            await executor.layers("fake")
        assert executor.status.death == "not started" and "No such file" in executor.status.lines[0]


async def test_settings_that_the_engine_cannot_have_are_reported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "config.toml").write_text("[engine]\nniceness = nonsense\n")
    monkeypatch.setenv("LINE_TUI_CONFIG", str(tmp_path / "config.toml"))
    async with Executor(process(tmp_path, (*FAKE_ENGINE, "--low-priority"))) as executor:
        with pytest.raises(LineError) as raised:
            await all_of(executor.submit("a", SPEC))
    assert raised.value.exit_code == 2 and "config.toml" in raised.value.cause


async def test_each_close_of_a_local_engine_waits_for_its_thread(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    ended: list[Server] = []
    work = Server.work

    def slowly(self: Server) -> None:
        work(self)
        time.sleep(0.1)
        ended.append(self)

    monkeypatch.setattr(Server, "work", slowly)
    engine = LocalEngine(store, FakeSource())
    for closed in (1, 2):
        await engine.start()
        await engine.close()
        assert len(ended) == closed


@pytest.mark.parametrize(("options", "imported"), [((), False), (("--low-priority",), True)])
async def test_only_an_engine_beside_a_screen_imports_before_a_run(
    tmp_path: Path, options: tuple[str, ...], imported: bool
) -> None:
    async with Executor(process(tmp_path, (*FAKE_ENGINE, *options))) as executor:
        await executor.layers("fake")
        while imported and "fake libraries imported" not in executor.log_lines(100):
            await asyncio.sleep(0.02)
        assert ("fake libraries imported" in executor.log_lines(100)) == imported
