"""However a command ends: exit code 130 if the user asked for it, one line on stderr, and no process left behind."""

import os
import shutil
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest
from PIL import Image

from line_tui.cli.child_process import run_child
from line_tui.errors import EngineError
from line_tui.store import Store
from tests.cli.conftest import Call

MAIN = """
import sys
from line_tui import __main__ as program
from line_tui.cli import run
from line_tui.engine.client import EngineClient
def make(data, low_priority=False):
    return EngineClient(data, command=(sys.executable, "-m", "tests.engine.fake_engine"), grace=1)
program.run = lambda arguments: run(arguments, make)
program.main()
"""
ENDS = pytest.mark.parametrize(
    ("number", "hangs"), [(signal.SIGINT, ""), (signal.SIGTERM, "1"), (signal.SIGTERM, ""), (signal.SIGHUP, "")]
)
"""What asks a command to end, and whether its engine hangs then."""
EXPLAIN = ("explain", "fake", "fc", "0", "--iterations", "3", "--images", "2")


def environment(folder: Path, **more: str) -> dict[str, str]:
    """Of a command with folders of its own."""
    folders = {"LINE_TUI_DATA": f"{folder / 'data'}", "LINE_TUI_LOG": f"{folder}", "LINE_TUI_CONFIG": f"{folder / 'c'}"}
    return os.environ | folders | more


def start(
    tmp_path: Path, *arguments: str, hang_up: signal.Handlers = signal.SIG_DFL, **fake: str
) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", MAIN, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        stdin=subprocess.DEVNULL,
        text=True,
        env=environment(tmp_path, **fake),
        # The tests themselves may run under `nohup`.
        preexec_fn=lambda: signal.signal(signal.SIGHUP, hang_up),
    )


def wait_for(tmp_path: Path, event: str) -> None:
    for _ in range(600):
        if (tmp_path / "data/line.db").exists():
            store = Store.open(tmp_path / "data")
            runs = store.runs()
            found = runs and any(type(v.event).__struct_config__.tag == event for v in store.events(runs[0].id))
            store.close()
            if found:
                return
        time.sleep(0.05)
    raise AssertionError(event)


def engines(tmp_path: Path) -> list[str]:
    """The engines that work in this folder."""
    alive = subprocess.run(["pgrep", "-f", "fake_engine"], capture_output=True, text=True).stdout.split()
    found = []
    for pid in alive:
        # It may end meanwhile.
        with suppress(OSError):
            if f"{tmp_path}".encode() in Path(f"/proc/{pid}/environ").read_bytes():
                found.append(pid)
    return found


@ENDS
def test_a_run_that_is_stopped(tmp_path: Path, number: int, hangs: str) -> None:
    process = start(tmp_path, *EXPLAIN, FAKE_DELAY="0.2", FAKE_HANG=hangs)
    wait_for(tmp_path, "models_loaded")
    process.send_signal(number)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130 and out == "", err
    assert "to resume: line-tui explain --resume" in err and "Traceback" not in err


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_before_anything_has_begun(tmp_path: Path, number: int) -> None:
    process = start(tmp_path, *EXPLAIN)
    for _ in range(400):
        if (tmp_path / "data").exists():
            break
        time.sleep(0.01)
    process.send_signal(number)
    _, err = process.communicate(timeout=60)
    assert process.returncode in (0, 130) and "Traceback" not in err


def test_a_data_folder_that_is_deleted_meanwhile(tmp_path: Path) -> None:
    process = start(tmp_path, *EXPLAIN, FAKE_DELAY="0.2")
    wait_for(tmp_path, "models_loaded")
    shutil.rmtree(tmp_path / "data", ignore_errors=True)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 6, err
    assert "was deleted or replaced" in err and "StoreError" not in err and "Traceback" not in err


def test_what_nohup_ignores_ends_no_run(tmp_path: Path) -> None:
    process = start(tmp_path, *EXPLAIN, hang_up=signal.SIG_IGN, FAKE_DELAY="0.05")
    wait_for(tmp_path, "models_loaded")
    process.send_signal(signal.SIGHUP)
    out, err = process.communicate(timeout=120)
    assert process.returncode == 0 and out and "stopping" not in err, err


def test_a_hung_engine_ends_soon_after_its_client_was_killed(tmp_path: Path) -> None:
    process = start(tmp_path, *EXPLAIN, FAKE_HANG="1", FAKE_LINGER="1")
    wait_for(tmp_path, "models_loaded")
    assert engines(tmp_path)
    process.kill()
    process.communicate()
    for _ in range(400):
        if not engines(tmp_path):
            break
        time.sleep(0.05)
    assert not engines(tmp_path)
    store = Store.open(tmp_path / "data")
    with store.lease(store.runs()[0].id):
        store.close()


