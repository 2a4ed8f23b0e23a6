"""Hooks of the site's build: they generate the reference from the code, and turn formulas into MathML."""

from __future__ import annotations

import ast
import html
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
from latex2mathml.converter import convert

from line_tui import errors
from line_tui.cli.main import cli
from line_tui.cli.schema import OUTPUTS, schema_of
from line_tui.tui.keymap import remappable

ROOT = Path(__file__).parent.parent

FORMULAS = {
    "inline": re.compile(r'<span class="arithmatex">\\\((.*?)\\\)</span>', re.S),
    "block": re.compile(r'<div class="arithmatex">\s*\\\[(.*?)\\\]\s*</div>', re.S),
}


PICTURES = [*(ROOT / "tests" / "tui" / "gallery").glob("*.[ps][nv]g"), ROOT / "models" / "measured" / "worst-cases.png"]


def on_pre_build(**_: Any) -> None:
    """Copy the notebook and the pictures, which are elsewhere in the repository, into docs/."""
    shutil.copyfile(ROOT / "line_tui" / "tutorial.ipynb", ROOT / "docs" / "notebook.ipynb")
    (ROOT / "docs" / "pictures").mkdir(exist_ok=True)
    for picture in PICTURES:
        shutil.copyfile(picture, ROOT / "docs" / "pictures" / picture.name)


def on_page_markdown(markdown: str, **_: Any) -> str:
    """Replace `{{ commands }}` and the other `PARTS` with generated text, and `{{ file PATH }}` with the document."""
    markdown = re.sub(r"\{\{ (\w+) \}\}", lambda match: PARTS[match[1]](), markdown)
    return re.sub(r"\{\{ file (\S+) \}\}", lambda match: document(match[1]), markdown)


def on_page_content(content: str, **_: Any) -> str:
    """Convert formulas to MathML, which browsers show without a script."""
    for display, pattern in FORMULAS.items():
        content = pattern.sub(lambda match: convert(html.unescape(match[1]), display=display), content)  # noqa: B023
    return content


def document(path: str) -> str:
    """A document of the repository, with its pictures, as text for a page of the site.

    Links to files in the repository become plain text.
    """
    text = (ROOT / path).read_text()
    text = re.sub(r"(?<!!)\[([^\]]*)\]\((?!https?:)[^)]*\)", r"\1", text)
    return re.sub(r"!\[([^\]]*)\]\((?!https?:)[^)]*/([^)/]*)\)", r"![\1](../pictures/\2)", text)


def commands() -> str:
    """Every command with its help text."""
    return "\n\n".join(_command(click.Context(cli, info_name="line-tui")))


def keys() -> str:
    """A table of the key bindings."""
    rows = [f"| `{key.id}` | {_keys(key.keys)} | {key.does} |" for key in remappable()]
    return "\n".join(["| id | keys | what it does |", "|---|---|---|", *rows])


def exit_codes() -> str:
    """A table of the exit codes."""
    kinds = sorted(errors.LineError.__subclasses__(), key=lambda kind: kind.exit_code)
    rows = [f"| {kind.exit_code} | {kind.__doc__} |" for kind in kinds]
    first = ["| 0 | Done. |", "| 1 | An unexpected error (the message names a log), or a problem found by `doctor`. |"]
    return "\n".join(["| code | meaning |", "|---|---|", *first, *rows, "| 130 | Interrupted by the user. |"])


def outputs() -> str:
    """A table of what each command prints with `--json`, then one table of fields per type."""
    kinds: dict[str, dict[str, Any]] = {}
    rows = []
    for command in OUTPUTS:
        schema = schema_of(command)
        kinds |= schema["$defs"]
        rows.append(f"| `{command}` | {_kind(schema)} |")
    parts = ["\n".join(["| command | prints |", "|---|---|", *rows])]
    for name, kind in sorted(kinds.items()):
        fields = [
            f"| `{field}` | {_kind(said)} | {_cell(said.get('description', ''))} |"
            for field, said in kind["properties"].items()
        ]
        table = "\n".join(["| field | type | meaning |", "|---|---|---|", *fields])
        parts.append(f"## {name}\n\n{kind.get('description', '')}\n\n{table}")
    return "\n\n".join(parts)


