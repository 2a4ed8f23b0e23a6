"""Checks settings, the data folder and the disks."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from line_tui.config import config_path, data_folder, read_config
from line_tui.doctor.findings import Finding
from line_tui.errors import LineError
from line_tui.hub.cache import cache_folder
from line_tui.hub.pull import gigabytes
from line_tui.hub.unfinished import find_unfinished
from line_tui.models.catalog import Catalog, read_catalog, user_catalog_path
from line_tui.plural import counted
from line_tui.store import Store
from line_tui.store.filesystem import is_network

_LITTLE = 2_000_000_000
"""Minimum free bytes: a few hundred large runs would fill them."""


def check_config() -> Finding:
    """The settings file and the profile that it names."""
    path = config_path()
    try:
        profile = read_config().explain.profile
        read_catalog().find_profile(profile)
    except LineError as error:
        return Finding("config", "problem", error.cause, error.fix)
    where = str(path) if path.exists() else f"no {path}; all settings have their defaults"
    return Finding("config", "ok", f"{where}; profile {profile}")


def check_catalog() -> Finding:
    """The user's own catalogue."""
    path = user_catalog_path()
    try:
        catalog = read_catalog()
    except LineError as error:
        return Finding("catalogue", "problem", error.cause, error.fix)
    count = len(catalog.language) + len(catalog.generator) + len(catalog.vision)
    own = f", some from {path}" if path.exists() else ""
    return Finding("catalogue", "ok", f"{count} models, {len(catalog.profile)} profiles{own}")


def check_store() -> Finding:
    """The runs on disk."""
    folder = data_folder()
    if not os.path.exists(folder / "line.db"):  # noqa: PTH110
        parent = existing(folder)
        if not os.access(parent, os.W_OK):
            return Finding(
                "store", "problem", f"{parent} cannot be written", "set LINE_TUI_DATA to a folder that can be written"
            )
        return Finding("store", "ok", f"{folder}, no runs yet")
    try:
        store = Store.open(folder)
        runs = len(store.runs())
        store.close()
    except LineError as error:
        return Finding("store", "problem", error.cause, error.fix)
    except OSError as error:
        return Finding(
            "store", "problem", f"{folder}: {error.strerror or error}", "set LINE_TUI_DATA to a folder of yours"
        )
    slow = ", on a network file system (safe, but slower)" if is_network(folder) else ""
    return Finding("store", "ok", f"{folder}, {counted(runs, 'run')}{slow}")


def check_downloads(catalog: Catalog) -> list[Finding]:
    """Leftovers of interrupted pulls."""
    unfinished = find_unfinished(catalog.entries)
    if not unfinished:
        return [Finding("downloads", "ok", "no unfinished pulls")]
    return [Finding("downloads", "note", each.found, each.fix) for each in unfinished]


def check_disks() -> list[Finding]:
    """Free space for runs and models."""
    return [
        _room("disk: runs", data_folder(), "set LINE_TUI_DATA to a folder on a larger disk"),
        _room("disk: models", cache_folder(), "set HF_HOME to a folder on a larger disk"),
    ]


def _room(check: str, folder: Path, fix: str) -> Finding:
    free = shutil.disk_usage(existing(folder)).free
    found = f"{gigabytes(free)} free for {folder}"
    return (
        Finding(check, "problem", found, f"free some space, or {fix}")
        if free < _LITTLE
        else Finding(check, "ok", found)
    )


def existing(folder: Path) -> Path:
    """The folder, or its nearest existing parent."""
    # `Path.exists` raises for a folder without permission.
    while not os.path.exists(folder):  # noqa: PTH110
        folder = folder.parent
    return folder
