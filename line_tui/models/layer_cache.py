"""Cached layer lists, which can be shown while the libraries are still being imported."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from hashlib import blake2b
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import msgspec

from line_tui import private
from line_tui.config import data_folder
from line_tui.errors import LineError
from line_tui.layers import LayerInfo
from line_tui.models.catalog import Catalog, VisionEntry, read_catalog, shipped_catalog
from line_tui.models.model_files import bundled_models, locate

_LIBRARIES = ("line-tui", "torch", "torchvision", "timm", "transformers")


class LayerCache:
    """One small file per model; a file that cannot be read or written counts as missing.

    The lists of the bundled models are shipped, for the first start.
    """

    def __init__(self, folder: Path | None = None, catalog: Catalog | None = None) -> None:
        """`folder` replaces the default folder, `catalog` the user's catalogue."""
        self._folder = folder or data_folder() / "layers"
        self._catalog = catalog

    def read(self, model: str) -> list[LayerInfo] | None:
        """The cached layers of a model, unless the model has changed since."""
        with suppress(OSError, ValueError, RecursionError, LineError):
            catalog = self._catalog or read_catalog()
            with suppress(OSError, ValueError, RecursionError):
                return msgspec.json.decode(self._file(model, catalog).read_bytes(), type=list[LayerInfo])
            # A user's entry with the same name is another model.
            if catalog.vision_entry(model) == shipped_catalog().vision_entry(model):
                return shipped_layers().get(model)
        return None

    def keep(self, model: str, layers: Sequence[LayerInfo]) -> None:
        """Cache a model's layers; on failure they will be listed again."""
        with suppress(OSError, LineError):
            private.write(self._file(model, self._catalog or read_catalog()), msgspec.json.encode(list(layers)))

    def _file(self, model: str, catalog: Catalog) -> Path:
        return self._folder / f"{identity(model, catalog)}.json"


def shipped_layers() -> dict[str, list[LayerInfo]]:
    """The layers of the bundled models, by id. Raises OSError, ValueError."""
    return msgspec.json.decode((bundled_models() / "layers.json").read_bytes(), type=dict[str, list[LayerInfo]])


def identity(model: str, catalog: Catalog) -> str:
    """A digest of everything a model's layers depend on: its entry, its files, the library versions."""
    entry = catalog.vision_entry(model)
    digest = blake2b(repr((model, [_version(name) for name in _LIBRARIES])).encode(), digest_size=12)
    digest.update(msgspec.json.encode(entry))
    for path in _paths(model, entry):
        files = sorted(path.rglob("*")) if path.is_dir() else [path]
        for file in files:
            if file.is_file():
                stat = file.stat()
                digest.update(f"{file}:{stat.st_size}:{stat.st_mtime_ns}".encode())
    return digest.hexdigest()


def _paths(model: str, entry: VisionEntry | None) -> Iterator[Path]:
    if entry is None:
        # A torchvision architecture, possibly with a weights file.
        yield from (Path(part).expanduser() for part in model.split(":", 1)[1:])
        return
    if entry.source.hub is None:  # The entry contains the hub commit, and finding the files is slow.
        with suppress(LineError):
            yield locate(entry.source, entry.id)
    for named in (entry.labels, entry.encoder and entry.encoder.path):
        if named:
            yield Path(named).expanduser()


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return ""
