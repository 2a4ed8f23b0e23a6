"""Detects network file systems, which lack the shared memory that SQLite's WAL needs."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

# fmt: off
NETWORK = frozenset((
    "9p", "afs", "beegfs", "ceph", "cifs", "coda", "davfs", "gfs2", "glusterfs", "gpfs", "lustre", "ncpfs",
    "nfs", "nfs4", "ocfs2", "orangefs", "panfs", "pvfs2", "smb", "smb2", "smb3", "smbfs", "virtiofs",
    "wekafs",
))
# fmt: on
_ESCAPES = {r"\040": " ", r"\011": "\t", r"\012": "\n", r"\134": "\\"}


def kind(path: Path, mounts: str) -> str:
    """The file system type of an absolute path, given the text of `/proc/mounts`; "" if unknown."""
    best, name = -1, ""
    for line in mounts.splitlines():
        fields = line.split()
        if len(fields) < 3:
            continue
        mount = PurePosixPath(_unescape(fields[1]))
        # A later mount hides an earlier one at the same place.
        if path.is_relative_to(mount) and len(mount.parts) >= best:
            best, name = len(mount.parts), fields[2]
    return name


def is_network(path: Path, mounts_file: Path = Path("/proc/mounts")) -> bool:
    """Whether a path is on a network file system, or on FUSE, which may be one."""
    try:
        mounts = mounts_file.read_text(errors="replace")
    except OSError:
        return False
    name = kind(path.resolve(), mounts)
    return name in NETWORK or name.startswith("fuse.")


def _unescape(text: str) -> str:
    for escape, char in _ESCAPES.items():
        text = text.replace(escape, char)
    return text
