"""The app that `line-tui bench tui` measures: it counts its frames.

python -m line_tui.tui.bench_app DATA REPORT
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

import msgspec

from line_tui.engine.client import EngineClient
from line_tui.store import Store
from line_tui.tui import app as app_module
from line_tui.tui import garbage
from line_tui.tui.screens.run import FRAME_RATE, RunScreen


class CountedScreen(RunScreen):
    """A run screen that counts its updates."""

    frames = 0
    since: float | None = None

    def next_frame(self) -> None:
        """Count, then update."""
        kind = type(self)
        kind.since = kind.since or time.monotonic()
        kind.frames += 1
        super().next_frame()


def main(data: Path, report: Path) -> None:
    """Run the app, then write the number of frames due and dropped to `report` as JSON."""
    app_module.RunScreen = CountedScreen  # type: ignore[attr-defined]
    store = Store.open(data)
    app = app_module.LineApp(store, lambda: EngineClient(data, low_priority=True), images="halfcell", tour=False)
    garbage.collect_on_request()
    app.run()
    due = round((time.monotonic() - CountedScreen.since) * FRAME_RATE) if CountedScreen.since is not None else 0
    report.write_bytes(msgspec.json.encode({"due": due, "dropped": max(0, due - CountedScreen.frames)}))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
