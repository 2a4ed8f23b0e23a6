"""A run's pictures as a folder of PNG files, sorted by activation."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from line_tui.explain.state import RunState


def copy_pictures(state: RunState, folder: Path, read: Callable[[str], bytes | None]) -> Path:
    """Copy a run's pictures into a folder, named by rank, activation and concept; return the folder.

    `read` gives a PNG file's bytes by its path; a missing picture is left out. Raises OSError when the folder cannot be
    written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    images = [image for trial in state.trials.values() for image in trial.images]
    images.sort(key=lambda image: image.activation, reverse=True)
    for rank, image in enumerate(images, start=1):
        if (content := read(image.image.path)) is not None:
            name = "".join(letter if letter.isalnum() else "-" for letter in image.concept)
            (folder / f"{rank:04d}_{image.activation:+.3f}_{name[:60]}_{image.image.seed}.png").write_bytes(content)
    return folder
