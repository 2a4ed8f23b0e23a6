"""The page of a run, as text and as headless Chromium shows it."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from line_tui import events as e
from line_tui.explain.state import fold
from line_tui.report.html import to_html
from line_tui.report.pngs import copy_pictures
from line_tui.report.result_json import result
from tests.explain.runs import Run
from tests.fakes import FakeLanguage

PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108020000009077"
    "53de0000000c4944415408d763f8cfc0000003010100c9fe92ef0000000049454e44ae426082"
)


@pytest.fixture(scope="module")
def run() -> Run:
    run = Run(FakeLanguage(["<script>alert(1)</script>", "strawberry", "rose", "snow"]), iterations=3)
    run.go()
    return run


def page_of(run: Run, data: bytes | None = PNG) -> str:
    state = fold(run.journal.stored)
    return to_html(state, result(state, 1.0), "line-tui explain fake fc 0", lambda path: data)


def test_it_loads_nothing(run: Run) -> None:
    page = page_of(run)
    sources = re.findall(r"(?:src|href)=['\"]([^'\"]*)", page)
    assert sources
    assert all(source.startswith("data:image/png;base64,") for source in sources)
    assert "url(" not in page and "@import" not in page


def test_it_says_what_the_score_rests_on(run: Run) -> None:
    page = page_of(run)
    assert "biased upwards" in page
    assert "strawberry" in page
    assert "line-tui explain fake fc 0" in page


def test_text_from_a_model_is_escaped() -> None:
    state = fold(Run().journal.stored)
    hostile = e.Proposed(trial="t1", concept="<b>&", origin="user", iteration=1)
    state = fold([hostile], state)
    page = to_html(state, result(state, 1.0), "x", lambda path: None)
    assert "<b>&" not in page
    assert "&lt;b&gt;&amp;" in page


def test_pictures_that_are_gone_are_said_to_be(run: Run) -> None:
    assert "gone" in page_of(run, None)


def test_minimal_pairs_stand_side_by_side(run: Run) -> None:
    picture = e.ImageRecord(identity="i", path="p", prompt="rose", seed=1)
    side = e.PairSide(image=picture, activation=0.5)
    pair = e.MinimalPairMeasured(
        concept="red rose", variant="rose", kind="drop", before=[side], after=[side], lost=0.25, p_value=0.01
    )
    state = fold([pair], fold(run.journal.stored))
    page = to_html(state, result(state, 1.0), "x", lambda path: PNG)
    assert "“red rose” against “rose”" in page
    assert "25 % of the activation" in page


def test_pictures_as_a_folder(run: Run, tmp_path: Path) -> None:
    source = tmp_path / "one.png"
    source.write_bytes(PNG)
    record = e.ImageRecord(identity="i", path=str(source), prompt="rose", seed=9)
    image = e.ImageScored(trial="t1", concept="ice/cream", index=0, image=record, activation=0.5)
    state = fold([e.Proposed(trial="t1", concept="x", origin="llm", iteration=1), image], fold(Run().journal.stored))
    folder = copy_pictures(state, tmp_path / "out")
    assert [path.name for path in folder.iterdir()] == ["0001_+0.500_ice-cream_9.png"]


@pytest.mark.browser
@pytest.mark.skipif(shutil.which("chromium") is None, reason="needs Debian's chromium")
def test_in_a_browser(run: Run, tmp_path: Path) -> None:
    page = tmp_path / "run.html"
    page.write_text(page_of(run), encoding="utf-8")
    flags = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run"]
    done = subprocess.run(
        ["chromium", *flags, f"--user-data-dir={tmp_path / 'profile'}", "--dump-dom", page.as_uri()],
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert "strawberry" in done.stdout
    assert done.stdout.count("<img") == page_of(run).count("<img")
