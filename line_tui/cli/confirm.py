"""Asks before an action that cannot easily be undone."""

from __future__ import annotations

import sys

import click

from line_tui.cli.output import say
from line_tui.errors import UsageError


def confirmed(question: str, yes: bool) -> bool:
    """Whether the user, or `--yes`, confirms. Raises UsageError without a terminal, Abort on Ctrl-C."""
    if yes:
        return True
    try:
        return click.confirm(question, err=True)
    except (click.Abort, OSError) as error:
        if isinstance(error, click.Abort) and sys.stdin is not None and sys.stdin.isatty():
            raise
        say("")
        raise UsageError("this needs confirmation, and nobody can give it here", "add --yes") from None
