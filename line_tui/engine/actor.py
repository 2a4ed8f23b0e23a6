"""An engine in a Ray actor: it has models but no store; the driver stores everything for it."""

from __future__ import annotations

import os
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import AbstractContextManager, nullcontext
from itertools import count
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Generic, TypeVar

import numpy as np
from numpy.typing import NDArray

from line_tui import events as e
from line_tui.config import EngineDefaults
from line_tui.engine import cluster_protocol as cp
from line_tui.engine import protocol as p
from line_tui.engine.model_source import ModelSource
from line_tui.engine.server import Server
from line_tui.errors import StoreError, UsageError
from line_tui.events import Decision, DurableEvent, Envelope, RunSpec
from line_tui.models.source_digests import with_sources
from line_tui.store.activations import Activations, Vector, View
from line_tui.store.images import Images

_PICTURES = 2_000
"""Picture files kept in memory; the driver has all of them."""
_VECTORS = 20_000
_FULL = 64
"""Maximum number of pictures buffered until an event is sent."""

Source = Callable[[EngineDefaults], ModelSource]


class Engine:
    """A server on threads of this process, with the driver's store."""

    def __init__(self, source: Source, settings: EngineDefaults) -> None:
        """`settings` come from the driver, the only process that reads the settings file."""
        self._link = Link()
        self._store = RemoteStore(self._link)
        self._server = Server(self._store, source(settings), self._link.send, grows=False)
        threading.Thread(target=self._work, name="engine", daemon=True).start()
        self._link.send(p.Ready(pid=os.getpid()))

    def messages(self) -> Iterator[bytes]:
        """Messages to the driver as they are produced, until a `Shutdown` has been handled."""
        return self._link.frames()

    def take(self, encoded: bytes) -> None:
        """Carry out a command from the driver."""
        command = cp.decode_to_actor(encoded)
        if not isinstance(command, cp.Work):
            self._server.take(command)
            return
        if (own_sources := with_sources(command.spec).sources) != command.spec.sources:
            self._link.refuse(
                command.run_id,
                UsageError(
                    f"{os.uname().nodename} has different model files for this run ({own_sources}) from the driver's "
                    f"({command.spec.sources})",
                    "pull the same models on all machines of the cluster",
                ),
            )
            return
        self._store.adopt(command)
        self._server.take(p.Resume(run_id=command.run_id))

    def answer(self, answer: bytes) -> None:
        """Receive the driver's answer to a question."""
        self._link.answered(cp.decode_answer(answer))

    def _work(self) -> None:
        self._server.work()
        self._link.end()


class Link:
    """The connection to the driver: messages are sent in order, questions block until answered."""

    def __init__(self) -> None:
        self._out: SimpleQueue[cp.FromActor | None] = SimpleQueue()
        self._numbers = count(1)
        self._waiting: dict[int, Future[dict[str, bytes]]] = {}

    def send(self, message: p.AnyMessage) -> None:
        """Send a message; of events only phases: durable ones are already stored, and the others have no viewer."""
        if isinstance(message, p.RunEvent) and not isinstance(message.envelope.event, e.PhaseChanged):
            return
        self._out.put(message)

    def refuse(self, run_id: str, error: UsageError) -> None:
        """Report that this actor cannot work on a run."""
        self._out.put(p.CommandFailed.of("resume", error, run_id=run_id))
        self._out.put(p.phase_message(run_id, "idle"))

    def ask(self, question: cp.AnyQuestion) -> dict[str, bytes]:
        """Ask the driver and wait for the answer. Raises StoreError."""
        return self.request(question).result()

    def request(self, question: cp.AnyQuestion) -> Future[dict[str, bytes]]:
        """Ask the driver without waiting; the result may be a StoreError."""
        number = next(self._numbers)
        future = self._waiting[number] = Future()
        self._out.put(cp.Asked(number=number, question=question))
        return future

    def answered(self, answer: cp.Answer) -> None:
        """Pass an answer to the waiting thread."""
        future = self._waiting.pop(answer.number)
        if answer.error is not None:
            future.set_exception(StoreError(*answer.error))
        else:
            future.set_result(answer.found)

    def end(self) -> None:
        """Let `frames` return."""
        self._out.put(None)

    def frames(self) -> Iterator[bytes]:
        """All messages, joined into as few pieces as possible without delaying any."""
        while True:
            messages = [self._out.get()]
            try:
                while messages[-1] is not None:
                    messages.append(self._out.get_nowait())
            except Empty:
                pass
            yield cp.encode([message for message in messages if message is not None])
            if messages[-1] is None:
                return


