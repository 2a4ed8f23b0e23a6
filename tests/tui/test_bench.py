import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from line_tui.tui.bench import SIZE, Terminal


def terminal(code: str) -> Terminal:
    return Terminal([sys.executable, "-c", code], dict(os.environ))


def test_it_reads_what_a_process_writes_and_presses_its_keys() -> None:
    echo = terminal("print('name?', flush=True); print('hello', input())")
    echo.wait("name?")
    assert echo.memory_mb() > 1
    echo.press(b"you\n")
    echo.wait("hello you")
    assert echo.bytes >= len("name?hello you")
    echo.wait_for_end()
    assert echo.process.returncode == 0
    os.close(echo.file)


def test_the_process_sees_the_size() -> None:
    sized = terminal("import os; print(*os.get_terminal_size())")
    sized.wait(f"{SIZE[0]} {SIZE[1]}")
    sized.process.wait(20)
    os.close(sized.file)


def test_what_never_comes_is_a_timeout() -> None:
    silent = terminal("input()")
    with pytest.raises(TimeoutError, match="never wrote this or that"):
        silent.wait("this", "that", seconds=0.2)
    silent.process.kill()
    silent.process.wait(20)
    os.close(silent.file)


def test_the_process_ends_when_who_watches_it_is_killed() -> None:
    code = (
        "import os, sys, time\n"
        "from line_tui.tui.bench import Terminal\n"
        "sleeper = Terminal([sys.executable, '-c', 'import time; time.sleep(600)'], dict(os.environ))\n"
        "print(sleeper.process.pid, flush=True)\n"
        "time.sleep(600)\n"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as watcher:
        assert watcher.stdout is not None
        watched = int(watcher.stdout.readline())
        assert lives(watched)
        watcher.kill()
    end = time.monotonic() + 60
    while lives(watched):
        assert time.monotonic() < end
        time.sleep(0.05)


def lives(process: int) -> bool:
    # A container's first process may never ask how its adopted children ended.
    stat = Path(f"/proc/{process}/stat")
    return stat.exists() and stat.read_text().rpartition(")")[2].split()[0] != "Z"
