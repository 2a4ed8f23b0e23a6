"""Writing a run down for others: a page, data, or its pictures."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

import msgspec
from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.message import Message
from textual.screen import ModalScreen
from textual.widgets import Input, Static

from line_tui.errors import LineError
from line_tui.events import durable
from line_tui.explain.state import fold
from line_tui.tui.command_line import command_line
from line_tui.tui.widgets.rows import Column, Row, Rows

if TYPE_CHECKING:
    from line_tui.store import Store

KINDS = {
    "html": "HTML page with pictures and plots, opens offline",
    "json": "JSON, everything of the run",
    "csv": "CSV, neuron and explanation first",
    "png": "PNG files, the strongest picture first",
}


def write(store: Store, run_id: str, kind: str, folder: Path) -> Path:
    """Write a run into a folder; return the file, or the folder of pictures. Raises LineError, OSError."""
    # Only who exports pays for the templates.
    from line_tui.report.html import to_html
    from line_tui.report.pngs import copy_pictures
    from line_tui.report.result_csv import to_csv
    from line_tui.report.result_json import result

    state = fold(durable(store.events(run_id)))
    if kind == "png":
        return copy_pictures(state, folder / run_id)
    found = result(state, store.run(run_id).seconds)
    texts: dict[str, Callable[[], str]] = {
        "html": lambda: to_html(state, found, command_line(state.spec), _read),
        "json": lambda: msgspec.json.format(msgspec.json.encode(found)).decode() + "\n",
        "csv": lambda: to_csv([found]),
    }
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{run_id}.{kind}"
    path.write_text(texts[kind](), encoding="utf-8")
    return path


def _read(path: str) -> bytes | None:
    try:
        return Path(path).read_bytes()
    except OSError:
        return None


class ExportScreen(ModalScreen[None]):
    """What to write, and where."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "close", "Close", id="export.close", tooltip="Write nothing more")
    ]

    class Written(Message):
        """A worker has written something, or has failed to."""

        def __init__(self, text: str) -> None:
            super().__init__()
            self.text = text

    def __init__(self, store: Store, run_id: str) -> None:
        super().__init__()
        self.store = store
        self.run_id = run_id

    def compose(self) -> ComposeResult:
        """Kinds, folder, outcome."""
        with Vertical(classes="dialog wide"):
            yield Static(f"Export {self.run_id}", classes="question", markup=False)
            yield Rows([Column("", 5), Column("")], head=False, id="kinds")
            yield Input(str(Path.cwd() / "line-tui-export"), select_on_focus=False, id="folder")
            yield Static("Enter writes it into this folder, Tab leads there · Esc closes", classes="hint", id="outcome")

    def on_mount(self) -> None:
        """Begin with the page."""
        kinds = self.query_one("#kinds", Rows)
        kinds.show([Row(kind, (kind, [(about, "dim")])) for kind, about in KINDS.items()])
        self.set_focus(kinds)

    @on(Rows.Chosen)
    def _chosen(self, event: Rows.Chosen) -> None:
        self._write(event.key, Path(self.query_one("#folder", Input).value).expanduser())

    @on(Input.Submitted)
    def _named(self) -> None:
        self.set_focus(self.query_one("#kinds", Rows))

    @work(thread=True)
    def _write(self, kind: str, folder: Path) -> None:
        try:
            self.post_message(self.Written(f"✔ {write(self.store, self.run_id, kind, folder)}"))
        except (LineError, OSError, ValueError) as error:
            self.post_message(self.Written(f"✗ {error}"))

    @on(Written)
    def _written(self, event: Written) -> None:
        self.query_one("#outcome", Static).update(Content(event.text))

    def action_close(self) -> None:
        """Back to the screen before."""
        self.dismiss(None)
