"""A run written down for others: a page, data, or its pictures; and an index page over many."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Literal

from line_tui.explain.state import RunState
from line_tui.png import read_png
from line_tui.report.html import About, to_html, to_index
from line_tui.report.pngs import copy_pictures
from line_tui.report.result import result, to_json
from line_tui.report.result_csv import to_csv

Kind = Literal["html", "json", "csv", "png"]
KINDS: dict[Kind, str] = {
    "html": "HTML page with pictures and plots, opens offline",
    "json": "JSON, everything of the run",
    "csv": "CSV, neuron and explanation first",
    "png": "PNG files, the strongest picture first",
}


def write(state: RunState, about: About, kind: Kind, folder: Path) -> Path:
    """Write a run into a folder; return the file, or the folder of pictures. Raises OSError, ValueError."""
    found = result(state, about.seconds)
    if kind == "png":
        return copy_pictures(state, folder / found.run_id, read_png)
    texts: dict[Kind, Callable[[], str]] = {
        "html": lambda: to_html(state, found, about, read_png),
        "json": lambda: to_json(found) + "\n",
        "csv": lambda: to_csv([found]),
    }
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{found.run_id}.{kind}"
    path.write_text(texts[kind](), encoding="utf-8")
    return path


def write_index(runs: Iterable[tuple[RunState, About]], folder: Path) -> Path:
    """Write a page over the pages of runs in a folder. Raises OSError, ValueError."""
    entries = [(result(state, about.seconds), state, about) for state, about in runs]
    path = folder / "index.html"
    path.write_text(to_index(entries, read_png), encoding="utf-8")
    return path
