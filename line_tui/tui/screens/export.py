"""The dialog that exports a run."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Input, Static

from line_tui.errors import LineError
from line_tui.events import durable
from line_tui.explain.state import fold
from line_tui.report.exporters import exporters, write
from line_tui.report.html import About
from line_tui.tui.widgets.rows import Column, Row, Rows

if TYPE_CHECKING:
    from line_tui.store import Store


class ExportScreen(ModalScreen[None]):
    """Asks for a format and a folder, and shows what was written."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss", "Close", id="export.close", tooltip="Close the dialog")
    ]

    def __init__(self, store: Store, run_id: str) -> None:
        super().__init__()
        self.store = store
        self.run_id = run_id

    def compose(self) -> ComposeResult:
        """Formats, folder, outcome."""
        with Vertical(classes="dialog wide"):
            yield Static(f"Export {self.run_id}", classes="question", markup=False)
            yield Rows([Column("", 5), Column("")], head=False, id="kinds")
            yield Input(str(Path.cwd() / "line-tui-export"), select_on_focus=False, id="folder")
            yield Static(
                "Enter exports into this folder · Tab edits the folder · Esc closes", classes="hint", id="outcome"
            )

    def on_mount(self) -> None:
        """List the formats of all exporters."""
        kinds = self.query_one("#kinds", Rows)
        kinds.show([Row(kind, (kind, [(each.about, "dim")])) for kind, each in exporters().items()])
        self.set_focus(kinds)

    @on(Rows.Chosen)
    @on(Input.Submitted)
    def _chosen(self) -> None:
        kind, folder = self.query_one("#kinds", Rows).key, self.query_one("#folder", Input).value
        self._write(str(kind), Path(folder).expanduser())

    @work(thread=True)
    def _write(self, kind: str, folder: Path) -> None:
        try:
            run = self.store.run(self.run_id)
            about = About(created=run.created, seconds=run.seconds, title=run.title, note=run.note)
            outcome = f"✔ {write(fold(durable(self.store.events(run.id))), about, kind, folder)}"
        except (LineError, OSError, ValueError) as error:
            outcome = f"✗ {error}"
        self.call_later(self._tell, outcome)

    def _tell(self, outcome: str) -> None:
        self.query_one("#outcome", Static).update(Content(outcome))
