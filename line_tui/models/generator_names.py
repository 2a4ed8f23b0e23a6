"""Generator names that differ whenever the pictures would differ."""

from __future__ import annotations

from pathlib import Path

from line_tui.models.catalog import GeneratorEntry
from line_tui.models.model_files import fingerprint


def generator_name(folder: Path, entry: GeneratorEntry, device: str) -> str:
    """The id and a digest of everything the pictures depend on besides prompt and seed, including the kind of
    device."""
    kind = device.partition(":")[0]
    precision = "float32" if kind == "cpu" else entry.dtype
    settings = [kind, precision, entry.scheduler, entry.negative_prompt, *sorted(entry.options.items())]
    return f"{entry.id}@{fingerprint(folder, *settings)}"
