"""An engine on a cluster: Ray actors have the models, this process has the store.

Each actor is an engine (`line_tui.engine.actor`) for a few runs at a time. It sends everything here to be stored, and
waits until it is on disk. So if an actor dies, each of its runs loses at most one step: other actors continue it.
"""

from __future__ import annotations

import asyncio
import os
import secrets
import threading
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import cache
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

import msgspec
import numpy as np

from line_tui import events as e
from line_tui.config import EngineDefaults, read_config
from line_tui.engine import cluster_protocol as cp
from line_tui.engine import protocol as p
from line_tui.engine.executor import Engine, EngineExited
from line_tui.engine.run_specs import in_visible_words
from line_tui.errors import EngineError, LineError, UsageError, first_line
from line_tui.models.source_digests import with_sources
from line_tui.store import Store
from line_tui.store.activations import View

RUNS_PER_ACTOR = 4
"""Concurrent runs per actor: enough to keep its models busy, few enough for all actors to finish together."""
MAX_DEATHS = 2
"""Actor deaths that a run survives; after one more the run is taken as the cause and fails."""
_INBOX_INTERVAL = 0.5
"""Seconds between checks of the inbox for decisions."""
_MOST_THREADS = 16
"""Maximum cores of an actor without a GPU if the settings give no number of threads."""


@dataclass(frozen=True)
class Share:
    """The number of actors, and each one's share of the cluster."""

    actors: int
    cores: float
    gpus: int = 0
    threads: int = 1


class Host:
    """The Ray actor. It imports the engine lazily, since this process must not import models."""

    def __init__(self, source: str, settings: bytes) -> None:
        from line_tui.offline import refuse_sockets

        # Does not affect Ray, which connects from C++; all else is refused, as in every process with models.
        refuse_sockets()
        module, _, name = source.partition(":")
        make = getattr(import_module(module), name)
        actor = import_module("line_tui.engine.actor")
        self._engine = actor.Engine(make, msgspec.json.decode(settings, type=EngineDefaults))

    def messages(self) -> Iterator[bytes]:
        """The engine's messages, in chunks."""
        yield from self._engine.messages()

    def take(self, encoded: bytes) -> None:
        """Pass a command to the engine."""
        self._engine.take(encoded)

    def answer(self, answer: bytes) -> None:
        """Pass the engine the answer to its question."""
        self._engine.answer(answer)


@dataclass(eq=False)
class _Run:
    """A run that was submitted and has not ended."""

    run_id: str
    lease: ExitStack
    worker: _Worker | None = None
    deaths: int = 0
    pending: list[p.Steer] = field(default_factory=list)
    """Commands received while no actor had the run."""


@dataclass(eq=False)
class _Worker:
    """An actor."""

    host: Any
    pid: int | None = None
    """Its process id, once it is ready."""
    runs: set[str] = field(default_factory=set)
    claims: set[tuple[View, str]] = field(default_factory=set)
    """Pictures assigned only to this actor."""


