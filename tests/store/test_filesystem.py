from pathlib import Path

import pytest

from line_tui.store.database import open_database
from line_tui.store.filesystem import is_network, kind

MOUNTS = r"""sysfs /sys sysfs rw 0 0
/dev/sda1 / ext4 rw 0 0
server:/home /home nfs4 rw,vers=4.2 0 0
/dev/sdb1 /home/anna/scratch xfs rw 0 0
//nas/share /mnt/my\040share cifs rw 0 0
anna@gpu:/ /mnt/gpu fuse.sshfs rw 0 0
lustre@tcp:/fs /lustre lustre rw 0 0
tmpfs /over tmpfs rw 0 0
server:/over /over nfs rw 0 0
broken line
"""


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/root/data", "ext4"),
        ("/home/anna/.local/share", "nfs4"),
        ("/home/anna/scratch/x", "xfs"),
        ("/homely/x", "ext4"),
        ("/mnt/my share/x", "cifs"),
        ("/over/x", "nfs"),
    ],
)
def test_the_longest_mount_point_counts(path: str, expected: str) -> None:
    assert kind(Path(path), MOUNTS) == expected


@pytest.mark.parametrize(
    ("mount", "network"),
    [(name, True) for name in ("nfs4", "cifs", "fuse.sshfs", "lustre", "9p", "beegfs")]
    + [(name, False) for name in ("ext4", "xfs", "tmpfs", "overlay", "fuseblk")],
)
def test_the_journal_suits_the_file_system(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mount: str, network: bool
) -> None:
    mounts = tmp_path / "mounts"
    mounts.write_text(f"/dev/sda1 / ext4 rw 0 0\nserver:/x {tmp_path} {mount} rw 0 0\n")
    assert is_network(tmp_path / "data", mounts) is network
    monkeypatch.setattr("line_tui.store.database.is_network", lambda path: is_network(path, mounts))
    database = open_database(tmp_path / "data" / "line.db")
    mode = database.read("PRAGMA journal_mode")[0][0]
    level = database.read("PRAGMA synchronous")[0][0]
    database.close()
    assert (mode, level) == (("delete", 3) if network else ("wal", 2))


def test_without_a_mount_table_the_disk_is_local(tmp_path: Path) -> None:
    assert not is_network(tmp_path, tmp_path / "missing")
