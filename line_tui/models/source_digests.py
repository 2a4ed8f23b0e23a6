"""Digests of the local files that a run's result depends on: its models and its control pictures."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from hashlib import blake2b
from pathlib import Path

import msgspec

from line_tui import events as e
from line_tui.errors import LineError
from line_tui.models.catalog import Catalog, Entry, VisionEntry, read_catalog
from line_tui.models.model_files import content, fingerprint, locate
from line_tui.models.picture_folder import SUFFIXES, open_folder


def in_memory(spec: e.RunSpec, revision: str) -> e.RunSpec:
    """The spec of a run on a vision model in the caller's memory; `revision` is in hex digits."""
    return msgspec.structs.replace(spec, sources=e.IN_MEMORY + revision)


def with_sources(spec: e.RunSpec) -> e.RunSpec:
    """The spec with a digest of the files it names, so that the same spec with other files is another run.

    A model in memory has no files: its spec already has a digest, from `in_memory`.
    """
    models = spec.sources.partition("-")[0] if spec.in_memory else _of_models(spec, read_catalog())
    control = _of_control(spec.control)
    return msgspec.structs.replace(spec, sources="-".join(filter(None, (models, control))))


def model_sources(model: str, catalog: Catalog) -> str:
    """12 hex digits of a vision model's entry and files; "" without either."""
    entry = catalog.vision_entry(model)
    paths = sorted(path for path in _vision_paths(model, entry) if path.exists())
    if entry is None and not paths:
        return ""
    declared = msgspec.json.encode(entry) + content(*paths).encode()
    return blake2b(declared, digest_size=6).hexdigest()


def _of_models(spec: e.RunSpec, catalog: Catalog) -> str:
    vision = model_sources(spec.model, catalog)
    if not vision:
        return ""
    digest = blake2b(vision.encode(), digest_size=6)
    with suppress(LineError):
        profile = catalog.find_profile(spec.profile)
        others: tuple[Entry, ...] = (catalog.find_language(profile.language), catalog.find_generator(profile.generator))
        for entry in others:
            digest.update(msgspec.json.encode(entry))
            with suppress(LineError, OSError):
                digest.update(fingerprint(locate(entry.source, entry.id)).encode())
    return digest.hexdigest()


def _of_control(folder: str | None) -> str:
    """A digest of the files that may be pictures, and their folders, which give the classes."""
    if folder is None:
        return ""
    with suppress(LineError):
        opened = open_folder(Path(folder))
        files = [file for each in opened.classes for file in each.files] or opened.loose
        named = [each.concept for each in opened.classes]
        return blake2b(f"{named} {content(*files)}".encode(), digest_size=6).hexdigest()
    return ""


def _vision_paths(model: str, entry: VisionEntry | None) -> Iterator[Path]:
    if entry is not None:
        with suppress(LineError):
            located = locate(entry.source, entry.id)
            if entry.format == "function":
                yield from code_files(located)
            else:
                yield located
        if entry.encoder is not None:
            yield Path(entry.encoder.path).expanduser()
        return
    name, _, weights = model.partition(":")
    if "/" in weights or Path(weights).suffix:
        yield Path(weights).expanduser()
    elif weights != "random":
        # torch's download cache; importing torch to ask for it would take seconds.
        cache = Path(os.environ.get("TORCH_HOME") or Path.home() / ".cache" / "torch") / "hub" / "checkpoints"
        yield from cache.glob(f"{name}[-_]*.pth")


def code_folder(path: Path) -> Path:
    """The folder of a function's module, given the module or its folder."""
    return path if path.is_dir() else path.parent


def code_files(path: Path) -> list[Path]:
    """Files that a function may read: all beside its module except pictures, hidden files and bytecode."""
    folder = code_folder(path)
    return [
        file
        for file in sorted(folder.rglob("*"))
        if file.suffix.lower() not in SUFFIXES
        and not any(part.startswith((".", "__pycache__")) for part in file.relative_to(folder).parts)
        and file.is_file()
    ]
