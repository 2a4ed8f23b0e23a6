"""Findings of the doctor."""

from __future__ import annotations

from typing import Literal

import msgspec

Status = Literal["ok", "note", "problem"]
"""`note` means that it works, but not as well as it could, or not for every profile."""


class Finding(msgspec.Struct, frozen=True):
    """The outcome of one check."""

    check: str
    """Name of the check, such as "gpu" or "models: paper"."""
    status: Status
    found: str
    fix: str = ""
    """What to do about a problem."""
