"""Activations cached by image, so that each image is passed through a layer only once for all neurons."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

from line_tui.store.database import Database

Vector = NDArray[np.float32]
"""`float32[neurons]`: at lower precision a cached constant neuron would differ from a fresh one."""


@dataclass(frozen=True)
class View:
    """How activations were computed."""

    vision: str
    """Name and revision of the vision model."""
    layer: str
    pooling: str


def pixels_of(picture: NDArray[np.uint8]) -> str:
    """An identity from a picture's pixels, so that copies share their activations."""
    return blake2b(repr(picture.shape).encode() + picture.tobytes(), digest_size=16).hexdigest()


class Activations:
    """A table of vectors by image identity and view."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def get(self, view: View, images: Sequence[str]) -> dict[str, Vector]:
        """The cached vectors, by image identity."""
        vectors: dict[str, Vector] = {}
        for image in images:
            for row in self._database.read(
                "SELECT vector FROM activations WHERE image = ? AND vision = ? AND layer = ? AND pooling = ?",
                image,
                view.vision,
                view.layer,
                view.pooling,
            ):
                vectors[image] = np.frombuffer(row["vector"], np.float32)
        return vectors

    def claim(self, view: View, images: Sequence[str], most: int) -> tuple[list[str], dict[str, Vector]]:
        """The images that the caller should record, at most `most`, and the vectors that others have recorded.

        Here the caller gets all of them. On a cluster, other actors may be recording the rest.
        """
        return list(images[:most]), {}

    def put(self, view: View, vectors: Mapping[str, NDArray[np.floating]]) -> None:
        """Store vectors `float[neurons]` by image identity, in one transaction."""
        if not vectors:
            return
        rows = [
            (image, view.vision, view.layer, view.pooling, vector.astype(np.float32).tobytes())
            for image, vector in vectors.items()
        ]
        with self._database.write() as transaction:
            transaction.executemany("INSERT OR REPLACE INTO activations VALUES (?, ?, ?, ?, ?)", rows)
