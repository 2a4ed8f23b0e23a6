"""The large picture by each protocol: what the terminal gets to read, and in xterm what it shows."""

import fcntl
import json
import os
import shutil
import struct
import subprocess
import sys
import termios
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from line_tui.store import Store
from line_tui.tui.bench import SIZE, Terminal
from tests.tui.stage import events_of_a_run, keep

KITTY, SIXEL = "\x1b_G", "\x1bP"


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    keep(Store.open(tmp_path / "data"), events_of_a_run())
    return os.environ | {
        "LINE_TUI_CONFIG": str(tmp_path / "config.toml"),
        "LINE_TUI_DATA": str(tmp_path / "data"),
        "COLORTERM": "truecolor",
    }


@pytest.mark.parametrize(
    ("setting", "sign", "others"),
    [("kitty", KITTY, [SIXEL]), ("sixel", SIXEL, [KITTY]), ("halfcell", "▀", [KITTY, SIXEL])],
)
def test_the_bytes_of_each_protocol(
    tmp_path: Path, environment: dict[str, str], setting: str, sign: str, others: list[str]
) -> None:
    (tmp_path / "config.toml").write_text(f'[tui]\nimages = "{setting}"\n')
    command = [sys.executable, "-m", "line_tui", "runs", "replay", "r1"]
    terminal = Terminal(command, environment | {"TERM": "xterm-256color"})
    # Characters of 10 by 20 pixels.
    fcntl.ioctl(terminal.file, termios.TIOCSWINSZ, struct.pack("HHHH", SIZE[1], SIZE[0], 10 * SIZE[0], 20 * SIZE[1]))
    try:
        terminal.wait("Best so far")
        terminal.press(b">>>>>")
        terminal.wait("The label is", since=0)
        before = terminal.bytes
        terminal.press(b"v")
        terminal.wait("picture 1 of 5", since=before)
        terminal.wait(sign, since=before)
        assert not any(terminal.wrote(other, since=before) for other in others)
    finally:
        terminal.process.terminate()
        terminal.process.wait(20)
        os.close(terminal.file)


TYPIST = """
import array, fcntl, os, pty, select, sys, termios, time, tty
size = array.array("H", [0] * 4)
fcntl.ioctl(0, termios.TIOCGWINSZ, size)
pid, inner = pty.fork()
if not pid:
    fcntl.ioctl(0, termios.TIOCSWINSZ, size)
    os.execv(sys.executable, [sys.executable, "-m", "line_tui", "runs", "replay", "r1"])
tty.setraw(0)
keys = [("Best so far", ">>>>>"), ("The label is", "v")]
seen = ""
while True:
    for source in select.select([0, inner], [], [])[0]:
        data = os.read(source, 1 << 16)
        os.write(1 if source == inner else inner, data)
        if source == inner:
            seen += data.decode(errors="replace")
    if keys and keys[0][0] in seen:
        os.write(inner, keys.pop(0)[1].encode())
"""
"""Runs the replay within the terminal that it is started in, and types what a user would type."""


@pytest.mark.skipif(
    not all(map(shutil.which, ("Xvfb", "xterm", "import"))), reason="needs xvfb, xterm and imagemagick (apt)"
)
def test_sixel_is_found_and_shown_in_xterm(tmp_path: Path, environment: dict[str, str]) -> None:
    (tmp_path / "config.toml").write_text("")
    (tmp_path / "typist.py").write_text(TYPIST)
    reading, writing = os.pipe()
    size = ["-screen", "0", "1100x800x24"]
    server = subprocess.Popen(
        ["Xvfb", "-displayfd", str(writing), *size], pass_fds=[writing], stderr=subprocess.DEVNULL
    )
    os.close(writing)
    screen = environment | {"DISPLAY": ":" + os.read(reading, 16).decode().strip()}
    command = ["xterm", "-ti", "vt340", "-xrm", "xterm*decTerminalID: vt340", "-geometry", "100x36"]
    xterm = subprocess.Popen([*command, "-e", sys.executable, str(tmp_path / "typist.py")], env=screen)
    try:
        end = time.monotonic() + 90
        # A strawberry of the fakes is plain red. Half-cells of it would be no smaller, so the protocol is checked too.
        while (red := _red(screen, tmp_path)) < 100_000:
            assert time.monotonic() < end, f"{red} red pixels"
        assert list(json.loads((tmp_path / "data" / "terminals.json").read_text()).values()) == ["sixel"]
    finally:
        for process in (xterm, server):
            process.terminate()
            process.wait(20)


def _red(screen: dict[str, str], folder: Path) -> int:
    """How many pixels of the screen are strawberry red."""
    path = folder / "screen.png"
    if subprocess.run(["import", "-window", "root", str(path)], env=screen, stderr=subprocess.DEVNULL).returncode:
        return 0
    red, green, blue = (np.asarray(channel) for channel in Image.open(path).convert("RGB").split())
    return int(((red > 180) & (green < 70) & (blue < 70)).sum())
