"""The page of a run, as text and as headless Chromium shows it."""

from __future__ import annotations

import re
from pathlib import Path

import msgspec
import pytest

from line_tui import __version__
from line_tui import events as e
from line_tui.explain.state import fold
from line_tui.png import read_png
from line_tui.report.exporters import copy_pictures, write_index
from line_tui.report.html import About, _number, to_html
from line_tui.report.result import result
from tests.chromium import dom, needs_chromium
from tests.explain.runs import Run
from tests.fakes import FakeLanguage
from tests.tui.screens.test_result import convinced

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
    return to_html(state, result(state, 1.0), About(), lambda path: data)


def test_it_loads_nothing(run: Run) -> None:
    page = page_of(run)
    sources = re.findall(r"(?:src|href)=['\"]([^'\"]*)", page)
    assert sources
    assert all(source.startswith("data:image/png;base64,") for source in sources)
    assert "url(" not in page and "@import" not in page


def test_it_says_what_the_score_rests_on_and_how_to_repeat_it(run: Run) -> None:
    page = page_of(run)
    assert "biased upwards" in page and "strawberry" in page and "line-tui explain fake fc 0" in page
    # The run was not steered.
    assert "the command gives the same label and the same pictures" in page
    assert "<dt>ask first</dt><dd>no</dd>" in page and "<dt>seed</dt><dd>0</dd>" in page
    assert "gone" not in page and "gone" in page_of(run, None), "of pictures whose files are"


def test_text_from_a_model_is_escaped() -> None:
    state = fold(Run().journal.stored)
    hostile = e.Proposed(trial="t1", concept="<b>&", origin="user", iteration=1)
    state = fold([hostile], state)
    page = to_html(state, result(state, 1.0), About(), lambda path: None)
    assert "<b>&" not in page
    assert "&lt;b&gt;&amp;" in page


def test_minimal_pairs_stand_side_by_side(run: Run) -> None:
    picture = e.ImageRecord(identity="i", path="p", prompt="rose", seed=1)
    side = e.PairSide(image=picture, activation=0.5)
    pair = e.MinimalPairMeasured(
        concept="red rose", variant="rose", kind="drop", before=[side], after=[side], relative_drop=0.25, p_value=0.01
    )
    state = fold([pair], fold(run.journal.stored))
    page = to_html(state, result(state, 1.0), About(), lambda path: PNG)
    assert "“red rose” against “rose”" in page
    assert "25% of the activation" in page


def test_pictures_as_a_folder(run: Run, tmp_path: Path) -> None:
    source = tmp_path / "one.png"
    source.write_bytes(PNG)
    record = e.ImageRecord(identity="i", path=str(source), prompt="rose", seed=9)
    image = e.ImageScored(trial="t1", concept="ice/cream", index=0, image=record, activation=0.5)
    state = fold([e.Proposed(trial="t1", concept="x", origin="llm", iteration=1), image], fold(Run().journal.stored))
    folder = copy_pictures(state, tmp_path / "out", read_png)
    assert [path.name for path in folder.iterdir()] == ["0001_+0.500_ice-cream_9.png"]


@pytest.mark.browser
@needs_chromium
def test_in_a_browser(run: Run, tmp_path: Path) -> None:
    page = tmp_path / "run.html"
    page.write_text(page_of(run), encoding="utf-8")
    shown = dom(page)
    assert "strawberry" in shown
    assert shown.count("<img") == page_of(run).count("<img")


def test_the_page_says_all_that_is_known_of_the_run(run: Run) -> None:
    decided = e.Decided(decision="d", kind="reject", trial="t1", reason="a colour")
    started = msgspec.structs.replace(run.journal.stored[0], name="red <things>")
    state = fold([started, *run.journal.stored[1:-1], decided, run.journal.stored[-1]])
    state = fold([e.Judged(judgement="too narrow", label="x")], state)
    about = About(created=1_790_000_000.0, seconds=12.4, title="talk", note="look again")
    page = to_html(state, result(state, 12.4), about, lambda path: PNG)
    found = result(state, 12.4)
    assert found.bank is not None
    for part in (
        *("red &lt;things&gt;", "talk", "look again", "too narrow", "2026-09", "12 s", __version__, found.bank.id),
        *("a colour", "<h2>Decisions</h2>", "You steered this run (1 decision", "runs replay", "arXiv:2604.08039"),
        *("batch size", "prompt template", "ask first", "metric", "control pictures", "in which they were tried"),
    ):
        assert part in page, part


def test_the_page_says_what_the_control_set_is(run: Run) -> None:
    first, *others = run.journal.stored
    assert isinstance(first, e.RunStarted)
    natural = msgspec.structs.replace(first, spec=msgspec.structs.replace(first.spec, control="/pictures/val"))
    page = to_html(state := fold([natural, *others]), result(state, 1.0), About(), lambda path: PNG)
    assert "The control set is the pictures in /pictures/val." in page and "is generated images" not in page
    assert "The control set is generated images" in page_of(run)


def test_all_fresh_pictures_are_on_the_page_in_the_order_drawn() -> None:
    state = fold(convinced())
    page = to_html(state, result(state, 1.0), About(), lambda path: PNG)
    after = page.split("All 23 fresh pictures of “strawberry”, in the order drawn")[1].split("<h2>")[0]
    assert re.findall(r"<figcaption>([\d.]+)", after) == [f"{n / 50:#.3g}" for n in range(23)]
    assert page.count("accounts for 30% of the strong responses") == 1


def test_numbers_of_a_column_have_the_same_digits() -> None:
    assert [_number(value) for value in (0.99, 7.0, -10.04, 123.4, None)] == ["0.990", "7.00", "-10.0", "123", "–"]


@pytest.mark.browser
@needs_chromium
def test_a_narrow_window_is_not_overflowed(run: Run, tmp_path: Path) -> None:
    page = tmp_path / "run.html"
    probe = (
        "<script>let at = document.documentElement; document.title = at.scrollWidth - at.clientWidth;</script></body>"
    )
    policy = "default-src 'none'"
    page.write_text(page_of(run).replace("</body>", probe).replace(policy, "default-src 'unsafe-inline'"))
    assert "<title>0</title>" in dom(page, "--window-size=500,900")


def test_an_index_over_runs(run: Run, tmp_path: Path) -> None:
    state = fold(run.journal.stored)
    path = write_index([(state, About(note="x")), (fold(convinced()), About())], tmp_path)
    page = path.read_text()
    assert page.count('.html">') == 2 and "30%" in page
    assert not re.findall(r"(?:src|href)=['\"](?:http|//)", page)
