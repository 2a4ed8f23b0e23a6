"""Runs an engine in a child process: sends commands, receives messages, and reports its death."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import msgspec

from line_tui.engine import protocol as p
from line_tui.engine.executor import GRACE, Engine, EngineExited
from line_tui.errors import EngineError

_SHORTAGE = re.compile(
    r"out of memory|an't allocate memory|annot allocate memory|bad_alloc|MemoryError|failed to alloc"
)
"""What libraries write before they abort for lack of memory."""
_TOLD = 5
"""Number of last lines searched for the reason of its end."""
_LONGEST_LINE = 1 << 28  # bytes; a control set with maps is far smaller


class EngineClient(Engine):
    """Starts one engine at a time and exchanges messages with it."""

    def __init__(
        self,
        data: Path | None = None,
        log: Path | None = None,
        command: Sequence[str] | None = None,
        grace: float = GRACE,
        low_priority: bool = False,
    ) -> None:
        """`data` is the data folder, `log` the file for the engine's stderr, `command` starts a different engine.

        `low_priority` lowers its priority below the screen's, by the niceness in the settings.
        `grace` is the time in seconds at each stage of `close`: after the request, after SIGTERM, then SIGKILL.
        """
        super().__init__(log)
        self._grace = grace
        # -P: a random.py in the user's folder must not shadow Python's.
        self._command = list(command or (sys.executable, "-P", "-m", "line_tui.engine.server"))
        if low_priority:
            self._command.append("--low-priority")
        if data is not None:
            self._command += ["--data", str(data)]
        self._process: asyncio.subprocess.Process | None = None
        self._watching: asyncio.Task[None] | None = None
        self._closing = False

    @property
    def alive(self) -> bool:
        """Whether there is an engine process."""
        return self._process is not None and self._process.returncode is None

    async def start(self) -> None:
        """Start the engine; its first message is `Ready`. Raises EngineError."""
        if self.alive:
            return
        try:
            self._process = await asyncio.create_subprocess_exec(
                *self._command,
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
                limit=_LONGEST_LINE,
                # Ctrl-C in the terminal is for this process, which stops the run and shuts the engine down cleanly.
                start_new_session=True,
            )
        except OSError as error:
            raise EngineError(f"the engine cannot be started: {error}", "install line-tui again") from error
        self._watching = asyncio.create_task(self._watch(self._process))

    async def send(self, command: p.AnyCommand) -> None:
        """Send a command. Raises EngineError if there is no engine."""
        process = self._process
        if process is None or process.stdin is None or not self.alive:
            raise EngineError("the engine is not running", "restart it; nothing stored is lost")
        try:
            process.stdin.write(msgspec.json.encode(command) + b"\n")
            await process.stdin.drain()
        except ConnectionError as error:
            raise EngineError("the engine ended", "restart it; nothing stored is lost") from error

    async def kill(self, grace: float) -> None:
        """End the engine: SIGTERM, after `grace` seconds SIGKILL. `EngineExited` follows."""
        for number in (signal.SIGTERM, signal.SIGKILL):
            if self._process is None or not self.alive:
                return
            with suppress(ProcessLookupError):
                # Not `Process.send_signal`: it may reap the exit code that asyncio waits for.
                os.kill(self._process.pid, number)
            with suppress(TimeoutError):
                await asyncio.wait_for(self._process.wait(), grace)

    async def close(self) -> None:
        """Shut the engine down and end `messages`."""
        self._closing = True
        if self.alive and self._process is not None:
            with suppress(EngineError, TimeoutError):
                await self.send(p.Shutdown())
                await asyncio.wait_for(self._process.wait(), self._grace)
            await self.kill(self._grace)
        if self._watching is not None:
            await self._watching
        self.log.close()
        self._messages.put_nowait(None)

    async def _watch(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdout is not None and process.stderr is not None
        killed = _killed_for_memory()
        draining = asyncio.create_task(self._drain(process.stderr))
        decoder: msgspec.json.Decoder[p.AnyMessage] = msgspec.json.Decoder(p.AnyMessage)
        async for line in process.stdout:
            try:
                message = decoder.decode(line)
            except (ValueError, RecursionError):
                self.log.write(line)
                continue
            self._messages.put_nowait(message)
        code = await process.wait()
        await draining
        if not self._closing:
            self._messages.put_nowait(_exited(code, self.log.last_lines(), killed))

    async def _drain(self, stream: asyncio.StreamReader) -> None:
        # In chunks, since progress bars write no line ends. Never stops, or the engine would block on a full pipe.
        while piece := await stream.read(1 << 16):
            self.log.write(piece)


def _exited(code: int, last_lines: list[str], killed: int) -> EngineExited:
    """How an engine ended; `killed` is the system's count of out-of-memory kills when it started."""
    memory = code == -signal.SIGKILL and _killed_for_memory() > killed
    memory = memory or (code != 0 and any(_SHORTAGE.search(line) for line in last_lines[-_TOLD:]))
    if code < 0:
        return EngineExited(None, signal.Signals(-code).name, last_lines, memory)
    return EngineExited(code, None, last_lines, memory)


def _killed_for_memory() -> int:
    """Out-of-memory kills on Linux since boot; 0 on other systems."""
    with suppress(OSError, ValueError):
        for line in Path("/proc/vmstat").read_text().splitlines():
            if line.startswith("oom_kill "):
                return int(line.split()[1])
    return 0