def messages() -> str:
    """All error messages and what to do about them, by exit code."""
    found: dict[str, set[tuple[str, str]]] = {kind.__name__: set() for kind in errors.LineError.__subclasses__()}
    for path in Path(errors.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and len(node.args) == 2 and _name(node.func) in found:
                found[_name(node.func)].add((_row(node.args[0]), _row(node.args[1])))
    parts = []
    for kind in sorted(errors.LineError.__subclasses__(), key=lambda kind: kind.exit_code):
        # A message that is only a variable says nothing here.
        told = [(cause, fix) for cause, fix in found[kind.__name__] if not re.fullmatch(r"\*[^*]+\*", cause)]
        rows = [f"| {cause} | {fix} |" for cause, fix in sorted(told)]
        parts.append(
            "\n".join([f"## Exit code {kind.exit_code}", "", kind.__doc__ or "", "", "| message | what to do |"])
        )
        parts[-1] += "\n" + "\n".join(["|---|---|", *rows])
    return "\n\n".join(parts)


PARTS: dict[str, Callable[[], str]] = {
    "commands": commands,
    "keys": keys,
    "exit_codes": exit_codes,
    "messages": messages,
    "outputs": outputs,
}


def _command(context: click.Context) -> list[str]:
    command = context.command
    if isinstance(command, click.Group):
        inner = [
            _command(click.Context(found, info_name=name, parent=context))
            for name in command.list_commands(context)
            if (found := command.get_command(context, name)) is not None and not found.hidden
        ]
        return [part for parts in inner for part in parts]
    return [f"## `{context.command_path}`", f"```text\n{command.get_help(context)}\n```"]


def _kind(schema: dict[str, Any]) -> str:
    """A JSON Schema type in a few words; objects link to their own tables."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return f"[{name}](#{name.lower()})"
    if "anyOf" in schema:
        return " or ".join(_kind(each) for each in schema["anyOf"])
    if "enum" in schema:
        return ", ".join(f"`{value}`" if value is not None else "null" for value in schema["enum"])
    if "prefixItems" in schema:
        return f"list of {' and '.join(map(_kind, schema['prefixItems']))}"
    if schema.get("type") == "array":
        return f"list of {_kind(schema['items'])}" if "items" in schema else "list"
    if schema.get("type") == "object" and "additionalProperties" in schema:
        return f"object of {_kind(schema['additionalProperties'])}"
    return str(schema.get("type", "any"))


def _keys(keys: str) -> str:
    return " ".join(f"`{key}`" for key in keys.split(","))


def _name(node: ast.expr) -> str:
    return node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else ""


def _row(node: ast.expr) -> str:
    """The text of a message. Code cannot be in italics, so there a placeholder is in capitals, as in `--help`."""
    return re.sub("`[^`]*`", lambda code: re.sub(r"\*([^*]+)\*", lambda name: name[1].upper(), code[0]), _text(node))


def _text(node: ast.expr) -> str:
    """The text of a string expression; what is filled in at run time is in italics."""
    if isinstance(node, ast.Constant):
        return _cell(str(node.value))
    if isinstance(node, ast.JoinedStr):
        return "".join(_text(part) for part in node.values)
    if isinstance(node, ast.BinOp):
        return _text(node.left) + _text(node.right)
    inner = node.value if isinstance(node, ast.FormattedValue) else node
    if isinstance(inner, ast.IfExp):
        return " / ".join(filter(None, (_text(inner.body), _text(inner.orelse))))
    return f"*{_cell(_words(inner))}*"


def _words(node: ast.expr) -> str:
    """A placeholder for a value: the last part of its name."""
    match node:
        case ast.Call(func=ast.Name(id="len")):
            return "number"
        case ast.Call(func=ast.Name() | ast.Attribute(value=ast.Constant()), args=[first, *_]):
            return _words(first)
        case ast.Call(func=ast.Attribute(value=value)):
            return _words(value)
    names = [
        part.attr if isinstance(part, ast.Attribute) else part.id
        for part in ast.walk(node)
        if isinstance(part, ast.Attribute | ast.Name)
    ]
    return names[0].strip("_").replace("_", " ") if names else "..."


def _cell(text: str) -> str:
    return " ".join(html.escape(text, quote=False).split(" ")).replace("|", "\\|").replace("*", "\\*")
