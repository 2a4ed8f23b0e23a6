"""The app: creates its parts, handles signals, and moves between screens."""

from __future__ import annotations

import asyncio
import os
import signal
import threading
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from textual.app import App, SystemCommand
from textual.binding import Binding, BindingType
from textual.command import Provider
from textual.events import CursorPosition
from textual.filter import LineFilter
from textual.keys import format_key
from textual.notifications import Notify
from textual.screen import Screen

from line_tui.config import Config, read_config
from line_tui.engine.executor import GRACE
from line_tui.errors import INTERRUPTED, LineError
from line_tui.events import ImageScored, RunSpec
from line_tui.explain.state import RunState
from line_tui.models.catalog import Catalog, read_catalog
from line_tui.models.layer_cache import LayerCache
from line_tui.store import Store, explained
from line_tui.tui import desktop, garbage, view
from line_tui.tui.app_protocol import AppProtocol
from line_tui.tui.command_palette import Palette, ScreenCommands
from line_tui.tui.engine_supervisor import EngineFactory
from line_tui.tui.graphics_protocol import picture_protocol
from line_tui.tui.keymap import check_settings
from line_tui.tui.kitty import KittyPictures
from line_tui.tui.large_picture import PictureProtocol
from line_tui.tui.model_cache import ModelCache
from line_tui.tui.preferences import Preferences
from line_tui.tui.replay import Player
from line_tui.tui.run_controller import RunController
from line_tui.tui.sanitizing_filter import SanitizingFilter
from line_tui.tui.screens.base import SMALLEST, LineScreen
from line_tui.tui.screens.choose import ChooseScreen
from line_tui.tui.screens.dialogs import Confirm
from line_tui.tui.screens.run import RunScreen
from line_tui.tui.screens.tour import Tour
from line_tui.tui.session import Snapshot, replayed
from line_tui.tui.terminal_backpressure import Backpressure
from line_tui.tui.theme import DARK, LIGHT
from line_tui.tui.typeahead import TypeAhead
from line_tui.tui.widgets.thumbnails import Thumbnails

_SANITIZE = SanitizingFilter()
_OF_TEXTUAL = ("Theme", "Screenshot")
_KEYS = {"enter": "Enter", "pageup": "PgUp", "pagedown": "PgDn"}
"""Keys that our texts name differently from Textual."""
EXTRA_ITERATIONS = 10
"""Iterations added when a finished run is continued."""


