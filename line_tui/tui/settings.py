"""Checks the values of `[tui]` that only the app can judge."""

from __future__ import annotations

from line_tui.config import TuiDefaults
from line_tui.tui.keymap import check_keys
from line_tui.tui.theme import check_theme


def check_settings(settings: TuiDefaults) -> None:
    """Raises UnknownNameError for an unknown theme or key binding, UsageError for a key with two meanings."""
    if settings.theme is not None:
        check_theme(settings.theme)
    check_keys(settings.keys)
