"""Callable modules: `line_tui.explain(...)` is a function call, and `line_tui.explain.state` a module."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from importlib import import_module
from types import ModuleType
from typing import Any


class CallableModule(ModuleType):
    """A module that calls the function of the same name in `line_tui.api`."""

    def __call__(self, *given: Any, **named: Any) -> Any:
        """Call the function."""
        return self._function(*given, **named)

    @property
    def __doc__(self) -> str:  # type: ignore[override]
        """The function's documentation, for `help`."""
        return f"{inspect.getdoc(self._function)}\n\n{self._function.__name__}{self.__signature__}"

    @property
    def __signature__(self) -> inspect.Signature:
        return inspect.signature(self._function)

    @property
    def _function(self) -> Callable[..., Any]:
        # Imported when called: no module may depend on everything that the API needs.
        function: Callable[..., Any] = getattr(import_module("line_tui.api"), self.__name__.rpartition(".")[2])
        return function
