"""Takes GPU memory away from a process that computes, once a file appears: what is in use, and little more, stays."""

import os
import sys
import threading
import time
from pathlib import Path

SHARE = 0.45
"""Of what the work needed beyond the models."""


def _squeeze(sign: Path) -> None:
    while not sign.exists():
        time.sleep(0.05)
    torch = sys.modules.get("torch")
    if torch is None or not torch.cuda.is_available() or not torch.cuda.is_initialized():
        return
    now, most = torch.cuda.memory_allocated(), torch.cuda.max_memory_allocated()
    total = torch.cuda.get_device_properties(0).total_memory
    torch.cuda.set_per_process_memory_fraction((now + SHARE * (most - now)) / total)
    print(f"squeezed: {now / 1e9:.1f} GB in use, {most / 1e9:.1f} at most", file=sys.stderr, flush=True)


if "GPU_CHECK_SQUEEZE" in os.environ:
    threading.Thread(target=_squeeze, args=(Path(os.environ["GPU_CHECK_SQUEEZE"]),), daemon=True).start()
