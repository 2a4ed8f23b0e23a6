"""The interface of the app to its screens, so that no screen imports the app."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Protocol

from textual.screen import Screen

from line_tui.engine.executor import EngineStatus
from line_tui.events import ImageScored, RunSpec
from line_tui.explain.state import RunState
from line_tui.models.catalog import Catalog
from line_tui.store import RunSummary, Store
from line_tui.tui.large_picture import Protocol as PictureProtocol
from line_tui.tui.model_cache import ModelCache
from line_tui.tui.preferences import Preferences
from line_tui.tui.session import Session, Snapshot


class AppProtocol(Protocol):
    """The app as its screens see it; `line_tui.tui.app.LineApp` is the one that there is."""

    catalog: Catalog
    images: PictureProtocol
    model_cache: ModelCache
    preferences: Preferences
    store: Store
    session: Session | None
    """The present run."""
    runs: list[RunSummary]
    """As they were read last."""
    queue: list[RunSpec]
    """Runs that wait for the one before."""
    paused: bool

    # -- the present run, and others ---

    def start_run(self, spec: RunSpec) -> None:
        """Start a run and watch it."""

    def enqueue(self, specs: Sequence[RunSpec]) -> None:
        """Explain these one after the other."""

    def open_run(self, run_id: str) -> bool:
        """Look at a stored run; False when another has the engine."""
        ...

    def watch_run(self) -> None:
        """Show the present run."""

    def resume(self) -> None:
        """Go on with the present run from its last stored event."""

    def go_on(self, run_id: str, verify: str | None = None) -> None:
        """Let a finished run search further, or measure one of its concepts in place of the label."""

    def hold(self, paused: bool) -> None:
        """Pause the run or let it go on."""

    def step_run(self) -> None:
        """Let the run do one step, then hold."""

    def stop_run(self) -> None:
        """Stop the run."""

    def asked_for(self, run_id: str) -> RunSpec | None:
        """What the present run was asked for, before its first event says so."""
        ...

    def at_work_on(self, run_id: str) -> bool:
        """Whether the engine works on this run."""
        ...

    def is_elsewhere(self, run_id: str) -> bool:
        """Whether another process works on this run."""
        ...

    def read_runs(self) -> None:
        """Read the list of runs anew."""

    def read_run(self, run_id: str) -> Snapshot | None:
        """A stored run as it stands; None, with a message, when there is nothing to see."""
        ...

    # -- the engine and the terminal ---

    @property
    def engine_status(self) -> EngineStatus:
        """Where the engine stands."""
        ...

    def engine_lines(self) -> list[str]:
        """What the engine wrote to its stderr."""
        ...

    @property
    def behind(self) -> bool:
        """Whether the terminal is still busy with what it was given."""
        ...

    def frame_written(self) -> None:
        """Note that a frame went to the terminal."""

    # -- other screens ---

    def show_result(self, snapshot: Snapshot) -> None:
        """What a run found."""

    def show_stored_result(self, run_id: str) -> None:
        """What a stored run found."""

    def show_neuron(self, spec: RunSpec, by: int) -> None:
        """The latest result of another neuron of the layer."""

    def show_runs(self) -> None:
        """All runs."""

    def show_log(self) -> None:
        """What the engine wrote."""

    def show_picture(self, images: list[ImageScored], place: int, state: RunState) -> None:
        """One picture in large."""

    def play(self, run_id: str) -> None:
        """Replay a stored run."""

    def compare(self, left: str, right: str) -> None:
        """Two runs side by side."""

    def export(self, run_id: str) -> None:
        """Write a run as a page, data, or pictures."""

    def explain(self, screen: Screen[None], topics: Iterable[tuple[str, str]]) -> None:
        """Explain a screen and its keys."""

    def open_file(self, path: Path) -> None:
        """Open a file with the desktop's own program."""