class LineApp(TypeAhead):
    """line-tui in a terminal."""

    CSS_PATH = "line.tcss"
    COMMANDS: ClassVar[set[type[Provider] | Callable[[], type[Provider]]]] = App.COMMANDS | {ScreenCommands}
    TITLE = "line-tui"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "ctrl+p", "command_palette", "Commands", id="app.palette", tooltip="Find any command by name", show=False
        ),
        Binding("f2", "tour", "Tour", id="app.tour", tooltip="Show the tour again", show=False),
        Binding("ctrl+t", "theme", "Theme", id="app.theme", tooltip="Switch between light and dark", show=False),
        Binding("ctrl+z", "suspend_process", "Suspend", id="app.suspend", tooltip="Suspend to the shell", show=False),
        Binding("ctrl+q", "quit", "Quit", id="app.quit", tooltip="Leave line-tui", show=False, priority=True),
    ]

    def __init__(
        self,
        store: Store,
        make_engine: EngineFactory,
        *,
        catalog: Catalog | None = None,
        config: Config | None = None,
        images: PictureProtocol | None = None,
        layers: LayerCache | None = None,
        replay: str | None = None,
        watch: str | None = None,
        tour: bool = True,
    ) -> None:
        """`replay` is the id of a run to replay, `watch` of one to watch. `tour` shows the tour at the first start.

        Without `catalog`, `config` or `images`, the catalogue and settings are read and the terminal is asked for its
        graphics protocol. Raises UsageError for an invalid file, UnknownNameError for an unknown theme or key binding.
        """
        config = config or read_config()
        check_settings(config.tui)
        super().__init__()
        self.store = store
        self.controller = RunController(
            self,
            store,
            make_engine,
            show=self.watch_run,
            is_shown=self.is_watching,
            confirm=self._confirm,
            on_change=self._runs_changed,
        )
        self.engine = self.controller.engine
        self.backpressure = Backpressure(self._write)
        self.catalog = catalog or read_catalog()
        self.images: PictureProtocol = images or picture_protocol(config.tui.images)
        self.kitty = KittyPictures(self._write, self._on_thread, self._show_sent) if self.images == "kitty" else None
        self.replay = replay
        self.watched = watch
        self.tour = tour and _is_first_start(store)
        self.chooser = ChooseScreen()
        self.model_cache = ModelCache(self, self.engine, layers or LayerCache(catalog=self.catalog), self._on_learned)
        self.register_theme(DARK)
        self.register_theme(LIGHT)
        self.preferences = Preferences(store.folder / "app.json", config)
        # Another version may have stored a theme that does not exist in this one.
        self.theme = theme if (theme := self.preferences.theme) in self.available_themes else DARK.name
        self.set_keymap(dict(config.tui.keys))

    def get_system_commands(self, screen: Screen[Any]) -> Iterable[SystemCommand]:
        """Textual's commands, without those for which we have a key."""
        return (command for command in super().get_system_commands(screen) if command.title in _OF_TEXTUAL)

    def get_key_display(self, binding: Binding) -> str:
        """A key's name, as in the texts of the screens."""
        *modifiers, key = binding.key.split("+")
        name = _KEYS.get(key) or format_key(key)
        if modifiers or len(name) > 1:
            name = name[0].upper() + name[1:]
        return "+".join([*(modifier.capitalize() for modifier in modifiers), name])

    def action_help_quit(self) -> None:
        """Ctrl+C copies text and does not quit: name the key that does."""
        leave = next(active.binding for active in self.active_bindings.values() if active.binding.id == "app.quit")
        self.notify(f"Press {self.get_key_display(leave)} to leave line-tui.")

    def get_line_filters(self) -> Sequence[LineFilter]:
        """Textual's filters, then ours, which removes control characters."""
        return [*super().get_line_filters(), _SANITIZE]

    def notify(self, message: str, **options: Any) -> None:
        """Show a notification without parsing markup, since it may quote a user or a model."""
        super().notify(message, **options | {"markup": False})

    def watch_theme(self, theme: str) -> None:
        """Store the theme for the next start."""
        if self.is_running:
            self.preferences.theme = theme

    def get_default_screen(self) -> Screen[None]:
        """The screen to choose a neuron."""
        return self.chooser

    def on_mount(self) -> None:
        """Show the first screen, then start the engine."""
        self.set_interval(garbage.INTERVAL, garbage.collect)
        # Learn early, before there is much to draw, whether the terminal answers.
        self.call_after_refresh(self.backpressure.frame_written)
        # Signal handlers work only on the main thread, and some tests run the app on another.
        with suppress(ValueError, RuntimeError):
            for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT):
                asyncio.get_running_loop().add_signal_handler(number, self._end)
        # The shell has written to the screen while the app was suspended.
        self.app_resume_signal.subscribe(self, lambda _: self.refresh(layout=True))
        if self.replay is not None:
            self.play(self.replay)
            return
        if self.watched is not None:
            self.controller.open(self.watched)
            return
        # In a terminal that is too small now, F2 can still show it later.
        if self.tour and self.size.width >= SMALLEST[0] and self.size.height >= SMALLEST[1]:
            self.push_screen(Tour())
        self.call_after_refresh(self.engine.need)

    def _end(self) -> None:
        """Quit as by q; exit after `GRACE` seconds even if the terminal accepts no output, as over a dead link."""
        if not self.is_headless:
            last = threading.Timer(GRACE, os._exit, (INTERRUPTED,))
            last.daemon = True
            last.start()
        self.exit(None, INTERRUPTED)

    async def on_unmount(self) -> None:
        """Stop the engine."""
        if self.kitty is not None:
            self.kitty.close()
        await self.controller.close()

    def on_cursor_position(self, event: CursorPosition) -> None:
        """Take the terminal's answer as a sign that it has shown the last frame."""
        event.stop()
        self.backpressure.answered()

    def _write(self, sequence: str) -> None:
        if self._driver is not None:
            self._driver.write(sequence)

    def _on_thread(self, work: Callable[[], str], then: Callable[[str], None]) -> None:
        self.run_worker(lambda: self.call_later(then, work()), thread=True, exit_on_error=False)

    def _show_sent(self) -> None:
        for strip in self.screen.query(Thumbnails):
            strip.refresh()

    def _confirm(self, question: str, yes: Callable[[], None]) -> None:
        self.push_screen(Confirm(question), lambda confirmed: yes() if confirmed else None)

    def _on_learned(self, model: str, layer: str | None) -> None:
        if self.chooser.is_running:
            self.chooser.learned(model, layer)

    def watch_run(self) -> None:
        """Show the current run."""
        if self.controller.session is None:
            return
        while len(self.screen_stack) > 1:
            self.pop_screen()
        self.push_screen(RunScreen(self.controller.session))

    def _runs_changed(self) -> None:
        if isinstance(self.screen, LineScreen):
            self.screen.runs_changed()

    def is_watching(self, run_id: str) -> bool:
        """Whether this run is on the screen."""
        return isinstance(self.screen, RunScreen) and self.screen.source.run_id == run_id

    def play(self, run_id: str) -> None:
        """Replay a stored run, without an engine."""
        try:
            envelopes = self.store.events(run_id)
        except LineError as error:
            self.notify(str(error), severity="error", timeout=10)
            return
        self.push_screen(RunScreen(Player(run_id, envelopes)))

    def action_runs(self) -> None:
        """Show all runs."""
        from line_tui.tui.screens.runs import RunsScreen

        self.push_screen(RunsScreen())

    def show_result(self, snapshot: Snapshot) -> None:
        """Show a run's result."""
        from line_tui.tui.screens.result import ResultScreen

        self.push_screen(ResultScreen(snapshot))

    def show_stored_result(self, run_id: str) -> None:
        """Show a stored run's result."""
        if (snapshot := self.read_run(run_id)) is not None:
            self.show_result(snapshot)

    def show_neuron(self, spec: RunSpec, by: int) -> None:
        """Replace this result by the latest of the neuron `by` places on; if it has none, choose that neuron."""
        neuron = spec.neuron + by
        self.controller.read_runs()
        if (run := explained(self.controller.runs, spec.model, spec.layer).get(neuron)) is not None:
            self.pop_screen()
            self.show_stored_result(run.id)
            return
        while len(self.screen_stack) > 1:
            self.pop_screen()
        self.chooser.go_to(spec.model, spec.layer, neuron)

    def go_on(self, run_id: str, verify: str | None = None) -> None:
        """Continue a finished run, or with `verify` measure this trial in place of the label; show the run."""
        if self.controller.open(run_id) and (session := self.controller.session) is not None:
            if verify is not None:
                session.decide("verify", verify)
            else:
                session.set_budget(session.snapshot.state.iterations + EXTRA_ITERATIONS)
            self.controller.resume()

    def read_run(self, run_id: str) -> Snapshot | None:
        """A stored run; if it cannot be read or never started, show a message and return None."""
        try:
            snapshot = replayed(run_id, self.store.events(run_id))
        except LineError as error:
            self.notify(str(error), severity="error", timeout=10)
            return None
        if snapshot.state.run is None:
            self.notify(
                f"Run {run_id} never started, so there is nothing to show yet. R starts it.", severity="warning"
            )
            return None
        return snapshot

    def compare(self, left: str, right: str) -> None:
        """Show two runs side by side."""
        from line_tui.tui.screens.compare import CompareScreen

        snapshots = [self.read_run(left), self.read_run(right)]
        if snapshots[0] is not None and snapshots[1] is not None:
            self.push_screen(CompareScreen(snapshots[0], snapshots[1]))

    def export(self, run_id: str) -> None:
        """Open the dialog that exports a run."""
        from line_tui.tui.screens.export import ExportScreen

        self.push_screen(ExportScreen(self.store, run_id))

    def show_picture(self, images: list[ImageScored], place: int, state: RunState) -> None:
        """Open the large view at one of a run's pictures."""
        from line_tui.tui.screens.picture import PictureScreen

        self.push_screen(PictureScreen(images, place, *view.activation_range(state)))

    def action_log(self) -> None:
        """Show the engine's log."""
        from line_tui.tui.screens.log import LogScreen

        self.push_screen(LogScreen())

    def action_command_palette(self) -> None:
        """Find any command by name."""
        if not isinstance(self.screen, Palette):
            self.push_screen(Palette())

    def action_tour(self) -> None:
        """Show the tour again."""
        if not isinstance(self.screen, Tour):
            self.push_screen(Tour())

    def action_theme(self) -> None:
        """Switch between light and dark."""
        self.theme = LIGHT.name if self.current_theme.dark else DARK.name

    def on_notify(self, event: Notify) -> None:
        """A notification replaces earlier ones, but errors stay for their full time."""
        for earlier in list(self._notifications):
            if earlier.severity != "error" or earlier.message == event.notification.message:
                self._unnotify(earlier, refresh=False)

    def open_file(self, path: Path) -> None:
        """Open a file with the desktop's default program, and show its path."""
        opened = desktop.open_file(path)
        self.notify(str(path), title="Opening" if opened else "No program can open it. The file is at")


if TYPE_CHECKING:
    # Lets mypy check that the app has everything that screens need.
    _SERVES: type[AppProtocol] = LineApp


def _is_first_start(store: Store) -> bool:
    """Whether the store has no run and the tour was never offered before. Records that it now was."""
    mark = store.folder / "toured"
    if mark.exists() or store.runs():
        return False
    # If this fails, the tour is shown again next time.
    with suppress(OSError):
        mark.touch()
    return True
