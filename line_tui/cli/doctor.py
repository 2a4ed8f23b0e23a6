"""`line-tui doctor`: what stands between this machine and a first explanation."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from line_tui.cli.options import json_option
from line_tui.cli.say import put, put_json

if TYPE_CHECKING:
    from line_tui.doctor.findings import Finding

_MARKS = {"ok": "ok     ", "note": "note   ", "problem": "PROBLEM"}


@click.command()
@json_option
@click.pass_context
def doctor(context: click.Context, as_json: bool) -> None:
    """Examine hardware, library builds, terminal, models, settings and disks; exit code 1 when there is a problem.

    \b
    Examples:
      line-tui doctor
      line-tui doctor --json
    """
    from line_tui.doctor.examine import examine
    from line_tui.doctor.screen import read_terminal

    findings: list[Finding] = []
    for finding in examine(read_terminal()):
        findings.append(finding)
        if not as_json:
            _print(finding)
    if as_json:
        put_json(findings)
    context.exit(any(finding.status == "problem" for finding in findings))


def _print(finding: Finding) -> None:
    put(f"{_MARKS[finding.status]}  {finding.check:<16}  {finding.found}")
    if finding.fix:
        put(f"{'':<9}{'':<16}  -> {finding.fix}")
