import csv
import io
import json
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from line_tui import events as e
from line_tui.store import Store
from tests.cli.conftest import Call
from tests.tui.stage import events_of_a_run, keep

SHORT = ("--iterations", "1", "--images", "1")


def test_the_list_of_runs(call: Call, tmp_path: Path) -> None:
    empty = call("runs")
    assert empty.code == 0 and empty.out == "" and "no runs yet" in empty.err
    assert json.loads(call("runs", "--json").out) == []
    made = json.loads(
        call("explain", "fake", "fc", "0", *SHORT, "--strategy", "published", "--metric", "auc", "--json").out
    )
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


def test_export(call: Call) -> None:
    made = [json.loads(call("explain", "fake", "fc", n, *SHORT, "--json").out) for n in ("0", "1")]
    text = call("runs", "export").out
    assert text.startswith("neuron,explanation,")
    rows = list(csv.DictReader(io.StringIO(text)))
    assert [(row["neuron"], row["explanation"]) for row in rows] == [(str(m["neuron"]), m["label"]) for m in made]
    assert float(rows[0]["auc"]) == made[0]["score"]["auc"] and rows[0]["name"] == made[0]["name"] == "red"
    for key in ("ci_low", "ci_high"):
        assert rows[0][key] == ("" if made[0]["score"][key] is None else str(made[0]["score"][key]))
    assert {"share", "unexplained", "correlation", "p_value"} <= rows[0].keys()
    assert json.loads(call("runs", "export", made[1]["run_id"], "--format", "json").out) == [made[1]]


def test_a_run_that_never_began(call: Call, tmp_path: Path) -> None:
    Store.open(tmp_path / "data").create("a", e.RunSpec(model="fake", layer="fc", neuron=0))
    done = call("runs", "show", "a")
    assert done.code == 2 and "never started" in done.err


def stored(tmp_path: Path) -> Store:
    store = Store.open(tmp_path / "data")
    keep(store, events_of_a_run(model="first"), "r1")
    keep(store, events_of_a_run(model="second")[:-1], "r2")
    keep(store, events_of_a_run(model="second", layer="fc"), "r3")
    return store


def ids(call: Call, *filters: str) -> list[str]:
    return sorted(run["id"] for run in json.loads(call("runs", "--json", *filters).out))


def test_runs_are_chosen_by_what_they_are(call: Call, tmp_path: Path) -> None:
    stored(tmp_path)
    tomorrow = f"{datetime.now() + timedelta(days=1):%Y-%m-%d}"
    assert ids(call, "--model", "second") == ["r2", "r3"]
    assert ids(call, "--model", "second", "--status", "finished") == ["r3"]
    assert ids(call, "--layer", "conv", "--before", tomorrow) == ["r1", "r2"]
    assert ids(call, "--after", tomorrow) == []
    assert "no run matches" in call("runs", "--after", tomorrow).err
    for wrong in ("yesterday", "2026-13-01"):
        assert f"'{wrong}' is not a date such as 2026-11-27 or 2026-11-27T18:30" in call("runs", "--before", wrong).err
    assert [
        run["run_id"] for run in json.loads(call("runs", "export", "--format", "json", "--model", "first").out)
    ] == ["r1"]


def test_purge_asks_and_erases_deleted_runs(call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stored(tmp_path)
    assert "there are no deleted runs" in call("runs", "purge").err
    call("runs", "delete", "r1")
    nobody = call("runs", "purge")
    assert nobody.code == 2 and "add --yes" in nobody.err
    monkeypatch.setattr("sys.stdin", io.StringIO("n\n"))
    refused = call("runs", "purge")
    assert refused.code == 0 and "nothing was erased" in refused.err
    assert call("runs", "show", "r1").code == 0
    assert json.loads(call("runs", "purge", "--yes", "--json").out)["runs"] == ["r1"]
    assert call("runs", "show", "r1").code == 3 and call("runs", "show", "r2").code == 0


def test_several_runs_are_noted_deleted_and_brought_back(call: Call, tmp_path: Path) -> None:
    store = stored(tmp_path)
    assert call("runs", "note", "r1", "r3", "for the talk").code == 0
    assert [store.run(id).note for id in ("r1", "r2", "r3")] == ["for the talk", "", "for the talk"]
    call("runs", "note", "--model", "second", "")
    assert [store.run(id).note for id in ("r1", "r3")] == ["for the talk", ""]
    asked = call("runs", "delete", "--model", "second")
    assert asked.code == 2 and ids(call) == ["r1", "r2", "r3"]
    assert call("runs", "delete", "--model", "second", "--yes").code == 0
    assert ids(call) == ["r1"]
    assert call("runs", "restore", "r2", "r3").code == 0
    assert ids(call) == ["r1", "r2", "r3"]
    assert call("runs", "delete", "r1", "r2").code == 0 and ids(call) == ["r3"]
    # Never all of them by leaving something out, and nothing of a list of which one is wrong.
    for wrong, code in ((["delete"], 2), (["delete", "r3", "--status", "finished"], 2), (["delete", "r3", "nope"], 3)):
        assert call("runs", *wrong).code == code and ids(call) == ["r3"]
    assert call("runs", "restore").code == 2


def test_pages_of_several_runs_have_an_index_and_can_be_opened(
    call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stored(tmp_path)
    opened: list[Path] = []
    monkeypatch.setattr("line_tui.tui.desktop.open_file", lambda path: opened.__iadd__([path]) is opened)
    to = ("--to", str(tmp_path / "out"))
    lines = call("runs", "export", "--format", "html", *to, "--open").out.splitlines()
    assert [Path(line).name for line in lines] == ["index.html", "r1.html", "r3.html"]
    assert opened == [tmp_path / "out" / "index.html"]
    index = (tmp_path / "out" / "index.html").read_text()
    assert 'href="r1.html"' in index and 'href="r3.html"' in index
    alone = call("runs", "export", "r1", "--format", "html", *to).out.splitlines()
    assert [Path(line).name for line in alone] == ["r1.html"] and len(opened) == 1
    assert call("runs", "export", "r1", "--open").code == 2
    unused = call("runs", "export", "r1", *to)
    assert unused.code == 2 and "csv is written to stdout" in unused.err
