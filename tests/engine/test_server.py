"""The engine process over fake models: whole runs, steering, errors, and every way to end it."""

import asyncio
import os
import signal
import subprocess
from pathlib import Path

import msgspec
import pytest

from line_tui import events as e
from line_tui.engine import protocol as p
from line_tui.engine.client import EngineClient
from line_tui.engine.executor import EngineExited
from line_tui.engine.server import IDLE
from line_tui.explain.state import waits_for_user
from line_tui.store import Store
from tests.engine.conftest import FAKE_ENGINE, begun
from tests.engine.sessions import SPEC, decisive, state_of, until, until_idle, until_phase
from tests.small_disk import mounted


async def test_the_next_neuron_finds_the_control_set_measured(client: EngineClient, store: Store) -> None:
    messages = client.messages()
    for run_id, neuron in [("a", 0), ("b", 1)]:
        spec = e.RunSpec(model="fake", layer="conv", neuron=neuron, iterations=1, images=1)
        await client.send(p.Start(run_id=run_id, spec=spec))
        await until_idle(messages)
    a, b = state_of(store, "a"), state_of(store, "b")
    assert (a.control_images, b.control_images) == (12, 0)
    assert a.control and b.control and a.control.bank_id == b.control.bank_id
    assert a.control.activations != b.control.activations
    assert client.log.last_lines().count("fake models loaded") == 1


