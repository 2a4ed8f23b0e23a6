"""Record the session of the README: the app with the bundled models while it explains a neuron, nothing staged.

python -m tests.tui.gallery.make_recording    # some minutes; writes session.svg, which moves in any browser

A frame is written as the cells that are others than in the frame before, and pictures as what they are: a session takes
less than one still picture of Textual's.
"""

from __future__ import annotations

import asyncio
import base64
import html
import io
import tempfile
from collections.abc import AsyncIterator, Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from PIL import Image
from rich.cells import cell_len
from rich.color import Color
from rich.segment import Segment
from rich.style import Style
from textual.app import App
from textual.pilot import Pilot

from line_tui.config import Config
from line_tui.engine.client import EngineClient
from line_tui.store import Store
from line_tui.tui.app import LineApp
from line_tui.tui.screens.run import RunScreen
from line_tui.tui.widgets.neurons import NeuronTable
from tests.tui.gallery.make_gallery import BLOCKS, wait

PATH = Path(__file__).resolve().parent / "session.svg"
SIZE = (100, 30)
NEURON = "3"
OWN = "tiger"
"""What the person adds while the run goes on."""
WIDE, HIGH = 8, 16
"""Of a cell, in the units of the picture."""
MOST = 20
"""Frames of the run itself."""
SHORT, LONG = 1.1, 3.0
"""Seconds that a frame is shown, while much happens and where there is something to read."""

NEAR = 6
"""Cells between two changed pieces of a row that cost less than a piece of their own."""

Rgb = tuple[int, int, int]


@dataclass(frozen=True)
class Cell:
    """One character of the screen; the second half of a wide one is empty."""

    text: str
    ink: Rgb
    paper: Rgb
    bold: bool


Frame = list[list[Cell]]


async def main() -> None:
    """Choose, watch, steer, judge; then write down what was seen."""
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder)
        store = Store.open(data)
        app = LineApp(store, lambda: EngineClient(data), config=Config(), images="halfcell", tour=False)
        async with app.run_test(size=SIZE) as pilot:
            frames = [shot async for shot in session(app, pilot)]
    PATH.write_text(svg(frames), encoding="utf-8")
    print(f"{len(frames)} frames, {PATH.stat().st_size / 1000:.0f} kB")


async def session(app: LineApp, pilot: Pilot[None]) -> AsyncIterator[tuple[Frame, float]]:
    """Frames with the seconds that they are shown."""
    await wait(pilot, lambda: app.model_cache.layers.get("emoji-resnet18"))
    await pilot.press("right", "right")
    await wait(pilot, lambda: app.model_cache.overviews.get(("emoji-resnet18", "fc")))
    app.screen.query_one(NeuronTable).go_to(NEURON)
    await pilot.pause(0.5)
    yield cells(app), LONG
    await pilot.press("enter")
    await wait(pilot, lambda: isinstance(app.screen, RunScreen) and app.screen._profile() is not None)
    await pilot.pause(0.5)
    yield cells(app), LONG
    screen = app.screen
    assert isinstance(screen, RunScreen)
    seen: tuple[object, ...] = ()
    taken = 0
    added = False
    while screen.snapshot.state.outcome is None:
        await pilot.pause(0.1)
        state = screen.snapshot.state
        trial = screen.shown_trial()
        now = (len(state.trials), screen.snapshot.phase, trial.images if trial is not None else None)
        if now == seen or taken >= MOST or state.control is None:
            continue
        seen, taken = now, taken + 1
        yield cells(app), SHORT
        if not added and len(state.trials) > 9:
            added = True
            await pilot.press("n")
            await pilot.pause(0.2)
            yield cells(app), SHORT
            await pilot.press(*OWN)
            yield cells(app), SHORT
            await pilot.press("enter")
            await wait(pilot, lambda: OWN in {trial.concept for trial in screen.snapshot.state.trials.values()})
            await pilot.pause(0.3)
            yield cells(app), LONG
    await pilot.pause(0.5)
    yield cells(app), LONG
    await pilot.press("r")
    await pilot.pause(0.7)
    yield cells(app), 2 * LONG
    await pilot.press("1")
    await pilot.press("pagedown")
    await pilot.pause(1)
    yield cells(app), 2 * LONG


def cells(app: App[None]) -> Frame:
    """What is on the screen."""
    return [list(_cells(strip)) for strip in app.screen._compositor.render_strips(app.size)]


def _cells(strip: Iterable[Segment]) -> Iterator[Cell]:
    for text, style, _ in strip:
        style = style or Style()
        ink, paper = _rgb(style.color, (221, 225, 234)), _rgb(style.bgcolor, (17, 19, 24))
        if style.reverse:
            ink, paper = paper, ink
        if style.dim:
            ink = tuple((a + b) // 2 for a, b in zip(ink, paper, strict=True))  # type: ignore[assignment]
        for character in text:
            yield Cell(character, ink, paper, bool(style.bold))
            yield from [Cell("", ink, paper, False)] * (cell_len(character) - 1)


def _rgb(color: Color | None, usual: Rgb) -> Rgb:
    return usual if color is None or color.is_default else tuple(color.get_truecolor())  # type: ignore[return-value]


def svg(frames: list[tuple[Frame, float]]) -> str:
    """The frames as one picture that moves: what changed appears over what was there; at the end it begins again."""
    width, height = SIZE[0] * WIDE, SIZE[1] * HIGH
    whole = sum(seconds for _, seconds in frames)
    rules, groups, at = [], [], 0.0
    inks: dict[Rgb, int] = {}
    before: Frame = []
    for n, (frame, seconds) in enumerate(frames):
        changed = {y: ranges for y, row in enumerate(frame) if (ranges := _changed(row, before[y] if before else []))}
        if n and changed:
            share = 100 * at / whole
            rules.append(f"@keyframes f{n}{{0%{{visibility:hidden}}{share:.2f}%{{visibility:visible}}}}")
            rules.append(f".f{n}{{animation:f{n} {whole:.1f}s step-end infinite}}")
        groups.append(f'<g class="f{n}">{_drawn(frame, changed, inks)}</g>')
        before, at = frame, at + seconds
    rules += [f".c{n}{{fill:#{bytes(ink).hex()}}}" for ink, n in inks.items()]
    style = (
        "text{font:13px ui-monospace,'DejaVu Sans Mono',Menlo,Consolas,monospace;white-space:pre}"
        ".b{font-weight:bold}image{image-rendering:pixelated}path{shape-rendering:crispEdges}" + "".join(rules)
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:g}">'
        f"<title>A session of line-tui</title><style>{style}</style>{''.join(groups)}</svg>\n"
    )


