"""The user's own pictures: a folder of images, or of one subfolder a class, as control set and vocabulary."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import msgspec
import numpy as np
from PIL import Image, ImageOps

from line_tui.errors import UsageError
from line_tui.explain.ports import Picture
from line_tui.text import as_concept

SUFFIXES = frozenset({".bmp", ".gif", ".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp"})
NAMES = "names.json"
"""Beside the subfolders: what each class is called, where a subfolder's name does not say it ("n01440764")."""


class UnreadablePicture(Exception):
    """A file that is no picture; the message says why."""


@dataclass(frozen=True)
class PictureClass:
    """Pictures of one concept."""

    concept: str
    files: list[Path]


@dataclass(frozen=True)
class PictureFolder:
    """A folder of pictures, listed but not read."""

    path: Path
    classes: list[PictureClass]
    """By subfolder, sorted; empty for a folder without subfolders."""
    loose: list[Path]
    """Pictures that lie in the folder itself, where there are no classes."""


def open_folder(path: Path) -> PictureFolder:
    """List a folder. Raises UsageError when it is none, holds no pictures, or has two classes of one name."""
    path = path.expanduser().absolute()
    if not path.is_dir():
        raise UsageError(f"{path} is no folder", "name a folder of pictures, or of one subfolder a class")
    names = _names(path / NAMES)
    subfolders = [folder for folder in sorted(path.iterdir()) if folder.is_dir() and not folder.name.startswith(".")]
    listed = [(_concept(folder, names), _pictures(folder)) for folder in subfolders]
    classes = [PictureClass(concept, files) for concept, files in listed if files]
    loose = [] if classes else _pictures(path, deep=False)
    if not classes and not loose:
        raise UsageError(f"{path} holds no pictures", f"known are {', '.join(sorted(SUFFIXES))}")
    concepts = [each.concept for each in classes]
    if twice := next((concept for concept in concepts if concepts.count(concept) > 1), None):
        raise UsageError(f"{path} has two classes named '{twice}'", f"rename a subfolder, or correct {NAMES}")
    return PictureFolder(path, classes, loose)


def _concept(folder: Path, names: dict[str, str]) -> str:
    concept = as_concept(names.get(folder.name, folder.name.replace("_", " ")))
    if not concept:
        raise UsageError(f"{folder} names no concept", f"rename it, or say in {NAMES} what its class is called")
    return concept


def _pictures(folder: Path, deep: bool = True) -> list[Path]:
    found = folder.rglob("*") if deep else folder.iterdir()
    return sorted(path for path in found if path.suffix.lower() in SUFFIXES and path.is_file())


def _names(path: Path) -> dict[str, str]:
    if not path.exists():
        return {}
    try:
        return msgspec.json.decode(path.read_bytes(), type=dict[str, str])
    except (OSError, msgspec.DecodeError) as error:
        raise UsageError(f"{path}: {error}", "make it a JSON object of subfolder -> class name") from error


def read_picture(path: Path) -> Picture:
    """A picture as `uint8[height, width, 3]`, upright. Raises UnreadablePicture."""
    try:
        with warnings.catch_warnings():
            # Pillow warns of odd metadata, which do not matter, and of sizes that could fill the memory, which do.
            warnings.simplefilter("ignore")
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(path) as image:
                upright = ImageOps.exif_transpose(image)
                return np.asarray(upright.convert("RGB"), dtype=np.uint8)
    except (Image.DecompressionBombWarning, Image.DecompressionBombError):
        raise UnreadablePicture("it has too many pixels") from None
    except (OSError, SyntaxError, ValueError, EOFError) as error:
        raise UnreadablePicture(str(error).splitlines()[0] if str(error) else type(error).__name__) from error


def readable(files: list[Path], count: int, skipped: dict[Path, str]) -> Iterator[tuple[Path, Picture]]:
    """The first `count` of the files that are pictures; the others are added to `skipped` with the reason."""
    for path in files:
        if count == 0:
            return
        try:
            picture = read_picture(path)
        except UnreadablePicture as error:
            skipped[path] = str(error)
            continue
        count -= 1
        yield path, picture
