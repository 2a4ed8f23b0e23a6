"""`line-tui explain` over the fake models, as a user calls it."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from PIL import Image

from line_tui import events as e
from line_tui.store import Store
from tests.cli.conftest import Call

SHORT = ("--iterations", "2", "--images", "2", "--seed", "5")


def test_the_label_on_stdout_and_the_story_on_stderr(call: Call) -> None:
    done = call("explain", "fake", "fc", "0", "--iterations", "4", "--images", "3", "--seed", "5")
    assert done.code == 0
    # Both are red things, which is what the neuron answers to.
    assert done.out.splitlines()[0] in ("strawberry", "tomato")
    assert "control set: 12 concepts, 12 pictures drawn" in done.err
    assert "best so far" in done.err and "\x1b" not in done.err


def test_json_is_one_object_with_the_documented_fields(call: Call) -> None:
    done = call("explain", "fake", "conv", "1", *SHORT, "--strategy", "published", "--metric", "auc", "--json")
    result = json.loads(done.out)
    assert done.out.count("\n") == 1 and done.code == 0
    expected = {
        *("schema_version", "run_id", "model", "layer", "neuron", "pooling", "profile", "strategy", "seed", "status"),
        *("control", "bank", "label", "reason", "score", "senses", "minimal_pairs", "trials", "cost", "settings"),
        *("name", "explanation", "decisions", "judgement"),
    }
    assert set(result) == expected
    assert result["score"]["metric"] == "auc" and result["score"]["value"] == result["score"]["auc"]
    assert result["score"]["ci_low"] is None and not result["score"]["verified"]
    assert {trial["origin"] for trial in result["trials"]} <= {"vocabulary", "random", "llm", "summary"}
    images = [image for trial in result["trials"] for image in trial["images"]]
    assert result["cost"]["images"] == len(images) == result["cost"]["images_drawn"] == 13 * 2
    assert result["cost"]["control_images"] == 12
    assert result["cost"]["llm_calls"] >= 3
    assert all(Path(image["path"]).exists() for image in images)
    best = max(result["trials"], key=lambda trial: trial["score"])
    assert best["score"] == result["score"]["value"]
    assert result["settings"]["batch_size"] == 4 and result["settings"]["device"] == "cpu"


def test_the_same_neuron_and_seed_give_the_same_label_and_images(call: Call) -> None:
    one, two = (json.loads(call("explain", "fake", "fc", neuron, *SHORT, "--json").out) for neuron in ("2", "blue"))
    assert one["neuron"] == two["neuron"] == 2
    assert one["label"] == two["label"] and one["trials"] == two["trials"]
    assert two["cost"]["images_drawn"] == 0
    # A finished run prints its result again.
    assert json.loads(call("explain", "--resume", one["run_id"][:-1], "--json").out) == one


def test_a_folder_of_pictures_as_control_set(call: Call, tmp_path: Path) -> None:
    folder = tmp_path / "pictures"
    folder.mkdir()
    for n in range(3):
        Image.new("RGB", (16, 16), (80 * n, 0, 0)).save(folder / f"{n}.png")
    (folder / "x.png").write_bytes(b"broken")
    done = call("explain", "fake", "fc", "0", *SHORT, "--strategy", "published", "--control", str(folder), "--json")
    assert json.loads(done.out)["control"] == str(folder)
    assert "12 concepts, 12 pictures drawn, 3 of your pictures as control" in done.err
    assert f"skipped {folder}/x.png: " in done.err
    done = call("explain", "fake", "fc", "0", "--strategy", "published", "--control", str(tmp_path / "nowhere"))
    assert (done.code, done.out) == (2, "")


def test_a_lack_of_memory_is_reported_and_survived(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FAKE_ROOM", "2")
    done = call("explain", "fake", "fc", "0", *SHORT, "--json")
    assert json.loads(done.out)["settings"]["bit_identical"] is False
    assert "4 pictures do not fit in memory: continuing with batch 2, resident, no longer bit-identical" in done.err


def test_nothing_is_kept_without_a_store(call: Call, tmp_path: Path) -> None:
    done = call("explain", "fake", "fc", "0", *SHORT, "--no-store", "--json")
    paths = [image["path"] for trial in json.loads(done.out)["trials"] for image in trial["images"]]
    assert not (tmp_path / "data").exists() and not any(Path(path).exists() for path in paths)


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (("fak", "fc", "0"), 3, "no model named 'fak' — did you mean fake?"),
        (("fake", "fd", "0"), 3, "no layer of fake named 'fd' — did you mean fc?"),
        (("fake", "fc", "3"), 3, "no neuron 3 — choose one from 0 to 2"),
        (("fake", "fc", "grean"), 3, "no neuron of fc named 'grean' — did you mean green"),
        (("fake", "fc", "-12"), 2, "no neuron has a negative number"),
        (("fake", "fc", "2-1"), 2, "'2-1' ends before it begins — write 1-2"),
        (("fake", "fc", "0", "--seed", "nan"), 2, "'nan' is not a valid integer —"),
        (("fake", "fc", "0", "--images", "1e400"), 2, "'1e400' is not a valid integer —"),
        (("fake", "fc"), 2, "a run is either started or resumed"),
        (("fake", "fc", "0", "--resume", "x"), 2, "a run is either started or resumed"),
        (("--resume", "x"), 3, "no run named 'x'"),
        (("fake", "fc", "0", "--images", "0"), 2, "--images"),
        (("fake", "fc", "0", "--strategy", "magic"), 2, "--strategy"),
    ],
)
def test_wrong_calls_are_reported_in_one_line(call: Call, arguments: tuple[str, ...], code: int, told: str) -> None:
    done = call("explain", *arguments)
    assert done.code == code and done.out == ""
    assert done.err.count("\n") == 1 and done.err.startswith("error: ") and told in done.err


def test_a_failed_run_is_reported_and_resumed(call: Call, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("FAKE_ERROR", "memory is short")
    done = call("explain", "fake", "fc", "0", *SHORT)
    monkeypatch.delenv("FAKE_ERROR")
    (run,) = Store.open(tmp_path / "data").runs()
    assert run.status == "failed" and done.code == 7
    assert done.err.endswith(f"error: memory is short — buy memory; to resume: line-tui explain --resume {run.id}\n")
    assert call("explain", "--resume", run.id).out.splitlines()[0] == Store.open(tmp_path / "data").run(run.id).label


def test_a_run_that_asked_first_goes_on_by_itself(call: Call, tmp_path: Path) -> None:
    store = Store.open(tmp_path / "data")
    store.create("a", e.RunSpec(model="fake", layer="fc", neuron=0, iterations=1, images=1, ask_first=True))
    started = call("explain", "--resume", "a")
    assert started.code == 0 and store.run("a").status == "finished"
    assert "it now draws without asking" in started.err


def test_an_engine_that_is_no_engine(call: Call) -> None:
    done = call("explain", "fake", "fc", "0", engine=(sys.executable, "-c", "import sys; sys.exit('no torch here')"))
    assert done.code == 5 and "the engine ended with code 1 (no torch here)" in done.err
    done = call("layers", "fake", engine=("/no/such/program",))
    assert done.code == 5 and "cannot be started" in done.err


PROGRAM = """
import sys
from line_tui.cli import run
from line_tui.engine.client import EngineClient
code = run(sys.argv[1:], lambda data: EngineClient(data, command=(sys.executable, "-m", "tests.engine.fake_engine")))
assert "torch" not in sys.modules and "llama_cpp" not in sys.modules and "textual" not in sys.modules
sys.exit(code)
"""


def test_a_closed_stdin_does_not_matter(tmp_path: Path) -> None:
    environment = os.environ | {"LINE_TUI_DATA": str(tmp_path), "LINE_TUI_LOG": str(tmp_path), "PROGRAM": PROGRAM}
    call = f'{sys.executable} -c "$PROGRAM" explain fake fc 0 --iterations 1 --images 1 <&-'
    done = subprocess.run(["sh", "-c", call], capture_output=True, text=True, env=environment)
    assert done.returncode == 0 and done.stdout.splitlines()[0] == Store.open(tmp_path).runs()[0].label


@pytest.fixture
def process(tmp_path: Path) -> subprocess.Popen[str]:
    """A slow run in a process of its own, a few images in."""
    environment = os.environ | {"FAKE_DELAY": "0.1", "LINE_TUI_DATA": str(tmp_path), "LINE_TUI_LOG": str(tmp_path)}
    command = [sys.executable, "-c", PROGRAM, "explain", "fake", "fc", "0", "--images", "3", "--seed", "5"]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment, start_new_session=True
    )
    assert process.stderr is not None
    for line in process.stderr:
        if "iteration 0" in line:
            return process
    raise AssertionError("no image")


def test_ctrl_c_stops_and_tells_how_to_go_on(process: subprocess.Popen[str], call: Call, tmp_path: Path) -> None:
    os.killpg(process.pid, signal.SIGINT)
    out, err = process.communicate()
    (run,) = Store.open(tmp_path).runs()
    assert process.returncode == 130 and out == ""
    assert err.splitlines()[-1] == f"stopped; to resume: line-tui explain --resume {run.id}"
    assert run.status == "stopped"
    cut_off = json.loads(call("explain", "--resume", run.id, "--data", str(tmp_path), "--json").out)
    whole = json.loads(call("explain", "fake", "fc", "0", "--images", "3", "--seed", "5", "--json").out)
    for result in (cut_off, whole):
        for trial in result["trials"]:
            for image in trial["images"]:
                image["path"] = Path(image["path"]).name
    assert (cut_off["trials"], cut_off["label"]) == (whole["trials"], whole["label"])


def test_a_killed_engine_is_reported(process: subprocess.Popen[str], tmp_path: Path) -> None:
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    os.kill(int(children[0]), signal.SIGKILL)
    _, err = process.communicate()
    assert process.returncode == 5 and "the engine was killed by SIGKILL" in err.splitlines()[-1]
    (run,) = Store.open(tmp_path).runs()
    assert run.status == "interrupted"
    assert err.endswith(f"; to resume: line-tui explain --resume {run.id}\n")


def test_the_engine_ends_with_the_command_line(process: subprocess.Popen[str], tmp_path: Path) -> None:
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    process.kill()
    process.communicate()
    deadline = time.monotonic() + 60
    while Path(f"/proc/{children[0]}").exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert Store.open(tmp_path).runs()[0].status == "stopped"


def test_a_resumed_run_takes_more_iterations_and_no_other_option(call: Call, tmp_path: Path) -> None:
    once = json.loads(call("explain", "fake", "fc", "0", *SHORT, "--strategy", "published", "--json").out)
    run_id = once["run_id"]
    for options, told in [
        (("--metric", "auc"), "keeps its metric"),
        (("--seed", "0"), "keeps its seed"),
        (("--iterations", "9", "--profile", "laptop"), "keeps its profile"),
        (("--iterations", "1"), "already has 2 iterations"),
    ]:
        done = call("explain", "--resume", run_id, *options)
        assert (done.code, done.out) == (2, "") and told in done.err
    more = json.loads(call("explain", "--resume", run_id, "--iterations", "4", "--json").out)
    assert more["cost"]["llm_calls"] > once["cost"]["llm_calls"]
