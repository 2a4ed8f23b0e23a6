"""Runs that are killed again and again come to what an undisturbed one comes to, and lose no event on the way."""

from __future__ import annotations

import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from line_tui import events as e
from line_tui.config import EngineDefaults
from line_tui.engine import protocol as p
from line_tui.engine.catalogued import CataloguedModels
from line_tui.engine.model_source import ModelSource
from line_tui.engine.server import main
from line_tui.models.loaded import LoadedModels
from line_tui.png import decode_png, read_png
from line_tui.store import Store
from tests.campaign.tally import CODES, Tally
from tests.engine.fake_engine import FakeSource


@dataclass(frozen=True)
class Victim:
    """A run to be killed, and the models that it runs over."""

    kind: str
    """What the table calls it."""
    spec: e.RunSpec
    source: ModelSource
    patience: float
    """Seconds within which it ends by itself."""


SPEC = e.RunSpec(model="fake", layer="fc", neuron=0, strategy="published", metric="mean", iterations=2, images=1)
FAKE = Victim("kill an engine", SPEC, FakeSource(), 120)


def bundled() -> Victim:
    """A run over the bundled models, which this process loads: each engine finds them in its memory."""
    spec = msgspec.structs.replace(SPEC, model="emoji-resnet18", neuron=3, iterations=1)
    return Victim("kill an engine of the bundled models", spec, _Loaded(spec), 3600)


class _Loaded(CataloguedModels):
    def __init__(self, spec: e.RunSpec) -> None:
        # In a fork, OpenMP and llama.cpp wait for threads that only its parent has.
        super().__init__(settings=EngineDefaults(threads=1, device="cpu"))
        self._loaded = super().load(spec, None, lambda what: None)

    def load(self, spec: e.RunSpec, fixed: e.Settings | None, on_progress: Callable[[str], None]) -> LoadedModels:
        return self._loaded


EXPLAIN = (
    *("explain", "fake", "fc", "0", "--strategy", "published", "--metric", "mean"),
    *("--iterations", "2", "--images", "1"),
)
_MOST = 60
"""Attempts on one run, after which it may finish."""
MAIN = """
import sys
from line_tui import __main__ as program
from line_tui.cli import run
from line_tui.engine.client import EngineClient
def make(data, low_priority=False):
    return EngineClient(data, command=(sys.executable, "-m", "tests.engine.fake_engine"), grace=2)
program.run = lambda arguments: run(arguments, make)
program.main()
"""


@dataclass(frozen=True)
class Result:
    """What must be the same whatever happened."""

    label: str | None
    scores: list[tuple[str, float]]
    activations: list[tuple[str, float]]
    pictures: list[tuple[str, int]]


def result_of(events: list[e.Envelope]) -> Result:
    """The result of a finished run."""
    seen = [envelope.event for envelope in events]
    images = [event for event in seen if isinstance(event, e.ImageScored)]
    finished = [event for event in seen if isinstance(event, e.Finished)]
    return Result(
        finished[-1].label if finished else None,
        [(event.trial, event.mean) for event in seen if isinstance(event, e.TrialScored)],
        [(image.image.identity, image.activation) for image in images],
        sorted({(image.image.identity, _hash(image.image.path)) for image in images}),
    )


def _hash(path: str) -> int:
    image = decode_png(read_png(path) or b"")
    return hash(image.tobytes()) if image is not None else 0


def fork_engine(data: Path, command: p.AnyCommand, source: ModelSource) -> int:
    """An engine in a fork of this process, which has all libraries in memory already."""
    reader, writer = os.pipe()
    os.write(writer, msgspec.json.encode(command) + b"\n")
    pid = os.fork()
    if pid:
        os.close(reader)
        os.close(writer)
        return pid
    try:
        null = os.open(os.devnull, os.O_RDWR)
        for to, number in ((reader, 0), (null, 1), (null, 2)):
            os.dup2(to, number)
        # Its stdin does not end, as it holds the other end of the pipe itself.
        code = main(source, ["--data", str(data)])
    except BaseException:
        code = 99
    os._exit(code)


def wait(pid: int, seconds: float) -> int | None:
    """The exit status, or None when it goes on."""
    end = time.monotonic() + seconds
    while True:
        done, status = os.waitpid(pid, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status)
        if time.monotonic() >= end:
            return None
        time.sleep(0.002)


