import asyncio
from pathlib import Path

import pytest

from line_tui.config import Config, TuiDefaults
from line_tui.errors import UnknownNameError
from line_tui.tui.screens.choose import ChooseScreen
from tests.tui.stage import settle, stage


def test_an_unknown_theme_is_answered_with_the_nearest(tmp_path: Path) -> None:
    with pytest.raises(UnknownNameError, match="no theme named 'line-drak' — did you mean line-dark"):
        stage(tmp_path, config=Config(tui=TuiDefaults(theme="line-drak")))


async def test_a_key_changes_light_and_dark(tmp_path: Path) -> None:
    on = stage(tmp_path, config=Config(tui=TuiDefaults(theme="line-light")))
    async with on.app.run_test() as pilot:
        await pilot.press("ctrl+t")
        assert on.app.theme == "line-dark"
        await pilot.press("ctrl+t")
        assert on.app.theme == "line-light"


@pytest.mark.parametrize("name", ["line-dark", "line-light"])
def test_text_has_enough_contrast(tmp_path: Path, name: str) -> None:
    from textual.color import Color

    theme = stage(tmp_path).app.available_themes[name]

    def luminance(color: Color) -> float:
        parts = [c / 12.92 if c <= 0.03928 else ((c + 0.055) / 1.055) ** 2.4 for c in color.normalized]
        return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]

    def contrast(one: str, other: str) -> float:
        light, dark = sorted((luminance(Color.parse(one)), luminance(Color.parse(other))), reverse=True)
        return (light + 0.05) / (dark + 0.05)

    inks = [theme.foreground, theme.primary, theme.accent, theme.success, theme.error, theme.variables["text-muted"]]
    for ink in inks:
        for paper in (theme.background, theme.surface):
            assert ink and paper
            assert contrast(ink, paper) >= 4.5, (ink, paper)


async def test_the_palette_finds_every_command_by_name(tmp_path: Path) -> None:
    on = stage(tmp_path)
    async with on.app.run_test() as pilot:
        await settle(pilot, lambda: on.app.known.layers)
        await pilot.press("ctrl+p", *"models, search, budget")
        await pilot.pause(0.5)
        await pilot.press("enter")
        await settle(pilot, lambda: not isinstance(on.app.screen, ChooseScreen))
        await settle(pilot, lambda: type(on.app.screen).__name__ == "Plan")


async def test_the_engine_ends_with_the_app(tmp_path: Path) -> None:
    on = stage(tmp_path)
    async with on.app.run_test() as pilot:
        await settle(pilot, lambda: on.engine.alive)
    assert not on.engine.alive


async def test_page_keys_before_the_palette_shows_its_list(tmp_path: Path) -> None:
    on = stage(tmp_path)
    async with on.app.run_test() as pilot:
        for key in ["ctrl+p", "end", "pagedown", "pageup", "pagedown", "escape"] * 5:
            on.app.simulate_key(key)
            await asyncio.sleep(0)
        await settle(pilot, lambda: not on.app._typed and on.app.screen is on.app.chooser)
        # The harness ends the app from outside: while the palette is being taken down, both could wait for ever.
        await asyncio.sleep(0.3)
