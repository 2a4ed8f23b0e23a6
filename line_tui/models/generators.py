"""Opens text-to-image models by the `format` of their entry: diffusers pipelines and plug-ins."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from line_tui import plugins
from line_tui.errors import unknown_name
from line_tui.explain.ports import OnStep
from line_tui.models.catalog import GeneratorEntry
from line_tui.models.generator import DiffusersGenerator
from line_tui.models.offloading import MovableGenerator


class LoadedGenerator(MovableGenerator, Protocol):
    """A generator in memory. Its `name` must come from `line_tui.models.generator_names.generator_name`."""

    def rehearse(self, batch_size: int, on_step: OnStep) -> None:
        """Draw a batch, only to measure its memory. Raises MemoryLimitError."""

    def check_listens(self) -> None:
        """Raises LineError if the settings are rejected or the prompt has no effect."""


OpenGenerator = Callable[[Path, GeneratorEntry, str, int], LoadedGenerator]
"""Opens a generator, given folder or file, entry, device and batch size. Raises ModelFileError,
UsageError."""


def _diffusers(folder: Path, entry: GeneratorEntry, device: str, batch_size: int) -> LoadedGenerator:
    return DiffusersGenerator(folder, entry, device=device, batch_size=batch_size)


def open_generator(folder: Path, entry: GeneratorEntry, device: str, batch_size: int) -> LoadedGenerator:
    """Load a generator onto a device. Raises ModelFileError, UsageError, UnknownNameError."""
    known = plugins.with_plugins(plugins.GENERATORS, {"diffusers": _diffusers})
    if entry.format not in known:
        raise unknown_name("format of generators", entry.format, known, f"{entry.id}: name one of {', '.join(known)}")
    return known[entry.format](folder, entry, device, batch_size)
