"""Find out what a neuron of a vision model responds to.

import line_tui
found = line_tui.explain("emoji-resnet18", "fc", 3)
found.label, found.auc, found.pictures()
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from line_tui.api import Explanation, LineError, Progress, close, explain, layers

__version__ = "0.1.0"
__all__ = ["Explanation", "LineError", "Progress", "close", "explain", "layers"]


def __getattr__(name: str) -> Any:
    # Imported on first use: the command line and the app do not need these and start faster without.
    if name not in __all__:
        raise AttributeError(f"module 'line_tui' has no attribute '{name}'")
    if name in ("explain", "layers"):
        # Our callable modules.
        return import_module(f"line_tui.{name}")
    return getattr(import_module("line_tui.api"), name)


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
