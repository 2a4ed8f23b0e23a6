import gc
import subprocess
import sys

import pytest

from line_tui.tui import garbage
from tests.tui.stage import Stage, settle


def test_no_full_collection_comes_by_itself() -> None:
    code = (
        "import gc\n"
        "from line_tui.tui import garbage\n"
        "garbage.collect_on_request()\n"
        "full = []\n"
        "gc.callbacks.append(lambda phase, info: full.append(1) if info['generation'] == 2 else None)\n"
        "kept = []\n"
        "for n in range(300_000):\n"
        "    kept.append([])\n"
        "by_itself = len(full)\n"
        "garbage.collect()\n"
        "print(by_itself, len(full) > by_itself, gc.get_freeze_count() > 0)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "0 True True\n"


async def test_the_app_collects(on: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    full: list[int] = []
    gc.callbacks.append(lambda phase, info: full.append(1) if info["generation"] == 2 else None)
    monkeypatch.setattr(garbage, "INTERVAL", 0.01)
    try:
        async with on.app.run_test() as pilot:
            await settle(pilot, lambda: len(full) > 4)
    finally:
        gc.callbacks.pop()
