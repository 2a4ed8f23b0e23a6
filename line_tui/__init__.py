"""Find out what a neuron of a vision model responds to.

import line_tui
found = line_tui.explain("emoji-resnet18", "fc", 3)
found.label, found.auc, found.pictures()
"""

from __future__ import annotations

import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from line_tui.api import Explanation, LineError, Progress, close, explain, layers

__version__ = "0.1.0"
__all__ = ["Explanation", "LineError", "Progress", "close", "explain", "layers"]


class _LineTui(ModuleType):
    """The package. Its functions `explain` and `layers` are not hidden by the modules of these names."""

    def __setattr__(self, name: str, value: object) -> None:
        # The import system puts a module into its package under its name.
        if not (name in __all__ and isinstance(value, ModuleType)):
            super().__setattr__(name, value)


def __getattr__(name: str) -> Any:
    # Imported at the first use: the command line and the app need none of it, and start sooner.
    if name not in __all__:
        raise AttributeError(f"module 'line_tui' has no attribute '{name}'")
    from line_tui import api

    return getattr(api, name)


sys.modules[__name__].__class__ = _LineTui
