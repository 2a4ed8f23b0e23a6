from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from line_tui.doctor.builds import LlamaCpp, Torch
from line_tui.doctor.installed_models import check_memory, check_models
from line_tui.doctor.machine import Machine
from line_tui.hub.receipts import Receipts
from line_tui.models.catalog import Catalog, GeneratorEntry, LanguageEntry, Profile, VisionEntry
from line_tui.models.model_files import Source

MACHINE = Machine(processor="", cores=1, flags=frozenset(), free_ram_mb=32000)
CUDA = Torch(version="2.14.1", cuda_build="13.0", device="cuda", free_mb=15500)
CPU_LLAMA = LlamaCpp(version="0.3.36")
PROFILE = Profile(id="mine", language="talker", generator="painter", vision="seer")


@pytest.fixture
def receipts(tmp_path: Path) -> Receipts:
    return Receipts(tmp_path / "data" / "verified.json")


@pytest.fixture
def catalog(tmp_path: Path) -> Catalog:
    for name in ("talker.gguf", "seer.safetensors"):
        (tmp_path / name).write_bytes(b"weights")
    (tmp_path / "painter").mkdir()
    return Catalog(
        language=[
            LanguageEntry(id="talker", source=Source(path=str(tmp_path / "talker.gguf")), memory_mb={"q4": 6000})
        ],
        generator=[
            GeneratorEntry(
                id="painter",
                source=Source(hub="someone/painter"),
                steps=30,
                guidance=7.0,
                size=1024,
                dtype="float16",
                memory_mb={"float16": 8000},
                batch_size=4,
            )
        ],
        vision=[
            VisionEntry(id="seer", source=Source(path=str(tmp_path / "seer.safetensors")), architecture="resnet18")
        ],
        profile=[PROFILE],
    )


def test_a_missing_model_matters_where_it_is_wanted(catalog: Catalog, receipts: Receipts) -> None:
    wanted = check_models(catalog, PROFILE, receipts, needed=True)
    assert (wanted.status, wanted.found) == ("problem", "not on this machine: painter")
    assert wanted.fix == "run `line-tui models pull mine`"
    assert check_models(catalog, PROFILE, receipts, needed=False).status == "note"


def test_a_missing_file_of_the_users_own_is_not_pulled(catalog: Catalog, receipts: Receipts, tmp_path: Path) -> None:
    (tmp_path / "talker.gguf").unlink()
    assert check_models(catalog, PROFILE, receipts, needed=True).fix == "correct the path in your catalog.toml"


def test_what_has_no_hash_is_not_called_verified(catalog: Catalog, receipts: Receipts, tmp_path: Path) -> None:
    painter = msgspec.structs.replace(catalog.generator[0], source=Source(path=str(tmp_path / "painter")))
    here = msgspec.structs.replace(catalog, generator=[painter])
    finding = check_models(here, PROFILE, receipts, needed=True)
    assert finding.status == "ok"
    assert finding.found.endswith("not compared with a hash: talker, painter, seer")


def test_a_profile_in_memory(catalog: Catalog) -> None:
    cpu = Torch(version="2.14.1")
    on_gpu = check_memory(catalog, PROFILE, MACHINE, CUDA, LlamaCpp(version="0.3.36", gpu=True))
    assert (on_gpu.status, "take turns, 4 pictures at a time" in on_gpu.found) == ("note", True)
    on_cpu = check_memory(catalog, PROFILE, MACHINE, cpu, CPU_LLAMA)
    assert on_cpu.found.startswith("all models stay loaded")
    little = check_memory(catalog, PROFILE, msgspec.structs.replace(MACHINE, free_ram_mb=4000), cpu, CPU_LLAMA)
    assert little.status == "problem"
    assert "smaller models" in little.fix


def test_a_llama_cpp_without_the_gpu_computes_on_the_cpu_whatever_would_fit(catalog: Catalog) -> None:
    large = msgspec.structs.replace(CUDA, free_mb=80000)
    finding = check_memory(catalog, PROFILE, MACHINE, large, CPU_LLAMA)
    assert (finding.status, finding.found[:38]) == ("note", "the language model computes on the CPU")
