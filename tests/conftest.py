"""Marks each test by what it needs, from the folder or the file it is in."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

if TYPE_CHECKING:
    from line_tui.store import Store

# A busy machine is no failure.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")

NEEDS = {
    "bench": "models",
    "bundled": "models",
    "models": "models",
    "test_api.py": "models",
    "test_child_main.py": "models",
    "test_plugins.py": "models",
    "worlds": "models",
    "campaign": "processes",
    "cli": "processes",
    "doctor": "processes",
    "engine": "processes",
    "test_decodable.py": "processes",
    "test_imports.py": "processes",
    "test_sockets.py": "processes",
    "test_systems.py": "processes",
    "tui": "app",
    "e2e": "terminal",
}
"""Folder or file -> marker; all other tests are unit tests, the ones that `make check` runs."""
_HERE = Path(__file__).parent


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """With `-m unit`, leave out files without unit tests: importing their libraries takes longer than the tests."""
    place = collection_path.relative_to(_HERE).parts[:1] if collection_path.is_relative_to(_HERE) else ()
    return True if config.option.markexpr == "unit" and set(place) & set(NEEDS) else None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give each test its marker, unless it has one of its own, and begin with those in a terminal."""
    names = {"unit", "thorough", "ray", "browser", *NEEDS.values()}
    for item in items:
        if not names & {mark.name for mark in item.iter_markers()}:
            place = item.path.relative_to(_HERE).parts[0]
            item.add_marker(NEEDS.get(place, "unit"))
    # They take longest, most of it waiting: at the end, two of three workers would have nothing left to do.
    items.sort(key=lambda item: item.get_closest_marker("terminal") is None)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """A new store."""
    from line_tui.store import Store

    store = Store.open(tmp_path / "data")
    yield store
    store.close()


def pytest_collection_finish() -> None:
    """Leave what was imported out of garbage collections: many tests ask for one, which would look through it all."""
    gc.collect()
    gc.freeze()