@ENDS
def test_a_job_that_is_stopped(tmp_path: Path, number: int, hangs: str) -> None:
    (tmp_path / "mine.csv").write_text("neuron,explanation\n0,strawberry\n1,frog\n")
    (tmp_path / "grey").mkdir()
    Image.new("RGB", (24, 24), "grey").save(tmp_path / "grey/1.png")
    files = ("--explanations", str(tmp_path / "mine.csv"), "--control", str(tmp_path / "grey"))
    process = start(tmp_path, "evaluate", "fake", "fc", *files, FAKE_DELAY="0.2", FAKE_HANG=hangs)
    assert process.stderr is not None
    while "drawing" not in process.stderr.readline():
        assert process.poll() is None
    process.send_signal(number)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130 and out == "" and "Traceback" not in err and not engines(tmp_path)


CHILD = "import signal, sys, time\nfrom line_tui.orphan import end_with_parent\nend_with_parent()\n"


@pytest.fixture
def child(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PYTHONPATH", f"{tmp_path}:{os.environ.get('PYTHONPATH', '')}")
    return tmp_path / "some_child.py"


def test_a_child_ends_with_its_parent(child: Path) -> None:
    child.write_text(CHILD + "print('here', flush=True)\nwhile True: time.sleep(1)\n")
    program = "from line_tui.cli.child_process import run_child; run_child('some_child')"
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None and parent.stdout.readline() == "here\n"
        parent.kill()
        # The end of its stdout: nobody holds it any more.
        assert parent.stdout.read() == ""


def test_the_ends_of_a_child(child: Path) -> None:
    child.write_text("import sys; sys.exit(4)")
    assert run_child("some_child") == 4
    child.write_text("import os, signal; os.kill(os.getpid(), signal.SIGKILL)")
    with pytest.raises(EngineError, match="killed by SIGKILL"):
        run_child("some_child")


def test_bytes_that_are_no_text(call: Call) -> None:
    for arguments in (
        ("explain", "caf\udce9", "fc", "0"),
        ("runs", "show", "\udcff"),
        ("--data", "/tmp/\udcff", "runs"),
    ):
        done = call(*arguments)
        assert done.code == 2 and "is not UTF-8" in done.err and done.err.count("\n") == 1


@pytest.mark.parametrize(
    "neuron", ["²", "9" * 5000, "random:" + "9" * 5000, "random:²", "0-" + "9" * 5000, "１", "-1,3"]
)
def test_numbers_that_are_none(call: Call, neuron: str) -> None:
    done = call("explain", "fake", "fc", "--", neuron)
    assert done.code in (2, 3) and done.err.count("\n") == 1 and "Traceback" not in done.err


@pytest.mark.parametrize(
    "options", [("--images", "9" * 30), ("--iterations", "1001"), ("--seed", str(2**63)), ("--images", "0")]
)
def test_numbers_out_of_range(call: Call, options: tuple[str, str]) -> None:
    done = call("explain", "fake", "fc", "0", *options)
    assert done.code == 2 and done.err.count("\n") == 1


def test_a_full_stdout_says_where_the_result_is(tmp_path: Path) -> None:
    with Path("/dev/full").open("w") as full:
        process = start(tmp_path, *EXPLAIN)
        process.communicate()
        done = subprocess.run(
            [sys.executable, "-c", MAIN, "runs", "--json"],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            env=environment(tmp_path),
        )
    assert done.returncode == 6 and "line-tui runs show ID" in done.stderr and done.stderr.count("\n") == 1


@pytest.mark.parametrize("arguments", ["--help", "--version", "runs --help", "bench coverage --runs 1"])
def test_a_full_stdout_is_no_defect(tmp_path: Path, arguments: str) -> None:
    command = [sys.executable, "-c", MAIN, *arguments.split()]
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True)
    assert done.returncode == 6 and "stdout cannot be written" in done.stderr and done.stderr.count("\n") == 1


@pytest.mark.parametrize("where", ["/dev/full", "closed"])
def test_stderr_never_ends_a_run(tmp_path: Path, where: str) -> None:
    command = [sys.executable, "-c", MAIN, *EXPLAIN]
    redirect = "2>&-" if where == "closed" else f"2>{where}"
    shell = ["sh", "-c", f'exec "$@" {redirect}', "sh"]
    done = subprocess.run([*shell, *command], stdout=subprocess.PIPE, text=True, env=environment(tmp_path))
    assert done.returncode == 0 and done.stdout
