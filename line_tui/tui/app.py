"""The app: owns the engine's messages, the present run, and the way between screens."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import ClassVar

from textual.app import App
from textual.binding import Binding, BindingType
from textual.command import Provider
from textual.message import Message
from textual.screen import Screen

from line_tui.config import Config, read_config
from line_tui.engine import protocol
from line_tui.errors import LineError, UnknownNameError
from line_tui.events import Envelope, ImageScored, ModelsLoaded, PhaseChanged, RunSpec
from line_tui.explain.state import RunState
from line_tui.models.catalog import Catalog, read_catalog
from line_tui.store import RunSummary, Store
from line_tui.tui import garbage, view
from line_tui.tui.commands import ScreenCommands
from line_tui.tui.engine_room import EngineRoom
from line_tui.tui.keymap import check_keys
from line_tui.tui.large import Protocol as PictureProtocol
from line_tui.tui.overview import NeuronOverview, bank_overview
from line_tui.tui.ports import EngineFactory
from line_tui.tui.replay import Player
from line_tui.tui.screens.choose import ChooseScreen
from line_tui.tui.screens.dialogs import Confirm
from line_tui.tui.screens.run import RunScreen
from line_tui.tui.screens.tour import Tour
from line_tui.tui.session import Session, Snapshot, replayed
from line_tui.tui.terminal import picture_protocol
from line_tui.tui.theme import DARK, LIGHT, check_theme


class Overviewed(Message):
    """A worker has read what a bank knows of a layer's neurons."""

    def __init__(self, model: str, layer: str, neurons: list[NeuronOverview]) -> None:
        super().__init__()
        self.model = model
        self.layer = layer
        self.neurons = neurons


