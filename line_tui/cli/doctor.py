"""`line-tui doctor`: checks whether this machine can run line-tui."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click
import msgspec

from line_tui.cli.child_process import run_child
from line_tui.cli.options import Target, complete_models, json_option
from line_tui.cli.output import print_json, print_text
from line_tui.errors import UsageError

if TYPE_CHECKING:
    from line_tui.doctor.findings import Finding

_MARKS = {"ok": "ok     ", "note": "note   ", "problem": "PROBLEM"}


@click.command()
@click.option(
    "--model",
    shell_complete=complete_models,
    help="Show how this vision model is run, instead of checking the machine.",
)
@click.option("--layer", help="Layer whose activations --model shows, instead of the last.")
@click.option(
    "--pictures",
    type=Target(file_okay=False, path_type=Path),
    metavar="FOLDER",
    help="Folder in which --model saves its three pictures.",
)
@json_option
def doctor(model: str | None, layer: str | None, pictures: Path | None, as_json: bool) -> int | None:
    """Check whether this machine can run line-tui.

    Covers hardware, library builds, terminal, models, settings and disks. Exit code 1 if there is a problem.

    With --model, show how a vision model is run: its preprocessing, layers and identity, and the activations of three
    built-in pictures, to compare with your own code.

    \b
    Examples:
      line-tui doctor
      line-tui doctor --json
      line-tui doctor --model resnet50 --layer avgpool --pictures here
    """
    if model is not None:
        request = {
            "model": model,
            "layer": layer,
            "pictures": None if pictures is None else str(pictures),
            "as_json": as_json,
        }
        # This process never loads a model.
        return run_child("line_tui.doctor.vision_report", msgspec.json.encode(request).decode())
    if layer is not None or pictures is not None:
        raise UsageError("--layer and --pictures go with --model", "name the model")
    from line_tui.doctor.examine import examine
    from line_tui.doctor.screen import read_terminal
    from line_tui.tui.graphics_protocol import ask_terminal

    findings: list[Finding] = []
    for finding in examine(read_terminal(ask_terminal)):
        findings.append(finding)
        if not as_json:
            _print(finding)
    if as_json:
        print_json(findings)
    return int(any(finding.status == "problem" for finding in findings))


def _print(finding: Finding) -> None:
    print_text(f"{_MARKS[finding.status]}  {finding.check:<16}  {finding.found}")
    if finding.fix:
        print_text(f"{'':<9}{'':<16}  -> {finding.fix}")