def _changed(row: list[Cell], before: list[Cell]) -> list[tuple[int, int]]:
    """First cell of each changed piece of a row, and the first after it; pieces that are near are one."""
    if not before:
        return [(0, len(row))]
    found: list[tuple[int, int]] = []
    for x, (cell, old) in enumerate(zip(row, before, strict=True)):
        if cell == old:
            continue
        if found and x - found[-1][1] < NEAR:
            found[-1] = (found[-1][0], x + 1)
        else:
            found.append((x, x + 1))
    return found


def _drawn(frame: Frame, changed: dict[int, list[tuple[int, int]]], inks: dict[Rgb, int]) -> str:
    parts, pictures = [], []
    for y, ranges in changed.items():
        for start, end in ranges:
            x = start
            for paper, run in groupby(frame[y][start:end], lambda cell: None if cell.text == "▀" else cell.paper):
                length = len(list(run))
                if paper is not None:
                    parts.append(_box(x, y, length, 1, paper, inks))
                x += length
        if any(cell.text == "▀" for start, end in ranges for cell in frame[y][start:end]):
            pictures.append(y)
    parts += [_picture(frame, top, bottom) for top, bottom in _blocks(pictures)]
    for y, ranges in changed.items():
        for start, end in ranges:
            parts += _texts(frame[y][start:end], start, y, inks)
    return "".join(parts)


def _class(ink: Rgb, inks: dict[Rgb, int]) -> str:
    return f"c{inks.setdefault(ink, len(inks))}"


def _box(x: float, y: float, wide: float, high: float, ink: Rgb, inks: dict[Rgb, int]) -> str:
    across, down = f"{wide * WIDE:g}", f"{high * HIGH:g}"
    return f'<path class="{_class(ink, inks)}" d="M{x * WIDE:g} {y * HIGH:g}h{across}v{down}h-{across}z"/>'


def _blocks(rows: list[int]) -> list[tuple[int, int]]:
    """First and last row of each run of rows."""
    found: list[tuple[int, int]] = []
    for y in rows:
        if found and found[-1][1] == y - 1:
            found[-1] = (found[-1][0], y)
        else:
            found.append((y, y))
    return found


def _picture(frame: Frame, top: int, bottom: int) -> str:
    """The half-cells of these rows, two pixels each, with what is between them."""
    places = [x for y in range(top, bottom + 1) for x, cell in enumerate(frame[y]) if cell.text == "▀"]
    left, right = min(places), max(places) + 1
    picture = Image.new("RGBA", (right - left, 2 * (bottom - top + 1)))
    for y in range(top, bottom + 1):
        for x in range(left, right):
            cell = frame[y][x]
            if cell.text == "▀":
                picture.putpixel((x - left, 2 * (y - top)), (*cell.ink, 255))
                picture.putpixel((x - left, 2 * (y - top) + 1), (*cell.paper, 255))
    file = io.BytesIO()
    picture.quantize(128).save(file, "png", optimize=True)
    data = base64.b64encode(file.getvalue()).decode()
    return (
        f'<image x="{left * WIDE}" y="{top * HIGH}" width="{(right - left) * WIDE}"'
        f' height="{(bottom - top + 1) * HIGH}" preserveAspectRatio="none" href="data:image/png;base64,{data}"/>'
    )


def _texts(row: list[Cell], x: int, y: int, inks: dict[Rgb, int]) -> Iterator[str]:
    for (ink, bold, block), run in groupby(row, lambda cell: (cell.ink, cell.bold, cell.text in BLOCKS)):
        cells = list(run)
        text = "".join(cell.text for cell in cells)
        if block:
            for shape, part in groupby(enumerate(text), lambda one: one[1]):
                places = [n for n, _ in part]
                left, top, wide, high = BLOCKS[shape]
                if wide == 1:
                    # Side by side they are one.
                    if shape != "▀":
                        yield _box(x + places[0], y + top, len(places), high, ink, inks)
                else:
                    yield from (_box(x + n + left, y + top, wide, high, ink, inks) for n in places)
        elif inked := text.strip():
            place = x + cell_len(text) - cell_len(text.lstrip())
            style = _class(ink, inks) + (" b" if bold else "")
            yield (
                f'<text class="{style}" x="{place * WIDE}" y="{(y + 0.77) * HIGH:.1f}"'
                f' textLength="{cell_len(inked) * WIDE}">{html.escape(inked, quote=False)}</text>'
            )
        x += len(cells)


if __name__ == "__main__":
    asyncio.run(main())
