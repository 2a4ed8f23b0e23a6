"""Finds out how torch and llama.cpp were built, in separate processes, which these libraries can abort.

python -m line_tui.doctor.builds torch | llama_cpp
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from typing import TypeVar

import msgspec

_PATIENCE = 180.0  # seconds; the first import of torch from a network disk is slow


class Torch(msgspec.Struct, frozen=True, kw_only=True):
    """The torch build and the device it would use."""

    version: str
    cuda_build: str | None = None
    hip_build: str | None = None
    """ROCm version of the build."""
    device: str = "cpu"
    name: str = ""
    """Name of the GPU."""
    free_mb: int = 0


class LlamaCpp(msgspec.Struct, frozen=True, kw_only=True):
    """The llama.cpp build inside the Python bindings."""

    version: str
    gpu: bool = False
    """Whether the build supports a GPU."""
    system: str = ""
    """llama.cpp's description of the instruction sets it was built for."""


class Broken(msgspec.Struct, frozen=True):
    """A library that cannot be imported."""

    why: str


Build = TypeVar("Build", Torch, LlamaCpp)


def ask(library: str, kind: type[Build]) -> Build | Broken:
    """How a library was built, or why it cannot be used."""
    command = [sys.executable, "-P", "-m", "line_tui.doctor.builds", library]
    try:
        done = subprocess.run(command, capture_output=True, timeout=_PATIENCE, stdin=subprocess.DEVNULL, check=False)
    except subprocess.TimeoutExpired:
        return Broken(f"its import took more than {_PATIENCE:.0f} s")
    if done.returncode < 0:
        name = signal.Signals(-done.returncode).name
        hint = ": it was built for another CPU" if name == "SIGILL" else ""
        return Broken(f"its import ended with {name}{hint}")
    if done.returncode > 0:
        lines = done.stderr.decode(errors="replace").strip().splitlines()
        return Broken(lines[-1] if lines else f"its import failed with exit code {done.returncode}")
    return msgspec.json.decode(done.stdout, type=kind)


def _torch() -> Torch:
    import torch

    cuda = torch.cuda.is_available()
    return Torch(
        version=str(torch.__version__),
        cuda_build=torch.version.cuda,
        hip_build=torch.version.hip,
        device="cuda" if cuda else "mps" if torch.backends.mps.is_available() else "cpu",
        name=torch.cuda.get_device_name() if cuda else "",
        free_mb=torch.cuda.mem_get_info()[0] // 1_000_000 if cuda else 0,
    )


def _llama_cpp() -> LlamaCpp:
    import llama_cpp

    return LlamaCpp(
        version=llama_cpp.__version__,
        gpu=bool(llama_cpp.llama_supports_gpu_offload()),
        system=llama_cpp.llama_print_system_info().decode(),
    )


if __name__ == "__main__":
    # llama.cpp writes to fd 1, which must contain only the answer.
    own = os.dup(1)
    os.dup2(2, 1)
    answer = {"torch": _torch, "llama_cpp": _llama_cpp}[sys.argv[1]]()
    with os.fdopen(own, "wb") as out:
        out.write(msgspec.json.encode(answer))
