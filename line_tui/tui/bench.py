"""Measure the app in a real terminal while the models keep all cores busy: key latency, memory, bytes, frames."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import statistics
import struct
import subprocess
import sys
import tempfile
import termios
import time
from contextlib import suppress
from functools import partial
from pathlib import Path

import msgspec

from line_tui.child_main import ArgumentParser, exit_code, positive

SIZE = (100, 30)
_ENDS = ("The label is", "No concept found")
_ENTER, _RIGHT = b"\r", b"\x1b[C"


class Terminal:
    """A process in a pseudo-terminal. Its output is counted and can be searched."""

    def __init__(self, command: list[str], environment: dict[str, str], link: float | None = None) -> None:
        """`link` limits the output in bytes per second, like a slow connection."""
        ours, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", SIZE[1], SIZE[0], 0, 0))
        # It becomes the app's controlling terminal, so that the app gets SIGHUP if the bench is killed.
        self.process = subprocess.Popen(command, env=environment, preexec_fn=partial(os.login_tty, theirs))
        os.close(theirs)
        self.file = ours
        self.link = link
        self.bytes = 0
        self._written = bytearray()

    def press(self, keys: bytes) -> None:
        """Press keys."""
        os.write(self.file, keys)

    def wait(self, *texts: str, seconds: float = 300, since: int | None = None) -> float:
        """Read until one of the texts appears after the byte `since`, by default from now on.

        Returns the seconds it took. Raises TimeoutError.
        """
        start, since = time.monotonic(), self.bytes if since is None else since
        while not self.wrote(*texts, since=since):
            if time.monotonic() - start > seconds:
                raise TimeoutError(f"the app never wrote {' or '.join(texts)}")
            self.read(0.5)
        return time.monotonic() - start

    def wrote(self, *texts: str, since: int) -> bool:
        """Whether one of the texts was written after the byte `since`."""
        return any(self._written.find(text.encode(), since) >= 0 for text in texts)

    def read(self, seconds: float) -> bytes:
        """Wait at most so many seconds for output, and return it; empty if there was none."""
        if not select.select([self.file], [], [], seconds)[0]:
            return b""
        piece = os.read(self.file, 1 << 16 if self.link is None else 1 << 10)
        self.bytes += len(piece)
        self._written += piece
        # Terminals answer this query, and the app waits for the answer.
        for _ in range(piece.count(b"\x1b[6n")):
            self.press(b"\x1b[1;1R")
        if self.link is not None:
            time.sleep(len(piece) / self.link)
        return piece

    def wait_for_end(self) -> None:
        """Read until the process has ended, since it would block on a full buffer. Raises TimeoutError."""
        end = time.monotonic() + 60
        while self.process.poll() is None:
            if time.monotonic() > end:
                raise TimeoutError("the app does not end")
            with suppress(OSError):
                self.read(0.2)

    def memory_mb(self) -> float:
        """Resident memory of the process, without the engine."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(status.split("VmRSS:")[1].split()[0]) / 1024


def measure(presses: int, link: float | None, niceness: int | None = None) -> dict[str, float]:
    """Start the app and a run, press keys while it draws, and follow it to the end.

    `link` is in bytes per second; None for no limit. Raises TimeoutError.
    """
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        config = folder / "config.toml"
        config.write_text(
            '[explain]\nstrategy = "published"\niterations = 90\nimages = 5\n'
            + (f"[engine]\nniceness = {niceness}\n" if niceness is not None else "")
        )
        environment = os.environ | {"LINE_TUI_CONFIG": str(config), "TERM": "xterm-256color", "COLORTERM": "truecolor"}
        report = folder / "report.json"
        command = [sys.executable, "-P", "-m", "line_tui.tui.bench_app", str(folder / "data"), str(report)]
        terminal = Terminal(command, environment, link)
        try:
            numbers = {"first_paint_s": terminal.wait("respond to")}
            terminal.wait("fc")
            terminal.press(_RIGHT + _RIGHT + _ENTER)
            terminal.wait("of 5 pictures")
            memory, start, before = terminal.memory_mb(), time.monotonic(), terminal.bytes
            numbers |= _press(terminal, presses, before)
            # It is written only once, perhaps already while waiting for the last key.
            terminal.wait(*_ENDS, since=before)
            minutes = (time.monotonic() - start) / 60
            numbers["bytes_per_minute"] = (terminal.bytes - before) / minutes
            numbers["memory_mb"] = terminal.memory_mb()
            numbers["memory_growth_mb"] = terminal.memory_mb() - memory
            terminal.press(b"\x11")
            terminal.wait_for_end()
            frames = msgspec.json.decode(report.read_bytes(), type=dict[str, int])
        finally:
            terminal.process.kill()
            terminal.process.wait()
            os.close(terminal.file)
    start = time.monotonic()
    subprocess.run([sys.executable, "-c", "import torch"], check=True)
    numbers["import_torch_s"] = time.monotonic() - start
    numbers["first_paint_ratio"] = numbers["first_paint_s"] / numbers["import_torch_s"]
    return numbers | {"frames_due": frames["due"], "frames_dropped": frames["dropped"]}


def _press(terminal: Terminal, presses: int, since: int) -> dict[str, float]:
    """Times in ms from pressing `t`, which swaps two panes, to the new pane's title in the output."""
    took: list[float] = []
    for n in range(presses):
        if terminal.wrote(*_ENDS, since=since):
            break
        end = time.monotonic() + 0.11
        while (left := end - time.monotonic()) > 0:
            terminal.read(left)
        terminal.press(b"t")
        took.append(1000 * terminal.wait("Timeline" if n % 2 == 0 else "Pool", seconds=30))
    return {
        "key_median_ms": statistics.median(took),
        "key_95th_ms": statistics.quantiles(took, n=20)[-1],
        "key_presses": len(took),
    }


def main() -> None:
    """Print one number per line."""
    parser = ArgumentParser(
        prog="line-tui bench tui", description=__doc__, epilog="Example: line-tui bench tui --presses 400"
    )
    parser.add_argument("--presses", type=positive, default=200, help="number of keys to press (default: 200)")
    parser.add_argument(
        "--link", type=float, help="kilobytes a second that the terminal accepts, to simulate a slow link"
    )
    parser.add_argument("--niceness", type=int, help="niceness of the engine, instead of the default")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    arguments = parser.parse_args()
    link = 1000 * arguments.link if arguments.link else None
    numbers = measure(max(20, arguments.presses), link, arguments.niceness)
    if arguments.json:
        print(msgspec.json.encode(numbers).decode())
    else:
        for name, value in numbers.items():
            print(f"{name:>20} {value:10.2f}")


if __name__ == "__main__":
    sys.exit(exit_code(main))
