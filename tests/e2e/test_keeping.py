"""Keeping runs: found, named, deleted and brought back, gone on with, played again, and written down for others."""

import csv
import io
import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from line_tui import events as e
from tests.e2e.conftest import open_runs, store_of
from tests.e2e.terminal import Terminal, line_tui

pytestmark = pytest.mark.skipif(shutil.which("tmux") is None, reason="needs tmux (apt install tmux)")


def test_runs_are_found_named_and_deleted(tmp_path: Path, kept: dict[str, str]) -> None:
    newest, oldest = store_of(kept).runs()
    with Terminal(tmp_path, width=140, environment=kept) as terminal:
        open_runs(terminal)
        terminal.see(str(newest.label), str(oldest.label), "finished", "line-tui explain emoji-planted planted")
        terminal.type("/")
        terminal.wait("f1 Help")
        terminal.type(str(oldest.label))
        terminal.see("Runs · 1", f"/{oldest.label}")
        terminal.keys("Enter")
        terminal.wait("u Undo", gone=True)
        terminal.wait("d Delete")
        terminal.answer("t", "Title of this run:", "sick faces")
        terminal.see("sick faces", "u Undo")
        terminal.keys("Escape")
        terminal.wait("Runs · 2")
        terminal.type("d")
        terminal.see("Runs · 1", "Deleted from the list")
        deleted = [run["id"] for run in json.loads(line_tui(kept, "runs", "--deleted", "--json")) if run["deleted"]]
        assert deleted == [oldest.id]
        terminal.type("u")
        terminal.see("Runs · 2", "Undone: the deletion", "sick faces")
        terminal.type("u")
        terminal.wait("sick faces", gone=True)
        terminal.type("*")
        terminal.wait("★")
    assert [(run.title, run.deleted) for run in store_of(kept).runs()] == [("", False), ("", False)]
    # The cursor had gone on to the other run when this one left the list.
    assert [run.starred for run in store_of(kept).runs()] == [True, False]


def test_a_run_that_was_cut_off_goes_on_from_the_list(tmp_path: Path, kept: dict[str, str]) -> None:
    store = store_of(kept)
    newest = store.runs()[0]
    store.create("cut-off", store.spec(newest.id))
    events = e.durable(store.events(newest.id))
    end = next(n for n, event in enumerate(events) if isinstance(event, e.Verified))
    store.append_all("cut-off", events[:end])
    with Terminal(tmp_path, environment=kept) as terminal:
        terminal.line_tui()
        terminal.see("avgpool", "interrupted")
        terminal.type("l")
        terminal.see("Runs · 3", "interrupted", "R Resume")
        terminal.type("R")
        terminal.see("✔ finished", f"“{newest.label}”")
    shown = [json.loads(line_tui(kept, "runs", "show", id, "--json")) for id in ("cut-off", newest.id)]
    assert [run["label"] for run in shown] == [newest.label] * 2
    assert [run["score"]["auc"] for run in shown] == [newest.score] * 2


def test_a_run_is_played_again_at_any_speed(tmp_path: Path, kept: dict[str, str]) -> None:
    newest = store_of(kept).runs()[0]
    before = len(store_of(kept).events(newest.id))
    with Terminal(tmp_path, environment=kept) as terminal:
        open_runs(terminal)
        terminal.type("y")
        terminal.see("▶ replay", "×5", " images │")
        terminal.type(" ")
        terminal.wait("Ⅱ replay")
        terminal.type("<<<")
        terminal.wait("×1 │")
        place = re.search(r"replay (\d+)/", terminal.text())
        assert place is not None
        # One event at a time: each picture as it came.
        terminal.type(".")
        terminal.wait(f"Ⅱ replay {int(place[1]) + 1}/")
        terminal.type(",")
        terminal.wait(f"Ⅱ replay {place[1]}/")
        assert "a Accept" not in terminal.text(), "nothing is decided in a recording"
        terminal.type(">>>>>")
        terminal.wait("×200")
        terminal.type(" ")
        terminal.see("The label is", f"“{newest.label}”", f"replay {before}/{before}")
    assert len(store_of(kept).events(newest.id)) == before


def test_a_run_is_written_down_in_four_forms(tmp_path: Path, kept: dict[str, str]) -> None:
    run = store_of(kept).runs()[0]
    out = tmp_path / "line-tui-export"
    with Terminal(tmp_path, environment=kept) as terminal:
        open_runs(terminal)
        terminal.type("E")
        terminal.see(f"Export {run.id}", "opens offline", "starts with neuron and explanation", str(out)[:40])
        for kind in ("html", "json", "csv"):
            terminal.keys("Enter", "Down")
            terminal.wait(f".{kind}")
        terminal.keys("Enter")
        # The tick of the table is still there while the pictures are copied.
        terminal.wait(".csv", gone=True)
        terminal.wait("✔")
        terminal.keys("Escape")
        terminal.wait("Runs · 2")
    shown = json.loads(line_tui(kept, "runs", "show", run.id, "--json"))
    assert json.loads((out / f"{run.id}.json").read_text()) == shown
    table = (out / f"{run.id}.csv").read_text()
    assert table.startswith("neuron,explanation,")
    assert [row["explanation"] for row in csv.DictReader(io.StringIO(table))] == [run.label]
    pictures = sorted((out / run.id).glob("*.png"))
    assert len(pictures) == run.images and pictures[0].name.startswith("0001_")
    page = (out / f"{run.id}.html").read_text()
    assert not re.search(r"""(src|href)=['"](?!data:)""", page)


@pytest.mark.browser
@pytest.mark.skipif(shutil.which("chromium") is None, reason="needs Debian's chromium")
def test_the_page_opens_in_a_browser_without_a_network(tmp_path: Path, kept: dict[str, str]) -> None:
    run = store_of(kept).runs()[0]
    line_tui(kept, "runs", "export", run.id, "--format", "html", "--to", str(tmp_path))
    flags = ["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--proxy-server=127.0.0.1:9"]
    # A script of ours, which the page's policy would refuse, tells what the browser made of its pictures.
    page = tmp_path / "seen.html"
    written = (tmp_path / f"{run.id}.html").read_text()
    assert "default-src 'none'; " in written
    count = "<script>document.title = [...document.images].filter(i => i.naturalWidth > 1).length + ' seen'</script>"
    allowed = written.replace("default-src 'none'; ", "default-src 'none'; script-src 'unsafe-inline'; ")
    page.write_text(allowed.replace("</body>", f"{count}</body>"))
    done = subprocess.run(
        ["chromium", *flags, f"--user-data-dir={tmp_path / 'profile'}", "--dump-dom", page.as_uri()],
        capture_output=True,
        text=True,
        timeout=120,
    )
    pictures = page.read_text().count("<img")
    assert pictures > 10 and f"<title>{pictures} seen</title>" in done.stdout
    assert done.stdout.count("<svg") == 2 and str(run.label) in done.stdout
