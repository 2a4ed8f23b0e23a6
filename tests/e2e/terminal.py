"""A real terminal: the app under tmux, driven by keys and read as text."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import TypeVar
from uuid import uuid4

Seen = TypeVar("Seen")


class Terminal:
    """A tmux session of its own that runs one shell."""

    def __init__(
        self, folder: Path, width: int = 100, height: int = 30, environment: Mapping[str, str] | None = None
    ) -> None:
        self.folder = folder
        self.size = (width, height)
        self.environment = dict(environment or {})
        self.socket = f"line-tui-{uuid4().hex[:8]}"

    def __enter__(self) -> Terminal:
        width, height = map(str, self.size)
        shell = {"COLORTERM": "truecolor", **self.environment}
        variables = [part for name, value in shell.items() for part in ("-e", f"{name}={value}")]
        self.tmux("new-session", "-d", "-x", width, "-y", height, *variables, "bash --norc --noprofile")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is not None:
            print(self.text())
        self.tmux("kill-server")

    def tmux(self, *arguments: str) -> str:
        """Run a tmux command on our own server."""
        command = ["tmux", "-L", self.socket, "-f", "/dev/null", *arguments]
        done = subprocess.run(command, capture_output=True, text=True, cwd=self.folder, env=os.environ | {"TMUX": ""})
        return done.stdout

    def line_tui(self, *arguments: str) -> None:
        """Type the program's name and arguments."""
        self.type(shlex.join([sys.executable, "-m", "line_tui", *arguments]))
        self.keys("Enter")

    def keys(self, *keys: str) -> None:
        """Press keys, by tmux's names."""
        self.tmux("send-keys", *keys)

    def type(self, text: str) -> None:
        """Write text as it is."""
        self.tmux("send-keys", "-l", text)

    def text(self) -> str:
        """What is on the screen."""
        return self.tmux("capture-pane", "-p")

    def answer(self, key: str, question: str, text: str) -> None:
        """Press a key that asks something, and answer it in place of what is there."""
        self.type(key)
        self.wait(question)
        self.keys("C-u")
        self.type(text)
        self.wait(text)
        self.keys("Enter")
        self.wait(question, gone=True)

    def wait(self, text: str, seconds: float = 180, gone: bool = False) -> str:
        """Wait until a text is on the screen, or is gone from it."""
        what = f"waited in vain for {text!r}{' to go' if gone else ''}"
        return self._poll(self.text, lambda seen: (text in seen) != gone, what, seconds)

    def see(self, *texts: str) -> str:
        """Wait until all of these are on the screen at once."""
        return self._poll(self.text, lambda seen: all(text in seen for text in texts), f"waited in vain for {texts}")

    def painted(self) -> str:
        """What is on the screen with its colours."""
        return self.tmux("capture-pane", "-p", "-e")

    def repaint(self, part: Callable[[str], Seen], before: Seen) -> Seen:
        """Wait until a part of what is painted is otherwise than before."""
        return self._poll(lambda: part(self.painted()), lambda now: now != before, f"nothing changes in {before}")

    def wait_for_end(self, seconds: float = 60) -> None:
        """Wait until the program has ended and the shell is alone."""
        self._poll(lambda: _children(self._shell()), lambda children: not children, "it does not end", seconds)

    def _poll(self, read: Callable[[], Seen], holds: Callable[[Seen], bool], what: str, seconds: float = 180) -> Seen:
        end = time.monotonic() + seconds
        while not holds(seen := read()):
            if time.monotonic() > end:
                raise AssertionError(f"{what}; the screen:\n{self.text()}")
            time.sleep(0.1)
        return seen

    def engine(self) -> int:
        """Process id of the engine that the app in this terminal started."""
        app = _children(self._shell())[0]
        return int(_children(app)[0])

    def _shell(self) -> str:
        return self.tmux("display-message", "-p", "#{pane_pid}").strip()


def line_tui(settings: Mapping[str, str], *arguments: str) -> str:
    """What the program prints without a terminal; it must succeed."""
    done = subprocess.run(
        [sys.executable, "-m", "line_tui", *arguments], capture_output=True, text=True, env=os.environ | dict(settings)
    )
    assert not done.returncode, done.stderr
    return done.stdout


def _children(pid: str) -> list[str]:
    return subprocess.run(["pgrep", "-P", pid], capture_output=True, text=True).stdout.split()
