"""Writes data to stdout and messages to stderr, without control characters."""

from __future__ import annotations

from contextlib import suppress

import click
import msgspec

from line_tui.child_main import lost_output
from line_tui.sanitize import shown_lines


def say(text: str) -> None:
    """Print a message. A full or closed stderr is not an error."""
    with suppress(OSError):
        click.echo(shown_lines(text), err=True)


def put(text: str) -> None:
    """Print a result for people to stdout. Raises StoreError if that fails."""
    put_data(shown_lines(text) + "\n")


def put_json(value: object) -> None:
    """Print exactly one JSON value to stdout. Raises StoreError if that fails."""
    text = msgspec.json.encode(value).decode()
    # Escape control characters: the same to programs, harmless to terminals.
    safe = text if text.isprintable() else "".join(c if c.isprintable() else _escape(c) for c in text)
    put_data(safe + "\n")


def put_data(text: str) -> None:
    """Print data for other programs unchanged. Raises StoreError if that fails."""
    try:
        click.echo(text, nl=False)
    except OSError as error:
        lost = lost_output(error)
        # A reader that has closed the pipe, as `head` does, has what it wanted.
        if not isinstance(error, BrokenPipeError):
            raise lost from error


def _escape(char: str) -> str:
    units = char.encode("utf-16-be", "surrogatepass").hex()
    return "".join(f"\\u{units[n : n + 4]}" for n in range(0, len(units), 4))
