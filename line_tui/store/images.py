"""Pictures as PNG files named by identity; a file is complete before anything refers to it."""

from __future__ import annotations

import io
import os
import re
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path

import numpy as np
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from line_tui import private
from line_tui.errors import StoreError
from line_tui.events import ImageRecord
from line_tui.explain.ports import Generator, Picture
from line_tui.png import decode_png, read_png

IDENTITY = re.compile(r"[0-9a-f]{32}")
_SEAL = "line-tui"
"""Key of the text chunk with the picture's identity."""
_DRAFTS = ".drafts"
_OLD_DRAFT = re.compile(r"tmp\w+\.part")
_AGE = 3600.0
"""Seconds after which an unfinished file is abandoned."""
_SWEPT = ".swept"
"""An empty file whose modification time is that of the last check of all pictures."""
_DAY = 86_400.0


@dataclass(frozen=True)
class Recipe:
    """Everything a picture depends on besides its prompt and seed."""

    generator: str
    """Name and revision."""
    steps: int
    guidance: float
    size: int
    batch_size: int

    @staticmethod
    def of(generator: Generator) -> Recipe:
        """The recipe of a generator."""
        return Recipe(generator.name, generator.steps, generator.guidance, generator.size, generator.batch_size)


class Images:
    """A folder of pictures, shared by all runs."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def path(self, identity: str) -> Path:
        """The path of a picture, which may not exist. Raises StoreError for an invalid identity."""
        if not IDENTITY.fullmatch(identity):
            raise StoreError(
                f"'{identity}' is not the identity of a picture", "the database was not written by line-tui"
            )
        return self.folder / identity[:2] / f"{identity}.png"

    def read(self, identity: str) -> Picture | None:
        """The picture; None if its file is missing, damaged or replaced."""
        content = self.content(identity)
        image = decode_png(content) if content is not None else None
        if image is None:
            return None
        picture = np.asarray(image.convert("RGB"))
        # A replacement may be a valid picture, but not this one.
        return picture if image.info.get(_SEAL) == _checksum(identity, picture) else None

    def content(self, identity: str) -> bytes | None:
        """The bytes of the picture's file, unchecked; None if there is none."""
        return read_png(self.path(identity))

    def has(self, identity: str) -> bool:
        """Whether there is a file for it; reading it may still fail."""
        return self.path(identity).is_file()

    def write(self, identity: str, picture: Picture, texts: dict[str, str]) -> Path:
        """Put a picture on disk. Raises StoreError.

        `texts` are stored in the file, to document it outside the store.
        """
        info = PngInfo()
        for key, text in texts.items():
            info.add_itxt(key, text)
        info.add_text(_SEAL, _checksum(identity, picture))
        file = io.BytesIO()
        Image.fromarray(picture).save(file, "png", pnginfo=info)
        return self.put(identity, file.getvalue())

    def put(self, identity: str, content: bytes) -> Path:
        """Write a picture's file: synced under another name, then renamed. Raises StoreError."""
        path = self.path(identity)
        try:
            private.make_folder(path.parent)
            private.make_folder(self.folder / _DRAFTS)
            handle, draft = tempfile.mkstemp(dir=self.folder / _DRAFTS)
            try:
                with os.fdopen(handle, "wb") as file:
                    file.write(content)
                    file.flush()
                    os.fsync(file.fileno())
                Path(draft).replace(path)
            finally:
                Path(draft).unlink(missing_ok=True)
            _sync_folder(path.parent)
        except OSError as error:
            raise StoreError(
                f"the picture {path} cannot be written: {error.strerror or error}",
                "free some space and resume; nothing stored is lost",
            ) from error
        return path

    def size(self, identity: str) -> int:
        """Bytes of the file; 0 if there is none."""
        path = self.path(identity)
        return path.lstat().st_size if path.is_file() else 0

    def identities(self) -> Iterator[str]:
        """Identities of all pictures in the folder."""
        for path in self.folder.glob("??/*.png"):
            if IDENTITY.fullmatch(path.stem) and self.path(path.stem) == path:
                yield path.stem

    def sweep(self) -> None:
        """Delete incomplete files of killed processes."""
        drafts = [self.folder / _DRAFTS]
        if self.is_sweep_due():
            # Earlier versions wrote unfinished files beside the pictures.
            drafts += self.folder.glob("??")
        for folder in drafts:
            with suppress(OSError):
                for path in folder.iterdir():
                    if (folder.name == _DRAFTS or _OLD_DRAFT.fullmatch(path.name)) and _age(path) > _AGE:
                        path.unlink()

    def is_sweep_due(self) -> bool:
        """Whether the last check of all pictures is missing or over a day old."""
        try:
            return not 0 <= _age(self.folder / _SWEPT) <= _DAY
        except FileNotFoundError:
            return self.folder.is_dir()
        except OSError:
            return False

    def note_sweep(self) -> None:
        """Record that all pictures have been checked now. Raises StoreError."""
        path = self.folder / _SWEPT
        try:
            path.unlink(missing_ok=True)
            os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        except OSError as error:
            raise StoreError(f"{path}: {error.strerror}", "change its permissions") from error

    def old(self) -> set[str]:
        """Identities of the pictures that were drawn more than a day ago."""
        identities = set()
        for identity in self.identities():
            with suppress(OSError):
                if _age(self.path(identity)) > _DAY:
                    identities.add(identity)
        return identities

    def delete(self, identity: str) -> None:
        """Delete the file, if there is one. Raises StoreError."""
        path = self.path(identity)
        try:
            path.unlink(missing_ok=True)
        except OSError as error:
            raise StoreError(f"{path}: {error.strerror}", "change its permissions") from error


class StoredAlbum:
    """The pictures of one recipe, as the loop expects them."""

    def __init__(self, images: Images, recipe: Recipe) -> None:
        self._images = images
        self._recipe = recipe

    def identity(self, prompt: str, seed: int) -> str:
        """Hash of the recipe, the prompt and the seed: 32 hexadecimal digits."""
        recipe = self._recipe
        parts = [
            recipe.generator,
            prompt,
            recipe.steps,
            float(recipe.guidance),
            recipe.size,
            recipe.batch_size,
            seed,
        ]
        return blake2b(repr(parts).encode(), digest_size=16).hexdigest()

    def find(self, identity: str) -> tuple[Picture, str] | None:
        """The picture and its path; None if it has to be drawn."""
        picture = self._images.read(identity)
        return None if picture is None else (picture, str(self._images.path(identity)))

    def has(self, identity: str) -> bool:
        """Whether there is a file for it; reading it may still fail."""
        return self._images.has(identity)

    def keep(self, identity: str, prompt: str, seed: int, picture: Picture) -> ImageRecord:
        """Put a picture on disk. Raises StoreError."""
        texts = {"prompt": prompt, "seed": str(seed), "generator": self._recipe.generator}
        path = self._images.write(identity, picture, texts)
        return ImageRecord(identity=identity, path=str(path), prompt=prompt, seed=seed)


def _checksum(identity: str, picture: Picture) -> str:
    """Hash of a picture and its name: `picture` is `uint8[height, width, 3]`."""
    return blake2b(f"{identity}{picture.shape}".encode() + picture.tobytes(), digest_size=16).hexdigest()


def _age(path: Path) -> float:
    """Seconds since a file was last written. Raises OSError."""
    return time.time() - path.lstat().st_mtime


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
