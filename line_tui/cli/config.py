"""`line-tui config`: where the settings are, what they are, and whether they are valid."""

from __future__ import annotations

from typing import Literal

import click

from line_tui.cli.groups import Group
from line_tui.cli.options import json_option
from line_tui.cli.output import print_data, print_json, print_message, print_text, table
from line_tui.config import config_path, data_folder, log_folder, read_config, to_toml


@click.group(cls=Group)
def config() -> None:
    """Show and check the settings.

    \b
    Examples:
      line-tui config path
      line-tui config show > settings.toml
      line-tui config keys
      line-tui config validate
    """


@config.command()
@click.argument("what", type=click.Choice(["config", "data", "log"]), default="config")
def path(what: Literal["config", "data", "log"]) -> None:
    """Print the path of the settings, the data or the logs.

    \b
    Examples:
      line-tui config path
      line-tui config path data
    """
    print_text(str({"config": config_path, "data": data_folder, "log": log_folder}[what]()))


@config.command()
def show() -> None:
    """Print all settings as TOML, defaults included.

    \b
    Example:
      line-tui config show > settings.toml
    """
    print_data(to_toml(read_config()))


@config.command()
@json_option
def keys(as_json: bool) -> None:
    """List the key bindings that `[tui.keys]` can remap.

    \b
    Example:
      line-tui config keys | grep run.
    """
    from line_tui.tui.keymap import remappable

    bindings = remappable()
    if as_json:
        print_json(bindings)
    else:
        print_text(table(["id", "keys", "does"], [(key.id, key.keys, key.does) for key in bindings]))


@config.command()
def validate() -> None:
    """Check the settings file. Exit code 2 if it is invalid, 3 if it names an unknown theme or key.

    \b
    Example:
      line-tui config validate && line-tui
    """
    from line_tui.tui.keymap import check_settings

    check_settings(read_config().tui)
    exists = config_path().exists()
    print_message(
        f"{config_path()} is valid" if exists else f"there is no {config_path()}; all settings have their defaults"
    )
