"""A process that owns models refuses every connection but to the endpoint that the catalogue names."""

import subprocess
import sys

import pytest

ATTEMPTS = [
    "socket.create_connection(('127.0.0.1', 9), 1)",
    "socket.getaddrinfo('example.org', 80)",
    "socket.gethostbyname('localhost')",
    "socket.socket().bind(('127.0.0.1', 0))",
    "socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b'x', ('127.0.0.1', 9))",
    "socket.socket(socket.AF_UNIX).connect('/tmp/nobody')",
    "urllib.request.urlopen('http://127.0.0.1:9')",
    "asyncio.run(asyncio.open_connection('127.0.0.1', 9))",
]


def tried(attempt: str, before: str = "") -> str:
    program = f"""
import asyncio, os, socket, sys, urllib.request
from line_tui.offline import allow_endpoint, refuse_sockets
refuse_sockets()
assert os.environ["HF_HUB_OFFLINE"] == "1"
socket.socketpair()
{before}
try:
    {attempt}
except Exception as error:
    print(repr(error))
"""
    return subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout


@pytest.mark.parametrize("attempt", ATTEMPTS)
def test_whoever_tries_is_refused(attempt: str) -> None:
    assert "this process must not connect" in tried(attempt)


def test_the_endpoint_of_the_catalogue_is_reached() -> None:
    allow = "allow_endpoint('127.0.0.1', 9)"
    assert "ConnectionRefusedError" in tried(ATTEMPTS[0], allow)
    assert "must not connect" in tried(ATTEMPTS[0].replace("9", "10"), allow)


@pytest.mark.parametrize(
    "module",
    ["engine.server", "bench.method", "bench.coverage", "bench.language"],
)
def test_every_process_with_models_refuses(module: str) -> None:
    name = f"line_tui.{module}"
    program = f"""
import runpy, sys
def note(event, arguments):
    if event == "sys.addaudithook":
        print("refuses")
        raise SystemExit
sys.addaudithook(note)
sys.argv = ["x", "--help"]
runpy.run_module({name!r}, run_name="__main__")
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, stdin=subprocess.DEVNULL)
    assert "refuses" in done.stdout, done.stderr