class Killer:
    """Kills runs of one store each, until the time is up."""

    def __init__(self, folder: Path, rng: random.Random, tally: Tally, victim: Victim) -> None:
        self._folder, self._rng, self._tally, self._victim = folder / victim.kind.replace(" ", "-"), rng, tally, victim
        self._folder.mkdir()
        self._runs = 0
        self._seconds = 0.5
        self._reference = self._undisturbed()

    def _undisturbed(self) -> Result:
        data = self._folder / "reference"
        began = time.monotonic()
        pid = self._begin(data)
        self._await_finish(data, pid)
        self._seconds = min(self._victim.patience / 60, time.monotonic() - began)
        with closing(Store.open(data)) as store:
            found = result_of(store.events("r"))
        assert found.label is not None
        return found

    def _begin(self, data: Path) -> int:
        command: p.AnyCommand = p.Resume(run_id="r") if _exists(data) else p.Start(run_id="r", spec=self._victim.spec)
        return fork_engine(data, command, self._victim.source)

    def _await_finish(self, data: Path, pid: int) -> None:
        end = time.monotonic() + self._victim.patience
        while time.monotonic() < end:
            time.sleep(0.05)
            if _finished(data):
                os.kill(pid, signal.SIGTERM)
                wait(pid, 30)
                return
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)

    def one_run(self, more: Callable[[], bool]) -> None:
        """A run that is killed at random moments until it is done."""
        self._runs += 1
        data, kind = self._folder / f"run-{self._runs}", self._victim.kind
        before: list[e.Envelope] = []
        for attempt in range(_MOST):
            pid = self._begin(data)
            number = self._rng.choice([signal.SIGKILL, signal.SIGKILL, signal.SIGTERM])
            last = attempt == _MOST - 1 or not more()
            if last:
                self._await_finish(data, pid)
            else:
                time.sleep(self._rng.uniform(0, self._seconds / 3))
                os.kill(pid, number)
                code = wait(pid, 60)
                if code not in (-number, *CODES):
                    self._tally.failed(kind, f"exit code {code} after {number.name}, run {self._runs}")
                if code is None:
                    os.kill(pid, signal.SIGKILL)
                    os.waitpid(pid, 0)
                self._tally.tried[kind] += 1
            before = self._check(data, before)
            if _finished(data):
                break
        self._compare(data)

    def one_call(self) -> None:
        """A whole command that gets a signal, and is resumed by the line that it prints."""
        self._runs += 1
        data = self._folder / f"call-{self._runs}"
        number = self._rng.choice([signal.SIGKILL, signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
        arguments = list(EXPLAIN)
        for attempt in range(2):
            process = call(data, arguments, FAKE_DELAY="0.03" if not attempt else "0")
            if not attempt:
                time.sleep(self._rng.uniform(0.3, 4))
                process.send_signal(number)
                self._tally.tried["signal a command"] += 1
            _, err = process.communicate(timeout=120)
            code = process.returncode
            fine = (0, 130) if number != signal.SIGKILL else (0, -9)
            # Before Python has begun to run our code, the system's own end is the only one there is.
            early = code == -number and not data.exists()
            if (code not in fine and not early and not attempt) or "Traceback" in err:
                self._tally.failed("signal a command", f"{number.name}: exit code {code}: {err[-300:]}")
            if attempt or not _exists(data):
                break
            with closing(Store.open(data)) as store:
                arguments = ["explain", "--resume", store.runs()[0].id]

    def _check(self, data: Path, before: list[e.Envelope]) -> list[e.Envelope]:
        kind = self._victim.kind
        if not _exists(data):
            if before:
                self._tally.failed(kind, f"the run is gone, run {self._runs}")
            return before
        with closing(Store.open(data)) as store:
            now = store.events("r")
            if now[: len(before)] != before or [v.seq for v in now] != list(range(1, len(now) + 1)):
                self._tally.failed(kind, f"events were lost or have a gap, run {self._runs}")
            if store.runs()[0].status == "damaged":
                self._tally.failed(kind, f"the run is damaged, run {self._runs}")
        return now

    def _compare(self, data: Path) -> None:
        with closing(Store.open(data)) as store:
            found = result_of(store.events("r"))
        if found != self._reference:
            label = f"another result: {found.label} instead of {self._reference.label} in {data}"
            self._tally.failed(self._victim.kind, label)
        else:
            shutil.rmtree(data)


def call(data: Path, arguments: Sequence[str], **environment: str) -> subprocess.Popen[str]:
    """A whole command over the fake models."""
    folders = {"LINE_TUI_DATA": str(data), "LINE_TUI_LOG": f"{data}-log", "LINE_TUI_CONFIG": f"{data}-config"}
    return subprocess.Popen(
        [sys.executable, "-c", MAIN, *arguments],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        stdin=subprocess.DEVNULL,
        text=True,
        env=os.environ | folders | environment,
    )


def _exists(data: Path) -> bool:
    return _ask(data, lambda store: bool(store.runs()))


def _finished(data: Path) -> bool:
    return _ask(data, lambda store: any(run.status == "finished" for run in store.runs()))


def _ask(data: Path, question: Callable[[Store], Any]) -> bool:
    if not (data / "line.db").exists():
        return False
    with closing(Store.open(data)) as store:
        return bool(question(store))
