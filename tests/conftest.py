"""Marks each test by what it needs, from the folder it is in."""

from __future__ import annotations

from pathlib import Path

import pytest

NEEDS = {"bundled": "models", "e2e": "terminal"}
"""Folder -> marker; all other tests are unit tests."""

BEHIND = (
    "e2e/test_at_home.py",
    "e2e/test_choosing.py",
    "e2e/test_keeping.py",
    "e2e/test_terminal.py",
    "e2e/test_terminal_pictures.py",
)
"""Sessions that expect the screens and the world of before: known to fail or not run since, to be mended one by one."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give each test its marker, unless it has one of its own."""
    names = {"unit", "models", "terminal", "browser"}
    for item in items:
        if not names & {mark.name for mark in item.iter_markers()}:
            folder = item.path.relative_to(Path(__file__).parent).parts[0]
            item.add_marker(NEEDS.get(folder, "unit"))
        if any(f"tests/{place}" in item.nodeid for place in BEHIND):
            item.add_marker(pytest.mark.xfail(run=False, reason="expects the screens and the world of before"))
