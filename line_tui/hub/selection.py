"""Selects the files of a model: those named by its catalogue entry, in formats that cannot contain code."""

from __future__ import annotations

from collections.abc import Iterable
from fnmatch import fnmatch
from pathlib import PurePosixPath

from line_tui.models.model_files import Source

SAFE = frozenset({".gguf", ".jinja", ".json", ".model", ".safetensors", ".txt"})
"""Weights, settings and vocabularies (`.model` is SentencePiece's). Never pickles, nor Python files."""


def select(source: Source, names: Iterable[str]) -> tuple[list[str], list[str]]:
    """The files to download, and those that are named but skipped because they could run code."""
    selected = sorted(name for name in names if _is_wanted(source, name))
    safe = [name for name in selected if PurePosixPath(name).suffix in SAFE]
    return safe, [name for name in selected if name not in safe]


def _is_wanted(source: Source, name: str) -> bool:
    if source.file is not None and (name == source.file or name.startswith(f"{source.file}/")):
        return True
    if not source.files:
        return source.file is None
    # As in the hub's patterns: a folder name with a slash matches everything in it.
    return any(fnmatch(name, f"{pattern}*" if pattern.endswith("/") else pattern) for pattern in source.files)