class RemoteStore:
    """The driver's store, with a cache of recently used entries."""

    def __init__(self, link: Link) -> None:
        self._link = link
        self._runs: dict[str, cp.Work] = {}
        self._buffer = WriteBuffer(link)
        self.images = RemoteImages(link, self._buffer)
        self.activations: Activations = RemoteActivations(link, self._buffer)

    def adopt(self, work: cp.Work) -> None:
        """Take over the events that the driver has stored for a run."""
        self._runs[work.run_id] = work

    def create(self, run_id: str, spec: RunSpec) -> None:
        """Do nothing: the driver has done it."""

    def forget(self, run_id: str) -> None:
        """Do nothing: the driver does it."""

    def spec(self, run_id: str) -> RunSpec:
        """The spec of a run."""
        return self._runs[run_id].spec

    def events(self, run_id: str) -> list[Envelope]:
        """The stored events of a run, from before and after it was assigned to this actor."""
        return [Envelope(run_id=run_id, time=0.0, event=event) for event in self._runs[run_id].events]

    def append_all(self, run_id: str, events: Sequence[DurableEvent]) -> list[Envelope]:
        """Have the driver store events and the pictures that they refer to; all are on disk when this returns."""
        self._buffer.flush(run_id, events)
        self._runs[run_id].events.extend(events)
        return [Envelope(run_id=run_id, time=0.0, event=event) for event in events]

    def decide(self, run_id: str, event: Decision) -> Envelope:
        """Raises StoreError: the driver stores decisions on inactive runs."""
        raise StoreError(f"run '{run_id}' has just ended", "decide again")

    def take_decisions(self, run_id: str) -> list[Decision]:
        """Return nothing: the driver takes them."""
        return []

    def lease(self, run_id: str) -> AbstractContextManager[None]:
        """Do nothing: the driver holds it."""
        return nullcontext()

    def free_bytes(self) -> int:
        """0: nothing is stored here."""
        return 0


class WriteBuffer:
    """A buffer of pictures and activations for the driver, sent with the next event or when it is full."""

    def __init__(self, link: Link) -> None:
        self._link = link
        self._lock = threading.Lock()
        self._pictures: dict[str, bytes] = {}
        self._vectors: list[tuple[View, dict[str, bytes]]] = []

    def put(self, pictures: dict[str, bytes]) -> None:
        """Add pictures. Raises StoreError."""
        with self._lock:
            self._pictures |= pictures
        self._flush_if_full()

    def put_vectors(self, view: View, vectors: dict[str, bytes]) -> None:
        """Add activations. Raises StoreError."""
        with self._lock:
            self._vectors.append((view, vectors))
        self._flush_if_full()

    def flush(self, run_id: str = "", events: Sequence[DurableEvent] = ()) -> None:
        """Have the buffer stored, then these events. On StoreError, the buffer is kept."""
        with self._lock:
            pictures, self._pictures = self._pictures, {}
            vectors, self._vectors = self._vectors, []
            if not (pictures or vectors or events):
                return
            # Sent under the lock: no event may be stored before its pictures, which may be in this buffer.
            sent = self._link.request(cp.Write(pictures=pictures, vectors=vectors, run_id=run_id, events=list(events)))
        try:
            sent.result()
        except StoreError:
            with self._lock:
                self._pictures = pictures | self._pictures
                self._vectors = vectors + self._vectors
            raise

    def _flush_if_full(self) -> None:
        if len(self._pictures) >= _FULL or len(self._vectors) >= _FULL:
            self.flush()


