"""What a campaign counts, and the watch that it keeps over its own processes."""

from __future__ import annotations

import os
import sys
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

CODES = frozenset((0, 1, 2, 3, 4, 5, 6, 7, 8, 130))
_WRITES = frozenset(
    ("os.remove", "os.rename", "os.mkdir", "os.rmdir", "os.link", "os.symlink", "os.truncate", "shutil.rmtree")
)
_SOCKETS = frozenset(("socket.connect", "socket.bind", "socket.getaddrinfo", "socket.sendto", "socket.gethostbyname"))
_DEVICES = ("/dev/", "/proc/self/")


@dataclass
class Tally:
    """How often each kind of attack was made, and every failure with what repeats it."""

    tried: Counter[str] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)

    def failed(self, kind: str, what: str) -> None:
        """Note a failure."""
        self.failures.append(f"{kind}: {what}"[:600])
        print(f"FAILURE {self.failures[-1]}", file=sys.stderr, flush=True)

    def table(self) -> str:
        """The counts in Markdown."""
        lines = ["| attack | times | failures |", "|---|---|---|"]
        for kind, times in sorted(self.tried.items()):
            bad = sum(failure.startswith(f"{kind}:") for failure in self.failures)
            lines.append(f"| {kind} | {times:,} | {bad} |")
        lines.append(f"| all | {self.tried.total():,} | {len(self.failures)} |")
        return "\n".join(lines)


def watch(inside: Path, log: Path) -> None:
    """From now on, here and in all forks, every socket and every write outside of a folder goes into a log."""
    roots = (str(inside), str(inside.resolve()), *_DEVICES)

    def note(event: str, arguments: tuple[object, ...]) -> None:
        if event in _SOCKETS:
            target = arguments[1] if event != "socket.getaddrinfo" else arguments[:2]
            _append(log, f"socket: {event} {target!r}")
        elif event in _WRITES or (event == "open" and _is_write(arguments)):
            if event in ("os.remove", "os.rmdir") and arguments[1] != -1:
                # By a descriptor, as shutil.rmtree walks: what it was given is noted where it begins.
                return
            for path in arguments[: 2 if event in ("os.rename", "os.link") else 1]:
                text = os.fsdecode(path) if isinstance(path, (str, bytes, os.PathLike)) else ""
                if text and not str(Path(text).absolute()).startswith(roots):
                    _append(log, f"write: {event} {text}")

    sys.addaudithook(note)


HOOK = """
import os, sys
from pathlib import Path
from tests.campaign.tally import note_process, watch
log = Path(os.environ["CAMPAIGN_LOG"])
note_process(log)
watch(Path(os.environ["CAMPAIGN_FOLDER"]), log)
"""
"""As `sitecustomize` it keeps the same watch in every Python process that is started, before any other code."""
PROCESS = "process"


def note_process(log: Path) -> None:
    """Note that a process of its own is watched."""
    _append(log, f"{PROCESS} {os.getpid()}")


def _is_write(arguments: tuple[object, ...]) -> bool:
    mode, flags = arguments[1], arguments[2]
    if isinstance(mode, str):
        return any(letter in mode for letter in "wax+")
    return isinstance(flags, int) and bool(flags & (os.O_WRONLY | os.O_RDWR))


def _append(log: Path, line: str) -> None:
    file = os.open(log, os.O_WRONLY | os.O_APPEND)
    os.write(file, f"{line}\n".encode(errors="backslashreplace"))
    os.close(file)
