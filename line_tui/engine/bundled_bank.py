"""The bundled bank: pictures and activations of a vocabulary, precomputed with the bundled models."""

from __future__ import annotations

from functools import cached_property
from hashlib import blake2b
from pathlib import Path

import msgspec
import numpy as np
from safetensors.numpy import load_file

from line_tui.decodable import decodable
from line_tui.engine.model_source import ReadyBank
from line_tui.events import THUMBNAIL
from line_tui.explain.ports import Floats, Generator, Vision
from line_tui.models.catalog import read_catalog
from line_tui.models.generator_names import generator_name
from line_tui.models.model_files import bundled_models, installed

SETTINGS = ("prompt_template", "steps", "guidance", "size", "batch_size")
"""Settings that must be equal for a generator to match a bank."""


@decodable
class BankCard(msgspec.Struct, frozen=True):
    """`bank.json`: the models and settings that the bank was made with."""

    id: str
    generator: str
    prompt_template: str
    steps: int
    guidance: float
    size: int
    batch_size: int
    layers: dict[str, str]
    """Layer -> the bundled vision model that it belongs to."""
    weights: dict[str, str]
    """Vision model -> 12 hexadecimal digits of its weights."""
    concepts: list[str]


class BundledBank:
    """Reads the bank's files on demand."""

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder or bundled_models() / "emoji-bank"

    @cached_property
    def card(self) -> BankCard:
        """The models and settings that the bank was made with. Raises ModelFileError."""
        path = self._folder / "bank.json"
        with installed(path):
            return msgspec.json.decode(path.read_bytes(), type=BankCard)

    def find(self, generator: Generator, vision: Vision, layer: str) -> ReadyBank | None:
        """The bank of a layer if it was made with exactly these models. Raises ModelFileError."""
        same = all(getattr(self.card, setting) == getattr(generator, setting) for setting in SETTINGS)
        if not same or self._made_by(generator) != generator.name:
            return None
        return self.of(vision.name.partition("@")[0], layer)

    def of(self, model: str, layer: str) -> ReadyBank | None:
        """The bank of a bundled model's layer, without loading the model. Raises ModelFileError, UnknownNameError."""
        # The user's catalogue may use our name for another network.
        if self.card.layers.get(layer) != model or read_catalog().find_vision(model).source.bundled != model:
            return None
        if weights_digest(bundled_models() / model) != self.card.weights[model]:
            return None
        return ReadyBank(self.card.id, self.card.concepts, self._activations[layer])

    @cached_property
    def thumbnails(self) -> dict[str, list[bytes]]:
        """Each concept's pictures as thumbnails; empty for a bank without pictures. Raises ModelFileError."""
        path = self._folder / "pictures.jpg"
        if not path.is_file():
            return {}
        # Imported here: only thumbnails need Pillow.
        from PIL import Image

        words = self.card.concepts
        with installed(path):
            with Image.open(path, formats=["JPEG"]) as opened:
                sheet = np.asarray(opened.convert("RGB"))
            rows = sheet.reshape(len(words), THUMBNAIL, -1, THUMBNAIL, 3).swapaxes(1, 2)
        return {word: [picture.tobytes() for picture in row] for word, row in zip(words, rows, strict=True)}

    def _made_by(self, generator: Generator) -> str:
        """The name of the bank's generator on this generator's device.

        Devices differ only in the last digits, which changes no score, so a GPU can use a bank drawn on a CPU.
        """
        name, own = self.card.generator, read_catalog().generator
        entry = next((entry for entry in own if entry.id == name.partition("@")[0] and entry.source.bundled), None)
        if entry is None or name == generator.name:
            return name
        folder = bundled_models() / str(entry.source.bundled)
        names = {generator_name(folder, entry, kind) for kind in ("cpu", "cuda", "mps")}
        return generator.name if {name, generator.name} <= names else name

    @cached_property
    def _activations(self) -> dict[str, Floats]:
        path = self._folder / "activations.safetensors"
        with installed(path):
            return {layer: values.astype(np.float32) for layer, values in load_file(path).items()}


def weights_digest(folder: Path) -> str:
    """12 hexadecimal digits of a bundled model's weights."""
    digest = blake2b(digest_size=6)
    for path in sorted(folder.rglob("*.safetensors")):
        digest.update(path.read_bytes())
    return digest.hexdigest()
