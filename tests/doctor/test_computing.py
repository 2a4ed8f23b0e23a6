"""Machines that are not here, as numbers: what the doctor would say about them."""

from __future__ import annotations

import importlib.metadata
import sys

import msgspec
import pytest

from line_tui.doctor.builds import Broken, LlamaCpp, Torch
from line_tui.doctor.computing import check_gpu, check_llama_cpp, check_machine, check_torch
from line_tui.doctor.machine import Gpu, Machine

LAPTOP = Machine(processor="A CPU", cores=8, flags=frozenset({"avx2", "avx512f"}), free_ram_mb=12000)
STATION = msgspec.structs.replace(LAPTOP, gpus=[Gpu("NVIDIA RTX 4090", "550.54", 25757, 25000)])
CPU_TORCH = Torch(version="2.14.1+cpu")
CUDA_TORCH = Torch(version="2.14.1+cu130", cuda_build="13.0", device="cuda", name="NVIDIA RTX 4090")
CPU_LLAMA = LlamaCpp(version="0.3.36", system="CPU : AVX2 = 1 | AVX512 = 1 | ")
CUDA_LLAMA = LlamaCpp(version="0.3.36", gpu=True)


def test_a_laptop_without_a_gpu_is_well() -> None:
    assert check_machine(LAPTOP).status == "ok"
    assert check_gpu(LAPTOP, CPU_TORCH).status == "note"
    assert check_torch(LAPTOP, CPU_TORCH).status == "ok"
    assert check_llama_cpp(LAPTOP, CPU_TORCH, CPU_LLAMA).status == "ok"


def test_a_workstation_that_uses_its_gpu_is_well() -> None:
    assert check_gpu(STATION, CUDA_TORCH).found == "NVIDIA RTX 4090, 25.0 of 25.8 GB free, driver 550.54"
    assert check_torch(STATION, CUDA_TORCH).status == "ok"
    assert check_llama_cpp(STATION, CUDA_TORCH, CUDA_LLAMA).status == "ok"


def test_llama_cpp_without_the_gpu() -> None:
    finding = check_llama_cpp(STATION, CUDA_TORCH, CPU_LLAMA)
    assert finding.status == "problem"
    # Of this environment, and of the version that this program needs.
    assert finding.fix.startswith(f"run `CMAKE_ARGS=-DGGML_CUDA=on {sys.executable} -m pip install --force-reinstall")
    [needed] = [each for each in importlib.metadata.requires("line-tui") or [] if each.startswith("llama-cpp-python")]
    assert finding.fix.endswith(f" {needed}`")


@pytest.mark.parametrize(
    ("machine", "torch", "flag"),
    [
        (LAPTOP, Torch(version="2.14", device="mps"), "-DGGML_METAL=on"),
        (
            msgspec.structs.replace(LAPTOP, amd=True),
            Torch(version="2.14", hip_build="7.0", device="cuda"),
            "-DGGML_HIP=on",
        ),
    ],
)
def test_llama_cpp_for_other_gpus(machine: Machine, torch: Torch, flag: str) -> None:
    assert flag in check_llama_cpp(machine, torch, CPU_LLAMA).fix


def test_a_gpu_that_torch_cannot_use() -> None:
    without = check_torch(STATION, CPU_TORCH)
    assert (without.status, "CUDA build" in without.fix) == ("problem", True)
    too_new = check_torch(STATION, Torch(version="2.14.1+cu130", cuda_build="13.0"))
    assert too_new.fix == "driver 550.54 may be too old for CUDA 13.0: update it"


def test_a_driver_that_fails() -> None:
    finding = check_gpu(msgspec.structs.replace(LAPTOP, driver_error="Driver/library version mismatch"), CPU_TORCH)
    assert (finding.status, finding.found) == ("problem", "nvidia-smi failed: Driver/library version mismatch")


def test_libraries_that_cannot_be_imported() -> None:
    assert check_torch(LAPTOP, Broken("no libcudart")).status == "problem"
    assert check_llama_cpp(LAPTOP, Broken("no libcudart"), Broken("SIGILL")).status == "problem"
    assert check_gpu(LAPTOP, Broken("no libcudart")).status == "note"


def test_llama_cpp_built_for_an_older_cpu() -> None:
    finding = check_llama_cpp(LAPTOP, CPU_TORCH, LlamaCpp(version="0.3.36", system="CPU : SSE3 = 1 | "))
    assert (finding.status, "without this CPU's AVX2" in finding.found) == ("note", True)


def test_too_little_ram() -> None:
    assert check_machine(msgspec.structs.replace(LAPTOP, free_ram_mb=900)).status == "problem"
