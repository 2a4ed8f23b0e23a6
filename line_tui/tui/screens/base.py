"""Base of all full screens: title, body, keys, and a message if the terminal is too small."""

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
"""Columns and rows of the smallest usable terminal. Below 80 by 24, some panes are hidden."""


class TooSmall(Static):
    """Shown instead of the screen while the terminal is too small."""

    def on_resize(self) -> None:
        """Show the required size and the current one."""
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
        """Set the classes for this size now; Textual sets them only after the first frame."""
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
        """Heading and text of each topic in the help."""
        return ()

    @property
    def line(self) -> AppProtocol:
        """The app."""
        return cast(AppProtocol, self.app)

    @property
    def title_bar(self) -> TitleBar:
        """The title line."""
        return self.query_one("#title", TitleBar)

    @property
    def in_filter(self) -> bool:
        """Whether the screen's filter has the focus, so that "/" is typed into it."""
        return self.focused is not None and self.focused.id == "find"

    def refresh_keys(self) -> None:
        """Show the keys that apply now. Textual's refresh is slow, so it runs only if they have changed."""
        applying = tuple(
            (binding.action, self.check_action(*actions.parse(binding.action)[1:]))
            for bindings in self._bindings.key_to_bindings.values()
            for binding in bindings
        )
        if applying != self._applying:
            self._applying = applying
            self.refresh_bindings()

    def safely(self, change: Callable[[], object]) -> bool:
        """Make a change to the store and return whether it succeeded; if not, show why."""
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
