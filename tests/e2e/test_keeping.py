"""Runs that are kept: one that was cut off goes on, and the page of one opens in a browser."""

import json
import shutil
from pathlib import Path

import pytest

from line_tui import events as e
from tests.chromium import dom, needs_chromium
from tests.e2e.conftest import store_of
from tests.e2e.terminal import Terminal, line_tui

pytestmark = pytest.mark.skipif(shutil.which("tmux") is None, reason="needs tmux (apt install tmux)")


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


@pytest.mark.browser
@needs_chromium
def test_the_page_opens_in_a_browser_without_a_network(tmp_path: Path, kept: dict[str, str]) -> None:
    run = store_of(kept).runs()[0]
    line_tui(kept, "runs", "export", run.id, "--format", "html", "--to", str(tmp_path))
    # A script of ours, which the page's policy would refuse, tells what the browser made of its pictures.
    page = tmp_path / "seen.html"
    written = (tmp_path / f"{run.id}.html").read_text()
    assert "default-src 'none'; " in written
    count = "<script>document.title = [...document.images].filter(i => i.naturalWidth > 1).length + ' seen'</script>"
    allowed = written.replace("default-src 'none'; ", "default-src 'none'; script-src 'unsafe-inline'; ")
    page.write_text(allowed.replace("</body>", f"{count}</body>"))
    shown = dom(page, "--proxy-server=127.0.0.1:9")
    pictures = page.read_text().count("<img")
    assert pictures > 10 and f"<title>{pictures} seen</title>" in shown
    assert shown.count("<svg") == 2 and str(run.label) in shown
