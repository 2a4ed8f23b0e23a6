"""Checks files against the hashes of the hub, a package or the catalogue."""

from __future__ import annotations

import hashlib
from pathlib import Path

_SHA256 = 64  # hexadecimal digits


def matches(path: Path, digest: str) -> bool:
    """Whether a file has this hash: SHA-256, or git's SHA-1 for small files. Raises OSError."""
    if is_sha256(digest):
        return sha256(path) == digest
    header = f"blob {path.stat().st_size}\0".encode()
    return _hash(path, hashlib.sha1(header, usedforsecurity=False)) == digest


def is_sha256(digest: str) -> bool:
    """Whether a hash is a SHA-256, by its length."""
    return len(digest) == _SHA256


def sha256(path: Path) -> str:
    """The SHA-256 of a file, in hexadecimal digits. Raises OSError."""
    return _hash(path, hashlib.sha256())


def _hash(path: Path, digest: hashlib._Hash) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: digest).hexdigest()
