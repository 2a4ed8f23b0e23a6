"""The dark and the light theme: amber for the neuron's activity, blue for the user's position, grey for the rest."""

from __future__ import annotations

from textual.theme import BUILTIN_THEMES, Theme

from line_tui.errors import unknown_name

DARK = Theme(
    name="line-dark",
    dark=True,
    primary="#7aa2d6",
    secondary="#5f7fae",
    accent="#e8b45a",
    success="#8cc084",
    warning="#e8b45a",
    error="#ec7f86",
    foreground="#dde1ea",
    background="#111318",
    surface="#171a21",
    panel="#222733",
    variables={
        "text-muted": "#929bad",
        "border-blurred": "#3a4252",
        "border": "#7aa2d6",
        "footer-background": "#171a21",
        "footer-key-foreground": "#e8b45a",
        "footer-description-foreground": "#b4bccb",
        "block-cursor-background": "#2b3a52",
        "block-cursor-foreground": "#f4f6fa",
        "block-cursor-text-style": "bold",
        "input-selection-background": "#7aa2d6 35%",
    },
)

LIGHT = Theme(
    name="line-light",
    dark=False,
    primary="#245a9c",
    secondary="#4a76ac",
    accent="#8f5200",
    success="#246a33",
    warning="#8f5200",
    error="#a8201a",
    foreground="#23262d",
    background="#faf8f3",
    surface="#f2efe7",
    panel="#e5e1d6",
    variables={
        "text-muted": "#5d636f",
        "border-blurred": "#b9b4a6",
        "border": "#245a9c",
        "footer-background": "#ece8dd",
        "footer-key-foreground": "#8f5200",
        "footer-description-foreground": "#3d424c",
        "block-cursor-background": "#cfdcef",
        "block-cursor-foreground": "#14171c",
        "block-cursor-text-style": "bold",
        "input-selection-background": "#245a9c 30%",
    },
)


def check_theme(name: str) -> None:
    """Raises UnknownNameError for an unknown theme."""
    known = {DARK.name, LIGHT.name, *BUILTIN_THEMES}
    if name not in known:
        raise unknown_name("theme", name, known, "set [tui] theme to one that Ctrl+P, Theme lists")
