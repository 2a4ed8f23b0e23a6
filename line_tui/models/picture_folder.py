"""The user's own pictures as control set and vocabulary: a folder of images, or of one subfolder per class."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import msgspec
import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from line_tui.errors import UsageError, first_line
from line_tui.explain.ports import Picture
from line_tui.plural import counted
from line_tui.sanitize import as_concept

FORMATS = {
    "AVIF": (".avif",),
    "BMP": (".bmp",),
    "GIF": (".gif",),
    "JPEG": (".jpg", ".jpeg", ".jpe", ".jfif"),
    "JPEG2000": (".jp2", ".j2k", ".jpx"),
    "MPO": (".mpo",),
    "PNG": (".png", ".apng"),
    "PPM": (".pbm", ".pgm", ".pnm", ".ppm"),
    "TGA": (".tga",),
    "TIFF": (".tif", ".tiff"),
    "WEBP": (".webp",),
}
"""Pillow formats that are opened. Of the others, some start programs (PostScript) or are not photographs."""
SUFFIXES = frozenset(suffix for suffixes in FORMATS.values() for suffix in suffixes)
LONGEST = 50
"""Maximum aspect ratio: resizing a longer picture by its shorter side would make it enormous."""
PIXELS_AT_A_TIME = 50_000_000
"""Maximum number of pixels held in memory at a time."""
SPLITS = frozenset({"train", "training", "val", "valid", "validation", "test", "testing", "trainval", "extra"})
CONTAINERS = frozenset({"images", "imgs", "pictures", "jpegimages", "data"})
NAMES = "names.json"
"""Optional file next to the subfolders with readable class names for folders such as "n01440764"."""

EMPTY = "it holds no pictures"


class UnreadablePicture(Exception):
    """A file that cannot be read as a picture; the message says why."""


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
    """Pictures in the folder itself, if it has no subfolders."""
    left_out: dict[Path, str] = field(default_factory=dict)
    """Files and subfolders that are skipped, with the reason."""


def open_folder(path: Path) -> PictureFolder:
    """List a folder, following links.

    Raises UsageError if it is not a folder, holds no pictures, has two classes with the same name, or has subfolders
    that are not classes.
    """
    path = path.expanduser().absolute()
    if not path.is_dir():
        raise UsageError(f"{path} is not a folder", "name a folder of pictures, or one with a subfolder per class")
    names = _names(path / NAMES)
    subfolders = [folder for folder in sorted(path.iterdir()) if folder.is_dir() and not folder.name.startswith(".")]
    left_out: dict[Path, str] = {}
    listed = [(folder, _pictures(folder, left_out)) for folder in subfolders]
    _check_classes(path, [(folder, files) for folder, files in listed if files and folder.name not in names])
    classes = [PictureClass(_concept(folder, names), files) for folder, files in listed if files]
    loose = _pictures(path, {} if classes else left_out, deep=False)
    if classes and loose:
        left_out[path] = f"{counted(len(loose), 'picture')} beside its subfolders, in no class"
        loose = []
    if not classes and not loose:
        first_reason = "".join([f"; {reason}" for reason in left_out.values() if reason != EMPTY][:1])
        raise UsageError(f"{path} holds no pictures{first_reason}", f"put some there: {', '.join(sorted(SUFFIXES))}")
    concepts = [each.concept for each in classes]
    if twice := next((concept for concept in concepts if concepts.count(concept) > 1), None):
        raise UsageError(f"{path} has two classes named '{twice}'", f"rename a subfolder, or correct {NAMES}")
    return PictureFolder(path, classes, loose, left_out)


def _concept(folder: Path, names: dict[str, str]) -> str:
    concept = as_concept(names.get(folder.name, folder.name.replace("_", " ")))
    if not concept:
        raise UsageError(f"{folder} names no concept", f"rename it, or give its class name in {NAMES}")
    return concept


def _check_classes(path: Path, classes: list[tuple[Path, list[Path]]]) -> None:
    """Raises UsageError if the subfolders are dataset splits, or if the classes are one level deeper."""
    if not classes:
        return
    folders = [folder for folder, _ in classes]
    deeper = [{file.relative_to(folder).parts[0] for file in files} for folder, files in classes]
    nested = all(
        file.parent != folder and len(file.relative_to(folder).parts) > 1 for folder, files in classes for file in files
    )
    parts = all(folder.name.lower() in SPLITS | CONTAINERS for folder in folders)
    shared = len(deeper) > 1 and bool(set.intersection(*deeper))
    if parts or (nested and (shared or any(len(names) > 1 for names in deeper))):
        shown = ", ".join(folder.name for folder in folders[:3])
        raise UsageError(
            f"the subfolders of {path} ({shown}) look like splits of a data set, not classes",
            f"name the folder that holds the classes, such as {folders[-1]}, or list what the subfolders are called "
            f"in {path / NAMES}",
        )


def _pictures(folder: Path, left_out: dict[Path, str], deep: bool = True) -> list[Path]:
    pictures: list[Path] = []
    others: list[Path] = []
    lost: list[str] = []
    visited: set[Path] = set()
    for current, below, files in os.walk(folder, onerror=lambda error: lost.append(str(error)), followlinks=True):
        real = Path(current).resolve()
        # A link may point to a parent folder.
        below[:] = [name for name in below if deep and real not in visited and not name.startswith(".")]
        if real in visited:
            continue
        visited.add(real)
        for name in files:
            path = Path(current) / name
            if name.startswith(".") or name == NAMES:
                continue
            if not path.is_file():
                lost.append(f"{name} is a broken link")
                continue
            (pictures if path.suffix.lower() in SUFFIXES else others).append(path)
    if others:
        kinds = ", ".join(sorted({path.suffix.lower() or path.name for path in others})[:5])
        are = "is not a picture" if len(others) == 1 else "are not pictures"
        left_out[folder] = f"{len(others)} of its {len(others) + len(pictures)} files {are} of a known type ({kinds})"
    elif lost:
        left_out[folder] = lost[0] + (f", and {len(lost) - 1} more like it" if len(lost) > 1 else "")
    elif not pictures:
        left_out[folder] = EMPTY
    return sorted(pictures)


def _names(path: Path) -> dict[str, str]:
    if not path.exists():
        return {}
    try:
        return msgspec.json.decode(path.read_bytes(), type=dict[str, str])
    except (OSError, ValueError, RecursionError) as error:
        raise UsageError(f"{path}: {error}", "make it a JSON object of subfolder -> class name") from error


def read_picture(path: Path) -> Picture:
    """A picture as `uint8[height, width, 3]`, upright. Raises UnreadablePicture."""
    try:
        with warnings.catch_warnings():
            # Pillow warns about odd metadata, which is harmless, and about decompression bombs, which are not.
            warnings.simplefilter("ignore")
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            Image.init()
            known = [name for name in FORMATS if name in Image.OPEN]
            # Given a path, Pillow 13 memory-maps a grey TIFF and reads the rows of a rotated one wrongly.
            with path.open("rb") as file, Image.open(file, formats=known) as image:
                if max(image.size) > LONGEST * min(image.size):
                    raise UnreadablePicture(
                        f"{image.width} x {image.height} pixels are too long and narrow, more than {LONGEST} to 1"
                    )
                upright = ImageOps.exif_transpose(_eight_bits(image))
                return np.asarray(upright.convert("RGB"), dtype=np.uint8)
    except (Image.DecompressionBombWarning, Image.DecompressionBombError):
        raise UnreadablePicture("it has too many pixels") from None
    except UnidentifiedImageError:
        raise UnreadablePicture(f"it is not a picture of a known type ({', '.join(FORMATS)})") from None
    except UnreadablePicture:
        raise
    except Exception as error:  # Pillow's errors for damaged files are undocumented and vary.
        raise UnreadablePicture(first_line(error)) from error


_TWELVE_BITS = 1 << 12


def _eight_bits(image: Image.Image) -> Image.Image:
    """Grey images of more than 8 bits reduced to 8; Pillow itself would clip everything above 255 to white."""
    if image.mode.startswith("I;16"):
        # Keep the high byte, as torchvision's `to_dtype(scale=True)` does, and Pillow for 16-bit colours.
        values = np.asarray(image).astype(np.uint16)
        if np.ptp(values) and values.max() < _TWELVE_BITS:
            # 12-bit cameras and microscopes write these; read as 16 bits, they would be nearly black.
            raise UnreadablePicture(
                f"its grey of 16 bits goes from {values.min()} to {values.max()} only, of which nobody can say what is "
                "white; save it with 8 bits"
            )
        return _with_exif(Image.fromarray((values >> 8).astype(np.uint8)), image)
    if image.mode not in ("I", "F"):
        return image
    values = np.asarray(image)
    low, high = values.min(), values.max()
    if image.mode == "F" and np.isfinite(values).all() and low >= 0 and high <= 1:
        return _with_exif(Image.fromarray((values * 255).round().astype(np.uint8)), image)
    kind = "floating-point numbers" if image.mode == "F" else "whole numbers of 32 bits"
    raise UnreadablePicture(f"its grey is {kind} from {low:g} to {high:g}, so white is unknown; save it with 8 bits")


def _with_exif(made: Image.Image, of: Image.Image) -> Image.Image:
    made.getexif().update(of.getexif())
    return made


def in_batches(pictures: Iterator[tuple[Path, Picture]], count: int) -> Iterator[list[tuple[Path, Picture]]]:
    """Yield batches of up to `count` pictures, fewer if they are large."""
    batch: list[tuple[Path, Picture]] = []
    pixels = 0
    for each in pictures:
        batch.append(each)
        pixels += each[1].shape[0] * each[1].shape[1]
        if len(batch) == count or pixels >= PIXELS_AT_A_TIME:
            yield batch
            batch, pixels = [], 0
    if batch:
        yield batch


def readable(files: list[Path], count: int, skipped: dict[Path, str]) -> Iterator[tuple[Path, Picture]]:
    """The first `count` files that can be read as pictures; unreadable ones are added to `skipped` with the reason."""
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
