"""Checks the machine and whether both torch and llama.cpp use the GPU."""

from __future__ import annotations

import importlib.metadata
import sys

from line_tui.doctor.builds import Broken, LlamaCpp, Torch
from line_tui.doctor.findings import Finding
from line_tui.doctor.machine import Machine

_LEAST_RAM_MB = 1500
"""RAM needed by the bundled models and the libraries."""
_PIP = f"{sys.executable} -m pip install"
"""This environment's pip; another pip would change another environment."""


def check_machine(machine: Machine) -> Finding:
    """Processor and RAM."""
    found = f"{machine.processor}, {machine.cores} cores, {machine.free_ram_mb / 1000:.1f} GB of RAM free"
    if machine.free_ram_mb < _LEAST_RAM_MB:
        return Finding("machine", "problem", found, "close other programs: the bundled models alone need 1.5 GB")
    return Finding("machine", "ok", found)


def check_gpu(machine: Machine, torch: Torch | Broken) -> Finding:
    """The GPU and its driver."""
    if machine.driver_error:
        return Finding(
            "gpu",
            "problem",
            f"nvidia-smi failed: {machine.driver_error}",
            "restart after a driver update, or install NVIDIA's driver again",
        )
    if machine.gpus:
        found = "; ".join(
            f"{gpu.name}, {gpu.free_mb / 1000:.1f} of {gpu.total_mb / 1000:.1f} GB free, driver {gpu.driver}"
            for gpu in machine.gpus
        )
        return Finding("gpu", "ok", found)
    if isinstance(torch, Torch) and torch.device != "cpu":
        return Finding("gpu", "ok", torch.name or f"torch found one ({torch.device})")
    if machine.amd:
        return Finding(
            "gpu", "note", "an AMD GPU, which torch does not use", "install torch's ROCm build from pytorch.org"
        )
    return Finding("gpu", "note", "none: everything runs on the CPU, which is enough for the profiles demo and laptop")


def check_torch(machine: Machine, torch: Torch | Broken) -> Finding:
    """torch, and whether it uses the GPU."""
    if isinstance(torch, Broken):
        return Finding("torch", "problem", torch.why, f"run `{_PIP} --force-reinstall torch torchvision`")
    built = (
        f"CUDA {torch.cuda_build}" if torch.cuda_build else f"ROCm {torch.hip_build}" if torch.hip_build else "no GPU"
    )
    found = f"{torch.version}, built for {built}, computes on {torch.device}"
    if not machine.gpus or torch.device == "cuda":
        return Finding("torch", "ok", found)
    if torch.cuda_build is None:
        fix = "install a CUDA build of torch and torchvision: pytorch.org names the command for your driver"
    else:
        fix = f"driver {machine.gpus[0].driver} may be too old for CUDA {torch.cuda_build}: update it"
    return Finding("torch", "problem", f"{found}, although there is a GPU", fix)


def check_llama_cpp(machine: Machine, torch: Torch | Broken, llama: LlamaCpp | Broken) -> Finding:
    """llama.cpp, and whether it was built for this GPU and this CPU."""
    rebuild = f"{_PIP} --force-reinstall --no-cache-dir --no-deps {_llama_requirement()}"
    if isinstance(llama, Broken):
        return Finding("llama.cpp", "problem", llama.why, f"run `{rebuild}`")
    device = torch.device if isinstance(torch, Torch) else "cpu"
    flag = "-DGGML_METAL=on" if device == "mps" else "-DGGML_HIP=on" if machine.amd else "-DGGML_CUDA=on"
    found = f"{llama.version}, built {'for a GPU' if llama.gpu else 'for the CPU only'}"
    if not llama.gpu and (machine.gpus or device != "cpu"):
        return Finding(
            "llama.cpp",
            "problem",
            f"{found}: the language model would leave the GPU unused",
            f"run `CMAKE_ARGS={flag} {rebuild}`",
        )
    unused = [name for name in ("AVX512", "AVX2") if _flag(name) in machine.flags and f"{name} = 1" not in llama.system]
    if unused and not llama.gpu:
        return Finding(
            "llama.cpp", "note", f"{found}, without this CPU's {unused[-1]}", f"for more speed, run `{rebuild}` here"
        )
    return Finding("llama.cpp", "ok", found)


def _llama_requirement() -> str:
    """The version that line-tui requires, which may not be the newest."""
    try:
        required = importlib.metadata.requires("line-tui") or []
    except importlib.metadata.PackageNotFoundError:  # line-tui runs from a checkout that is not installed.
        required = []
    name = "llama-cpp-python"
    return next((each for each in required if each.startswith(name)), name)


def _flag(name: str) -> str:
    return {"AVX512": "avx512f", "AVX2": "avx2"}[name]
