"""Runs whose disk is full, whose folders are no folders, vanish or cannot be written: told in one line, and resumed."""

from __future__ import annotations

import random
import shutil
import subprocess
import time
from contextlib import closing
from pathlib import Path

import pytest

from line_tui.store import Store
from tests.campaign.kills import EXPLAIN, call
from tests.campaign.tally import CODES, Tally
from tests.small_disk import mounted


class Faults:
    """One fault after the other."""

    def __init__(self, folder: Path, rng: random.Random, tally: Tally) -> None:
        self._folder, self._rng, self._tally = folder, rng, tally
        self._count = 0

    def one(self) -> None:
        """A fault of any kind."""
        self._count += 1
        fault = self._rng.choice([self._full, self._in_the_way, self._deleted, self._garbage])
        data = self._folder / f"fault-{self._count}"
        try:
            fault(data)
        finally:
            shutil.rmtree(data, ignore_errors=True)

    def _full(self, folder: Path) -> None:
        try:
            with mounted(folder, self._rng.randint(100, 900)) as disk:
                code = self._call("full disk", disk / "data")
                kept = folder.with_name(f"{folder.name}-kept")
                if (disk / "data" / "line.db").exists():
                    shutil.copytree(disk / "data", kept)
        except pytest.skip.Exception:
            return
        if kept.exists():
            self._resume("full disk", kept, code)
            shutil.rmtree(kept)

    def _in_the_way(self, data: Path) -> None:
        data.mkdir()
        (data / self._rng.choice(["line.db", "images", "leases"])).write_text("in the way")
        self._call("in the way", data)

    def _garbage(self, data: Path) -> None:
        Store.open(data).close()
        content = bytearray((data / "line.db").read_bytes())
        for _ in range(self._rng.randint(1, 50)):
            content[self._rng.randrange(len(content))] = self._rng.randrange(256)
        (data / "line.db").write_bytes(bytes(content))
        self._call("garbage", data)

    def _deleted(self, data: Path) -> None:
        process = call(data, EXPLAIN, FAKE_DELAY="0.01")
        time.sleep(self._rng.uniform(0.5, 3))
        shutil.rmtree(data, ignore_errors=True)
        self._judge("deleted", process)

    def _call(self, kind: str, data: Path) -> int:
        return self._judge(kind, call(data, EXPLAIN, FAKE_DELAY="0.01"))

    def _judge(self, kind: str, process: subprocess.Popen[str]) -> int:
        self._tally.tried[f"fault: {kind}"] += 1
        _, err = process.communicate(timeout=120)
        if process.returncode not in CODES or process.returncode == 1 or "Traceback" in err:
            self._tally.failed(f"fault: {kind}", f"exit code {process.returncode}: {err[-300:]}")
        if process.returncode and not err.strip():
            self._tally.failed(f"fault: {kind}", f"exit code {process.returncode} without a word")
        return process.returncode

    def _resume(self, kind: str, data: Path, code: int) -> None:
        with closing(Store.open(data)) as store:
            runs = store.runs()
        if runs and runs[0].status != "finished":
            again = call(data, ["explain", "--resume", runs[0].id], FAKE_DELAY="0.01")
            _, err = again.communicate(timeout=120)
            if again.returncode:
                self._tally.failed(f"fault: {kind}", f"no resume after {code}: {again.returncode}: {err[-300:]}")
