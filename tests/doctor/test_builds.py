"""The libraries of this installation, and ones that break as real ones do."""

from __future__ import annotations

import importlib.metadata
import os
from pathlib import Path

import pytest

from line_tui.doctor.builds import Broken, LlamaCpp, Torch, ask


def test_the_libraries_that_are_installed() -> None:
    torch = ask("torch", Torch)
    assert isinstance(torch, Torch)
    assert torch.version.split("+")[0] == importlib.metadata.version("torch").split("+")[0]
    llama = ask("llama_cpp", LlamaCpp)
    assert isinstance(llama, LlamaCpp)
    assert llama.version == importlib.metadata.version("llama-cpp-python")
    assert "CPU" in llama.system


@pytest.mark.parametrize(
    ("code", "why"),
    [
        ("import os; os.abort()", "its import ended with SIGABRT"),
        ("import os, signal; os.kill(os.getpid(), signal.SIGILL)", "ended with SIGILL: it was built for another CPU"),
        ("raise ImportError('libcudart.so.13: no such file')", "ImportError: libcudart.so.13: no such file"),
        ("raise SystemExit(3)", "its import failed with exit code 3"),
    ],
)
def test_a_library_that_takes_its_process_down(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: str, why: str
) -> None:
    (tmp_path / "llama_cpp.py").write_text(code)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path), prepend=os.pathsep)
    answer = ask("llama_cpp", LlamaCpp)
    assert isinstance(answer, Broken)
    assert answer.why.endswith(why)


def test_what_a_library_prints_is_no_part_of_its_answer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "llama_cpp.py").write_text(
        "import os; os.write(1, b'ggml_init: noise'); print('more')\n"
        "__version__ = '1'; llama_supports_gpu_offload = lambda: True; llama_print_system_info = lambda: b'CUDA'\n"
    )
    monkeypatch.setenv("PYTHONPATH", str(tmp_path), prepend=os.pathsep)
    assert ask("llama_cpp", LlamaCpp) == LlamaCpp(version="1", gpu=True, system="CUDA")
