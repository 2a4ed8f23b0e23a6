"""The schedulers of the installed diffusers, by name, without importing it."""

from __future__ import annotations

import re
from functools import cache
from importlib.util import find_spec
from pathlib import Path

_QUOTED = re.compile(r'"([A-Za-z]\w*Scheduler)"')


@cache
def scheduler_names() -> list[str]:
    """Names of the classes, sorted; none where diffusers is not installed.

    The screen's process reads the catalogue too, and may not import diffusers: its list of names is read as text.
    """
    found = find_spec("diffusers")
    if found is None or found.origin is None:
        return []
    listed = Path(found.origin).parent / "schedulers" / "__init__.py"
    try:
        return sorted(set(_QUOTED.findall(listed.read_text(encoding="utf-8"))))
    except OSError:
        return []


def check_scheduler(name: str | None) -> None:
    """Raises ValueError for an unknown name; None is the pipeline's own."""
    known = scheduler_names()
    if name is not None and known and name not in known:
        raise ValueError(f"scheduler must be one of {', '.join(known)}, not {name!r}")
