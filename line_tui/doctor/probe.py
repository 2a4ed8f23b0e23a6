"""Asks one library how it was built and prints JSON. A process of its own: these libraries can abort theirs.

python -m line_tui.doctor.probe torch | llama_cpp
"""

from __future__ import annotations

import json
import os
import sys


def _torch() -> dict[str, object]:
    import torch

    cuda = torch.cuda.is_available()
    return {
        "version": torch.__version__,
        "cuda_build": torch.version.cuda,
        "hip_build": torch.version.hip,
        "device": "cuda" if cuda else "mps" if torch.backends.mps.is_available() else "cpu",
        "name": torch.cuda.get_device_name() if cuda else "",
        "free_mb": torch.cuda.mem_get_info()[0] // 1_000_000 if cuda else 0,
    }


def _llama_cpp() -> dict[str, object]:
    import llama_cpp

    return {
        "version": llama_cpp.__version__,
        "gpu": bool(llama_cpp.llama_supports_gpu_offload()),
        "system": llama_cpp.llama_print_system_info().decode(),
    }


if __name__ == "__main__":
    # llama.cpp writes to fd 1, which must carry only the answer.
    own = os.dup(1)
    os.dup2(2, 1)
    answer = {"torch": _torch, "llama_cpp": _llama_cpp}[sys.argv[1]]()
    with os.fdopen(own, "w") as out:
        json.dump(answer, out)
