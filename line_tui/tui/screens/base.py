"""The base of all screens: a title, a body, the keys at the bottom, and a message in terminals that are too small."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import ClassVar, cast

from textual import actions
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import Screen
from textual.widget import Widget
from textual.widgets import Static

from line_tui.errors import LineError
from line_tui.tui.app_protocol import AppProtocol
from line_tui.tui.screens.help import HelpScreen, keys_of
from line_tui.tui.widgets.keys import KeysBar
from line_tui.tui.widgets.title import TitleBar

SMALLEST = (40, 12)
"""Smallest usable terminal. The app is made for 80 by 24; below that, panes are hidden."""


class TooSmall(Static):
    """Shown instead of the screen while the terminal is too small."""

    def on_resize(self) -> None:
        """Tell the size that is needed and the current one."""
        width, height = self.app.size
        self.update(
            Content.assemble(
                (f"line-tui needs {SMALLEST[0]}x{SMALLEST[1]}", "bold $accent"), f", this terminal is {width}x{height}."
            )
        )


class LineScreen(Screen[None]):
    """Base of the full screens."""

    HORIZONTAL_BREAKPOINTS = [  # noqa: RUF012 - as Textual declares it
        (0, "-too-narrow"),
        (SMALLEST[0], "-slim"),
        (80, "-narrow"),
        (110, "-medium"),
        (170, "-wide"),
    ]
    VERTICAL_BREAKPOINTS = [  # noqa: RUF012
        (0, "-too-short"),
        (SMALLEST[1], "-low"),
        (24, "-short"),
        (34, "-tall"),
        (46, "-very-tall"),
    ]
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("question_mark,f1", "help", "Help", id="help", tooltip="Explain this screen and all its keys"),
        Binding("escape", "back", "Back", id="back", tooltip="Go back to the previous screen"),
    ]

    _applying: tuple[tuple[str, bool | None], ...] = ()

    def compose(self) -> ComposeResult:
        """Title, body, keys."""
        yield TooSmall(id="too-small")
        with Vertical(id="all"):
            yield TitleBar(id="title")
            yield from self.body()
            yield KeysBar(id="keys")

    def on_mount(self) -> None:
        """Draw even the first frame for this size; Textual sets these classes only after it."""
        for side, breakpoints in zip(
            self.app.size, (self.HORIZONTAL_BREAKPOINTS, self.VERTICAL_BREAKPOINTS), strict=True
        ):
            self.add_class(max(point for point in breakpoints if point[0] <= side)[1])

    def body(self) -> Iterable[Widget]:
        """The widgets between title and keys."""
        return ()

    def runs_changed(self) -> None:
        """A run began or ended."""

    def topics(self) -> Iterable[tuple[str, str]]:
        """No topics."""
        return ()

    @property
    def line(self) -> AppProtocol:
        """The app, as far as screens know it."""
        return cast(AppProtocol, self.app)

    @property
    def title_bar(self) -> TitleBar:
        """The title line."""
        return self.query_one("#title", TitleBar)

    @property
    def in_filter(self) -> bool:
        """Whether typing goes to the screen's filter, where "/" is an ordinary letter."""
        return self.focused is not None and self.focused.id == "find"

    def refresh_keys(self) -> None:
        """Show the keys that apply now; they are looked up only after a change."""
        applying = tuple(
            (binding.action, self.check_action(*actions.parse(binding.action)[1:]))
            for bindings in self._bindings.key_to_bindings.values()
            for binding in bindings
        )
        if applying != self._applying:
            self._applying = applying
            self.refresh_bindings()

    def safely(self, change: Callable[[], object]) -> bool:
        """Change what is stored; if that fails, say why. Returns whether it was stored."""
        try:
            change()
        except LineError as error:
            self.notify(str(error), title="Not stored", severity="error", timeout=10)
            return False
        return True

    def action_help(self) -> None:
        """Show this screen's help."""
        self.app.push_screen(HelpScreen(self.topics(), keys_of(self)))

    def action_back(self) -> None:
        """Leave this screen."""
        self.app.pop_screen()
