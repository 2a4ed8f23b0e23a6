"""A queue of neurons for one engine: those already explained are skipped, and a failing neuron stops no other.

Several processes may work on the same neurons of one store: each takes those that no other process has.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Literal

import msgspec

from line_tui import events as e
from line_tui.engine.executor import Executor, Handle
from line_tui.errors import EngineError, LineError, StoreError
from line_tui.events import RunSpec
from line_tui.models.source_digests import stamped
from line_tui.store import Store

_POLL = 1.0
"""Seconds between two looks at what other processes work on."""

How = Literal["explained", "before", "failed"]


@dataclass
class Batch:
    """What became of a batch."""

    runs: dict[int, str] = field(default_factory=dict)
    """Finished runs by neuron."""
    failures: dict[int, LineError] = field(default_factory=dict)
    stopped: bool = False

    def finished(self, neurons: Sequence[int]) -> list[str]:
        """Finished runs in an order of neurons."""
        return [self.runs[neuron] for neuron in neurons if neuron in self.runs]


class Queue:
    """Explains neurons until all are explained, or the person stops it."""

    def __init__(
        self,
        executor: Executor,
        store: Store,
        asked: Callable[[int], RunSpec],
        on_end: Callable[[int, How], None],
    ) -> None:
        """`asked` gives what is asked for of a neuron; `on_end` hears of each neuron that is done with, and how."""
        self._executor = executor
        self._store = store
        self._asked = asked
        self._on_end = on_end
        self._handles: set[Handle] = set()
        self._stopping: list[asyncio.Task[None]] = []
        self.batch = Batch()
        self.on_event: Callable[[e.Envelope], None] = lambda envelope: None
        """Hears of all that happens in the runs."""

    async def explain(self, neurons: Sequence[int]) -> Batch:
        """Explain neurons. Raises StoreError when the store itself fails."""
        waiting = list(dict.fromkeys(neurons))
        working: dict[asyncio.Task[bool], int] = {}
        while (waiting or working) and not (self.batch.stopped and not working):
            while waiting and len(working) < self._executor.ahead and not self.batch.stopped:
                neuron = waiting.pop(0)
                working[asyncio.create_task(self._explain(neuron))] = neuron
            done, _ = await asyncio.wait(working, return_when=asyncio.FIRST_COMPLETED)
            ours = {working.pop(task): task.result() for task in done}
            taken = [neuron for neuron, explained in ours.items() if not explained]
            # Another process has these: it may finish them, or leave them to us.
            waiting += taken
            if taken and not working and len(taken) == len(waiting):
                await asyncio.sleep(_POLL)
        return self.batch

    def stop(self) -> None:
        """Stop all that goes on, and begin nothing else."""
        self.batch.stopped = True
        for handle in list(self._handles):
            self._stopping.append(asyncio.create_task(handle.cancel()))

    async def _explain(self, neuron: int) -> bool:
        """Explain one neuron; False when another process works on it."""
        spec = stamped(self._asked(neuron))
        with ExitStack() as held:
            try:
                held.enter_context(self._store.lease(_claim(spec)))
            except StoreError:
                return False
            known = self._store.run_of(spec)
            if known is not None and self._store.run(known).status == "finished":
                self._end(neuron, known, "before")
                return True
            run_id = known or self._store.new_run_id()
            try:
                await self._work(run_id, spec, resume=known is not None)
            except LineError as error:
                self.batch.failures[neuron] = error
                self._on_end(neuron, "failed")
                return True
        if self._store.has(run_id) and self._store.run(run_id).status == "finished":
            self._end(neuron, run_id, "explained")
        return True

    async def _work(self, run_id: str, spec: RunSpec, resume: bool) -> None:
        """Work on a run; when the engine dies with it, once more: another neuron may have been the reason."""
        for last in (False, True):
            handle = self._executor.resume(run_id) if resume else self._executor.submit(run_id, spec)
            self._handles.add(handle)
            try:
                async for envelope in handle.events():
                    self.on_event(envelope)
                    if isinstance(envelope.event, e.PhaseChanged) and envelope.event.phase == "waiting":
                        # Nobody is asked here.
                        handle.decide(e.ModeChanged(ask_first=False))
                if not self.batch.stopped and self._store.run(run_id).status == "stopped":
                    raise EngineError("the engine was ended from outside", "the same call goes on where it was")
                return
            except EngineError:
                if last or self.batch.stopped:
                    raise
                resume = self._store.has(run_id)
            finally:
                self._handles.discard(handle)

    def _end(self, neuron: int, run_id: str, how: How) -> None:
        self.batch.runs[neuron] = run_id
        self._on_end(neuron, how)


def _claim(spec: RunSpec) -> str:
    """A name for what is asked for, so that two processes do not begin the same."""
    return "spec-" + blake2b(msgspec.json.encode(spec), digest_size=8).hexdigest()
