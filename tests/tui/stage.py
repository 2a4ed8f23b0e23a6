"""A stage for the app: a real store in a folder, an engine that says what the test says, and runs to show."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
from textual.app import App, ComposeResult
from textual.pilot import Pilot
from textual.widget import Widget

from line_tui import events as e
from line_tui.config import Config
from line_tui.engine import protocol as p
from line_tui.engine.executor import Engine, EngineExited
from line_tui.engine.log import EngineLog
from line_tui.errors import EngineError, LineError
from line_tui.models.catalog import Catalog, Profile, VisionEntry
from line_tui.models.layer_cache import LayerCache
from line_tui.models.model_files import Source
from line_tui.store import Store
from line_tui.tui.app import LineApp
from line_tui.tui.screens.run import RunScreen
from tests.explain.runs import Run
from tests.fakes import FakeLanguage

NOON = 1_790_000_000.0
WORDS = ["castle", "river", "spoon", "strawberry", "ladder", "candle", "pencil", "basket", "rose", "button"]
LAYERS = [
    p.LayerInfo(name="conv", kind="Conv2d", shape=[3, 4, 4], neurons=3, pooling="mean"),
    p.LayerInfo(name="avgpool", kind="AdaptiveAvgPool2d", shape=[512, 1, 1], neurons=512, pooling="mean"),
    p.LayerInfo(
        name="fc", kind="Linear", shape=[3], neurons=3, pooling="none", names=["red things", "green things", "sky"]
    ),
]


KILLED = EngineExited(None, "SIGKILL", ["loading denoiser", "drawing", "Killed"])


@dataclass
class ScriptedEngine(Engine):
    """Answers `list_layers`, stores decisions, stops when asked to, and emits the events that a test passes to it."""

    log: EngineLog
    store: Store
    sent: list[p.AnyCommand] = field(default_factory=list)
    starts: int = 0
    alive: bool = False
    answers: bool = True
    ahead: int = 1
    box: asyncio.Queue[Any] = field(default_factory=asyncio.Queue)

    async def start(self) -> None:
        self.starts += 1
        self.alive = True
        self.box.put_nowait(p.Ready(pid=1))

    async def kill(self, grace: float) -> None:
        self.die()

    async def close(self) -> None:
        self.alive = False
        self.box.put_nowait(None)

    async def send(self, command: p.AnyCommand) -> None:
        if not self.alive:
            raise EngineError("the engine is not running", "start it again")
        self.sent.append(command)
        if isinstance(command, p.ListLayers) and self.answers:
            self.box.put_nowait(p.LayersListed(request=command.request, layers=LAYERS))
        if isinstance(command, p.Decide):
            try:
                self.emit(self.store.append(command.run_id, command.event))
            except LineError as error:
                failed = p.CommandFailed(
                    command="decide", cause=error.cause, fix=error.fix, exit_code=6, run_id=command.run_id
                )
                self.box.put_nowait(failed)
        if isinstance(command, p.Stop):
            self.emit(e.PhaseChanged(phase="idle"), command.run_id)

    async def messages(self) -> AsyncIterator[Any]:
        while True:
            if (message := await self.box.get()) is None:
                return
            yield message

    def emit(self, event: e.AnyEvent | e.Envelope, run_id: str = "r1", time: float = NOON) -> None:
        """Report an event, as the engine does after storing it."""
        envelope = event if isinstance(event, e.Envelope) else e.Envelope(run_id=run_id, time=time, event=event)
        self.box.put_nowait(p.RunEvent(envelope=envelope))

    def die(self, how: EngineExited = KILLED) -> None:
        """End the process."""
        self.alive = False
        self.box.put_nowait(how)

    def commands(self, kind: type[p.Command]) -> list[Any]:
        """What was sent, by kind."""
        return [command for command in self.sent if isinstance(command, kind)]


def events_of_a_run(**spec: Any) -> list[e.DurableEvent]:
    """What the published loop stores about the fakes' world of colours: always the same."""
    options: dict[str, Any] = {"layer": "conv", **spec}
    run = Run(FakeLanguage([*WORDS, "red thing"]), **options)
    run.go()
    return run.journal.stored


def until(events: Sequence[e.DurableEvent], concept: str, images: int = 2) -> list[e.DurableEvent]:
    """The events up to a moment in the middle: some images of a concept are in."""
    kept: list[e.DurableEvent] = []
    for event in events:
        kept.append(event)
        if isinstance(event, e.ImageScored) and event.concept == concept:
            images -= 1
            if not images:
                return kept
    raise ValueError(f"{concept} is not in this run")


