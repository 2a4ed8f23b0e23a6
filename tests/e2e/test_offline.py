"""A whole run of the installed wheel connects to nothing, binds nothing and looks up no name, in any of its processes.

An audit hook forbids it to Python and writes down each attempt; where the system allows it, the run is also in a
network namespace without interfaces, so that C code has nothing to connect to either.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

HOOK = """
import os, sys

FORBIDDEN = {
    "socket.bind", "socket.connect", "socket.getaddrinfo", "socket.gethostbyaddr", "socket.gethostbyname",
    "socket.getnameinfo", "socket.sendmsg", "socket.sendto",
}

def note(text):
    with open(os.environ["SOCKET_LOG"], "a") as file:
        file.write(text + "\\n")

def forbid(event, arguments):
    if event in FORBIDDEN:
        note(f"attempt {event} {arguments[1:]}")
        raise PermissionError(f"{event} is forbidden here")

sys.addaudithook(forbid)
note("process " + " ".join(sys.orig_argv))
"""
"""As `sitecustomize` it is in force before any other code. Making a socket is allowed: asyncio has a pair of them."""

RUN = [
    *[sys.executable, "-m", "line_tui", "explain", "emoji-resnet18", "fc", "3"],
    *["--strategy", "published", "--iterations", "1", "--images", "1", "--no-store", "--json"],
]


@pytest.fixture
def environment(tmp_path: Path, installed: Path) -> dict[str, str]:
    """A fresh home, so that nothing cached helps; the hook is in force, and the wheel comes before the clone."""
    (tmp_path / "hook").mkdir()
    (tmp_path / "hook/sitecustomize.py").write_text(HOOK)
    # On a busy machine an engine that gives way to everything else, on several threads, takes minutes.
    (tmp_path / "config.toml").write_text("[engine]\nniceness = 0\nthreads = 1\n")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("HF_", "LINE_TUI_", "XDG_"))}
    return kept | {
        "HOME": str(tmp_path),
        "LINE_TUI_CONFIG": str(tmp_path / "config.toml"),
        "PYTHONPATH": f"{tmp_path / 'hook'}:{installed}",
        "SOCKET_LOG": str(tmp_path / "sockets.log"),
    }


def _log(environment: dict[str, str]) -> tuple[list[str], list[str]]:
    """Processes that ran under the hook, and what they attempted."""
    lines = Path(environment["SOCKET_LOG"]).read_text().splitlines()
    return (
        [line for line in lines if line.startswith("process ")],
        [line for line in lines if line.startswith("attempt ")],
    )


@pytest.mark.parametrize(
    "code",
    [
        "socket.create_connection(('127.0.0.1', 9))",
        "socket.getaddrinfo('localhost', 80)",
        "socket.socket().bind(('127.0.0.1', 0))",
        "socket.socket(type=socket.SOCK_DGRAM).sendto(b'', ('127.0.0.1', 9))",
        "socket.socket(socket.AF_UNIX).connect('/nowhere')",
    ],
)
def test_the_hook_sees_and_stops_every_way_out(environment: dict[str, str], code: str) -> None:
    command = [sys.executable, "-c", f"import socket; {code}"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert "is forbidden here" in done.stderr
    assert len(_log(environment)[1]) == 1


def test_the_hook_lets_asyncio_work(environment: dict[str, str]) -> None:
    code = (
        "import asyncio\n"
        "async def call():\n"
        "    process = await asyncio.create_subprocess_exec('true')\n"
        "    return await process.wait()\n"
        "print(asyncio.run(call()) == 0)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ("True\n", "")
    assert _log(environment)[1] == []


def without_network() -> list[str]:
    """What runs a command where there is no network; nothing if this system has no way to do so."""
    alone = ["unshare", "--map-root-user", "--net"]
    if shutil.which("unshare") is None or subprocess.run([*alone, "true"], capture_output=True).returncode:
        return []
    connect = "import socket; print(socket.socket().connect_ex(('127.0.0.1', 9)))"
    down = subprocess.run([*alone, sys.executable, "-c", connect], capture_output=True, text=True, check=True)
    assert os.strerror(int(down.stdout)) == "Network is unreachable"
    return alone


def test_a_whole_run_attempts_nothing_and_needs_nothing(environment: dict[str, str], tmp_path: Path) -> None:
    command = [*without_network(), *RUN]
    done = subprocess.run(command, env=environment, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    processes, attempts = _log(environment)
    assert any("line_tui explain" in process for process in processes)
    assert any("line_tui.engine.server" in process for process in processes)
    assert attempts == []
    result = json.loads(done.stdout)
    assert result["status"] == "finished"
    assert result["label"] in [trial["concept"] for trial in result["trials"]]
    # Drawn in this run, and the language model was asked: nothing of it came from an earlier one.
    assert result["cost"]["images"] > 0
    assert result["cost"]["llm_calls"] > 0
