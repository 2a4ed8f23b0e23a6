"""The command-line program: its commands, and how it reports errors."""

from __future__ import annotations

import errno
import traceback
from collections.abc import Callable, Sequence
from datetime import datetime
from importlib import import_module
from pathlib import Path
from typing import Any

import click

from line_tui import __version__, private
from line_tui.child_main import lost_output
from line_tui.cli.groups import Group
from line_tui.cli.options import data_option
from line_tui.cli.output import print_message
from line_tui.config import log_folder
from line_tui.errors import INTERRUPTED, LineError, MemoryLimitError, UsageError
from line_tui.sanitize import shown

COMMANDS = {
    "explain": "line_tui.cli.explain:explain",
    "layers": "line_tui.cli.layers:layers",
    "neurons": "line_tui.cli.neurons:neurons",
    "watch": "line_tui.cli.app:watch",
    "runs": "line_tui.cli.runs:runs",
    "senses": "line_tui.cli.senses:senses",
    "evaluate": "line_tui.cli.evaluate:evaluate",
    "maximise": "line_tui.cli.maximise:maximise",
    "models": "line_tui.cli.models:models",
    "doctor": "line_tui.cli.doctor:doctor",
    "config": "line_tui.cli.config:config",
    "bench": "line_tui.cli.bench:bench",
    "schema": "line_tui.cli.schema:schema",
}


class LazyGroup(Group):
    """A group that imports commands when they are called, so that `--help` and completion are fast."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Command names in order of importance."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import a command."""
        if cmd_name not in COMMANDS:
            return None
        module, name = COMMANDS[cmd_name].split(":")
        command: click.Command = getattr(import_module(module), name)
        return command


@click.group(cls=LazyGroup, invoke_without_command=True)
@click.version_option(__version__, prog_name="line-tui")
@data_option
@click.pass_context
def cli(context: click.Context, data: Path | None) -> None:
    """Find out what a neuron of a vision model responds to.

    Without a command, the terminal app starts.

    \b
    Examples:
      line-tui
      line-tui explain emoji-resnet18 fc 3
      line-tui layers resnet50

    \b
    Shell completion, for bash (zsh and fish likewise):
      eval "$(_LINE_TUI_COMPLETE=bash_source line-tui)"

    \b
    Exit codes: 0 done, 1 unexpected error or a problem found by doctor,
    2 wrong call (also: no terminal), 3 unknown name, 4 model files, 5 engine,
    6 store, 7 memory, 8 hub, 130 Ctrl-C.
    """
    if context.invoked_subcommand is None:
        from line_tui.cli.app import start_app

        start_app(context.obj, data)


def run(arguments: Sequence[str], make_client: Callable[..., Any] | None = None) -> int:
    """Run the command line and return its exit code; every error is one line on stderr.

    `make_client` creates the engine client for a data folder; tests replace it.
    """
    try:
        _check_text(arguments)
        code = cli.main(list(arguments), prog_name="line-tui", standalone_mode=False, obj=make_client or _client)
        return code if isinstance(code, int) else 0
    except LineError as error:
        return _tell(str(error), error.exit_code)
    except click.exceptions.NoArgsIsHelpError as error:
        print_message(error.format_message())
        return error.exit_code
    except click.ClickException as error:
        cause = error.format_message().rstrip(".")
        if isinstance(error, click.NoSuchOption) and error.option_name[1:].isdecimal():
            cause = "no neuron has a negative number: they are numbered from 0"
        # Not all of click's errors know their command.
        context = error.ctx if isinstance(error, click.UsageError) and error.ctx else _context(arguments)
        return _tell(f"{cause} — `{context.command_path} --help` tells how", error.exit_code)
    except (click.Abort, KeyboardInterrupt):
        return INTERRUPTED
    except MemoryError:
        lack = MemoryLimitError("there is not enough memory for this command", "close other programs")
        return _tell(str(lack), lack.exit_code)
    except Exception as error:
        if isinstance(error, OSError) and error.errno == errno.ENOSPC:
            lost = lost_output(error)
            return _tell(str(lost), lost.exit_code)
        return _tell(f"{type(error).__name__}: {error} — {_keep_traceback(arguments)}", 1)


def _context(arguments: Sequence[str]) -> click.Context:
    """The context of the command that the arguments name."""
    context = click.Context(cli, info_name="line-tui")
    for word in arguments:
        if isinstance(context.command, click.Group) and (command := context.command.get_command(context, word)):
            context = click.Context(command, context, word)
    return context


def _check_text(arguments: Sequence[str]) -> None:
    """Raises UsageError for arguments that are not UTF-8, which neither the store nor JSON can hold."""
    for place, argument in enumerate(arguments, start=1):
        if not argument.isprintable() and any("\ud800" <= char <= "\udfff" for char in argument):
            raise UsageError(
                f"argument {place} ({shown(argument)}) is not UTF-8", "write it in UTF-8, or rename the file"
            )


def _client(data: Path | None, low_priority: bool = False) -> Any:
    from line_tui.engine.client import EngineClient

    return EngineClient(data, low_priority=low_priority)


def _tell(message: str, code: int) -> int:
    print_message(f"error: {shown(' '.join(message.split()))}")
    return code


def _keep_traceback(arguments: Sequence[str]) -> str:
    path = log_folder() / "errors.log"
    try:
        private.make_folder(path.parent)
        with open(path, "a", encoding="utf-8", errors="backslashreplace", opener=private.opener) as file:
            file.write(f"\n{datetime.now().astimezone().isoformat()} line-tui {' '.join(arguments)}\n")
            traceback.print_exc(file=file)
    except (OSError, ValueError) as error:
        return f"its traceback could not be saved: {error}"
    return f"this is a bug; please report it with the end of {path}"