def through(events: Sequence[e.DurableEvent], concept: str) -> list[e.DurableEvent]:
    """The events until a concept is scored and the pool has taken it in."""
    scored = next(n for n, event in enumerate(events) if isinstance(event, e.Proposed) and event.concept == concept)
    end = next(n for n, event in enumerate(events) if n > scored and isinstance(event, e.PoolChanged))
    return list(events[: end + 1])


def timed(events: Sequence[e.DurableEvent], run_id: str = "r1", every: float = 1.5) -> list[e.Envelope]:
    """Envelopes at an even pace, so that what is shown of time is always the same."""
    return [e.Envelope(run_id=run_id, time=NOON + every * n, event=event, seq=n + 1) for n, event in enumerate(events)]


CATALOG = Catalog(
    vision=[
        VisionEntry(id="emoji-resnet18", source=Source(bundled="x"), architecture="emoji-resnet18", about="bundled"),
        VisionEntry(id="emoji-planted", source=Source(bundled="x"), architecture="emoji-planted", about="bundled"),
        VisionEntry(id="resnet50", source=Source(bundled="x"), architecture="resnet50"),
    ],
    profile=[Profile(id="demo", language="smollm2", generator="emoji", vision="emoji-resnet18")],
)


@dataclass
class Stage:
    """The app with what stands around it."""

    app: LineApp
    engine: ScriptedEngine
    store: Store


def stage(folder: Path, config: Config | None = None, **options: Any) -> Stage:
    """An app over an empty store in a folder."""
    options = {"images": "halfcell", "tour": False, **options}
    store = Store.open(folder)
    engine = ScriptedEngine(EngineLog(folder / "engine.log"), store)
    settings: dict[str, Any] = {
        "catalog": CATALOG,
        "config": config or Config(),
        "layers": LayerCache(folder / "layers", CATALOG),
    }
    return Stage(LineApp(store, lambda: engine, **settings, **options), engine, store)


def keep(store: Store, events: Sequence[e.DurableEvent], run_id: str = "r1") -> None:
    """Store a run."""
    first = events[0]
    assert isinstance(first, e.RunStarted)
    store.create(run_id, first.spec)
    store.append_all(run_id, [msgspec.structs.replace(first, run_id=run_id), *events[1:]])


async def settle(pilot: Pilot[Any], condition: Callable[[], object], what: str = "") -> None:
    """Let the app work until something holds."""
    for _ in range(400):
        if condition():
            return
        await pilot.pause(0.02)
    raise AssertionError(f"it never came to this: {what or condition}")


async def start(on: Stage, pilot: Pilot[Any], events: Sequence[e.AnyEvent] = ()) -> str:
    """Choose the first neuron of the last layer, start its run and let these events of it happen; return its id."""
    await settle(pilot, lambda: on.app.model_cache.layers, "layers are listed")
    await pilot.press("right", "right", "enter")
    await settle(pilot, lambda: isinstance(on.app.screen, RunScreen), "the run screen")
    command = on.engine.commands(p.Start)[-1]
    on.store.create(command.run_id, command.spec)
    await happen(on, pilot, command.run_id, events)
    return str(command.run_id)


async def happen(on: Stage, pilot: Pilot[Any], run_id: str, events: Sequence[e.AnyEvent]) -> None:
    """Store events and tell the app of them, as the engine does; wait until they are shown."""
    named = [
        msgspec.structs.replace(event, run_id=run_id) if isinstance(event, e.RunStarted) else event for event in events
    ]
    stored = iter(on.store.append_all(run_id, [event for event in named if isinstance(event, e.Durable)]))
    for event in named:
        if isinstance(event, e.Durable):
            envelope = next(stored)
            on.engine.emit(msgspec.structs.replace(envelope, time=NOON + 1.5 * (envelope.seq or 0)))
        else:
            on.engine.emit(event, run_id)
    await settle(pilot, on.engine.box.empty, "all is said")
    await pilot.pause(0.2)


class Alone(App[None]):
    """These widgets and nothing else."""

    def __init__(self, *widgets: Widget) -> None:
        super().__init__()
        self.widgets = widgets

    def compose(self) -> ComposeResult:
        yield from self.widgets


def run_screen(app: LineApp) -> RunScreen:
    """The run screen, which must be in view."""
    screen = app.screen
    assert isinstance(screen, RunScreen), screen
    return screen
