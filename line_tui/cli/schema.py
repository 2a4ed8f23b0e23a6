"""`line-tui schema`: the JSON Schema of what the commands print with `--json`."""

from __future__ import annotations

import ast
import inspect
import textwrap
from importlib import import_module
from typing import Any

import click
import msgspec

from line_tui.cli.output import print_json

OUTPUTS = {
    "explain": "line_tui.report.result:Result",
    "runs": "list of line_tui.store.runs:RunSummary",
    "runs show": "line_tui.report.result:Result",
    "runs export": "list of line_tui.report.result:Result",
    "runs purge": "line_tui.report.listings:Erased",
    "layers": "list of line_tui.report.listings:Layer",
    "neurons": "list of line_tui.report.listings:ListedNeuron",
    "senses": "line_tui.report.polysemanticity:Polysemanticity",
    "evaluate": "line_tui.evaluate.request:Report",
    "maximise": "line_tui.activation_maximization:Comparison",
    "models list": "line_tui.hub.listing:Listing",
    "models pull": "list of line_tui.cli.pull_progress:Pulled",
    "models verify": "list of line_tui.hub.verify:Verdict",
    "models remove": "line_tui.report.listings:RemovedModel",
    "models path": "line_tui.report.listings:ModelPath",
    "doctor": "list of line_tui.doctor.findings:Finding",
    "doctor --model": "line_tui.doctor.vision_report:VisionReport",
    "config keys": "list of line_tui.tui.keymap:Remappable",
}
"""The type of each command's output. `explain` for several neurons prints one object per line."""


@click.command()
@click.argument("command", type=click.Choice(list(OUTPUTS)), metavar="COMMAND")
def schema(command: str) -> None:
    """Print the JSON Schema of a command's output.

    Describes what COMMAND prints with --json. Put a COMMAND of two words in quotes. Fields are only ever added; null
    means "not known" or "not measured".

    \b
    Examples:
      line-tui schema explain > explain.schema.json
      line-tui schema "runs show"
    """
    print_json(schema_of(command))


def schema_of(command: str) -> dict[str, Any]:
    """The JSON Schema of a command's output."""
    name = OUTPUTS[command]
    module, _, kind = name.removeprefix("list of ").partition(":")
    output: type = getattr(import_module(module), kind)
    document = described(list[output] if name.startswith("list of ") else output)  # type: ignore[valid-type]
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": f"Output of line-tui {command}",
    } | document


def described(output: Any) -> dict[str, Any]:
    """The JSON Schema of a type, with the fields' docstrings as descriptions."""
    generated = msgspec.json.schema(output)
    for kind, fields in _types(output).items():
        properties = generated["$defs"][kind.__name__]["properties"]
        for name, description in _descriptions(kind).items():
            properties.get(fields.get(name), {}).setdefault("description", description)
    return generated


def _types(output: Any) -> dict[type, dict[str, str]]:
    """A type and the types of its fields, recursively, each with its fields' names in the code and in JSON."""
    from msgspec.inspect import type_info

    types: dict[type, dict[str, str]] = {}

    def visit(info: Any) -> None:
        kind = getattr(info, "cls", None)
        if kind in types:
            return
        if kind is not None:
            types[kind] = {field.name: field.encode_name for field in info.fields}
            for field in info.fields:
                visit(field.type)
        for name in ("item_type", "value_type"):
            if hasattr(info, name):
                visit(getattr(info, name))
        for inner in getattr(info, "types", ()):
            visit(inner)

    visit(type_info(output))
    return types


def _descriptions(kind: type) -> dict[str, str]:
    """The docstrings under a class's fields and under those of its bases, by field."""
    descriptions: dict[str, str] = {}
    for each in reversed(kind.__mro__):
        if each.__module__.split(".")[0] != "line_tui":
            continue
        (node,) = ast.parse(textwrap.dedent(inspect.getsource(each))).body
        assert isinstance(node, ast.ClassDef)
        for field, text in zip(node.body, node.body[1:], strict=False):
            match field, text:
                case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(value=ast.Constant(value=str(docstring))):
                    descriptions[name] = inspect.cleandoc(docstring)
    return descriptions
