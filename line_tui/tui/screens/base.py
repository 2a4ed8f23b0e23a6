"""What all screens share: a title, a body, the keys at the bottom, and one clear line in a terminal too small."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar, Protocol, cast

from textual import actions
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import Screen
from textual.widget import Widget
from textual.widgets import Static

from line_tui.tui.app_protocol import AppProtocol
from line_tui.tui.widgets.keys import KeysBar
from line_tui.tui.widgets.title import TitleBar

SMALLEST = (40, 12)
"""Made for 80 by 24 and more; below that panes give way, below this nothing can be read."""


class Topic(Protocol):
    """A screen that explains itself."""

    def topics(self) -> Iterable[tuple[str, str]]:
        """Heading and text of each thing worth explaining here, the most urgent first."""
        ...


def parse(action: str) -> tuple[str, tuple[object, ...]]:
    """Name and parameters of an action such as "picture(-1)"."""
    _, name, parameters = actions.parse(action)
    return name, parameters


class TooSmall(Static):
    """Shown alone while the terminal is smaller than the app can use."""

    def on_resize(self) -> None:
        """Say what is needed and what there is."""
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
        Binding("question_mark,f1", "help", "Help", id="help", tooltip="What this screen shows, and all its keys"),
        Binding("escape", "back", "Back", id="back", tooltip="The screen before"),
    ]

    _applying: tuple[tuple[str, bool | None], ...] = ()

    def compose(self) -> ComposeResult:
        """Title, body, keys."""
        yield TooSmall(id="too-small")
        with Vertical(id="all"):
            yield TitleBar(id="title")
            yield from self.body()
            yield KeysBar(id="keys")

    def body(self) -> Iterable[Widget]:
        """What is between the title and the keys."""
        return ()

    def topics(self) -> Iterable[tuple[str, str]]:
        """Nothing to explain."""
        return ()

    @property
    def line(self) -> AppProtocol:
        """The app, by what a screen may ask of it."""
        return cast(AppProtocol, self.app)

    @property
    def title_bar(self) -> TitleBar:
        """The top line."""
        return self.query_one("#title", TitleBar)

    @property
    def in_filter(self) -> bool:
        """Whether what is typed goes into the screen's filter, where "/" is a letter like any other."""
        return self.focused is not None and self.focused.id == "find"

    def refresh_keys(self) -> None:
        """Show the keys that apply now; the app looks them up only when they are others than before."""
        applying = tuple(
            (binding.action, self.check_action(*parse(binding.action)))
            for bindings in self._bindings.key_to_bindings.values()
            for binding in bindings
        )
        if applying != self._applying:
            self._applying = applying
            self.refresh_bindings()

    def action_help(self) -> None:
        """Explain this screen."""
        self.line.explain(self, self.topics())

    def action_back(self) -> None:
        """Leave this screen."""
        self.app.pop_screen()
