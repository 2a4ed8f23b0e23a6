"""Exports runs as pages, data or pictures, with an index page for several."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from line_tui import plugins
from line_tui.errors import unknown_name
from line_tui.explain.state import RunState, strongest_images
from line_tui.png import read_png
from line_tui.report.html import About, to_html, to_index
from line_tui.report.result import Result, result, to_json
from line_tui.report.result_csv import to_csv


@dataclass(frozen=True)
class Exporter:
    """An export format."""

    about: str
    """One line for lists."""
    write: Callable[[RunState, Result, About, Path], Path]
    """Writes a run into an existing folder and returns the file or folder that it created. Raises OSError,
    ValueError."""


def _as_text(ending: str, text: Callable[[RunState, Result, About], str]) -> Callable[..., Path]:
    def write(state: RunState, run_result: Result, about: About, folder: Path) -> Path:
        path = folder / f"{run_result.run_id}.{ending}"
        path.write_text(text(state, run_result, about), encoding="utf-8")
        return path

    return write


def copy_pictures(state: RunState, folder: Path, read: Callable[[str], bytes | None]) -> Path:
    """Copy a run's pictures into a folder as PNG files, named by rank, activation and concept; return the folder.

    `read` returns the bytes of a PNG file; a missing picture is left out. Raises OSError if a file cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for rank, image in enumerate(strongest_images(state.trials.values()), start=1):
        if (content := read(image.image.path)) is not None:
            name = "".join(letter if letter.isalnum() else "-" for letter in image.concept)
            (folder / f"{rank:04d}_{image.activation:+.3f}_{name[:60]}_{image.image.seed}.png").write_bytes(content)
    return folder


_OURS = {
    "html": Exporter(
        "HTML page with pictures and plots; opens offline",
        _as_text("html", lambda state, found, about: to_html(state, found, about, read_png)),
    ),
    "json": Exporter(
        "JSON with everything about the run", _as_text("json", lambda state, found, about: to_json(found) + "\n")
    ),
    "csv": Exporter(
        "CSV that starts with neuron and explanation", _as_text("csv", lambda state, found, about: to_csv([found]))
    ),
    "png": Exporter(
        "PNG files, strongest picture first",
        lambda state, found, about, folder: copy_pictures(state, folder / found.run_id, read_png),
    ),
}


def exporters() -> dict[str, Exporter]:
    """Export formats by name, those of plug-ins last. Raises UsageError for a broken plug-in."""
    return plugins.with_plugins(plugins.EXPORTERS, _OURS, Exporter)


def write(state: RunState, about: About, kind: str, folder: Path) -> Path:
    """Write a run into a folder; return the file, or the folder of pictures. Raises LineError, OSError, ValueError."""
    known = exporters()
    if kind not in known:
        raise unknown_name("format", kind, known, f"one of {', '.join(known)}")
    run_result = result(state, about.seconds)
    folder.mkdir(parents=True, exist_ok=True)
    try:
        return known[kind].write(state, run_result, about, folder)
    except (OSError, ValueError):
        raise
    except Exception as error:
        if kind in _OURS:
            raise
        raise plugins.failed(plugins.EXPORTERS, kind, error) from error


def write_index(runs: Iterable[tuple[RunState, About]], folder: Path) -> Path:
    """Write an index page of the run pages in a folder. Raises OSError, ValueError."""
    entries = [(result(state, about.seconds), state, about) for state, about in runs]
    path = folder / "index.html"
    path.write_text(to_index(entries, read_png), encoding="utf-8")
    return path
