"""The published shape of what `--json` prints, beside what is printed."""

from __future__ import annotations

import json

import click
import pytest

from line_tui.cli.main import cli
from line_tui.cli.schema import OUTPUTS, schema_of
from tests.cli.conftest import Call
from tests.cli.test_main import commands


def _prints_json(path: tuple[str, ...]) -> bool:
    command: click.Command | None = cli
    for name in path:
        assert isinstance(command, click.Group)
        command = command.get_command(click.Context(command), name)
    assert command is not None
    return path[0] != "bench" and any("--json" in option.opts for option in command.params)


def test_every_command_that_prints_json_has_a_schema() -> None:
    named = {tuple(name.split()) for name in OUTPUTS}
    assert {path for path in commands(cli) if path and _prints_json(path)} <= named


@pytest.mark.parametrize("command", OUTPUTS)
def test_a_schema_is_whole(command: str) -> None:
    schema = schema_of(command)
    text = json.dumps(schema)
    for kind, definition in schema["$defs"].items():
        assert f"#/$defs/{kind}" in text and definition["properties"]
    assert '"description"' in text


def test_fields_say_what_they_mean(call: Call) -> None:
    schema = json.loads(call("schema", "explain").out)
    assert schema["$ref"] == "#/$defs/Result"
    assert "fresh" not in schema["$defs"]["Result"]["properties"]
    score = schema["$defs"]["LabelScore"]["properties"]
    assert score["images"] == {"type": "integer", "description": "The number of images behind the score."}


@pytest.mark.parametrize(
    "arguments",
    [
        ("explain", "fake", "conv", "0", "--strategy", "published", "--iterations", "1", "--images", "1"),
        ("runs",),
        ("layers", "fake"),
        ("neurons", "fake", "conv"),
        ("models", "list"),
        ("models", "path", "emoji-diffusion"),
        ("config", "keys"),
    ],
    ids=" ".join,
)
def test_what_is_printed_has_the_fields_of_the_schema(call: Call, arguments: tuple[str, ...]) -> None:
    if arguments[0] == "runs":
        call("explain", "fake", "conv", "0", "--strategy", "published", "--iterations", "0", "--images", "1")
    printed = json.loads(call(*arguments, "--json").out)
    name = " ".join(arguments[:2]) if arguments[0] in ("models", "config") else arguments[0]
    schema = schema_of(name)
    _check(printed, schema, schema["$defs"])


def _check(value: object, schema: dict[str, object], types: dict[str, dict[str, object]]) -> None:
    """The objects in a value have just the properties that their types name."""
    schema = types[str(schema["$ref"]).rpartition("/")[2]] if "$ref" in schema else schema
    if isinstance(value, list):
        for one in value:
            _check(one, schema["items"], types)  # type: ignore[arg-type]
    elif isinstance(value, dict) and "properties" in schema:
        properties: dict[str, dict[str, object]] = schema["properties"]  # type: ignore[assignment]
        assert list(value) == list(properties)
        for key, one in value.items():
            inner = properties[key]
            choices = [each for each in inner.get("anyOf", [inner]) if "$ref" in each or "items" in each]  # type: ignore[attr-defined]
            if one and len(choices) == 1:
                _check(one, choices[0], types)
