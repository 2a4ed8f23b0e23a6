from __future__ import annotations

from pathlib import Path

import pytest

from line_tui.doctor.machine import Gpu, parse_nvidia_smi, read_machine
from line_tui.models.ram import free_ram_mb


def test_nvidia_smis_table() -> None:
    text = "NVIDIA GeForce RTX 3090, 550.54.14, 24576, 23000\nNVIDIA H100, 80GB HBM3, 560.35, 81559, 81000\n"
    assert parse_nvidia_smi(text) == [
        Gpu("NVIDIA GeForce RTX 3090", "550.54.14", 25769, 24117),
        Gpu("NVIDIA H100, 80GB HBM3", "560.35", 85520, 84934),
    ]
    # A GPU without memory of its own (Jetson, GB10) says [N/A].
    assert parse_nvidia_smi("NVIDIA GB10, 580.95, [N/A], [N/A]\n\nNo devices were found\n") == []


def _fake_nvidia_smi(folder: Path, script: str) -> None:
    path = folder / "nvidia-smi"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    return tmp_path


def test_a_machine_with_a_gpu(path: Path) -> None:
    _fake_nvidia_smi(path, "echo 'NVIDIA A100, 550.54, 40960, 40000'")
    machine = read_machine()
    assert [gpu.name for gpu in machine.gpus] == ["NVIDIA A100"]
    assert machine.driver_error == ""


def test_a_driver_that_does_not_fit_its_library(path: Path) -> None:
    _fake_nvidia_smi(path, "echo 'Failed to initialize NVML: Driver/library version mismatch'; exit 18")
    machine = read_machine()
    assert machine.gpus == []
    assert machine.driver_error == "Failed to initialize NVML: Driver/library version mismatch"


def test_this_machine() -> None:
    machine = read_machine()
    assert machine.cores >= 1
    assert machine.processor
    assert machine.free_ram_mb > 100


def test_free_ram_is_the_smaller_of_machine_and_container(tmp_path: Path) -> None:
    meminfo = tmp_path / "meminfo"
    meminfo.write_text("MemTotal: 32000000 kB\nMemAvailable: 16000000 kB\n")
    assert free_ram_mb(meminfo, tmp_path) == 16384
    (tmp_path / "memory.max").write_text("max\n")
    (tmp_path / "memory.current").write_text("1500000000\n")
    (tmp_path / "memory.stat").write_text("anon 900000000\ninactive_file 500000000\n")
    assert free_ram_mb(meminfo, tmp_path) == 16384
    (tmp_path / "memory.max").write_text("4000000000\n")
    assert free_ram_mb(meminfo, tmp_path) == 3000
