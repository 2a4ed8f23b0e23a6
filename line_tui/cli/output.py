"""Writes data to stdout, and messages and questions to stderr."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from contextlib import suppress

import click
import msgspec

from line_tui.child_main import lost_output
from line_tui.errors import UsageError
from line_tui.sanitize import shown, shown_lines


def print_message(text: str) -> None:
    """Print a message to stderr, without control characters. If stderr is full or closed, the message is lost."""
    with suppress(OSError):
        click.echo(shown_lines(text), err=True)


def confirmed(question: str, yes: bool) -> bool:
    """Whether the user, or `--yes`, confirms. Raises UsageError without a terminal, Abort on Ctrl-C."""
    if yes:
        return True
    try:
        return click.confirm(question, err=True)
    except (click.Abort, OSError) as error:
        if isinstance(error, click.Abort) and sys.stdin is not None and sys.stdin.isatty():
            raise
        print_message("")
        raise UsageError("this needs confirmation, and nobody can give it here", "add --yes") from None


def print_text(text: str) -> None:
    """Print text for people to stdout, without control characters. Raises StoreError if that fails."""
    print_data(shown_lines(text) + "\n")


def print_json(value: object) -> None:
    """Print exactly one JSON value to stdout. Raises StoreError if that fails."""
    text = msgspec.json.encode(value).decode()
    # JSON parsers read an escaped control character as the same text, and terminals do not obey it.
    safe = text if text.isprintable() else "".join(c if c.isprintable() else _escape(c) for c in text)
    print_data(safe + "\n")


def print_data(text: str) -> None:
    """Print data for other programs unchanged. Raises StoreError if that fails."""
    try:
        click.echo(text, nl=False)
    except OSError as error:
        lost = lost_output(error)
        # A reader such as `head` closes the pipe when it has read enough.
        if not isinstance(error, BrokenPipeError):
            raise lost from error


def table(header: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """Rows under a header, with numeric columns right-aligned. Nothing is truncated, so that programs can read it."""
    cells = [[shown(str(cell)) for cell in row] for row in rows]
    widths = [max(len(cell) for cell in column) for column in zip(header, *cells, strict=True)]
    right = [bool(rows) and all(isinstance(row[n], int | float) for row in rows) for n in range(len(header))]
    lines = []
    for row in [list(header), *cells]:
        padded = [
            cell.rjust(width) if number else cell.ljust(width)
            for cell, width, number in zip(row, widths, right, strict=True)
        ]
        lines.append("  ".join(padded).rstrip())
    return "\n".join(lines)


def _escape(char: str) -> str:
    units = char.encode("utf-16-be", "surrogatepass").hex()
    return "".join(f"\\u{units[n : n + 4]}" for n in range(0, len(units), 4))
