"""PNG files, of which nobody can say who wrote them: read as what they are, or not at all."""

from __future__ import annotations

import io
import os
import stat
from pathlib import Path

from PIL import Image

_LARGEST_FILE = 1 << 28  # bytes
_LARGEST_PICTURE = 1 << 26  # pixels; they take four bytes each once they are decoded


def read_png(path: Path | str) -> bytes | None:
    """The bytes of a PNG file; None where there is none: a folder, a pipe, a link, or a file of another format."""
    try:
        # Of a pipe, opening alone would wait for its writer.
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
    """A PNG file's picture; None for one that is damaged or larger than any that is drawn here."""
    # Pillow goes by the content, and some formats start a program that reads it.
    try:
        image = Image.open(io.BytesIO(content), formats=["PNG"])
        if image.width * image.height > _LARGEST_PICTURE:
            return None
        # Checks the checksums of the whole file, and leaves it unusable for anything else.
        image.verify()
        image = Image.open(io.BytesIO(content), formats=["PNG"])
        image.load()
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError):
        return None
    return image
