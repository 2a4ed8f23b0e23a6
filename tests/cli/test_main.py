"""The program as a whole: help, errors, completion."""

import json
import os
import subprocess
import sys
from pathlib import Path

import click
import pytest

from line_tui.cli.main import COMMANDS, cli
from tests.cli.conftest import Call


def commands(group: click.Group, path: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    found: list[tuple[str, ...]] = [path]
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        found += commands(command, (*path, name)) if isinstance(command, click.Group) else [(*path, name)]
    return found


@pytest.mark.parametrize("path", commands(cli), ids=" ".join)
def test_every_command_has_help_with_examples(call: Call, path: tuple[str, ...]) -> None:
    done = call(*path, "--help")
    assert done.code == 0 and "Example" in done.out and done.err == ""
    assert " ".join(("line-tui", *path)) in done.out.split("Example", 1)[1]


def test_an_unknown_command_is_reported_in_one_line(call: Call) -> None:
    done = call("explian")
    assert done.code == 2 and done.err.startswith("error: no command named 'explian'") and done.err.count("\n") == 1


@pytest.mark.parametrize("command", ["runs export", "explain"])
def test_an_option_without_its_value_names_the_help_of_its_command(call: Call, command: str) -> None:
    option = {"runs export": "--to", "explain": "--seed"}[command]
    assert f"requires an argument — `line-tui {command} --help` tells how" in call(*command.split(), option).err


def test_a_folder_that_is_named_like_a_command_is_no_command(call: Call) -> None:
    done = call("runs", "note", "x", "--data", "layers", "--nope")
    assert done.code == 2 and "`line-tui runs note --help` tells how" in done.err
    done = call("--data", "layers", "explain", "--nope")
    assert done.code == 2 and "`line-tui explain --help` tells how" in done.err


def test_without_a_terminal_the_app_says_so(call: Call) -> None:
    for arguments, instead in (
        ((), "explain MODEL"),
        (("runs", "replay", "x"), "runs show ID"),
        (("watch", "x"), "runs"),
    ):
        done = call(*arguments)
        assert (done.code, done.out) == (2, "")
        assert done.err.startswith("error: the app needs a terminal") and f"use `line-tui {instead}" in done.err


@pytest.mark.parametrize("group", ["config", "models", "bench"])
def test_a_group_without_a_command_shows_its_help(call: Call, group: str) -> None:
    done = call(group)
    assert (done.code, done.out) == (2, "") and done.err.startswith(f"Usage: line-tui {group}")
    assert "\nCommands:\n" in done.err


def test_a_closed_stdin_is_no_terminal() -> None:
    program = "from line_tui.__main__ import main; main()"
    done = subprocess.run(["sh", "-c", f"{sys.executable} -c '{program}' <&-"], capture_output=True, text=True)
    assert done.returncode == 2 and done.stderr.startswith("error: the app needs a terminal")


def test_a_defect_is_one_line_and_a_kept_traceback(call: Call, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    def fail(folder: object = None) -> None:
        raise RuntimeError("two\nlines")

    monkeypatch.setattr("line_tui.store.Store.open", fail)
    done = call("runs")
    assert done.code == 1 and done.err.count("\n") == 1
    assert done.err.startswith("error: RuntimeError: two lines — ") and str(tmp_path / "log" / "errors.log") in done.err
    assert "Traceback" in (tmp_path / "log" / "errors.log").read_text()
    monkeypatch.setenv("LINE_TUI_LOG", "/proc/none")
    assert "could not be saved" in call("runs").err


def test_a_reader_that_leaves_is_no_error(tmp_path: Path) -> None:
    program = "import sys; sys.argv[0] = 'line-tui'; from line_tui.__main__ import main; main()"
    pipe = subprocess.Popen(
        [sys.executable, "-c", program, "config", "show"], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert pipe.stdout is not None and pipe.stderr is not None
    pipe.stdout.close()
    assert pipe.stderr.read() == b"" and pipe.wait() == 0
    pipe.stderr.close()


def test_completion_offers_commands_and_models(tmp_path: Path) -> None:
    def complete(words: str, number: int) -> str:
        program = "import sys; sys.argv = ['line-tui']; from line_tui.__main__ import main; main()"
        environment = {"_LINE_TUI_COMPLETE": "bash_complete", "COMP_WORDS": words, "COMP_CWORD": str(number)}
        done = subprocess.run(
            [sys.executable, "-c", program], env=os.environ | environment, capture_output=True, text=True, check=True
        )
        return done.stdout

    assert {f"plain,{name}" for name in COMMANDS} <= set(complete("line-tui ", 1).split())
    assert "plain,emoji-resnet18" in complete("line-tui explain emo", 2)


def test_a_data_folder_holds_wherever_it_is_named(call: Call, tmp_path: Path) -> None:
    other, usual = tmp_path / "other", tmp_path / "data"
    done = call("--data", str(other), "explain", "fake", "fc", "0", "--iterations", "4", "--images", "3", "--seed", "1")
    assert done.code == 0, done.err
    assert (other / "line-tui.db").exists() or any(other.iterdir())
    assert not usual.exists() or not any(usual.iterdir())
    listed = call("runs", "--data", str(other), "--json").out
    run_id = json.loads(listed)[0]["id"]
    for arguments in (
        ("runs", "--data", str(other), "show", run_id),
        ("--data", str(other), "runs", "show", run_id),
        ("--data", str(usual), "runs", "--data", str(other), "show", run_id),
        ("--data", str(usual), "runs", "show", run_id, "--data", str(other)),
    ):
        assert call(*arguments).code == 0, arguments
    assert call("runs", "show", run_id).code == 3
    assert call("--data", str(other), "config", "path", "data").out.strip() == str(other)
    assert os.environ["LINE_TUI_DATA"] == str(usual)


@pytest.mark.parametrize("option", [("--json",), ("--deleted",), ("--model", "x")])
def test_an_option_that_would_do_nothing_is_refused(call: Call, option: tuple[str, ...]) -> None:
    done = call("runs", *option, "show", "x")
    assert done.code == 2 and f"{option[0]} before 'show' would have no effect" in done.err