class RayEngine(Engine):
    """Distributes runs to Ray actors, on this machine or a cluster."""

    def __init__(
        self,
        store: Store,
        address: str | None = None,
        source: str = "line_tui.engine.actor:catalogued",
        share: Share | None = None,
        log: Path | None = None,
    ) -> None:
        """`source` names a function from settings to models; the default `share` follows the cluster's resources.

        Raises UsageError if Ray is not installed, and for an address of Ray's client protocol.
        """
        if address is not None and "://" in address:
            raise UsageError(
                f"'{address}' is not HOST:PORT",
                "run line-tui on a machine of the cluster, with its head's address",
            )
        super().__init__(log)
        self._ray = import_ray()
        self._store = store
        self._address = address
        self._source = source
        self._share = share
        self._settings = read_config().engine
        self._began_ray = False
        self._workers: list[_Worker] = []
        self._listening: set[asyncio.Task[None]] = set()
        self._runs: dict[str, _Run] = {}
        self._waiting: deque[str] = deque()
        self._questions: dict[int, p.ListLayers] = {}
        self._claiming = threading.Lock()
        self._failed_starts = 0
        self._closing = False

    @property
    def ahead(self) -> int:
        """Runs that may be submitted at once: twice as many as the actors work on."""
        return 2 * RUNS_PER_ACTOR * max(1, self._share.actors if self._share else 1)

    @property
    def working(self) -> int:
        """The number of actors that are ready."""
        return sum(worker.pid is not None for worker in self._workers)

    async def start(self) -> None:
        """Start the actors, and Ray if it is not running. Raises EngineError."""
        try:
            self._began_ray = connect(self._ray, self._address) or self._began_ray
            share = self._share = self._share or share_of(self._ray.nodes(), self._settings)
        except LineError:
            raise
        except Exception as error:  # Ray raises different errors depending on why it cannot be reached.
            where = f"at {self._address}" if self._address else "on this machine"
            raise EngineError(
                f"Ray {where} cannot be used: {first_line(error)}",
                "check `ray status` there, or leave out --ray to use only this machine",
            ) from error
        self._closing = False
        self._settings = msgspec.structs.replace(self._settings, threads=share.threads)
        for _ in range(share.actors):
            self._start_actor()
        self._spawn(self._collect_decisions())

    async def send(self, command: p.AnyCommand) -> None:
        """Carry out a command or pass it to an actor."""
        match command:
            case p.Start(run_id=run_id) | p.Resume(run_id=run_id):
                self._take(run_id, command)
                self._assign_runs()
            case p.ListLayers():
                self._questions[command.request] = command
                self._ask()
            case p.DoJob():
                error = UsageError(f"{command.job} does not run on a cluster", "run it without --ray")
                self._fail("do_job", error, request=command.request)
            case p.Decide() | p.Pause() | p.Step() | p.Continue() | p.Stop():
                self._steer(command)
            case p.Shutdown():
                await self.close()

    async def kill(self, grace: float) -> None:
        """End all actors at once; `EngineExited` follows."""
        self._closing = True
        self._kill_actors()
        await self._await_exit(grace)
        self._messages.put_nowait(EngineExited(None, "SIGKILL", self.log.last_lines()))

    async def close(self) -> None:
        """Stop all runs cleanly, end the actors, and Ray if it was started here."""
        self._closing = True
        for worker in self._workers:
            if worker.pid:
                self._pass_on(worker, p.Shutdown())
        await self._await_exit(_GRACE)
        self._kill_actors()
        if self._began_ray:
            self._ray.shutdown()
            self._began_ray = False
        self.log.close()
        self._messages.put_nowait(None)

    # -- actors ---

    def _start_actor(self) -> None:
        assert self._share is not None
        options = {"num_cpus": self._share.cores, "num_gpus": self._share.gpus, "concurrency_groups": {"out": 1}}
        actor = self._ray.remote(**options)(Host)
        worker = _Worker(actor.remote(self._source, msgspec.json.encode(self._settings)))
        self._workers.append(worker)
        self._spawn(self._listen(worker))

    def _kill_actors(self) -> None:
        for worker in self._workers:
            self._ray.kill(worker.host)
        self._workers.clear()
        for run in self._runs.values():
            run.lease.close()
        self._runs.clear()
        self._waiting.clear()
        self._questions.clear()

    async def _await_exit(self, grace: float) -> None:
        """Wait up to `grace` seconds for the actors to exit."""
        listening = [task for task in self._listening if not task.done()]
        if listening:
            _, late = await asyncio.wait(listening, timeout=grace)
            for task in late:
                task.cancel()

    def _spawn(self, work: Any) -> None:
        task = asyncio.create_task(work)
        self._listening.add(task)
        task.add_done_callback(self._listening.discard)

    async def _listen(self, worker: _Worker) -> None:
        messages = worker.host.messages.options(num_returns="streaming", concurrency_group="out")
        try:
            async for piece in messages.remote():
                for message in cp.decode_from_actor(await piece):
                    await self._handle(worker, message)
        except self._ray.exceptions.RayError as error:
            self._handle_death(worker, str(error))
        except Exception as error:
            # After a bug here no task reads the actor's messages, so its runs must move to others.
            self._ray.kill(worker.host)
            self._handle_death(worker, f"{type(error).__name__}: {error}")
        else:
            self._handle_death(worker, "it ended")

    async def _handle(self, worker: _Worker, message: cp.FromActor) -> None:
        match message:
            case p.Ready():
                worker.pid = message.pid
                self._failed_starts = 0
                self._messages.put_nowait(message)
                self._ask()
                self._assign_runs()
            case cp.Asked(number=number, question=question):
                shown, answer = await asyncio.to_thread(self._answer, worker, number, question)
                for envelope in shown:
                    self._messages.put_nowait(p.RunEvent(envelope=envelope))
                worker.host.answer.remote(cp.encode(answer))
            case p.LayersListed(request=request):
                self._questions.pop(request, None)
                self._messages.put_nowait(message)
            case p.CommandFailed(run_id=run_id, request=request):
                if request is not None:
                    self._questions.pop(request, None)
                if run_id is not None and message.command == "resume":
                    self._store.forget(run_id)
                self._messages.put_nowait(message)
            case p.RunEvent(envelope=envelope):
                if isinstance(envelope.event, e.PhaseChanged) and envelope.event.phase == "idle":
                    self._end(envelope.run_id)
                else:
                    self._messages.put_nowait(message)

    def _handle_death(self, worker: _Worker, why: str) -> None:
        """Handle an actor's death: others continue its runs."""
        if worker not in self._workers:
            return
        self._workers.remove(worker)
        if self._closing:
            return
        self.log.write(f"an actor is gone: {why}\n".encode())
        for run in [self._runs[run_id] for run_id in sorted(worker.runs) if run_id in self._runs]:
            run.worker = None
            run.deaths += 1
            if run.deaths > MAX_DEATHS:
                self._fail(
                    "resume",
                    EngineError(
                        f"{run.deaths} actors died while working on this neuron, the last one: {why.splitlines()[0]}",
                        f"nothing stored is lost; {self.log.path} and Ray's own logs have the details",
                    ),
                    run.run_id,
                )
                self._end(run.run_id)
            else:
                self._waiting.appendleft(run.run_id)
        self._failed_starts += worker.pid is None
        if self._failed_starts > MAX_DEATHS:
            self._closing = True
            self._kill_actors()
            self._messages.put_nowait(EngineExited(None, None, [f"no actor starts: {why}"]))
            return
        self._start_actor()
        self._assign_runs()
        self._ask()

    # -- runs ---

    def _take(self, run_id: str, command: p.Start | p.Resume) -> None:
        lease = ExitStack()
        try:
            lease.enter_context(self._store.lease(run_id))
            if isinstance(command, p.Start):
                self._store.create(run_id, with_sources(command.spec))
        except LineError as error:
            lease.close()
            self._fail("start", error, run_id)
            self._show_idle(run_id)
            return
        self._runs[run_id] = _Run(run_id, lease)
        self._waiting.append(run_id)

    def _assign_runs(self) -> None:
        """Assign waiting runs to the actors with the fewest runs."""
        while self._waiting:
            free = [worker for worker in self._workers if worker.pid and len(worker.runs) < RUNS_PER_ACTOR]
            if not free:
                return
            worker = min(free, key=lambda each: len(each.runs))
            run = self._runs[self._waiting.popleft()]
            try:
                spec, events = self._store.spec(run.run_id), e.durable(self._store.events(run.run_id))
            except LineError as error:
                self._fail("resume", error, run.run_id)
                self._end(run.run_id)
                continue
            run.worker = worker
            worker.runs.add(run.run_id)
            self._pass_on(worker, cp.Work(run_id=run.run_id, spec=spec, events=events))
            for command in run.pending:
                self._pass_on(worker, command)  # type: ignore[arg-type]
            run.pending.clear()

    def _steer(self, command: p.Decide | p.Pause | p.Step | p.Continue | p.Stop) -> None:
        run = self._runs.get(command.run_id)
        if run is not None and run.worker is not None:
            self._pass_on(run.worker, command)
        elif run is not None and isinstance(command, p.Stop):
            self._waiting.remove(run.run_id)
            self._store.forget(run.run_id)
            self._end(run.run_id)
        elif run is not None:
            run.pending.append(command)
        elif isinstance(command, p.Decide):
            try:
                self._messages.put_nowait(
                    p.RunEvent(envelope=self._store.decide(command.run_id, in_visible_words(command.event)))
                )
            except LineError as error:
                self._fail("decide", error, command.run_id)

    def _end(self, run_id: str) -> None:
        """Drop a run that has ended or that no actor works on any more."""
        run = self._runs.pop(run_id, None)
        if run is not None:
            run.lease.close()
            if run.worker is not None:
                run.worker.runs.discard(run_id)
                # A run stopped while measuring loses its claims; other runs claim again what they still need.
                run.worker.claims.clear()
        self._show_idle(run_id)
        self._assign_runs()

    def _show_idle(self, run_id: str) -> None:
        self._messages.put_nowait(p.phase_message(run_id, "idle"))

    def _fail(self, command: str, error: LineError, run_id: str | None = None, request: int | None = None) -> None:
        self._messages.put_nowait(p.CommandFailed.of(command, error, request, run_id))

    def _ask(self) -> None:
        """Send open questions to an actor that can answer; duplicate answers are ignored."""
        worker = next((worker for worker in self._workers if worker.pid), None)
        for question in self._questions.values() if worker else ():
            self._pass_on(worker, question)  # type: ignore[arg-type]

    def _pass_on(self, worker: _Worker, command: cp.ToActor) -> None:
        worker.host.take.remote(cp.encode(command))

    async def _collect_decisions(self) -> None:
        while not self._closing:
            await asyncio.sleep(_INBOX_INTERVAL)
            for run_id in list(self._runs):
                for event in self._store.take_decisions(run_id):
                    self._steer(p.Decide(run_id=run_id, event=event))

    # -- the store, for the actors ---

    def _answer(self, worker: _Worker, number: int, question: cp.AnyQuestion) -> tuple[Sequence[e.Envelope], cp.Answer]:
        """Answer an actor's question, on a thread outside the event loop; also returns the events stored for it."""
        try:
            shown, content = self._found(worker, question)
        except LineError as error:
            return [], cp.Answer(number=number, error=(error.cause, error.fix))
        return shown, cp.Answer(number=number, found=content)

    def _found(self, worker: _Worker, question: cp.AnyQuestion) -> tuple[Sequence[e.Envelope], dict[str, bytes]]:
        images, activations = self._store.images, self._store.activations
        match question:
            case cp.Write():
                for identity, content in question.pictures.items():
                    images.put(identity, content)
                for view, vectors in question.vectors:
                    activations.put(view, {name: np.frombuffer(vector, np.float32) for name, vector in vectors.items()})
                    worker.claims.difference_update((view, name) for name in vectors)
                return (self._store.append_all(question.run_id, question.events) if question.events else []), {}
            case cp.Pictures(identities=identities):
                files = {identity: images.content(identity) for identity in identities}
                return [], {identity: content for identity, content in files.items() if content is not None}
            case cp.Known(identities=identities):
                return [], {identity: b"" for identity in identities if images.has(identity)}
            case cp.Vectors(view=view, images=names):
                return [], _as_bytes(activations.get(view, names))
            case cp.Claim(view=view, images=names, most=most):
                with self._claiming:
                    known = _as_bytes(activations.get(view, names))
                    taken = {claim for each in list(self._workers) if each is not worker for claim in list(each.claims)}
                    free = [name for name in names if name not in known and (view, name) not in taken][:most]
                    worker.claims.update((view, name) for name in free)
                return [], known | dict.fromkeys(free, b"")


