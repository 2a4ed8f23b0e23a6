"""The list of runs, to search, open, compare, annotate, export and delete."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable
from typing import ClassVar, get_args

from textual import on
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Input

from line_tui.errors import LineError
from line_tui.events import Judgement
from line_tui.report.reproduction import command_line
from line_tui.store import RunSummary
from line_tui.tui.formatting import ago, duration, number
from line_tui.tui.screens.base import LineScreen
from line_tui.tui.screens.choose import run_cells
from line_tui.tui.screens.dialogs import Ask
from line_tui.tui.widgets.cached_static import CachedStatic
from line_tui.tui.widgets.frame import set_titles
from line_tui.tui.widgets.rows import Column, Row, Rows

_STATUS_TONES = {"finished": "good", "failed": "bad", "interrupted": "accent", "stopped": "accent"}


class RunsScreen(LineScreen):
    """A filter, the list of runs, and details of the run at the cursor."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("slash", "find", "Find", id="runs.find", tooltip="Filter by model, neuron, label, title or note"),
        Binding("enter", "open", "Open", id="runs.open", tooltip="Open the run", show=False),
        Binding("r", "result", "Result", id="runs.result", tooltip="Show the result of the run"),
        Binding("y", "replay", "Replay", id="runs.replay", tooltip="Replay the run, without any model"),
        Binding("R", "resume", "Resume", id="runs.resume", tooltip="Resume an unfinished run"),
        Binding("c", "compare", "Compare", id="runs.compare", tooltip="Mark a run, then compare another with it"),
        Binding("E", "export", "Export", id="runs.export", tooltip="Export as HTML, JSON, CSV or pictures"),
        Binding("asterisk", "star", "Star", id="runs.star", tooltip="Star or unstar the run"),
        Binding("d,delete", "delete", "Delete", id="runs.delete", tooltip="Delete the run from the list"),
        Binding("u", "undo", "Undo", id="runs.undo", tooltip="Undo the last change to the list"),
        Binding("N", "note", "Note", id="runs.note", tooltip="Write a note about the run"),
        Binding("t", "rename", "Title", id="runs.rename", tooltip="Change the title of the run"),
    ]

    def __init__(self) -> None:
        super().__init__()
        self.filter = ""
        self._found_from: str | None = None
        """The run at the cursor when the filter was opened."""
        self.marked: str | None = None
        self.message = ""
        """A message about the last change."""
        self.undo_stack: list[tuple[str, str, Callable[[], None]]] = []
        """Changes that can be undone: the run's id, what was changed, and a function that reverts it."""

    def body(self) -> Iterable[Widget]:
        """Filter, list, and the run at the cursor."""
        placeholder = "find a run: model, neuron, label, title, note, status"
        yield Input(placeholder=placeholder, select_on_focus=False, id="find", compact=True)
        yield Rows(
            [
                Column("", 2),
                Column("run", 15, needs=96),
                Column("model", 15, needs=64, middle=True),
                Column("neuron", middle=True),
                Column("label"),
                Column("score", 6, right=True),
                Column("pictures", 8, right=True, needs=110),
                Column("took", 12, right=True, needs=124),
                Column("status", 11),
                Column("when", 10, right=True, needs=96),
            ],
            title="Runs",
            empty="No run yet. Choose a neuron and press Enter on it.",
            id="runs",
        )
        yield CachedStatic(id="about")

    def on_mount(self) -> None:
        """Show the runs, newest first."""
        self.title_bar.show("runs")
        self.show_runs()
        self.set_focus(self.query_one("#runs", Rows))

    def on_screen_resume(self) -> None:
        """Update: a run may have ended while another screen was shown."""
        if self.query("#runs"):
            self.show_runs()

    def runs_changed(self) -> None:
        """Update the list."""
        self.show_runs()

    def show_runs(self) -> None:
        """Reload and show the list."""
        self.line.controller.read_runs()
        query = self.filter.lower().split()
        name_of = self.line.model_cache.name_of
        runs = [run for run in self.line.controller.runs if all(word in _text(run, name_of(run)) for word in query)]
        now = time.time()
        table = self.query_one("#runs", Rows)
        table.show(
            [self._row(run, now) for run in runs],
            empty="No run matches." if query else "No run yet. Choose a neuron and press Enter on it.",
        )
        judged = Counter(run.judgement for run in runs if run.judgement)
        judgements = "".join(f" · {judged[word]} {word}" for word in get_args(Judgement) if judged[word])
        marked = "c on another run compares it with ◆" if self.marked else ""
        subtitle = " · ".join(filter(None, (self.message or marked, f"/{self.filter}" if self.filter else "")))
        set_titles(table, f"Runs · {len(runs)}{judgements}", subtitle)
        self._show_about()
        self.refresh_keys()

    def _row(self, run: RunSummary, now: float) -> Row:
        marks = ("★" if run.starred else " ") + ("◆" if run.id == self.marked else " ")
        label = run.label or ("no concept found" if run.status == "finished" else "")
        return Row(
            run.id,
            (
                [(marks, "accent")],
                [(run.id, "dim")],
                *run_cells(run, self.line.model_cache.name_of(run)),
                [(label, "accent" if run.label else "dim")],
                number(run.score),
                str(run.images),
                duration(run.seconds),
                [(run.status, _STATUS_TONES.get(run.status, "dim"))],
                [(ago(now - run.created), "dim")],
            ),
        )

    def _show_about(self) -> None:
        run = self.run_at_cursor
        about = self.query_one("#about", CachedStatic)
        if run is None:
            about.put(Content(""))
            return
        try:
            command = command_line(self.line.store.spec(run.id))
        except LineError as error:
            command = str(error)
        about.put(
            Content.assemble(
                (" note ", "bold $primary"),
                (run.note or "none; N writes one", "" if run.note else "$text-muted"),
                ("\n $ ", "$text-muted"),
                (command, "$text-muted"),
            )
        )

    @property
    def run_at_cursor(self) -> RunSummary | None:
        """The run under the cursor."""
        key = self.query_one("#runs", Rows).key
        return next((run for run in self.line.controller.runs if run.id == key), None)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Disable keys that do not apply to the run under the cursor."""
        if action == "undo":
            return bool(self.undo_stack)
        if action == "find":
            return not self.in_filter
        if action in ("back", "help"):
            return True
        run = self.run_at_cursor if self.query("#runs") else None
        if run is None:
            return action not in {binding.action for binding in RunsScreen.BINDINGS if isinstance(binding, Binding)}
        if action == "resume":
            elsewhere = self.line.controller.is_elsewhere(run.id)
            return run.status not in ("finished", "running") and not elsewhere
        if action in ("replay", "result", "export", "compare"):
            return run.images > 0
        return True

    @on(Rows.Moved)
    def _moved(self) -> None:
        self._show_about()
        self.refresh_keys()

    @on(Rows.Chosen)
    def action_open(self) -> None:
        """Open the run."""
        if (run := self.run_at_cursor) is not None:
            self.line.controller.open(run.id)

    def action_result(self) -> None:
        """Show the run's result."""
        if (run := self.run_at_cursor) is not None:
            self.line.show_stored_result(run.id)

    def action_replay(self) -> None:
        """Replay the run."""
        if (run := self.run_at_cursor) is not None:
            self.line.play(run.id)

    def action_resume(self) -> None:
        """Open the run and continue it."""
        if (run := self.run_at_cursor) is not None and self.line.controller.open(run.id):
            self.line.controller.resume()

    def action_compare(self) -> None:
        """Mark a run; with one marked, compare the two."""
        run = self.run_at_cursor
        if run is None:
            return
        if self.marked in (None, run.id):
            self.marked, self.message = None if self.marked else run.id, ""
            self.show_runs()
        else:
            self.line.compare(str(self.marked), run.id)

    def action_star(self) -> None:
        """Star or unstar the run."""
        if (run := self.run_at_cursor) is not None:
            starred, store = run.starred, self.line.store
            self._change(run, "the star", lambda: store.star(run.id, not starred), lambda: store.star(run.id, starred))

    def action_rename(self) -> None:
        """Change the run's title."""
        self._write("title", "Title of this run:", lambda run: run.title, self.line.store.rename)

    def action_note(self) -> None:
        """Change the run's note."""
        self._write("note", "Note about this run:", lambda run: run.note, self.line.store.annotate)

    def action_delete(self) -> None:
        """Hide the run from the list; nothing is erased."""
        if (run := self.run_at_cursor) is not None:
            store = self.line.store
            self._change(
                run,
                "the deletion",
                lambda: store.delete(run.id),
                lambda: store.restore(run.id),
                "deleted; u restores it",
            )

    def action_undo(self) -> None:
        """Undo the last change to the list."""
        if self.undo_stack:
            run_id, what, back = self.undo_stack.pop()
            self.message = f"undone: {what}" if self.safely(back) else ""
            self.show_runs()
            self.query_one("#runs", Rows).go_to(run_id)

    def action_export(self) -> None:
        """Open the dialog that exports the run."""
        if (run := self.run_at_cursor) is not None:
            self.line.export(run.id)

    def _write(
        self, what: str, question: str, read: Callable[[RunSummary], str], write: Callable[[str, str], None]
    ) -> None:
        run = self.run_at_cursor
        if run is None:
            return
        before = read(run)

        def keep(text: str | None) -> None:
            if text is not None and text != before:
                self._change(run, f"the {what}", lambda: write(run.id, text), lambda: write(run.id, before))

        self.app.push_screen(Ask(question, value=before, optional=True), keep)

    def _change(
        self, run: RunSummary, what: str, do: Callable[[], None], back: Callable[[], None], message: str = ""
    ) -> None:
        self.message = message
        if self.safely(do):
            self.undo_stack.append((run.id, what, back))
        self.show_runs()

    def action_find(self) -> None:
        """Filter the list."""
        self._found_from = self.query_one("#runs", Rows).key
        self.set_focus(self.query_one("#find", Input))

    @on(Input.Changed, "#find")
    def _typed(self, event: Input.Changed) -> None:
        self.filter = event.value
        table = self.query_one("#runs", Rows)
        lost = table.key is None
        self.show_runs()
        if lost and not self.filter:
            table.go_to(self._found_from)

    @on(Input.Submitted, "#find")
    def _found(self) -> None:
        self.set_focus(self.query_one("#runs", Rows))

    def action_back(self) -> None:
        """Leave and clear the filter; without one, leave the screen."""
        find = self.query_one("#find", Input)
        if self.in_filter or self.filter:
            find.value = ""
            self.set_focus(self.query_one("#runs", Rows))
        else:
            self.app.pop_screen()

    def topics(self) -> Iterable[tuple[str, str]]:
        """What the list shows."""
        yield (
            "Runs",
            "Every run is kept with all its events and pictures. Enter opens a run, y replays it, R resumes one that "
            "was stopped, failed or interrupted. u restores a deleted run; `line-tui runs purge` frees the disk space "
            "of deleted runs.",
        )
        yield (
            "Score",
            "Of the label: its AUC on fresh pictures if it was verified, otherwise the score that the run maximised.",
        )


def _text(run: RunSummary, name: str) -> str:
    words = (run.id, run.model, run.layer, str(run.neuron), name, run.label or "", run.title, run.note, run.status)
    return " ".join((*words, run.judgement or "", run.strategy, run.profile, "starred" if run.starred else "")).lower()
