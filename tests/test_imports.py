"""The contracts of pyproject.toml at run time: what a process really imports, transitively."""

import subprocess
import sys

import pytest

MODELS = {"torch", "torchvision", "diffusers", "transformers", "llama_cpp"}


@pytest.mark.parametrize(
    ("module", "forbidden"),
    [
        ("line_tui", MODELS | {"textual", "rich", "click", "sqlite3", "msgspec", "numpy"}),
        ("line_tui.explain.loop", MODELS | {"textual", "rich", "click", "sqlite3"}),
        ("line_tui.explain.published", MODELS | {"textual", "rich", "click", "sqlite3"}),
        ("line_tui.store", MODELS | {"textual"}),
        ("line_tui.engine.client", MODELS | {"textual"}),
        ("line_tui.models.catalog", MODELS | {"textual"}),
        ("line_tui.tui.app", MODELS),
        ("line_tui.cli", MODELS | {"textual"}),
    ],
)
def test_imports_without(module: str, forbidden: set[str]) -> None:
    code = f"import sys, {module}; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert not forbidden & set(done.stdout.split())
