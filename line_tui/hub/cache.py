"""The hub's cache on this machine, in the layout shared by all of the hub's tools. Uses no network.

    models--owner--name/
        blobs/       files by their hash: SHA-256 for large ones, git's SHA-1 for small ones
        snapshots/   one folder per commit, of links to the blobs
        refs/        the commit of each branch or tag

Models downloaded by other programs are found here, and other programs find those downloaded here.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from huggingface_hub import constants

from line_tui.errors import HubError
from line_tui.hub.names import check, check_repository, is_commit, is_digest, is_file_name

PART = ".line-tui.part"
"""Suffix of partly downloaded files."""

_BRANCH = "main"


def cache_folder() -> Path:
    """The folder of all repositories: `HF_HUB_CACHE`, else `HF_HOME/hub`, else ~/.cache/huggingface/hub."""
    return Path(constants.HF_HUB_CACHE).expanduser()


@dataclass(frozen=True)
class Repository:
    """One repository's part of the cache, which may not exist."""

    folder: Path

    @staticmethod
    def of(repo: str) -> Repository:
        """The cache of "owner/name". Raises HubError for an invalid name."""
        check_repository(repo)
        return Repository(cache_folder() / f"models--{repo.replace('/', '--')}")

    def blob(self, digest: str) -> Path:
        """The path of the blob with this hash, which may not exist. Raises HubError for an invalid hash."""
        check(digests=[digest])
        return self.folder / "blobs" / digest

    def part(self, digest: str) -> Path:
        """The path of a partly downloaded blob. Raises HubError for an invalid hash."""
        check(digests=[digest])
        return self.folder / "blobs" / f"{digest}{PART}"

    def snapshot(self, revision: str | None) -> Path | None:
        """The folder of a branch, tag or commit; None if it is not cached."""
        name = revision or _BRANCH
        reference = self.folder / "refs" / name
        commit = name
        if not is_commit(name) and is_file_name(name) and reference.is_file():
            commit = reference.read_text(errors="replace").strip()
        folder = self.folder / "snapshots" / commit
        return folder if is_commit(commit) and folder.is_dir() else None

    def files(self, snapshot: Path) -> dict[str, Path]:
        """The files of a snapshot by their name in the repository, dangling links too."""
        paths = (path for path in snapshot.rglob("*") if path.is_symlink() or path.is_file())
        return {path.relative_to(snapshot).as_posix(): path for path in sorted(paths)}

    def publish(self, commit: str, revision: str | None, digests: dict[str, str]) -> Path:
        """Create a snapshot of blobs, given by name, which must all exist; return its folder.

        Done last, so that no program finds an incomplete model. Raises HubError for names that lead outside the
        folder.
        """
        check(commits=[commit], digests=digests.values(), names=[*digests, revision or _BRANCH])
        self.check_place()
        snapshot = self.folder / "snapshots" / commit
        for name, digest in digests.items():
            link = snapshot / name
            link.parent.mkdir(parents=True, exist_ok=True)
            if not link.parent.resolve().is_relative_to(self.folder.resolve() / "snapshots" / commit):
                raise HubError(f"{link.parent} leads out of the cache", "delete it, and pull again")
            draft = link.with_name(f".{link.name}.{os.getpid()}")
            draft.unlink(missing_ok=True)
            draft.symlink_to(os.path.relpath(self.blob(digest), link.parent))
            draft.replace(link)
        reference = self.folder / "refs" / (revision or _BRANCH)
        if revision != commit:
            reference.parent.mkdir(parents=True, exist_ok=True)
            draft = reference.with_name(f".{reference.name}.{os.getpid()}")
            draft.unlink(missing_ok=True)
            draft.write_text(commit)
            draft.replace(reference)
        return snapshot

    def remove(self, files: list[Path]) -> int:
        """Delete files of snapshots, and their blobs unless another snapshot uses them; return the bytes freed.

        Raises HubError, and deletes nothing, for a file in another folder. Link targets outside of this repository's
        blobs are kept.
        """
        self.check_place()
        top = self.folder.resolve()
        for file in files:
            if not any(file.parent.resolve().is_relative_to(top / part) for part in ("snapshots", "blobs")):
                raise HubError(f"{file} is not in the cache", "delete the link that leads there")
        blobs = {blob for file in files if (blob := self._blob_of(file)) is not None}
        freed = 0
        for file in files:
            if not file.is_symlink():
                freed += file.stat().st_size
            file.unlink()
            _remove_empty(file.parent, self.folder)
        blobs -= {self._blob_of(path) for path in self.folder.glob("snapshots/**/*")}
        for blob in blobs:
            if blob.exists():
                freed += blob.stat().st_size
                blob.unlink()
        return freed

    def check_place(self) -> None:
        """Raises HubError if one of its folders is a link, which could lead to unrelated files."""
        for name in ("blobs", "snapshots", "refs"):
            if (self.folder / name).is_symlink():
                raise HubError(f"{self.folder / name} is a link", "delete it; all of a repository is in one folder")

    def _blob_of(self, file: Path) -> Path | None:
        """The blob that a snapshot file links to, if it is a link."""
        if not file.is_symlink():
            return None
        target = Path(os.path.normpath(file.parent / file.readlink()))
        ours = target.parent == Path(os.path.normpath(self.folder / "blobs")) and is_digest(target.name)
        return target if ours and not target.is_symlink() else None


def part_size(part: Path) -> int:
    """Size of a partly downloaded file; 0 if there is none, or if it is not a file."""
    return part.stat().st_size if part.is_file() and not part.is_symlink() else 0


def _remove_empty(folder: Path, top: Path) -> None:
    while folder != top and not any(folder.iterdir()):
        folder.rmdir()
        folder = folder.parent
