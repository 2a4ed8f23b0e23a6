"""What the doctor says."""

from __future__ import annotations

from typing import Literal

import msgspec

Status = Literal["ok", "note", "problem"]
"""`note`: works, but not as well as it could, or not for every profile."""


class Finding(msgspec.Struct, frozen=True):
    """One thing that was looked at."""

    check: str
    """Its name, such as "gpu" or "models: paper"."""
    status: Status
    found: str
    fix: str = ""
    """What to do about a problem."""
