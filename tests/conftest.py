"""Marks each test by what it needs, from the folder it is in."""

from __future__ import annotations

from pathlib import Path

import pytest

NEEDS = {"bundled": "models", "e2e": "terminal"}
"""Folder -> marker; all other tests are unit tests."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give each test its marker, unless it has one of its own."""
    names = {"unit", "models", "terminal", "browser", "ray"}
    for item in items:
        if not names & {mark.name for mark in item.iter_markers()}:
            folder = item.path.relative_to(Path(__file__).parent).parts[0]
            item.add_marker(NEEDS.get(folder, "unit"))
