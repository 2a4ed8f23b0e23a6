"""Reads untrusted PNG files safely, and writes pictures as PNG."""

from __future__ import annotations

import io
import os
import stat
from pathlib import Path
from typing import TYPE_CHECKING

from PIL import Image

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_LARGEST_FILE = 1 << 28  # bytes
_LARGEST_PICTURE = 1 << 26  # pixels; each takes four bytes once decoded


def read_png(path: Path | str) -> bytes | None:
    """The bytes of a PNG file; None if it is missing, not a regular file, or of another format."""
    try:
        # Opening a pipe would block until it has a writer.
        file = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except (OSError, ValueError):
        return None
    try:
        status = os.fstat(file)
        if not stat.S_ISREG(status.st_mode) or status.st_size > _LARGEST_FILE:
            return None
        with os.fdopen(file, "rb", closefd=False) as opened:
            content = opened.read()
    except OSError:
        return None
    finally:
        os.close(file)
    return content if content.startswith(b"\x89PNG\r\n\x1a\n") else None


def decode_png(content: bytes) -> Image.Image | None:
    """The picture in a PNG file; None if it is damaged or larger than any picture drawn here."""
    # Pillow detects the format by content, and some formats start external programs.
    try:
        image = Image.open(io.BytesIO(content), formats=["PNG"])
        if image.width * image.height > _LARGEST_PICTURE:
            return None
        # `verify` checks all checksums but leaves the image unusable.
        image.verify()
        image = Image.open(io.BytesIO(content), formats=["PNG"])
        image.load()
    except Exception:  # Pillow's errors for damaged files are undocumented and vary.
        return None
    return image


def encode_png(picture: NDArray[np.uint8]) -> bytes:
    """A picture `uint8[height, width, 3]` as a PNG file."""
    file = io.BytesIO()
    Image.fromarray(picture).save(file, "png")
    return file.getvalue()