Value = TypeVar("Value")


class Recent(Generic[Value]):
    """A thread-safe LRU cache."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._lock = threading.Lock()
        self._kept: OrderedDict[object, Value] = OrderedDict()

    def get(self, name: object) -> Value | None:
        """The value of a name, if it is cached."""
        with self._lock:
            if name in self._kept:
                self._kept.move_to_end(name)
            return self._kept.get(name)

    def put(self, name: object, value: Value) -> None:
        """Cache a value."""
        with self._lock:
            self._kept[name] = value
            self._kept.move_to_end(name)
            while len(self._kept) > self._most:
                self._kept.popitem(last=False)


class RemoteImages(Images):
    """Pictures from the cache, else from the driver."""

    def __init__(self, link: Link, buffer: WriteBuffer) -> None:
        super().__init__(Path("images"))
        self._link = link
        self._buffer = buffer
        self._recent: Recent[bytes] = Recent(_PICTURES)

    def content(self, identity: str) -> bytes | None:
        """The bytes of a picture's file; None if there is none."""
        if (data := self._recent.get(identity)) is None:
            data = self._link.ask(cp.Pictures(identities=[identity])).get(identity)
            if data is not None:
                self._recent.put(identity, data)
        return data

    def has(self, identity: str) -> bool:
        """Whether the picture's file exists."""
        return self._recent.get(identity) is not None or bool(self._link.ask(cp.Known(identities=[identity])))

    def put(self, identity: str, content: bytes) -> Path:
        """Have a picture's file stored."""
        self._recent.put(identity, content)
        self._buffer.put({identity: content})
        return self.path(identity)


class RemoteActivations(Activations):
    """Activations from the cache, else from the driver."""

    def __init__(self, link: Link, buffer: WriteBuffer) -> None:
        self._link = link
        self._buffer = buffer
        self._recent: Recent[Vector] = Recent(_VECTORS)

    def get(self, view: View, images: Sequence[str]) -> dict[str, Vector]:
        """The known vectors, by image identity."""
        vectors = {image: vector for image in images if (vector := self._recent.get((view, image))) is not None}
        if missing := [image for image in images if image not in vectors]:
            vectors |= self._keep(view, self._link.ask(cp.Vectors(view=view, images=missing)))
        return vectors

    def claim(self, view: View, images: Sequence[str], most: int) -> tuple[list[str], dict[str, Vector]]:
        """Claim images to be recorded by the caller, and get the vectors that others have recorded meanwhile."""
        # Otherwise vectors that only this actor has would be assigned to another one.
        self._buffer.flush()
        answer = self._link.ask(cp.Claim(view=view, images=list(images), most=most))
        return [image for image in images if answer.get(image) == b""], self._keep(view, answer)

    def put(self, view: View, vectors: Mapping[str, NDArray[np.floating]]) -> None:
        """Have vectors `float[neurons]` stored, by image identity."""
        float_vectors = {image: vector.astype(np.float32) for image, vector in vectors.items()}
        for image, vector in float_vectors.items():
            self._recent.put((view, image), vector)
        if float_vectors:
            self._buffer.put_vectors(view, {image: vector.tobytes() for image, vector in float_vectors.items()})

    def _keep(self, view: View, answer: dict[str, bytes]) -> dict[str, Vector]:
        vectors = {image: np.frombuffer(content, np.float32) for image, content in answer.items() if content}
        for image, vector in vectors.items():
            self._recent.put((view, image), vector)
        return vectors


def catalogued(settings: EngineDefaults) -> ModelSource:
    """The catalogue's models, for an actor."""
    from line_tui.engine.catalogued import CataloguedModels

    os.environ["TOKENIZERS_PARALLELISM"] = "false"
    return CataloguedModels(settings=settings)
