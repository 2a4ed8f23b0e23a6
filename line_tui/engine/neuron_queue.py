"""A queue of neurons for one engine: finished ones are skipped, and a failure does not stop the others.

Several processes may work on the same neurons of one store: each takes those that no other process works on.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Hashable, Iterable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Generic, Literal, TypeVar

import msgspec

from line_tui import events as e
from line_tui.engine.executor import Executor, Handle
from line_tui.errors import EngineError, LineError, StoreError
from line_tui.events import RunSpec
from line_tui.models.source_digests import with_sources
from line_tui.store import Store

_POLL = 1.0
"""Seconds between checks of what other processes work on."""

How = Literal["explained", "before", "failed"]
Key = TypeVar("Key", bound=Hashable)
"""The caller's key for a neuron: its number in a batch's only layer, or the whole request."""


@dataclass
class Batch(Generic[Key]):
    """The results of a batch of neurons."""

    runs: dict[Key, str] = field(default_factory=dict)
    failures: dict[Key, LineError] = field(default_factory=dict)
    stopped: bool = False

    def finished(self, neurons: Sequence[Key]) -> list[str]:
        """Finished runs, in the order of `neurons`."""
        return [self.runs[neuron] for neuron in neurons if neuron in self.runs]


class Queue(Generic[Key]):
    """Explains neurons until all are done or the user stops it; more may be added meanwhile."""

    def __init__(
        self,
        executor: Executor,
        store: Store,
        make_spec: Callable[[Key], RunSpec],
        on_end: Callable[[Key, How], None],
        most: int | None = None,
    ) -> None:
        """`make_spec` returns the spec of a neuron's run; `on_end` gets each neuron that ends, and how it ended.

        `most` limits the runs submitted at once, if it is below the engine's own limit.
        """
        self._executor = executor
        self._store = store
        self._make_spec = make_spec
        self._on_end = on_end
        self._most = executor.ahead if most is None else min(most, executor.ahead)
        self._stopping: list[asyncio.Task[None]] = []
        self._added = asyncio.Event()
        self._hashing = asyncio.Lock()
        self.batch: Batch[Key] = Batch()
        self.waiting: list[Key] = []
        """Neurons not started yet; after a stop, also those not finished."""
        self.handles: dict[str, Handle] = {}
        """Runs that the engine works on, by id."""
        self.on_event: Callable[[e.Envelope], None] = lambda envelope: None
        self.on_begin: Callable[[Handle], None] = lambda handle: None
        self.on_question: Callable[[Handle], None] = lambda handle: handle.decide(e.ModeChanged(ask_first=False))
        """Called for a run that waits for a decision; by default it switches the run to automatic."""

    def add(self, neurons: Iterable[Key]) -> None:
        """Add these to the end of the queue."""
        self.waiting = list(dict.fromkeys([*self.waiting, *neurons]))
        self._added.set()

    async def explain(self, neurons: Iterable[Key] = ()) -> Batch[Key]:
        """Explain neurons. Raises StoreError if the store itself fails."""
        self.add(neurons)
        working: dict[asyncio.Task[bool], Key] = {}
        while (self.waiting or working) and not (self.batch.stopped and not working):
            self._added.clear()
            while self.waiting and len(working) < self._most and not self.batch.stopped:
                neuron = self.waiting.pop(0)
                working[asyncio.create_task(self._explain(neuron))] = neuron
            more = asyncio.create_task(self._added.wait())
            done, _ = await asyncio.wait([*working, more], return_when=asyncio.FIRST_COMPLETED)
            more.cancel()
            ours = {working.pop(task): task.result() for task in working.keys() & done}
            taken = [neuron for neuron, explained in ours.items() if not explained]
            if self.batch.stopped:
                self.waiting = taken + self.waiting
                continue
            # Another process works on these and may leave them unfinished.
            self.waiting += taken
            if taken and not working and len(taken) == len(self.waiting):
                await asyncio.sleep(_POLL)
        return self.batch

    def stop(self) -> None:
        """Stop the current runs and start no others."""
        self.batch.stopped = True
        for handle in list(self.handles.values()):
            self._stopping.append(asyncio.create_task(handle.cancel()))

    async def _explain(self, neuron: Key) -> bool:
        """Explain one neuron; False if another process works on it, or if it was stopped."""
        # This may read large files; one at a time, so that runs start in the order of the neurons.
        async with self._hashing:
            spec = await asyncio.to_thread(with_sources, self._make_spec(neuron))
        if self.batch.stopped:
            return False
        with ExitStack() as held:
            try:
                # A name derived from the spec, so that two processes do not start the same run.
                claim = blake2b(msgspec.json.encode(spec), digest_size=8).hexdigest()
                held.enter_context(self._store.lease(f"spec-{claim}"))
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
        return not self.batch.stopped

    async def _work(self, run_id: str, spec: RunSpec, resume: bool) -> None:
        """Work on a run; if the engine dies, retry once, since another neuron may have been the cause."""
        for last in (False, True):
            handle = self._executor.resume(run_id) if resume else self._executor.submit(run_id, spec)
            self.handles[run_id] = handle
            self.on_begin(handle)
            try:
                async for envelope in handle.events():
                    self.on_event(envelope)
                    if isinstance(envelope.event, e.PhaseChanged) and envelope.event.phase == "waiting":
                        self.on_question(handle)
                if not self.batch.stopped and self._store.run(run_id).status == "stopped":
                    raise EngineError("the engine was stopped from outside", "run the same command again to resume")
                return
            except EngineError:
                if last or self.batch.stopped:
                    raise
                resume = self._store.has(run_id)
            finally:
                del self.handles[run_id]

    def _end(self, neuron: Key, run_id: str, how: How) -> None:
        self.batch.runs[neuron] = run_id
        self._on_end(neuron, how)
