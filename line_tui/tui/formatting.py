"""Formats numbers and names for people."""

from __future__ import annotations

from line_tui import events as e

MOVES: dict[e.Move, str] = {
    "start": "first pool",
    "new": "new idea",
    "generalise": "broader",
    "specialise": "narrower",
    "combine": "combined",
    "contrast": "contrast",
    "summarise": "summary of the best",
}
METRICS: dict[e.Metric, str] = {
    "correlation": "two-sided correlation",
    "mean": "mean activation",
    "auc": "AUC against the control set",
}
ORIGINS: dict[e.Origin, str] = {
    "vocabulary": "vocabulary",
    "random": "random word",
    "llm": "language model",
    "summary": "summary",
    "user": "you",
    "bank": "concept bank",
}
SHORT_ORIGINS: dict[e.Origin, str] = {
    "vocabulary": "vocab",
    "random": "random",
    "llm": "llm",
    "summary": "summary",
    "user": "you",
    "bank": "bank",
}
PHASES: dict[e.Phase, str] = {
    "loading": "loading models",
    "control": "measuring control",
    "proposing": "proposing",
    "waiting": "waiting for you",
    "drawing": "drawing",
    "verifying": "verifying",
    "paused": "paused",
    "idle": "idle",
}


def number(value: float | None) -> str:
    """A number with about three significant digits, in at most 7 characters; a dash for None."""
    if value is None:
        return "–"
    size = abs(value)
    if size >= 1000:
        return f"{value:.0f}" if size < 1e6 else f"{value:.1e}"
    if size >= 100:
        return f"{value:.1f}"
    if size >= 1 or size == 0:
        return f"{value:.2f}"
    return f"{value:.3f}" if size >= 0.001 else f"{value:.0e}"


def share(value: float | None) -> str:
    """A number in [0, 1], such as an AUC, with three decimals; a dash for None."""
    return "–" if value is None else f"{value:.3f}"


def short_duration(seconds: float) -> str:
    """Seconds as 40s, 3m20s or 2h05m."""
    return duration(seconds).replace(" min", "m").replace(" ", "")


def duration(seconds: float) -> str:
    """Seconds as 40 s, 3 min 20 s or 2 h 05 min."""
    total = round(seconds)
    if total < 60:
        return f"{total} s"
    if total < 3600:
        return f"{total // 60} min {total % 60:02d} s"
    return f"{total // 3600} h {total % 3600 // 60:02d} min"


def ago(seconds: float) -> str:
    """How long ago something was, in its largest unit."""
    for size, unit in ((86400, "d"), (3600, "h"), (60, "min")):
        if seconds >= size:
            return f"{int(seconds // size)} {unit} ago"
    return "just now"


def interval(low: float, high: float) -> str:
    """A 95% interval of an AUC."""
    return f"[{share(low)}, {share(high)}]"
