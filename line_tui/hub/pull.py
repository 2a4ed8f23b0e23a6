"""Downloads a model: finds what is missing, checks disk space, downloads, verifies, and then makes it visible."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from line_tui.errors import HubError
from line_tui.hub.cache import Repository, cache_folder, part_size
from line_tui.hub.digests import is_sha256, matches, sha256
from line_tui.hub.receipts import Receipts
from line_tui.hub.remote import Hub, RemoteFile
from line_tui.hub.selection import select
from line_tui.models.catalog import Entry
from line_tui.models.lock_file import Pin

MARGIN = 1 << 28
"""Bytes to leave free on the disk."""


@dataclass(frozen=True)
class Plan:
    """The files and sizes of a download."""

    entry: Entry
    repo: str
    commit: str
    files: list[RemoteFile]
    missing: list[RemoteFile]
    refused: list[str]
    """Files that the entry names but that are not downloaded, as they could run code."""

    @property
    def size(self) -> int:
        """Bytes of all files."""
        return sum(file.size for file in self.files)

    @property
    def to_fetch(self) -> int:
        """Bytes still to download."""
        repository = Repository.of(self.repo)
        parts = (repository.part(file.digest) for file in self.missing)
        return sum(file.size for file in self.missing) - sum(map(part_size, parts))


def plan(entry: Entry, hub: Hub) -> Plan:
    """Ask the hub for a model's files. Raises HubError."""
    source = entry.source
    if source.hub is None:
        raise ValueError(f"{entry.id} does not come from the hub")
    listing = hub.list(source.hub, source.revision)
    by_name = {file.name: file for file in listing.files}
    names, refused = select(source, by_name)
    if not any(name.endswith((".safetensors", ".gguf")) for name in names):
        raise HubError(
            f"{entry.id}: {source.hub} has no safetensors or GGUF file that the catalogue's entry names",
            "correct `file` and `files` of the entry, or name a repository in these formats",
        )
    files = [_with_known_digest(entry, by_name[name]) for name in names]
    repository = Repository.of(source.hub)
    missing = [file for file in files if not repository.blob(file.digest).exists()]
    return Plan(entry, source.hub, listing.commit, files, missing, refused)


def _with_known_digest(entry: Entry, file: RemoteFile) -> RemoteFile:
    known = entry.source.sha256.get(file.name)
    if known is not None and is_sha256(file.digest) and known != file.digest:
        raise HubError(
            f"{entry.id}: {file.name} at {entry.source.hub} is not the file of the catalogue or the lock file "
            f"({known[:12]}…)",
            "set `revision` to the intended commit, or correct `sha256`",
        )
    return file


def update_hint(name: str) -> str:
    """How to move to a newer revision than the pinned one."""
    return f"run `line-tui models pull {name} --update` to use the newest revision from now on"


def pull(plan: Plan, hub: Hub, on_bytes: Callable[[str, int], None], receipts: Receipts) -> Path:
    """Download what is missing and return the model's folder; `on_bytes(name, bytes)` reports progress per file.

    Raises HubError. The next call continues an interrupted one.
    """
    _check_space(plan)
    try:
        folder = _download(plan, hub, on_bytes)
    except OSError as error:
        raise HubError(f"the model cache: {error}", "correct this, or set HF_HOME to another folder") from error
    receipts.write([folder / file.name for file in plan.missing])
    return folder


def _download(plan: Plan, hub: Hub, on_bytes: Callable[[str, int], None]) -> Path:
    repository = Repository.of(plan.repo)
    repository.check_place()
    for file in plan.missing:
        part = repository.part(file.digest)
        hub.fetch(plan.repo, plan.commit, file, part, partial(on_bytes, file.name))
        known = plan.entry.source.sha256.get(file.name, file.digest)
        if not (matches(part, file.digest) and (known == file.digest or matches(part, known))):
            part.unlink()
            raise HubError(
                f"{file.name} does not have its known hash at {plan.repo}",
                "pull again; the bad file was deleted",
            )
        part.replace(repository.blob(file.digest))
    digests = {file.name: file.digest for file in plan.files}
    return repository.publish(plan.commit, plan.entry.source.revision, digests)


def pin(plan: Plan, revision: str | None, folder: Path) -> Pin:
    """The pin of a pulled model: its commit, and the SHA-256 of its files in `folder`, each computed once.

    `revision` is the catalogue's. Raises HubError for a file from an earlier download that differs from the hub's.
    """
    fetched = {file.name for file in plan.missing}
    digests: dict[str, str] = {}
    for file in plan.files:
        path, known = folder / file.name, plan.entry.source.sha256.get(file.name)
        # These hashes were checked now or at the first pull; `verify` checks them again.
        if known is None and file.name not in fetched and not matches(path, file.digest):
            raise HubError(
                f"{path} was already here, and does not have its known hash at {plan.repo}",
                f"run `line-tui models remove {plan.entry.id}` and pull again",
            )
        digests[file.name] = known or (file.digest if is_sha256(file.digest) else sha256(path))
    return Pin(repo=plan.repo, revision=revision, commit=plan.commit, sha256=digests)


def _check_space(plan: Plan) -> None:
    folder = cache_folder()
    while not folder.exists():
        folder = folder.parent
    free = shutil.disk_usage(folder).free
    if free < plan.to_fetch + MARGIN:
        raise HubError(
            f"{plan.entry.id} needs {gigabytes(plan.to_fetch + MARGIN)}, {folder} has {gigabytes(free)} free",
            "free some space, or set HF_HOME to a folder on a larger disk",
        )


def gigabytes(size: int) -> str:
    """A readable number of bytes: "3.42 GB", "12.0 MB"."""
    return f"{size / 1e9:.2f} GB" if size >= 1e9 else f"{size / 1e6:.1f} MB"
