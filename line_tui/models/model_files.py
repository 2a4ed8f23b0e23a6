"""Locates model files on this machine: bundled, in an installed package, in the hub's cache, or at a path."""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from hashlib import blake2b, file_digest
from pathlib import Path

import msgspec

from line_tui.errors import ModelFileError

_END = 1 << 16
_LOOPBACK = re.compile(r"http://(?P<host>127\.0\.0\.1|localhost|\[::1\])(:(?P<port>\d{1,5}))?(?P<path>/[^?#]*)?")
_COUNTED = {".safetensors", ".json", ".txt", ".model"}
"""Files that a pipeline's output depends on, unlike a model card."""


class Source(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where a model comes from; exactly one of `bundled`, `package`, `hub`, `path` and `endpoint` is set."""

    bundled: str | None = None
    """Folder in the bundled models."""
    package: str | None = None
    """Installed Python package that contains `file`; the package is located but never imported."""
    hub: str | None = None
    """Repository on the Hugging Face hub, "owner/name"."""
    path: str | None = None
    """A file or folder of your own."""
    endpoint: str | None = None
    """Address of an OpenAI-compatible server on this machine, "http://127.0.0.1:8080/v1"."""
    file: str | None = None
    """File or folder within the package or repository, by default all of it; at an endpoint, the model's name."""
    revision: str | None = None
    """Branch, tag or commit of the repository."""
    files: list[str] = []
    """Patterns of the repository's files that are needed; empty for all."""
    sha256: dict[str, str] = {}
    """Known hashes of the files, by name."""

    def __post_init__(self) -> None:
        kinds = [self.bundled, self.package, self.hub, self.path, self.endpoint]
        if sum(kind is not None for kind in kinds) != 1:
            raise ValueError("a source is exactly one of bundled, package, hub, path and endpoint")
        if self.endpoint is not None and split_endpoint(self.endpoint) is None:
            raise ValueError("an endpoint is http:// at 127.0.0.1, [::1] or localhost: nothing else is ever called")


def bundled_models() -> Path:
    """The folder of the bundled models: inside an installed wheel, or beside the package in a checkout."""
    package = Path(__file__).resolve().parent.parent
    inside = package / "bundled"
    return inside if inside.is_dir() else package.parent / "models"


@contextmanager
def installed(what: object) -> Iterator[None]:
    """Within the block, any error from reading an installed file becomes a ModelFileError."""
    try:
        yield
    except Exception as error:  # The libraries raise different errors for each kind of damage.
        raise ModelFileError(f"{what} cannot be read: {error}", "install line-tui again") from error


def locate(source: Source, name: str) -> Path:
    """The local file or folder of a source; nothing is downloaded.

    `name` is the model's name, for the error. Raises ModelFileError if it is not on this machine.
    """
    if source.bundled is not None:
        path = bundled_models() / source.bundled
        fix = "the installation is incomplete: install line-tui again"
    elif source.package is not None:
        path = _in_package(source.package) / (source.file or "")
        fix = f"run `pip install {source.package.replace('_', '-')}`"
    elif source.hub is not None:
        return _in_hub_cache(source, name)
    elif source.endpoint is not None:
        raise ModelFileError(f"{name} is served at {source.endpoint}", "it has no files here")
    else:
        path = Path(str(source.path)).expanduser()
        fix = "correct the path in your catalog.toml"
    if not path.exists():
        raise ModelFileError(f"{name}: there is no {path}", fix)
    return path


def split_endpoint(url: str) -> tuple[str, int, str] | None:
    """Host, port and path of an endpoint on this machine, the host as an address to avoid a name lookup. None
    for any other endpoint."""
    match = _LOOPBACK.fullmatch(url)
    if match is None:
        return None
    host = {"localhost": "127.0.0.1", "[::1]": "::1"}.get(match["host"], match["host"])
    return host, int(match["port"] or 80), (match["path"] or "").rstrip("/")


def _in_package(package: str) -> Path:
    spec = importlib.util.find_spec(package)
    if spec is None or spec.origin is None:
        raise ModelFileError(
            f"the package {package} is not installed", f"run `pip install {package.replace('_', '-')}`"
        )
    return Path(spec.origin).parent


def _in_hub_cache(source: Source, name: str) -> Path:
    # Imported late: most sources need no hub, and commands that read the catalogue must start fast.
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import LocalEntryNotFoundError

    try:
        folder = Path(
            snapshot_download(
                str(source.hub),
                revision=source.revision,
                allow_patterns=source.files or None,
                local_files_only=True,
            )
        )
    except (LocalEntryNotFoundError, ValueError):
        folder = None
    path = folder / (source.file or "") if folder else None
    if path is None or not path.exists():
        raise ModelFileError(f"{name} ({source.hub}) is not on this machine", f"run `line-tui models pull {name}`")
    return path


def fingerprint(path: Path, *settings: object) -> str:
    """12 hex digits that change with a file, a folder's files, or the settings.

    Reads only each file's name, size and both ends: reading gigabytes in full would take longer than using them.
    """
    digest = blake2b(repr(settings).encode(), digest_size=6)
    files = sorted(file for file in path.rglob("*") if file.suffix in _COUNTED) if path.is_dir() else [path]
    for file in files:
        size = file.stat().st_size
        digest.update(f"{file.relative_to(path.parent)}:{size}".encode())
        with file.open("rb") as opened:
            digest.update(opened.read(_END))
            opened.seek(max(0, size - _END))
            digest.update(opened.read(_END))
    return digest.hexdigest()


def content(*paths: Path) -> str:
    """12 hex digits over the full content of files, or of the files in folders that a model depends on.

    A file is read again only after the system reports a change. Raises ModelFileError.
    """
    digest = blake2b(digest_size=6)
    for path in paths:
        files = sorted(file for file in path.rglob("*") if file.suffix in _COUNTED) if path.is_dir() else [path]
        for file in files:
            try:
                digest.update(f"{file.relative_to(path.parent)}:{hashed(file)}".encode())
            except OSError as error:
                raise ModelFileError(f"{file} cannot be read: {error.strerror}", "correct the path") from error
    return digest.hexdigest()


def hashed(path: Path) -> str:
    """SHA-256 of a file. Raises OSError."""
    stat = path.stat()
    # Only the system sets ctime, and it does so at every change.
    return _hashed(path, (stat.st_ino, stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns))


@lru_cache(maxsize=4096)
def _hashed(path: Path, version: tuple[int, ...]) -> str:
    with path.open("rb") as file:
        return file_digest(file, "sha256").hexdigest()
