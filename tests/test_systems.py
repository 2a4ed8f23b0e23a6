"""No call that another system lacks goes unguarded: here is only Linux to run on."""

import ast
from pathlib import Path

import pytest

import line_tui

LINUX_ONLY = {
    # "Availability: Linux", or "not macOS", in Python's documentation of each module.
    "os": """
        copy_file_range eventfd eventfd_read eventfd_write fdatasync getrandom getresgid getresuid getxattr
        listxattr memfd_create pidfd_open pipe2 posix_fadvise posix_fallocate posix_openpt preadv pwritev
        removexattr sched_get_priority_max sched_get_priority_min sched_getaffinity sched_getparam
        sched_getscheduler sched_rr_get_interval sched_setaffinity sched_setparam sched_setscheduler setns
        setresgid setresuid setxattr splice timerfd_create unshare O_TMPFILE O_PATH O_DIRECT O_NOATIME
        SCHED_IDLE SCHED_BATCH
    """,
    "signal": "pidfd_send_signal sigtimedwait sigwaitinfo SIGPWR SIGSTKFLT SIGPOLL SIGRTMIN SIGRTMAX",
    "select": "epoll EPOLLIN",
    "socket": "AF_NETLINK AF_PACKET AF_ALG AF_VSOCK SO_DOMAIN SO_PROTOCOL",
    "resource": "prlimit RLIMIT_NICE RLIMIT_RTPRIO RLIMIT_MSGQUEUE RLIMIT_SIGPENDING",
    "time": "CLOCK_BOOTTIME CLOCK_TAI pthread_getcpuclockid",
    "fcntl": "F_SETPIPE_SZ F_GETPIPE_SZ F_ADD_SEALS F_NOTIFY F_OFD_SETLK",
}
FILES = sorted(Path(line_tui.__file__).parent.rglob("*.py"))


def unguarded(source: str) -> list[str]:
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            module, name = node.value.id, node.attr
            if name in LINUX_ONLY.get(module, "").split() and f'hasattr({module}, "{name}")' not in source:
                found.append(f"{module}.{name}")
        if isinstance(node, ast.ImportFrom):
            found += [
                f"{node.module}.{each.name}"
                for each in node.names
                if each.name in LINUX_ONLY.get(node.module or "", "").split()
            ]
    return found


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_only_calls_that_every_system_has_or_guarded_ones(path: Path) -> None:
    assert unguarded(path.read_text(encoding="utf-8")) == []


def test_such_a_call_is_found() -> None:
    assert unguarded("import os\nn = len(os.sched_getaffinity(0))") == ["os.sched_getaffinity"]
    assert unguarded('import os\nn = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else 1') == []
    assert unguarded("from select import epoll") == ["select.epoll"]


def test_threads_are_counted_where_affinity_is_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    from line_tui.models.hardware import default_threads

    monkeypatch.delattr("os.sched_getaffinity")
    assert default_threads() >= 1
