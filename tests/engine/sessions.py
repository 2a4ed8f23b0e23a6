"""Working on a run over one or several engine processes, and comparing what came of it."""

import asyncio
import os
import random
import signal
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import TypeVar

from line_tui import events as e
from line_tui.engine import protocol as p
from line_tui.engine.client import EngineClient
from line_tui.engine.executor import EngineExited, Executor, Handle
from line_tui.explain.state import RunState, fold
from line_tui.store import Store

SPEC = e.RunSpec(
    model="fake", layer="conv", neuron=0, strategy="published", metric="mean", iterations=4, images=3, seed=5
)
Messages = AsyncIterator[p.AnyMessage | EngineExited]
Kind = TypeVar("Kind")


async def until(messages: Messages, kind: type[Kind]) -> Kind:
    """Read until an event or message of a kind."""
    async for message in messages:
        event = message.envelope.event if isinstance(message, p.RunEvent) else message
        if isinstance(event, kind):
            return event
    raise AssertionError(f"no {kind.__name__}")


async def until_phase(messages: Messages, phase: e.Phase) -> None:
    while (await until(messages, e.PhaseChanged)).phase != phase:
        pass


async def until_idle(messages: Messages) -> list[object]:
    """All events and messages of a run."""
    seen: list[object] = []
    async for message in messages:
        seen.append(message.envelope.event if isinstance(message, p.RunEvent) else message)
        if isinstance(seen[-1], EngineExited) or (isinstance(seen[-1], e.PhaseChanged) and seen[-1].phase == "idle"):
            return seen
    raise AssertionError("the engine fell silent")


async def until_it_hangs(executor: Executor) -> None:
    """With FAKE_HANG: before that, the engine would still answer."""
    while "hanging" not in executor.log_lines(20):
        await asyncio.sleep(0.01)


async def all_of(handle: Handle) -> list[e.AnyEvent]:
    """The events of a run, to its end."""
    return [envelope.event async for envelope in handle.events()]


def state_of(store: Store, run_id: str) -> RunState:
    return fold(e.durable(store.events(run_id)))


def decisive(store: Store, run_id: str) -> list[object]:
    """What a run found, without what may differ between sessions: times, loads, and what was cached."""
    state = state_of(store, run_id)
    trials = [
        (t.id, t.concept, t.origin, t.score, [(i.image.identity, i.activation, i.purpose) for i in t.images])
        for t in state.trials.values()
    ]
    assert state.control is not None
    pairs = [
        (pair.concept, pair.variant, [side.activation for side in (*pair.before, *pair.after)], pair.p_value)
        for pair in state.pairs
    ]
    outcome = [state.pool, state.verified, state.senses, pairs, state.outcome]
    return [trials, outcome, state.control.activations]


async def run_through(folder: Path, spec: e.RunSpec, kills: list[int], command: Sequence[str] | None) -> int:
    """Work on run "a" to its end; kill the engine after so many messages of a session. Returns the sessions."""
    client = EngineClient(folder, folder.with_suffix(".log"), command)
    await client.start()
    await client.send(p.Start(run_id="a", spec=spec))
    sessions, seen, dead = 1, 0, False
    async for message in client.messages():
        seen += 1
        match message:
            case EngineExited():
                sessions, seen, dead = sessions + 1, 0, False
                await client.start()
                known = any(run.id == "a" for run in Store.open(folder).runs())
                await client.send(p.Resume(run_id="a") if known else p.Start(run_id="a", spec=spec))
            case p.RunEvent(envelope=e.Envelope(event=e.Finished())):
                break
            case p.RunEvent(envelope=e.Envelope(event=e.Failed(cause=cause))):
                raise AssertionError(cause)
            case _:
                pass
        if kills and seen >= kills[0] and not dead:
            kills.pop(0)
            assert client._process is not None
            # The engine is far ahead of what we have read: the kill hits it anywhere.
            await asyncio.sleep(random.random() / 50)
            os.kill(client._process.pid, signal.SIGKILL)
            dead = True
    await client.close()
    return sessions