_GRACE = 5.0
"""Seconds for the actors to shut down cleanly."""


def import_ray() -> ModuleType:
    """Import Ray. Raises UsageError if it is not installed."""
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    try:
        return import_module("ray")
    except ImportError as error:
        raise UsageError(f"--ray needs Ray ({error})", "pip install 'line-tui[ray]'") from error


def connect(ray: ModuleType, address: str | None) -> bool:
    """Connect to Ray at an address, or start it for this machine only; False if this process is already connected.

    Raises Ray's own errors.
    """
    if ray.is_initialized():
        return False
    if address is not None:
        ray.init(address=address, log_to_driver=False, logging_level="ERROR")
        return True
    with _loopback():
        ray.init(address="local", include_dashboard=False, log_to_driver=False, logging_level="ERROR")
    return True


def share_of(nodes: Sequence[Mapping[str, Any]], settings: EngineDefaults) -> Share:
    """One actor per GPU of the cluster; without GPUs, one per as many cores as a model has threads.

    `nodes` is the result of `ray.nodes()`. Raises EngineError.
    """
    alive = [node["Resources"] for node in nodes if node["Alive"]]
    gpus = sum(int(node.get("GPU", 0)) for node in alive)
    if gpus and settings.device != "cpu":
        cores = min(int(node.get("CPU", 0) // node["GPU"]) for node in alive if node.get("GPU", 0) >= 1)
        return Share(gpus, min(1, cores), 1, settings.threads or max(1, min(_MOST_THREADS, cores)))
    cores = min((int(node["CPU"]) for node in alive if node.get("CPU", 0) >= 1), default=0)
    threads = settings.threads or min(_MOST_THREADS, cores)
    actors = sum(int(node.get("CPU", 0)) // threads for node in alive) if threads else 0
    if not actors:
        raise EngineError(
            f"no machine of the cluster has a GPU or {threads or 1} cores", "start one with `ray start`, or set threads"
        )
    return Share(actors, threads, 0, threads)


@contextmanager
def _loopback() -> Iterator[None]:
    """Within the block, Ray starts on the loopback interface only and does not query a cloud's metadata."""
    nowhere = "http://127.0.0.1:9"
    changed = {
        # Ray's switch for a single machine, named after the systems where that is the default.
        "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0",
        # Runs without a screen need no lower priority; Ray's default niceness of 15 would starve them.
        "RAY_worker_niceness": "0",
        # One of Ray's processes queries the cloud's metadata server even with usage statistics off.
        "http_proxy": nowhere,
        "HTTP_PROXY": nowhere,
        "no_proxy": "127.0.0.1,localhost",
        "NO_PROXY": "127.0.0.1,localhost",
    }
    if not any(os.environ.get(name) for name in ("RAY_AUTH_MODE", "RAY_AUTH_TOKEN", "RAY_AUTH_TOKEN_PATH")):
        # Otherwise Ray creates a token and leaves it in the home folder.
        changed["RAY_AUTH_TOKEN"] = _token()
    before = {name: os.environ.get(name) for name in changed}
    os.environ.update(changed)
    # Ray reads this at import, which may already have happened.
    constants: Any = import_module("ray._private.ray_constants")
    was, constants.ENABLE_RAY_CLUSTER = constants.ENABLE_RAY_CLUSTER, False
    try:
        yield
    finally:
        constants.ENABLE_RAY_CLUSTER = was
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


@cache
def _token() -> str:
    """The password for every Ray that this process starts; Ray reads it only once."""
    return secrets.token_hex(32)


def _as_bytes(vectors: Mapping[str, np.ndarray[Any, np.dtype[np.float32]]]) -> dict[str, bytes]:
    return {name: vector.tobytes() for name, vector in vectors.items()}
