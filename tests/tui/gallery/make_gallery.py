"""Take the pictures of the README: the app with the bundled models while it explains a neuron, nothing staged.

python -m tests.tui.gallery.make_gallery    # some minutes; needs `rsvg-convert` and DejaVu Sans Mono
"""

from __future__ import annotations

import asyncio
import html
import re
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path

from PIL import Image
from rich.cells import cell_len
from textual.pilot import Pilot

from line_tui.config import Config
from line_tui.engine.client import EngineClient
from line_tui.store import Store
from line_tui.tui.app import LineApp
from line_tui.tui.screens.run import RunScreen
from line_tui.tui.widgets.neurons import NeuronTable

HERE = Path(__file__).resolve().parent
SIZE = (120, 40)
PIXELS = 1440
NEURON = "9"
PICTURES = 20
CELL_WIDTH, CELL_HEIGHT = 12.2, 24.4
_TEXT = re.compile(r'<text class="([^"]*)" x="([^"]*)" y="([^"]*)" textLength="[^"]*" clip-path="[^"]*">([^<]*)</text>')


async def main() -> None:
    """Choose, watch, judge, and take a picture of each."""
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder)
        store = Store.open(data)
        app = LineApp(store, lambda: EngineClient(data), config=Config(), images="halfcell", tour=False)
        async with app.run_test(size=SIZE) as pilot:
            await wait(pilot, lambda: app.model_cache.layers.get("emoji-resnet18"))
            await pilot.press("right", "right")
            await wait(pilot, lambda: app.model_cache.overviews.get(("emoji-resnet18", "fc")))
            app.screen.query_one(NeuronTable).go_to(NEURON)
            await picture(pilot, "choose")
            await pilot.press("enter")
            await wait(pilot, lambda: has_pictures_to_show(app))
            await picture(pilot, "run")
            await wait(pilot, lambda: isinstance(app.screen, RunScreen) and app.screen.snapshot.state.outcome)
            await pilot.press("r")
            await picture(pilot, "result")


def has_pictures_to_show(app: LineApp) -> bool:
    """Whether the run draws and shows many pictures of one concept: the label's, for its score."""
    screen = app.screen
    if not isinstance(screen, RunScreen):
        return False
    if screen.snapshot.state.outcome is not None:
        raise RuntimeError("the run ended before there was enough to see")
    trial = screen.shown_trial()
    return screen.snapshot.phase == "verifying" and trial is not None and len(trial.images) >= PICTURES


async def wait(pilot: Pilot[None], condition: Callable[[], object]) -> None:
    """Wait for the models."""
    while not condition():
        await pilot.pause(0.02)


async def picture(pilot: Pilot[None], name: str) -> None:
    """Write what is on the screen as a PNG file."""
    await pilot.pause(0.2)
    svg = _TEXT.sub(by_cell, pilot.app.export_screenshot(title="line-tui")).replace("Fira Code", "DejaVu Sans Mono")
    path = HERE / f"{name}.png"
    subprocess.run(["rsvg-convert", "-w", str(PIXELS), "-o", path], input=svg.encode(), check=True)
    Image.open(path).quantize(256).save(path, optimize=True)


def by_cell(found: re.Match[str]) -> str:
    """Each character in a cell of its own, as in a terminal: rsvg-convert does not know `textLength`."""
    style, x, y, text = found[1], float(found[2]), float(found[3]), html.unescape(found[4])
    parts = []
    for character in text:
        block = BLOCKS.get(character)
        if block is not None:
            left, top, width, height = block
            parts.append(
                f'<rect class="{style}" shape-rendering="crispEdges" x="{x + left * CELL_WIDTH:.2f}"'
                f' y="{y - 18.5 + top * CELL_HEIGHT:.2f}" width="{width * CELL_WIDTH + 0.1:.2f}"'
                f' height="{height * CELL_HEIGHT + 0.1:.2f}"/>'
            )
        elif character.strip():
            parts.append(f'<text class="{style}" x="{x:.2f}" y="{y}">{html.escape(character)}</text>')
        x += cell_len(character) * CELL_WIDTH
    return "".join(parts)


BLOCKS = {
    "█": (0, 0, 1, 1),
    "▀": (0, 0, 1, 0.5),
    "▐": (0.5, 0, 0.5, 1),
    **{sign: (0, 0, n / 8, 1) for n, sign in enumerate("▏▎▍▌▋▊▉", 1)},
    **{sign: (0, 1 - n / 8, 1, n / 8) for n, sign in enumerate("▁▂▃▄▅▆▇", 1)},
}
"""Left, top, width and height of a block in its cell; fonts leave seams between them."""


if __name__ == "__main__":
    asyncio.run(main())
