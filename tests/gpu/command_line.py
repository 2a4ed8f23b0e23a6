"""Runs of line-tui as a user has them: the command, its settings file, its store, and what its engine takes."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from PIL import Image

_LIMIT = 900.0  # seconds; parts end sooner on a GPU


_ALL = min(16, len(os.sched_getaffinity(0)))
_FEW = min(4, _ALL)
"""Where several runs go on beside each other; as many for all that are compared."""


_CLASSES = ("dog", "boat", "apple", "clock", "tree", "bridge", "violin", "teapot", "fox", "lamp", "desk", "owl")


@dataclass
class Run:
    """What a call of line-tui did."""

    code: int
    seconds: float
    printed: str
    told: str
    """What it wrote to stderr."""
    peak_mb: int | None
    """Most GPU memory that a process of it had."""
    data: Path
    result: dict[str, Any] | None = None
    changes: list[dict[str, Any]] = field(default_factory=list)

    def digest(self) -> str:
        """Of its label, its activations and its pictures."""
        digest = hashlib.blake2b(digest_size=8)
        if self.result is not None:
            seen = [[image["activation"] for image in trial["images"]] for trial in self.result["trials"]]
            digest.update(json.dumps([self.result["label"], seen]).encode())
        for path in sorted(self.data.rglob("*.png")):
            with Image.open(path) as image:
                digest.update(path.name.encode() + image.convert("RGB").tobytes())
        return digest.hexdigest()


def paper(root: Path, memory: str, device: str, *, name: str = "", iterations: int = 2, squeeze: bool = False) -> Run:
    """The published set-up at its real sizes, with few steps and pictures."""
    arguments = ["resnet50:random", "avgpool", "7", "--profile", "paper-quick", "--strategy", "published"]
    arguments += ["--control", str(_control(root)), "--images", "4", "--iterations", str(iterations)]
    return explain(
        root, name or f"paper-{memory}", arguments, device=device, memory=memory, threads=_ALL, squeeze=squeeze
    )


def interrupted(root: Path, device: str) -> tuple[float, Run]:
    """SDXL with all its steps, stopped by Ctrl-C while it draws; the seconds until it was over."""
    arguments = ["resnet50:random", "avgpool", "7", "--profile", "paper-full", "--strategy", "published"]
    arguments += ["--control", str(_control(root)), "--images", "4"]
    stopped: list[float] = []

    def act(process: subprocess.Popen[str], data: Path) -> None:
        # In the middle of a batch: the first is finished, the next has begun.
        if not stopped and any(data.rglob("*.png")):
            time.sleep(0.5)
            stopped.append(time.perf_counter())
            process.send_signal(signal.SIGINT)

    run = explain(root, "stop", arguments, device=device, memory="resident", act=act)
    return (time.perf_counter() - stopped[0] if stopped else float("nan")), run


def explain(
    root: Path,
    name: str,
    arguments: Sequence[str],
    *,
    squeeze: bool = False,
    act: Callable[[subprocess.Popen[str], Path], None] = lambda process, data: None,
    **options: Any,
) -> Run:
    """`line-tui explain`, with its result and the changes of its settings; other options are those of `run_line`."""
    squeezed: list[bool] = []

    def watch(process: subprocess.Popen[str], data: Path) -> None:
        if squeeze and not squeezed and len(list(data.rglob("*.png"))) >= 8:
            squeezed.append(True)
            (data / "squeeze").touch()
        act(process, data)

    run = run_line(root, name, ["explain", *arguments, "--json"], squeeze=squeeze, act=watch, **options)
    if run.code == 0 and run.printed.lstrip().startswith("{"):
        run.result = json.loads(run.printed)
    run.changes = _changes(run.data)
    return run


def run_line(
    root: Path,
    name: str,
    arguments: Sequence[str],
    *,
    device: str,
    memory: str | None,
    threads: int = _FEW,
    squeeze: bool = False,
    act: Callable[[subprocess.Popen[str], Path], None] = lambda process, data: None,
) -> Run:
    """A call of line-tui with a settings file and a data folder of its own."""
    folder = root / "runs" / name
    data = folder / "data"
    data.mkdir(parents=True, exist_ok=True)
    settings = f'[engine]\ndevice = "{device}"\nthreads = {threads}\n' + (f'memory = "{memory}"\n' if memory else "")
    (folder / "config.toml").write_text(settings)
    (folder / "catalog.toml").write_text((root / "catalog.toml").read_text())
    environment = os.environ | {"LINE_TUI_CONFIG": str(folder / "config.toml"), "LINE_TUI_DATA": str(data)}
    if squeeze:
        # Python imports a module of this name when it starts, also in the engine's process.
        here = Path(__file__).parent / "squeezed"
        environment["PYTHONPATH"] = os.pathsep.join([str(here), environment.get("PYTHONPATH", "")])
        environment["GPU_CHECK_SQUEEZE"] = str(data / "squeeze")
    start = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-m", "line_tui", *arguments],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        stdin=subprocess.DEVNULL,
        text=True,
    )
    peak = _Peak()
    watching = threading.Event()

    def watch() -> None:
        while not watching.wait(0.05):
            peak.look(process.pid)
            act(process, data)
            if time.perf_counter() - start > _LIMIT:
                process.kill()

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    printed, told = process.communicate()
    watching.set()
    watcher.join()
    return Run(process.returncode, time.perf_counter() - start, printed, told, peak.megabytes, data)


class _Peak:
    """Most GPU memory of a process and its children, by the driver; not known where it does not tell processes."""

    def __init__(self) -> None:
        self.megabytes: int | None = None
        self._device: Any = None
        try:
            import pynvml

            pynvml.nvmlInit()
            self._device = pynvml.nvmlDeviceGetHandleByIndex(0)
            self._nvml = pynvml
        except Exception:  # No driver, or no bindings: then it stays unknown.
            pass

    def look(self, pid: int) -> None:
        if self._device is None:
            return
        family = {pid, *_children(pid)}
        for each in self._nvml.nvmlDeviceGetComputeRunningProcesses(self._device):
            if each.pid in family and each.usedGpuMemory:
                self.megabytes = max(self.megabytes or 0, each.usedGpuMemory // 1_000_000)


def _children(pid: int) -> set[int]:
    try:
        direct = {int(each) for each in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()}
    except OSError:
        return set()
    return direct.union(*(_children(child) for child in direct))


def _control(root: Path) -> Path:
    """A folder of noise in twelve classes, as control set: no picture of it has to be drawn."""
    import numpy as np

    folder = root / "control"
    if not folder.exists():
        random = np.random.default_rng(0)
        for word in _CLASSES:
            (folder / word).mkdir(parents=True)
            for n in range(4):
                pixels = random.integers(0, 256, (256, 256, 3), np.uint8)
                Image.fromarray(pixels).save(folder / word / f"{n}.png")
    return folder


def _changes(data: Path) -> list[dict[str, Any]]:
    """What memory forced upon the runs of a store."""
    from line_tui import events as e
    from line_tui.store import Store

    with closing(Store.open(data)) as store:
        return [
            {"memory": event.settings.memory, "batch_size": event.settings.batch_size, "reason": event.reason}
            for run in store.runs()
            for envelope in store.events(run.id)
            if isinstance(event := envelope.event, e.SettingsChanged)
        ]
