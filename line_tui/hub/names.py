"""Validates names from the hub and its cache: they become paths, which must stay inside the cache."""

from __future__ import annotations

import re
from collections.abc import Iterable

from line_tui.errors import HubError
from line_tui.sanitize import shown

_REPOSITORY = re.compile(r"[\w][\w.-]*(/[\w][\w.-]*)?", re.ASCII)
_COMMIT = re.compile(r"[0-9a-f]{40}")
_DIGEST = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_FIX = "nothing was written or deleted; the repository, the lock file or the cache is not what it should be"


def is_commit(text: str) -> bool:
    """Whether a text is the full name of a commit."""
    return _COMMIT.fullmatch(text) is not None


def is_digest(text: str) -> bool:
    """Whether a text is a SHA-256, or a SHA-1 of git's."""
    return _DIGEST.fullmatch(text) is not None


def is_file_name(text: str) -> bool:
    """Whether a text names a file within a folder, or a branch."""
    parts = text.split("/")
    return text.isprintable() and "\\" not in text and not any(part in ("", ".", "..") or ":" in part for part in parts)


def check_repository(name: str) -> None:
    """Raises HubError for an invalid repository name."""
    if not _REPOSITORY.fullmatch(name) or ".." in name:
        raise HubError(f"'{shown(name)}' is not a repository name", "write `hub` as owner/name")


def check(*, commits: Iterable[str] = (), digests: Iterable[str] = (), names: Iterable[str] = ()) -> None:
    """Raises HubError for an invalid commit, hash, file name or branch name."""
    for kind, is_one, texts in (
        ("commit", is_commit, commits),
        ("hash", is_digest, digests),
        ("file name", is_file_name, names),
    ):
        if (bad := next((text for text in texts if not is_one(text)), None)) is not None:
            raise HubError(f"'{shown(bad)[:100]}' is not a valid {kind}", _FIX)