async def test_the_bank_grows_while_nobody_asks_for_anything(
    tmp_path: Path, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FAKE_WORDS", "400")
    monkeypatch.setenv("FAKE_DELAY", "0.005")
    client = await begun(tmp_path)
    messages = client.messages()

    async def run(run_id: str, neuron: int) -> e.ControlMeasured:
        spec = e.RunSpec(model="fake", layer="conv", neuron=neuron, iterations=1, images=1)
        await client.send(p.Start(run_id=run_id, spec=spec))
        seen = await until_idle(messages)
        assert any(isinstance(event, e.Finished) for event in seen)
        return next(event for event in seen if isinstance(event, e.ControlMeasured))

    first, second = await run("a", 0), await run("b", 1)
    assert (len(first.concepts), first.missing, first.drawn) == (200, 212, 200)
    assert (second.bank_id, second.drawn) == (first.bank_id, 0)
    for attempt in range(30):
        await asyncio.sleep(IDLE + 2)
        later = await run(f"c{attempt}", 2)
        if not later.missing:
            break
    assert (len(later.concepts), later.missing, later.drawn) == (412, 0, 0)
    await client.close()


async def test_the_same_seed_gives_the_same_run(client: EngineClient, store: Store) -> None:
    messages = client.messages()
    for run_id, seed in [("a", 5), ("b", 5), ("c", 6)]:
        spec = e.RunSpec(model="fake", layer="fc", neuron=2, iterations=2, images=2, seed=seed)
        await client.send(p.Start(run_id=run_id, spec=spec))
        await until_idle(messages)
    assert decisive(store, "a") == decisive(store, "b") != decisive(store, "c")


async def test_what_a_library_prints_is_logged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FAKE_NOISE", "ggml: hello")
    client = await begun(tmp_path)
    messages = client.messages()
    await client.send(p.Start(run_id="a", spec=SPEC))
    seen = await until_idle(messages)
    assert any(isinstance(event, e.Finished) for event in seen)
    await client.close()
    assert (tmp_path / "engine.log").read_text().count("ggml: hello") == 2
    assert "done" in client.log.last_lines()


async def test_garbage_is_answered_and_survived(client: EngineClient) -> None:
    messages = client.messages()
    assert client._process is not None and client._process.stdin is not None
    for garbage in (
        b"hello\n",
        b"\n",
        b'{"command": "dance"}\n',
        b"\xff\xfe\x00\n",
        b'{"command": "start"}\n',
        b"[" * 9999 + b"\n",
    ):
        client._process.stdin.write(garbage)
        failed = await until(messages, p.CommandFailed)
        assert failed.cause.startswith("not a command")
    await client.send(p.ListLayers(request=7, model="fake"))
    listed = await until(messages, p.LayersListed)
    assert listed.request == 7 and [layer.name for layer in listed.layers] == ["fc", "conv"]


async def test_runs_that_cannot_be_resumed(client: EngineClient, store: Store) -> None:
    messages = client.messages()
    await client.send(p.Resume(run_id="a"))
    assert "no run named 'a'" in (await until(messages, p.CommandFailed)).cause
    await client.send(p.Start(run_id="a", spec=SPEC))
    await until(messages, e.Finished)
    await client.send(p.Resume(run_id="a"))
    assert "run 'a' is finished" in (await until(messages, p.CommandFailed)).cause
    await client.send(p.Start(run_id="a", spec=SPEC))
    assert "run 'a' already exists" in (await until(messages, p.CommandFailed)).cause
    store.create("b", SPEC)
    with store.lease("b"):
        await client.send(p.Resume(run_id="b"))
        assert "another process is working on run 'b'" in (await until(messages, p.CommandFailed)).cause


async def test_a_run_goes_on_only_with_its_own_models(client: EngineClient, store: Store) -> None:
    messages = client.messages()
    await client.send(p.Start(run_id="a", spec=SPEC))
    await until(messages, e.Finished)
    started = store.events("a")[0].event
    assert isinstance(started, e.RunStarted)
    store.create("b", SPEC)
    settings = msgspec.structs.replace(started.settings, generator="fake-generator@0")
    store.append("b", e.RunStarted(run_id="b", spec=SPEC, settings=settings))
    await client.send(p.Resume(run_id="b"))
    failed = await until(messages, e.Failed)
    assert "started with generator 'fake-generator@0'" in failed.cause


@pytest.mark.parametrize(("error", "exit_code"), [("memory is short", 7), ("a defect", 1)])
async def test_an_error_is_an_event_and_the_engine_survives(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, store: Store, error: str, exit_code: int
) -> None:
    monkeypatch.setenv("FAKE_ERROR", error)
    client = await begun(tmp_path)
    messages = client.messages()
    await client.send(p.Start(run_id="a", spec=SPEC))
    seen = await until_idle(messages)
    (failed,) = [event for event in seen if isinstance(event, e.Failed)]
    assert error in failed.cause and failed.fix and failed.exit_code == exit_code
    assert store.run("a").status == "failed"
    assert ("Traceback" in client.log.path.read_text()) == (error == "a defect")
    await client.close()
    monkeypatch.delenv("FAKE_ERROR")
    client = await begun(tmp_path)
    await client.send(p.Resume(run_id="a"))
    await until(client.messages(), e.Finished)
    assert store.run("a").status == "finished"
    await client.close()


async def test_a_full_disk_ends_the_run_and_loses_nothing(tmp_path: Path) -> None:
    with mounted(tmp_path / "small", kilobytes=400) as folder:
        client = EngineClient(folder, tmp_path / "engine.log", FAKE_ENGINE)
        await client.start()
        messages = client.messages()
        await client.send(p.Start(run_id="a", spec=SPEC))
        failed = await until(messages, p.CommandFailed)
        assert failed.exit_code == 6 and "free some space" in failed.fix
        await until_idle(messages)
        assert client.alive
        store = Store.open(folder)
        stored = store.events("a")
        subprocess.run(["mount", "-o", "remount,size=8m", str(folder)], check=True)
        await client.send(p.Resume(run_id="a"))
        await until(messages, e.Finished)
        await client.close()
        assert store.run("a").status == "finished" and store.events("a")[: len(stored)] == stored
        store.close()


async def test_the_users_decisions_are_read(client: EngineClient, store: Store) -> None:
    messages = client.messages()
    await client.send(p.Start(run_id="a", spec=msgspec.structs.replace(SPEC, ask_first=True)))
    await until_phase(messages, "waiting")
    waiting = list(state_of(store, "a").trials.values())[-1]
    said: list[e.Decision] = [
        e.Decided(decision="d1", kind="reject", trial=waiting.id, reason="too dull"),
        e.Decided(decision="mine", kind="add", concept="sunset"),
        e.ModeChanged(ask_first=False),
    ]
    for event in said:
        await client.send(p.Decide(run_id="a", event=event))
    heard = await until_idle(messages)
    assert [event for event in heard if isinstance(event, (e.Decided, e.ModeChanged))] == said
    state = state_of(store, "a")
    assert not state.trials[waiting.id].images
    assert len(state.trials["mine"].images) == 3


@pytest.mark.parametrize("number", [None, signal.SIGTERM, signal.SIGKILL], ids=["closed stdin", "TERM", "KILL"])
async def test_a_closed_stdin_or_a_signal_ends_the_engine_and_loses_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, store: Store, number: signal.Signals | None
) -> None:
    monkeypatch.setenv("FAKE_DELAY", "0.05")
    client = await begun(tmp_path)
    messages = client.messages()
    await client.send(p.Start(run_id="a", spec=SPEC))
    await until(messages, e.TrialScored)
    assert client._process is not None and client._process.stdin is not None
    if number is None:
        client._process.stdin.close()
    else:
        os.kill(client._process.pid, number)
    exited = await until(messages, EngineExited)
    assert (exited.code, exited.signal) == ((None, "SIGKILL") if number == signal.SIGKILL else (0, None))
    assert store.run("a").status == ("interrupted" if number == signal.SIGKILL else "stopped")
    assert not client.alive
    monkeypatch.setenv("FAKE_DELAY", "0")
    await client.start()
    await client.send(p.Resume(run_id="a"))
    await until(messages, e.Finished)
    await client.send(p.Start(run_id="b", spec=SPEC))
    await until(messages, e.Finished)
    assert decisive(store, "a") == decisive(store, "b")
    await client.close()


async def test_a_word_that_is_left_from_elsewhere_is_heard_while_the_run_waits(
    client: EngineClient, store: Store
) -> None:
    messages = client.messages()
    spec = e.RunSpec(model="fake", layer="conv", neuron=0, strategy="published", metric="mean", ask_first=True)
    await client.send(p.Start(run_id="a", spec=spec))
    await until_phase(messages, "waiting")
    state = state_of(store, "a")
    waiting = next(trial for trial in state.trials.values() if waits_for_user(state, trial))
    store.send_decision("a", e.Decided(decision="d1", kind="accept", trial=waiting.id))
    assert await until(messages, e.Decided) == e.Decided(decision="d1", kind="accept", trial=waiting.id)
    # It is drawn because of that.
    assert (await until(messages, e.ImageScored)).trial == waiting.id
    await client.send(p.Stop(run_id="a"))
    await until_idle(messages)
