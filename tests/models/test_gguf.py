"""A GPU that holds a few layers, faked: llama.cpp here computes on the CPU, wherever it believes the layers to be."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import Any

import llama_cpp
import pytest

from line_tui.errors import MemoryLimitError, ModelFileError, UsageError
from line_tui.models.catalog import read_catalog
from line_tui.models.gguf import ALL_LAYERS, check_writes, open_gguf
from line_tui.models.language import LlamaLanguage
from line_tui.models.model_files import locate

SMOLLM = locate(read_catalog().find_language("smollm2-135m").source, "smollm2-135m")
BLOCKS = 30


class Gpu:
    def __init__(self, room: int) -> None:
        self.room = room
        self.tried: list[int] = []
        self.notes: list[str] = []

    def open(self, gpu_layers: int | None) -> int:
        return open_gguf(SMOLLM, "smollm2", context=64, threads=1, gpu_layers=gpu_layers, on_note=self.notes.append)[1]


@pytest.fixture
def gpu(monkeypatch: pytest.MonkeyPatch) -> Gpu:
    fake, real = Gpu(room=BLOCKS), llama_cpp.Llama

    def crowded(path: str, *, n_gpu_layers: int, **options: Any) -> llama_cpp.Llama:
        fake.tried.append(n_gpu_layers)
        if (BLOCKS if n_gpu_layers == ALL_LAYERS else n_gpu_layers) > fake.room:
            raise ValueError("Failed to create llama_context")
        return real(path, n_gpu_layers=0, **options)

    monkeypatch.setattr(llama_cpp, "Llama", crowded)
    return fake


def test_all_layers_where_they_fit(gpu: Gpu) -> None:
    assert gpu.open(None) == ALL_LAYERS
    assert (gpu.tried, gpu.notes) == ([ALL_LAYERS], [])


@pytest.mark.parametrize(("room", "tried"), [(20, [ALL_LAYERS, 15]), (3, [ALL_LAYERS, 15, 0])])
def test_half_of_them_where_all_do_not_and_none_where_half_do_not(gpu: Gpu, room: int, tried: list[int]) -> None:
    gpu.room = room
    assert gpu.open(None) == tried[-1]
    assert gpu.tried == tried
    told = f"smollm2: {tried[-1]} of its 30 layers fit on the GPU; the CPU computes the others, more slowly"
    assert gpu.notes == [told]


@pytest.mark.parametrize(("layers", "called"), [(ALL_LAYERS, "all"), (15, "15")])
def test_what_a_run_was_begun_with_is_had_or_refused(gpu: Gpu, layers: int, called: str) -> None:
    assert gpu.open(layers) == layers
    gpu.room = 3
    with pytest.raises(MemoryLimitError, match=f"smollm2: {called} of its 30 layers do not fit on the GPU"):
        gpu.open(layers)
    assert gpu.tried == [layers, layers]


def test_a_model_that_fits_nowhere(gpu: Gpu) -> None:
    gpu.room = -1
    with pytest.raises(ModelFileError, match="too large for the memory"):
        gpu.open(None)
    assert gpu.tried == [ALL_LAYERS, 15, 0]


def test_a_damaged_file_is_not_tried_again(gpu: Gpu, tmp_path: Any) -> None:
    path = tmp_path / "model.gguf"
    path.write_bytes(SMOLLM.read_bytes()[:50_000])
    with pytest.raises(ModelFileError, match="damaged"):
        open_gguf(path, "mine", context=64, threads=1, gpu_layers=None, on_note=gpu.notes.append)
    assert (gpu.tried, gpu.notes) == ([ALL_LAYERS], [])


def test_a_template_that_nobody_can_parse_leaves_the_few_shot_form(tmp_path: Path) -> None:
    content = SMOLLM.read_bytes()
    broken = content.replace(b"{% for", b"{% fxr", 1)
    assert broken != content
    (tmp_path / "model.gguf").write_bytes(broken)
    with closing(LlamaLanguage(tmp_path / "model.gguf", "mine", context=64)) as language:
        assert language.style == "few-shot"
    with closing(LlamaLanguage(tmp_path / "model.gguf", "mine", context=64, style="few-shot")) as language:
        assert language.style == "few-shot"
    with pytest.raises(UsageError, match="no usable chat template"):
        LlamaLanguage(tmp_path / "model.gguf", "mine", context=64, style="chat")


def test_an_embedding_model_is_found_out_at_load() -> None:
    check_writes({"general.architecture": "llama", "llama.attention.causal": "true"}, "m")
    for header in (
        {"general.architecture": "bert", "bert.attention.causal": "false"},
        {"general.architecture": "qwen3", "qwen3.pooling_type": "3"},
    ):
        with pytest.raises(ModelFileError, match="m is an embedding model"):
            check_writes(header, "m")
