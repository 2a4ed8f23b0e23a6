"""The app's interface for its screens, so that no screen imports the app."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from line_tui.events import ImageScored, RunSpec
from line_tui.explain.state import RunState
from line_tui.models.catalog import Catalog
from line_tui.store import Store
from line_tui.tui.engine_supervisor import EngineSupervisor
from line_tui.tui.kitty import KittyPictures
from line_tui.tui.large_picture import PictureProtocol
from line_tui.tui.model_cache import ModelCache
from line_tui.tui.preferences import Preferences
from line_tui.tui.run_controller import RunController
from line_tui.tui.session import Snapshot
from line_tui.tui.terminal_backpressure import Backpressure


class AppProtocol(Protocol):
    """The app as its screens see it; `line_tui.tui.app.LineApp` implements it."""

    catalog: Catalog
    images: PictureProtocol
    kitty: KittyPictures | None
    model_cache: ModelCache
    preferences: Preferences
    store: Store
    controller: RunController
    engine: EngineSupervisor
    backpressure: Backpressure

    def go_on(self, run_id: str, verify: str | None = None) -> None:
        """Continue a finished run, or with `verify` measure this trial in place of the label; show the run."""

    def read_run(self, run_id: str) -> Snapshot | None:
        """A stored run; if it cannot be read or never started, show a message and return None."""
        ...

    def show_result(self, snapshot: Snapshot) -> None:
        """Show a run's result."""

    def show_stored_result(self, run_id: str) -> None:
        """Show a stored run's result."""

    def show_neuron(self, spec: RunSpec, by: int) -> None:
        """Replace this result by the latest of the neuron `by` places on; if it has none, choose that neuron."""

    def show_picture(self, images: list[ImageScored], place: int, state: RunState) -> None:
        """Open the large view at one of a run's pictures."""

    def play(self, run_id: str) -> None:
        """Replay a stored run."""

    def compare(self, left: str, right: str) -> None:
        """Show two runs side by side."""

    def export(self, run_id: str) -> None:
        """Open the dialog that exports a run."""

    def open_file(self, path: Path) -> None:
        """Open a file with the desktop's default program, and show its path."""
