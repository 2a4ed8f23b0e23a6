import subprocess
import sys

HEAVY = "torch torchvision llama_cpp diffusers transformers scipy sklearn"
LIGHT = [
    f"line_tui.models.{name}" for name in ("catalog", "generator_names", "layer_cache", "lock_file", "model_files")
]


def test_the_app_imports_no_model_library() -> None:
    code = (
        "import sys, pkgutil, importlib, line_tui.tui\n"
        "for module in pkgutil.walk_packages(line_tui.tui.__path__, 'line_tui.tui.'):\n"
        "    importlib.import_module(module.name)\n"
        f"heavy = [name for name in {HEAVY.split()!r} if name in sys.modules]\n"
        "models = [name for name in sys.modules if name.startswith('line_tui.models.')]\n"
        "print(heavy, sorted(models))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == f"[] {LIGHT}\n"
