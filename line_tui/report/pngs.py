"""A run's pictures as a folder of PNG files that sort by what drives the neuron most."""

from __future__ import annotations

import shutil
from pathlib import Path

from line_tui.explain.state import RunState


def copy_pictures(state: RunState, folder: Path) -> Path:
    """Copy a run's pictures into a folder, named by rank, activation and concept; return the folder.

    A picture that is gone is left out. Raises OSError when the folder cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    images = [image for trial in state.trials.values() for image in trial.images]
    images.sort(key=lambda image: image.activation, reverse=True)
    for rank, image in enumerate(images, start=1):
        source = Path(image.image.path)
        if source.is_file():
            name = "".join(letter if letter.isalnum() else "-" for letter in image.concept)
            shutil.copyfile(source, folder / f"{rank:04d}_{image.activation:+.3f}_{name}_{image.image.seed}.png")
    return folder
