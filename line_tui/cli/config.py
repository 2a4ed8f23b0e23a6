"""`line-tui config`: where the settings are, what they are, and whether they are valid."""

from __future__ import annotations

from typing import Literal

import click

from line_tui.config import config_path, data_folder, log_folder, read_config, to_toml


@click.group()
def config() -> None:
    """Show and check the settings.

    \b
    Examples:
      line-tui config path
      line-tui config show > settings.toml
      line-tui config validate
    """


@config.command()
@click.argument("what", type=click.Choice(["config", "data", "log"]), default="config")
def path(what: Literal["config", "data", "log"]) -> None:
    """Print where the settings, the data or the logs are.

    \b
    Examples:
      line-tui config path
      line-tui config path data
    """
    click.echo({"config": config_path, "data": data_folder, "log": log_folder}[what]())


@config.command()
def show() -> None:
    """Print all settings as TOML, defaults included.

    \b
    Example:
      line-tui config show > "$(line-tui config path)"
    """
    click.echo(to_toml(read_config()), nl=False)


@config.command()
def validate() -> None:
    """Check the settings file; exit code 2 when it is not valid.

    \b
    Example:
      line-tui config validate && line-tui
    """
    read_config()
    exists = config_path().exists()
    click.echo(f"{config_path()} is valid" if exists else f"there is no {config_path()}: all defaults", err=True)
