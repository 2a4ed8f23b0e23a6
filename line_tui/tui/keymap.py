"""The keys that a user can remap under `[tui.keys]`: their ids, and a check of the settings."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator
from dataclasses import replace

import msgspec
from textual.binding import Binding
from textual.dom import DOMNode

import line_tui.tui
from line_tui.config import TuiDefaults
from line_tui.errors import UsageError, unknown_name
from line_tui.tui.theme import check_theme


class Remappable(msgspec.Struct, frozen=True, kw_only=True):
    """A key binding that `[tui.keys]` can remap."""

    id: str
    """Its name in `[tui.keys]`."""
    keys: str
    """One or more keys, separated by commas, as in `[tui.keys]`."""
    does: str
    """What the key does."""


def remappable() -> list[Remappable]:
    """All bindings with an id, sorted by id; one that several screens share is listed once."""
    by_id = {
        binding.id: Remappable(id=binding.id, keys=binding.key, does=binding.tooltip or binding.description)
        for node in _nodes()
        for binding in _bindings(node)
        if binding.id
    }
    return [by_id[id] for id in sorted(by_id)]


def check_settings(settings: TuiDefaults) -> None:
    """Raises UnknownNameError for an unknown theme or binding, UsageError for a key with two bindings on a screen."""
    if settings.theme is not None:
        check_theme(settings.theme)
    if not (keys := settings.keys):
        # Otherwise every start would import all modules of the app.
        return
    nodes = _nodes()
    known = {binding.id for node in nodes for binding in _bindings(node) if binding.id}
    for id in keys:
        if id not in known:
            raise unknown_name("key binding", id, known, "`line-tui config keys` lists them")
    for node in nodes:
        taken: dict[str, str | None] = {}
        # Like Textual, ignore an empty entry.
        remapped = (replace(binding, key=keys.get(binding.id or "") or binding.key) for binding in _bindings(node))
        for binding in Binding.make_bindings(remapped):
            other = taken.setdefault(binding.key, binding.id)
            if other != binding.id and {other, binding.id} & keys.keys():
                raise UsageError(
                    f"[tui.keys] makes {binding.key} both {other} and {binding.id}",
                    "give one of them another key; `line-tui config keys` lists them",
                )


def _nodes() -> list[type[DOMNode]]:
    for module in pkgutil.walk_packages(line_tui.tui.__path__, f"{line_tui.tui.__name__}."):
        importlib.import_module(module.name)
    return [node for node in _below(DOMNode) if node.__module__.startswith(f"{line_tui.tui.__name__}.")]


def _below(node: type[DOMNode]) -> Iterator[type[DOMNode]]:
    for below in node.__subclasses__():
        yield below
        yield from _below(below)


def _bindings(node: type[DOMNode]) -> Iterator[Binding]:
    for base in node.__mro__:
        if base.__module__.startswith(f"{line_tui.tui.__name__}."):
            yield from base.__dict__.get("BINDINGS", ())
