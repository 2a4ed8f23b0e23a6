"""Kills, faults and fuzz for some minutes, from a seed: `python -m tests.campaign --minutes 10 --seed 0`.

Prints a table of counts and failures; the exit code is 1 when there was a failure. `make campaign` does it.
"""

from __future__ import annotations

import argparse
import os
import random
import sys
import tempfile
import time
from pathlib import Path


def main() -> int:
    """Attack line-tui until the time is up."""
    parser = argparse.ArgumentParser(prog="tests.campaign", description=__doc__)
    parser.add_argument("--minutes", type=float, default=10.0)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--kills", type=float, default=0.6, help="share of the time for kills; a tenth is for faults")
    parser.add_argument("--bundled", type=int, default=20, help="kills of runs over the bundled models, at the least")
    options = parser.parse_args()
    sys.dont_write_bytecode = True
    os.environ["PYTHONDONTWRITEBYTECODE"] = "1"
    # A fork has none of the threads that its libraries count on, and waits for them for ever.
    os.environ["OMP_NUM_THREADS"] = "1"
    memory = Path("/dev/shm")
    place = str(memory) if memory.is_dir() else None
    with tempfile.TemporaryDirectory(prefix="line-tui-campaign-", dir=place, ignore_cleanup_errors=True) as name:
        return attack(Path(name).resolve(), options.minutes * 60, options.seed, options.kills, options.bundled)


def attack(folder: Path, seconds: float, seed: int, kills: float, least: int) -> int:
    """Attack in a folder for some seconds, and until so many runs over the bundled models were killed."""
    for variable in ("LINE_TUI_DATA", "LINE_TUI_LOG", "LINE_TUI_CONFIG"):
        os.environ[variable] = str(folder / "home" / variable)
    os.environ["TORCHINDUCTOR_CACHE_DIR"] = str(folder / "inductor")
    os.environ["HF_HUB_CACHE"] = str(folder / "cache")
    # What a command is told to write may be named from here.
    root = str(Path.cwd())
    log = folder / "watched.log"
    log.touch()
    os.environ["CAMPAIGN_LOG"], os.environ["CAMPAIGN_FOLDER"] = str(log), str(folder)
    (folder / "hook").mkdir()
    os.environ["PYTHONPATH"] = f"{folder / 'hook'}:{root}:{os.environ.get('PYTHONPATH', '')}"
    (folder / "here").mkdir()
    os.chdir(folder / "here")
    sys.path.insert(0, root)
    from line_tui.offline import stay_offline

    stay_offline()
    from tests.campaign.faults import Faults
    from tests.campaign.fuzz import Fuzzer
    from tests.campaign.kills import FAKE, Killer, bundled
    from tests.campaign.tally import HOOK, PROCESS, Tally, watch

    (folder / "hook" / "sitecustomize.py").write_text(HOOK)
    watch(folder, log)
    tally, rng = Tally(), random.Random(seed)
    began = time.monotonic()

    def until(share: float) -> bool:
        return time.monotonic() - began < seconds * share

    # First what forks: it needs a process without threads.
    killer = Killer(folder, rng, tally, FAKE)
    while until(kills * 0.8):
        killer.one_run(lambda: until(kills * 0.8))
        if rng.random() < 0.1:
            killer.one_call()
    # These have libraries and weights in memory, which each fork would copy.
    victim = bundled()
    killer = Killer(folder, rng, tally, victim)

    def goes_on() -> bool:
        # Loading them and the undisturbed run may take the whole time.
        return until(kills) or tally.tried[victim.kind] < least

    while goes_on():
        killer.one_run(goes_on)
    faults = Faults(folder, rng, tally)
    while until(kills + 0.1):
        faults.one()
    fuzzer = Fuzzer(folder, rng, tally)
    while until(1):
        fuzzer.one_round()
    lines = log.read_text().splitlines()
    tally.tried["watch a process"] = sum(line.startswith(PROCESS) for line in lines)
    for line in sorted({line for line in lines if not line.startswith(PROCESS)}):
        tally.failed("watch a process", line)
    print(f"seed {seed}, {seconds / 60:.0f} minutes\n\n{tally.table()}")
    return 1 if tally.failures else 0


if __name__ == "__main__":
    sys.exit(main())
