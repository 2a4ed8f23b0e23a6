import csv
import io
import json
from pathlib import Path

from line_tui.store import Store
from tests.cli.conftest import Call

SHORT = ("--iterations", "1", "--images", "1")


def test_the_list_of_runs(call: Call, tmp_path: Path) -> None:
    empty = call("runs")
    assert empty.code == 0 and empty.out == "" and "no runs yet" in empty.err
    assert json.loads(call("runs", "--json").out) == []
    made = json.loads(call("explain", "fake", "fc", "0", *SHORT, "--metric", "auc", "--json").out)
    Store.open(tmp_path / "data").rename(made["run_id"], "my title")
    line = call("runs").out.splitlines()[1]
    for part in (made["run_id"], "finished", "fake", made["label"], f"{made['score']['value']:.3f}", "my title"):
        assert part in line
    images = [image for trial in made["trials"] for image in trial["images"]]
    (listed,) = json.loads(call("runs", "--json").out)
    assert (listed["id"], listed["label"], listed["images"]) == (made["run_id"], made["label"], len(images))


def test_show_delete_and_restore(call: Call, tmp_path: Path) -> None:
    made = json.loads(call("explain", "fake", "fc", "1", *SHORT, "--json").out)
    run_id = made["run_id"]
    shown = call("runs", "show", run_id[:-2])
    assert shown.out.startswith(made["label"] + "\n")
    assert all(trial["concept"] in shown.out for trial in made["trials"])
    assert json.loads(call("runs", "show", run_id, "--json").out) == made
    deleted = call("runs", "delete", run_id)
    assert deleted.out == "" and f"line-tui runs restore {run_id}" in deleted.err
    assert call("runs").out == "" and run_id in call("runs", "--deleted").out
    assert call("runs", "restore", run_id).code == 0 and run_id in call("runs").out
    for command in ("show", "delete", "restore"):
        done = call("runs", command, "nothing")
        assert done.code == 3 and "no run named 'nothing'" in done.err


def test_purge_erases_what_only_deleted_runs_show(call: Call, tmp_path: Path) -> None:
    made = [json.loads(call("explain", "fake", "fc", str(n), *SHORT, "--json").out)["run_id"] for n in range(2)]
    assert "there are no deleted runs" in call("runs", "purge").err
    call("runs", "delete", made[0])
    assert call("runs", "purge").code != 0, "there is nobody to say yes"
    assert call("runs", "show", made[0]).code == 0
    erased = json.loads(call("runs", "purge", "--yes", "--json").out)
    assert erased["runs"] == [made[0]]
    assert call("runs", "show", made[0]).code == 3
    kept = json.loads(call("runs", "show", made[1], "--json").out)
    assert all(Path(image["path"]).exists() for trial in kept["trials"] for image in trial["images"])


def test_export(call: Call) -> None:
    made = [json.loads(call("explain", "fake", "fc", n, *SHORT, "--json").out) for n in ("0", "1")]
    text = call("runs", "export").out
    assert text.startswith("neuron,explanation,")
    rows = list(csv.DictReader(io.StringIO(text)))
    assert [(row["neuron"], row["explanation"]) for row in rows] == [(str(m["neuron"]), m["label"]) for m in made]
    assert float(rows[0]["auc"]) == made[0]["score"]["auc"]
    assert json.loads(call("runs", "export", made[1]["run_id"], "--format", "json").out) == [made[1]]


def test_a_run_that_never_began(call: Call, tmp_path: Path) -> None:
    from line_tui import events as e

    Store.open(tmp_path / "data").create("a", e.RunSpec(model="fake", layer="fc", neuron=0))
    done = call("runs", "show", "a")
    assert done.code == 2 and "never began" in done.err
