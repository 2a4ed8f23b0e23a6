"""Hooks of the site's build: they generate the reference from the code, and turn formulas into MathML."""

from __future__ import annotations

import ast
import html
import json
import os
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any, get_args

import click
from latex2mathml.converter import convert

from line_tui import errors
from line_tui.cli.main import cli
from line_tui.cli.schema import OUTPUTS, described, schema_of
from line_tui.config import Config
from line_tui.events import AnyEvent, Durable
from line_tui.tui.keymap import remappable

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"
INCLUDED = r"\{\{ file (\S+) \}\}"

FORMULAS = {
    "inline": re.compile(r'<span class="arithmatex">\\\((.*?)\\\)</span>', re.S),
    "block": re.compile(r'<div class="arithmatex">\s*\\\[(.*?)\\\]\s*</div>', re.S),
}


PICTURES = [*(ROOT / "tests" / "tui" / "gallery").glob("*.[ps][nv]g"), ROOT / "models" / "measured" / "worst-cases.png"]


def on_pre_build(**_: Any) -> None:
    """Copy the pictures, which are elsewhere in the repository, into docs/."""
    (DOCS / "pictures").mkdir(exist_ok=True)
    for picture in PICTURES:
        shutil.copyfile(picture, DOCS / "pictures" / picture.name)


def on_page_markdown(markdown: str, page: Any, **_: Any) -> str:
    """Replace `{{ commands }}` and the other `PARTS` with generated text, and `{{ file PATH }}` with the document."""
    markdown = re.sub(r"\{\{ (\w+) \}\}", lambda match: PARTS[match[1]](), markdown)
    folder = (DOCS / page.file.src_uri).parent
    return re.sub(INCLUDED, lambda match: document(match[1], folder, first=match.start() == 0), markdown)


def on_page_content(content: str, **_: Any) -> str:
    """Convert formulas to MathML, which browsers show without a script."""
    for display, pattern in FORMULAS.items():
        content = pattern.sub(lambda match: convert(html.unescape(match[1]), display=display), content)  # noqa: B023
    return content


def document(path: str, folder: Path, first: bool) -> str:
    """A document of the repository, as text for a page in a folder of the site; a section of it unless it comes first.

    Links to documents that are not on the site become plain text.
    """
    text = (ROOT / path).read_text()
    pages = {ROOT / part: page for page in DOCS.rglob("*.md") for part in re.findall(INCLUDED, page.read_text())}

    def link(match: re.Match[str]) -> str:
        said, target, anchor = match.groups()
        linked = Path(os.path.normpath(ROOT / Path(path).parent / target))
        page = pages.get(linked, linked)
        if target and not page.is_relative_to(DOCS):
            return said
        return f"[{said}]({os.path.relpath(page, folder) if target else ''}{anchor or ''})"

    text = re.sub(r"(?<!!)\[([^\]]*)\]\((?!https?:)([^)#]*)(#[^)]*)?\)", link, text)
    text = re.sub(r"!\[([^\]]*)\]\((?!https?:)[^)]*/([^)/]*)\)", r"![\1](../pictures/\2)", text)
    return text if first else re.sub("^#", "##", text, flags=re.M)


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
    schemas = {command: schema_of(command) for command in OUTPUTS}
    rows = [f"| `{command}` | {_kind(schema)} |" for command, schema in schemas.items()]
    kinds = {name: kind for schema in schemas.values() for name, kind in schema["$defs"].items()}
    return "\n".join(["| command | prints |", "|---|---|", *rows, "", _tables(kinds)])


def events() -> str:
    """A table of the events, then one table of fields per type."""
    rows = []
    for event in get_args(AnyEvent):
        stored = "yes" if issubclass(event, Durable) else "no"
        rows.append(f"| [{event.__name__}](#{event.__name__.lower()}) | {stored} | {event.__doc__} |")
    tables = _tables(described(AnyEvent)["$defs"])
    return "\n".join(["| event | stored | meaning |", "|---|---|---|", *rows, "", tables])


def settings() -> str:
    """One table of settings per section of the settings file."""
    schema = described(Config)
    sections = schema["$defs"]["Config"]["properties"]
    kinds = {section: schema["$defs"][one["$ref"].rpartition("/")[2]] for section, one in sections.items()}
    return _tables({f"[{section}]": kind for section, kind in kinds.items()}, default=True)


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
    "events": events,
    "exit_codes": exit_codes,
    "messages": messages,
    "outputs": outputs,
    "settings": settings,
}


def _command(context: click.Context) -> list[str]:
    command = context.command
    parts = [f"## `{context.command_path}`", f"```text\n{command.get_help(context)}\n```"]
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            if (found := command.get_command(context, name)) is not None and not found.hidden:
                parts += _command(click.Context(found, info_name=name, parent=context))
    return parts


def _tables(kinds: dict[str, dict[str, Any]], default: bool = False) -> str:
    """A table of fields for each type of a JSON Schema, with the defaults if wanted."""
    parts = []
    for name, kind in sorted(kinds.items()):
        head = ["field", "type", *(["default"] if default else []), "meaning"]
        rows = [head, ["---"] * len(head)]
        for field, said in kind["properties"].items():
            value = [f"`{json.dumps(said['default'])}`" if said["default"] is not None else ""] if default else []
            kind_of = _kind(said).removesuffix(" or null") if default else _kind(said)
            rows.append([f"`{field}`", kind_of, *value, _cell(said.get("description", ""))])
        lines = [f"| {' | '.join(row)} |" for row in rows]
        parts += [f"## {name}", kind.get("description", ""), "\n".join(lines)]
    return "\n\n".join(parts)


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
    return re.sub(r"\s+", " ", html.escape(text, quote=False)).replace("|", "\\|").replace("*", "\\*")
