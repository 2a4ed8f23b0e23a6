"""Plug-ins: parts of line-tui from other packages, found by their entry points.

A package declares its parts in its metadata, for example:

    [project.entry-points."line_tui.strategies"]
    coin = "coin_toss:STRATEGY"

line-tui's own parts use the same registries, so a plug-in is found, listed and refused like them.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from typing import TypeVar

from line_tui.errors import UsageError

STRATEGIES = "line_tui.strategies"
"""`Registered` of `line_tui.explain.strategies`."""
VISION = "line_tui.vision"
"""Functions from a `VisionEntry` to a `Network`, named as the catalogue's `format`."""
GENERATORS = "line_tui.generators"
"""Functions as `OpenGenerator` of `line_tui.models.generators`, named as the catalogue's `format`."""
EXPORTERS = "line_tui.exporters"
"""`Exporter` of `line_tui.report.exporters`."""

Part = TypeVar("Part")


def names(group: str) -> list[str]:
    """Names of the plug-ins in a group, without loading any."""
    return sorted(_found(group))


def with_plugins(group: str, ours: Mapping[str, Part], kind: type[Part] | None = None) -> dict[str, Part]:
    """Our parts of a group and those of plug-ins, ours first. Raises UsageError as `find` does."""
    return {**ours, **{name: find(group, ours, name, kind) for name in names(group)}}


def find(group: str, ours: Mapping[str, Part], name: str, kind: type[Part] | None = None) -> Part:
    """The part of this name, one of ours or a plug-in.

    It must be an instance of `kind`, or a function if it is None. Raises UsageError for a plug-in that cannot be
    loaded, is of another kind, or has the name of one of ours.
    """
    point = _found(group).get(name)
    if point is None:
        return ours[name]
    if name in ours:
        raise _broken(point, f"line-tui has a '{name}' of its own")
    part = load(group, name)
    if not (callable(part) if kind is None else isinstance(part, kind)):
        raise _broken(point, f"it is a {type(part).__name__}, not {'a function' if kind is None else kind.__name__}")
    return part  # type: ignore[return-value]


def load(group: str, name: str) -> object:
    """Load a plug-in. Raises UsageError if it cannot be loaded."""
    try:
        return _found(group)[name].load()
    except Exception as error:  # Its code may raise anything.
        raise failed(group, name, error) from error


def failed(group: str, name: str, error: Exception) -> UsageError:
    """The error for an exception in a plug-in's code."""
    return _broken(_found(group)[name], f"{type(error).__name__}: {error}")


def _broken(point: EntryPoint, cause: str) -> UsageError:
    package = point.dist.name if point.dist is not None else point.module
    return UsageError(
        f"the plug-in '{point.name}' of {package} cannot be used: {cause}", f"update {package}, or uninstall it"
    )


@cache
def _found(group: str) -> dict[str, EntryPoint]:
    return {point.name: point for point in entry_points(group=group)}
