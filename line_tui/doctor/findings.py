"""Findings of `line-tui doctor`."""

from __future__ import annotations

from typing import Literal

import msgspec

Status = Literal["ok", "note", "problem"]
"""`note`: it works, but not as well as it could, or not for every profile."""


class Finding(msgspec.Struct, frozen=True):
    """The outcome of one check."""

    check: str
    """Name of the check, such as "gpu" or "models: paper"."""
    status: Status
    """`note`: it works, but not as well as it could, or not for every profile."""
    found: str
    """What was found."""
    fix: str = ""
    """What to do about a problem."""
