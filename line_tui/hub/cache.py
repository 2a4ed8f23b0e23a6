"""The hub's cache on this machine, in the layout that all of the hub's tools share: no network.

    models--owner--name/
        blobs/       files by their hash: SHA-256 for large ones, git's SHA-1 for small ones
        snapshots/   one folder a commit, of links to the blobs
        refs/        the commit of each branch or tag

What another program fetched is found here, and what is fetched here other programs find.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from huggingface_hub import constants

PART = ".line-tui.part"
"""How the name of a file ends of which only the beginning is here."""

_BRANCH = "main"


def cache_folder() -> Path:
    """Where all repositories are: `HF_HUB_CACHE`, else `HF_HOME/hub`, else ~/.cache/huggingface/hub."""
    return Path(constants.HF_HUB_CACHE).expanduser()


@dataclass(frozen=True)
class Repository:
    """One repository's part of the cache; it need not exist."""

    folder: Path

    @staticmethod
    def of(repo: str) -> Repository:
        """The cache of "owner/name"."""
        return Repository(cache_folder() / f"models--{repo.replace('/', '--')}")

    def blob(self, digest: str) -> Path:
        """Where the file of a hash is or would be."""
        return self.folder / "blobs" / digest

    def part(self, digest: str) -> Path:
        """Where the beginning of a file is kept while it is being fetched."""
        return self.folder / "blobs" / f"{digest}{PART}"

    def snapshot(self, revision: str | None) -> Path | None:
        """The folder of a branch, tag or commit; None when it is not here."""
        name = revision or _BRANCH
        reference = self.folder / "refs" / name
        commit = reference.read_text().strip() if reference.is_file() else name
        folder = self.folder / "snapshots" / commit
        return folder if folder.is_dir() else None

    def files(self, snapshot: Path) -> dict[str, Path]:
        """The files of a snapshot by their name in the repository, dangling links too."""
        found = (path for path in snapshot.rglob("*") if path.is_symlink() or path.is_file())
        return {path.relative_to(snapshot).as_posix(): path for path in sorted(found)}

    def publish(self, commit: str, revision: str | None, digests: dict[str, str]) -> Path:
        """Make a snapshot of blobs that are all here, given by name; returns its folder.

        Done last, so that no program ever finds a model of which half is missing.
        """
        snapshot = self.folder / "snapshots" / commit
        for name, digest in digests.items():
            link = snapshot / name
            link.parent.mkdir(parents=True, exist_ok=True)
            draft = link.with_name(f".{link.name}.{os.getpid()}")
            draft.unlink(missing_ok=True)
            draft.symlink_to(os.path.relpath(self.blob(digest), link.parent))
            draft.replace(link)
        reference = self.folder / "refs" / (revision or _BRANCH)
        if revision != commit:
            reference.parent.mkdir(parents=True, exist_ok=True)
            reference.write_text(commit)
        return snapshot

    def remove(self, files: list[Path]) -> int:
        """Delete files of snapshots, and their blobs where no other snapshot has them; returns the bytes freed."""
        blobs = {file.parent / file.readlink() for file in files if file.is_symlink()}
        blobs = {Path(os.path.normpath(blob)) for blob in blobs}
        freed = 0
        for file in files:
            if not file.is_symlink():
                freed += file.stat().st_size
            file.unlink()
            _remove_empty(file.parent, self.folder)
        others = (path for path in self.folder.glob("snapshots/**/*") if path.is_symlink())
        blobs -= {Path(os.path.normpath(path.parent / path.readlink())) for path in others}
        for blob in blobs:
            if blob.exists():
                freed += blob.stat().st_size
                blob.unlink()
        return freed


def _remove_empty(folder: Path, top: Path) -> None:
    while folder != top and not any(folder.iterdir()):
        folder.rmdir()
        folder = folder.parent
