"""What the command line writes: data on stdout, narration on stderr, and nothing that a terminal would obey."""

from __future__ import annotations

import os
from contextlib import suppress

import click
import msgspec

from line_tui.errors import StoreError
from line_tui.text import shown_lines


def say(text: str) -> None:
    """A line of narration. A stderr that is full or closed is nothing to end for."""
    with suppress(OSError):
        click.echo(shown_lines(text), err=True)


def put(text: str) -> None:
    """A result for people, on stdout. Raises StoreError where it cannot be written."""
    put_data(shown_lines(text) + "\n")


def put_json(value: object) -> None:
    """Exactly one JSON value on stdout. Raises StoreError where it cannot be written."""
    text = msgspec.json.encode(value).decode()
    # JSON has an escape for each of them, so that they mean the same to a program and nothing to a terminal.
    safe = text if text.isprintable() else "".join(c if c.isprintable() else _escape(c) for c in text)
    put_data(safe + "\n")


def put_data(text: str) -> None:
    """Data for another program, as it is. Raises StoreError where it cannot be written."""
    try:
        click.echo(text, nl=False)
    except BrokenPipeError:
        # Who reads has enough, as `head` does; Python would try once more to write what is left, at its end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    except OSError as error:
        raise StoreError(
            f"stdout cannot be written: {error.strerror or error}",
            "nothing stored is lost: `line-tui runs` lists the runs, and `line-tui runs show ID` prints a result",
        ) from error


def _escape(char: str) -> str:
    units = char.encode("utf-16-be", "surrogatepass").hex()
    return "".join(f"\\u{units[n : n + 4]}" for n in range(0, len(units), 4))
