"""The bytes that a terminal with Kitty's protocol gets; no such terminal takes part."""

import base64
import io
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image
from rich.cells import cell_len

from line_tui import events as e
from line_tui.tui import kitty
from line_tui.tui.kitty import KittyPictures
from line_tui.tui.widgets.thumbnails import StripContent, Thumbnails
from tests.tui.stage import Alone, events_of_a_run, run_screen, stage, start, through

_MESSAGE = re.compile(r"\x1b_G([^;\x1b]*);?([^\x1b]*)\x1b\\")


def at_once(work: Callable[[], str], then: Callable[[str], None]) -> None:
    then(work())


@pytest.fixture
def file(tmp_path: Path) -> str:
    path = tmp_path / "picture.png"
    Image.effect_noise((512, 512), 90).convert("RGB").save(path)
    return str(path)


def terminal() -> tuple[KittyPictures, list[str]]:
    written: list[str] = []
    return KittyPictures(written.append, at_once, lambda: None), written


def test_a_picture_is_sent_once_at_the_size_of_its_place(file: str) -> None:
    pictures, written = terminal()
    rows = [pictures.row(file, 24, y) for y in range(12)]
    messages = [found.groups() for text in written if (found := _MESSAGE.fullmatch(text))]
    assert len(messages) == len(written) > 1, "in pieces"
    options = dict(part.split("=") for part in messages[0][0].split(","))
    assert (options["a"], options["U"], options["c"], options["r"], options["f"]) == ("T", "1", "24", "12", "100")
    assert [message[0][-3:] for message in messages] == ["m=1"] * (len(messages) - 1) + ["m=0"]
    assert max(len(data) for _, data in messages) <= 4096
    sent = Image.open(io.BytesIO(base64.b64decode("".join(data for _, data in messages))))
    assert sent.size == (240, 240)
    before = len(written)
    assert [pictures.row(file, 24, y) for y in range(12)] == rows and len(written) == before
    # Each cell names its row and column, and the colour names the picture.
    for row in rows:
        assert row is not None and cell_len(row.text) == 24 and row.style is not None and row.style.color is not None
        assert int("".join(f"{part:02x}" for part in row.style.color.get_truecolor()), 16) == int(options["i"])
    assert len({char for row in rows if row is not None for char in row.text[1::3]}) == 12


def test_what_cannot_be_read_stays_half_cells(tmp_path: Path) -> None:
    pictures, written = terminal()
    assert pictures.row(str(tmp_path / "gone.png"), 24, 0) is None and pictures.row("", 24, 0) is None
    assert written == []


def test_the_terminal_keeps_a_limited_number_and_none_after_the_end(file: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kitty, "MAX_PICTURES", 1)
    pictures, written = terminal()
    pictures.row(file, 8, 0)
    pictures.row(file, 10, 0)
    assert sum("a=d" in text for text in written) == 1
    pictures.close()
    assert sum("a=d" in text for text in written) == 2


async def test_a_strip_has_such_pictures_except_as_heat_maps(file: str) -> None:
    pictures, _ = terminal()
    drawn = e.ImageRecord(identity="", path=file, prompt="c", seed=1)
    image = e.ImageScored(
        trial="t",
        concept="c",
        index=0,
        image=drawn,
        activation=1.0,
        thumbnail=bytes(3 * 24 * 24),
        activation_map=[[1.0]],
    )
    strip = Thumbnails()
    async with Alone(strip).run_test(size=(60, 16)) as pilot:
        strip.styles.height = 10
        for heat in (False, True):
            strip.show(StripContent((image,), heat=heat, kitty=pictures), "")
            await pilot.pause()
            assert ("\U0010eeee" in strip.render_line(0).text) is not heat


@pytest.mark.parametrize(("images", "has"), [("kitty", True), ("sixel", False), ("halfcell", False)])
async def test_only_a_terminal_that_has_the_protocol_gets_it(tmp_path: Path, images: str, has: bool) -> None:
    on = stage(tmp_path, images=images)
    async with on.app.run_test() as pilot:
        await start(on, pilot, through(events_of_a_run(), "spoon"))
        assert (run_screen(on.app).pictures.shown.kitty is not None) is has
