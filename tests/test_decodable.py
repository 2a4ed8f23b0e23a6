"""Threads that decode a type for the first time at once do not crash the process."""

import subprocess
import sys

import pytest

STRESS = """
import sys, threading
import msgspec
from line_tui.models.catalog import read_catalog
from line_tui.config import read_config
from line_tui.engine.bundled_bank import BundledBank
from line_tui.models.layer_cache import shipped_layers
from line_tui.activation_maximization import Request as Ascent
from line_tui.evaluate.request import Request as Evaluation
from line_tui.events import RunSpec

sys.setswitchinterval(1e-6)
start = threading.Barrier(6)

def decode():
    start.wait()
    for kind in (RunSpec, Ascent, Evaluation):
        msgspec.json.Decoder(kind)
    for read in (read_catalog, read_config, lambda: BundledBank().card, shipped_layers):
        read()

threads = [threading.Thread(target=decode) for _ in range(6)]
for thread in threads: thread.start()
for thread in threads: thread.join()
"""


@pytest.mark.parametrize("attempt", range(4))
def test_threads_decode_at_once(attempt: int) -> None:
    done = subprocess.run([sys.executable, "-c", STRESS], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