class LineApp(EngineRoom):
    """line-tui in a terminal."""

    CSS_PATH = "line.tcss"
    COMMANDS: ClassVar[set[type[Provider] | Callable[[], type[Provider]]]] = App.COMMANDS | {ScreenCommands}
    TITLE = "line-tui"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+p", "command_palette", "Commands", id="app.palette", tooltip="Everything, by name", show=False),
        Binding("ctrl+t", "theme", "Theme", id="app.theme", tooltip="Light or dark", show=False),
        Binding("ctrl+q", "quit", "Quit", id="app.quit", tooltip="Leave line-tui", show=False, priority=True),
    ]

    def __init__(
        self,
        store: Store,
        make_engine: EngineFactory,
        *,
        catalog: Catalog,
        config: Config,
        images: PictureProtocol,
        replay: str | None = None,
        tour: bool = False,
    ) -> None:
        super().__init__(make_engine)
        self.store = store
        self.catalog = catalog
        self.config = config
        self.images: PictureProtocol = images
        self.replay = replay
        self.tour = tour
        self.chooser = ChooseScreen()
        self.session: Session | None = None
        self.paused = False
        self.known_layers: dict[str, list[protocol.LayerInfo] | str] = {}
        self.overviews: dict[tuple[str, str], list[NeuronOverview] | None] = {}
        self.runs: list[RunSummary] = []
        self._spec = RunSpec(model="", layer="", neuron=0)
        self._requests: dict[int, str] = {}
        self._at_work: str | None = None
        self.register_theme(DARK)
        self.register_theme(LIGHT)
        self.theme = config.tui.theme or DARK.name
        self.set_keymap(dict(config.tui.keys))

    def get_default_screen(self) -> Screen[None]:
        """Choosing comes first."""
        return self.chooser

    def on_mount(self) -> None:
        """Show the first screen, then start what takes longer."""
        self.set_interval(garbage.EVERY, garbage.collect)
        if self.replay is not None:
            self.play(self.replay)
            return
        if self.tour:
            self.push_screen(Tour())
        self.call_after_refresh(self.need_engine)

    # -- what the engine says ---

    def happened(self, envelope: Envelope) -> None:
        """An event of a run: the present one takes it in."""
        event = envelope.event
        if isinstance(event, PhaseChanged) and event.phase == "idle" and envelope.run_id == self._at_work:
            self._at_work = None
        if self.session is not None and envelope.run_id == self.session.run_id:
            self.session.feed(envelope)
            if isinstance(event, PhaseChanged) and event.phase == "paused":
                self.paused = True
            for note in event.notes if isinstance(event, ModelsLoaded) else ():
                self.notify(note, timeout=10)

    def engine_died(self) -> None:
        """Its run ends with it; what it stored last may not have been shown."""
        self._at_work = None
        self.paused = False
        self._requests.clear()
        if self.session is not None:
            self._catch_up(self.session)

    def layers_listed(self, request: int, layers: list[protocol.LayerInfo] | str) -> None:
        """Show them if they are still wanted."""
        model = self._requests.pop(request, None)
        if model is None:
            return
        self.known_layers[model] = layers
        if self.chooser.is_running and self.chooser.spec.model == model:
            self.chooser.show_layers()

    def ask_for_layers(self, model: str) -> None:
        """Ask the engine for a model's layers, once."""
        if model in self.known_layers or model in self._requests.values():
            return
        self.need_engine()
        request = max(self._requests, default=0) + 1
        self._requests[request] = model
        self.tell(protocol.ListLayers(request=request, model=model))

    def ask_for_overview(self, model: str, layer: str) -> None:
        """Read what a shipped bank knows of a layer's neurons, once."""
        if (model, layer) not in self.overviews:
            self.overviews[model, layer] = None
            self.run_worker(lambda: self._read_overview(model, layer), thread=True, exit_on_error=False)

    def _read_overview(self, model: str, layer: str) -> None:
        """Worker in a thread: the bank is large."""
        try:
            found = bank_overview(model, layer)
        except LineError:
            # The engine will say what is wrong with the files when they are needed.
            return
        if found is not None:
            self.post_message(Overviewed(model, layer, found))

    def on_overviewed(self, event: Overviewed) -> None:
        """Show what the bank knows."""
        self.overviews[event.model, event.layer] = event.neurons
        if self.chooser.is_running and (self.chooser.spec.model, self.chooser.spec.layer) == (event.model, event.layer):
            self.chooser.show_neurons()

    # -- runs ---

    def read_runs(self) -> None:
        """Read the list of runs anew."""
        try:
            self.runs = self.store.runs()
        except LineError as error:
            self.notify(str(error), title="The runs cannot be read", severity="error", timeout=10)

    def start_run(self, spec: RunSpec) -> None:
        """Start a run and watch it; one run at a time has the engine."""
        if self._at_work is not None:
            question = "A run is going on. Stop it and start this one? It can go on later."
            self.push_screen(Confirm(question), lambda yes: self._stop_and_start(spec) if yes else None)
        else:
            self._start(spec)

    def _stop_and_start(self, spec: RunSpec) -> None:
        self.tell(protocol.Stop())
        self._start(spec)

    def _start(self, spec: RunSpec) -> None:
        self.need_engine()
        try:
            run_id = self.store.new_run_id()
        except LineError as error:
            self.notify(str(error), severity="error", timeout=10)
            return
        self.session = Session(run_id, self.store)
        self.paused = False
        self._spec = spec
        self._work_on(protocol.Start(run_id=run_id, spec=spec))
        self.watch_run()

    def open_run(self, run_id: str) -> bool:
        """Look at a stored run: the one that goes on, or as the store has it. False when another has the engine."""
        if self.session is None or self.session.run_id != run_id:
            if self._at_work is not None:
                self.notify("A run is going on: stop it first, or look at this one by its result or replay.")
                return False
            self.session = Session(run_id, self.store)
            self.paused = False
            self._catch_up(self.session)
        self.watch_run()
        return True

    def resume(self) -> None:
        """Go on with the present run from its last stored event, with a new engine if need be."""
        if self.session is None:
            return
        self.need_engine()
        self.paused = False
        try:
            self.store.spec(self.session.run_id)
        except UnknownNameError:
            # The engine died before it had begun the run.
            self._work_on(protocol.Start(run_id=self.session.run_id, spec=self._spec))
        except LineError as error:
            self.notify(str(error), severity="error", timeout=10)
        else:
            self._work_on(protocol.Resume(run_id=self.session.run_id))

    def _work_on(self, command: protocol.Start | protocol.Resume) -> None:
        self.engine_status = replace(self.engine_status, problem="")
        self._at_work = command.run_id
        self.tell(command)

    def at_work_on(self, run_id: str) -> bool:
        """Whether the engine works on this run, or will as soon as it is ready."""
        return self._at_work == run_id

    def _catch_up(self, session: Session) -> None:
        try:
            session.catch_up()
        except LineError as error:
            self.notify(str(error), title="The run cannot be read", severity="error", timeout=10)

    def hold(self, paused: bool) -> None:
        """Pause the run or let it go on."""
        self.paused = paused
        self.tell(protocol.Pause() if paused else protocol.Continue())

    def poke(self) -> None:
        """Tell the engine that the person said something; a dead one reads it when it is back."""
        if self.engine_status.state == "ready":
            self.tell(protocol.Poke())

    # -- screens ---

    def watch_run(self) -> None:
        """Show the present run."""
        if self.session is None:
            return
        while len(self.screen_stack) > 1:
            self.pop_screen()
        self.push_screen(RunScreen(self.session))

    def play(self, run_id: str) -> None:
        """Replay a stored run; no engine takes part."""
        try:
            envelopes = self.store.events(run_id)
        except LineError as error:
            self.notify(str(error), severity="error", timeout=10)
            return
        self.push_screen(RunScreen(Player(run_id, envelopes)))

    def show_runs(self) -> None:
        """All runs."""
        from line_tui.tui.screens.runs import RunsScreen

        self.push_screen(RunsScreen())

    def show_result(self, snapshot: Snapshot) -> None:
        """What a run found."""
        from line_tui.tui.screens.result import ResultScreen

        self.push_screen(ResultScreen(snapshot))

    def show_stored_result(self, run_id: str) -> None:
        """What a stored run found."""
        if (snapshot := self.read_run(run_id)) is not None:
            self.show_result(snapshot)

    def read_run(self, run_id: str) -> Snapshot | None:
        """A stored run as it stands; None, with a message, when it cannot be read."""
        try:
            return replayed(run_id, self.store.events(run_id))
        except LineError as error:
            self.notify(str(error), severity="error", timeout=10)
            return None

    def compare(self, left: str, right: str) -> None:
        """Two runs side by side."""
        from line_tui.tui.screens.compare import CompareScreen

        snapshots = [self.read_run(left), self.read_run(right)]
        if snapshots[0] is not None and snapshots[1] is not None:
            self.push_screen(CompareScreen(snapshots[0], snapshots[1]))

    def export(self, run_id: str) -> None:
        """Write a run as a page, data, or pictures."""
        from line_tui.tui.screens.export import ExportScreen

        self.push_screen(ExportScreen(self.store, run_id))

    def show_picture(self, images: list[ImageScored], place: int, state: RunState) -> None:
        """One picture in large."""
        from line_tui.tui.screens.picture import PictureScreen

        self.push_screen(PictureScreen(images, place, *view.activation_range(state)))

    def show_log(self) -> None:
        """What the engine wrote."""
        from line_tui.tui.screens.log import LogScreen

        self.push_screen(LogScreen())

    def explain(self, screen: Screen[None], topics: Iterable[tuple[str, str]]) -> None:
        """Explain a screen: what it shows, and the keys that work now."""
        from line_tui.tui.screens.help import HelpScreen, Key

        keys: dict[str, Key] = {}
        for active in screen.active_bindings.values():
            binding = active.binding
            if active.enabled and binding.description and binding.id:
                known = keys.get(binding.id)
                shown = self.get_key_display(binding)
                keys[binding.id] = (f"{known[0]} {shown}" if known else shown, binding.description, active.tooltip)
        self.push_screen(HelpScreen(topics, keys.values()))

    def action_theme(self) -> None:
        """Light or dark."""
        self.theme = LIGHT.name if self.current_theme.dark else DARK.name

    def neuron_name(self, spec: RunSpec) -> str:
        """What the neuron is called, where that is known."""
        known = self.known_layers.get(spec.model)
        if isinstance(known, list):
            for layer in known:
                if layer.name == spec.layer and spec.neuron < len(layer.names):
                    return layer.names[spec.neuron]
        return ""

    def open_file(self, path: Path) -> None:
        """Open a file with the desktop's own program, and say where it is in any case."""
        opener = "open" if sys.platform == "darwin" else "xdg-open"
        try:
            subprocess.Popen(
                [opener, str(path)], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
            )
            self.notify(str(path), title="Opening")
        except OSError:
            self.notify(str(path), title="No program to open it with; the file is at")


def build_app(
    store: Store,
    make_engine: EngineFactory,
    *,
    catalog: Catalog | None = None,
    config: Config | None = None,
    images: PictureProtocol | None = None,
    replay: str | None = None,
    tour: bool = True,
) -> LineApp:
    """The app over a store and an engine; `replay` is the id of a run to play instead of choosing one.

    `tour` shows the first steps to who has never started it. What is not given is read: the catalogue, the settings,
    and from the terminal how it shows pictures. Call it before the app runs: a running app would swallow the
    terminal's answer. Raises UsageError for a bad file, UnknownNameError for a theme or a key binding.
    """
    config = config or read_config()
    check_theme(config.tui.theme or DARK.name)
    check_keys(config.tui.keys)
    return LineApp(
        store,
        make_engine,
        catalog=catalog or read_catalog(),
        config=config,
        images=images or picture_protocol(config.tui.images),
        replay=replay,
        tour=tour and _is_first_start(store),
    )


def _is_first_start(store: Store) -> bool:
    """Whether there is neither a run nor the mark of an earlier start; leaves the mark."""
    mark = store.folder / "toured"
    if mark.exists() or store.runs():
        return False
    # Where it cannot be left, the tour comes again.
    with suppress(OSError):
        mark.touch()
    return True
