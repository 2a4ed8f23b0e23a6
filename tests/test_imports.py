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
        ("line_tui.models.vision_loader", {"diffusers", "transformers", "llama_cpp"}),
        ("line_tui.tui.app", MODELS),
        ("line_tui.cli", MODELS | {"textual"}),
    ],
)
def test_imports_without(module: str, forbidden: set[str]) -> None:
    code = f"import sys, {module}; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert not forbidden & set(done.stdout.split())


@pytest.mark.parametrize(
    "before",
    [
        "import line_tui",
        "import line_tui.explain.state",
        "import line_tui.explain.state as state, line_tui.layers as layers; layers.find_layer, state.fold",
        "from line_tui.explain import state; from line_tui.layers import find_layer",
        "from line_tui.api import explain; import line_tui.explain",
        "from line_tui import explain, layers; assert explain is line_tui.explain; import line_tui.explain.state",
    ],
)
def test_functions_and_modules_of_one_name_are_one_thing(before: str) -> None:
    code = (
        f"import line_tui; {before}\n"
        "import inspect, line_tui.explain.state, line_tui.layers, line_tui.api\n"
        "assert line_tui.explain.state.fold and line_tui.layers.find_layer\n"
        "assert inspect.signature(line_tui.explain) == inspect.signature(line_tui.api.explain)\n"
        "try: line_tui.explain('emoji-resnet18', None, 0)\n"
        "except line_tui.LineError as error: print(error)\n"
        "try: line_tui.layers(len, name='x', preprocess=1, more=2)\n"
        "except TypeError as error: print(error)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "no layer was named" in done.stdout and "'more'" in done.stdout
