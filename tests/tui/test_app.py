import asyncio
import inspect
import os
import signal
from pathlib import Path

import pytest
from textual.command import Hits

from line_tui.config import Config, ExplainDefaults, TuiDefaults
from line_tui.engine import protocol as p
from line_tui.errors import UnknownNameError
from line_tui.events import RunSpec
from line_tui.models.layer_cache import LayerCache
from line_tui.tui.command_palette import ScreenCommands
from line_tui.tui.screens.base import LineScreen
from line_tui.tui.screens.help import keys_of
from line_tui.tui.screens.runs import RunsScreen
from line_tui.tui.screens.tour import Tour
from line_tui.tui.widgets.rows import Rows
from tests.tui.stage import CATALOG, LAYERS, Stage, events_of_a_run, keep, settle, stage, start


def test_an_unknown_theme_is_answered_with_the_nearest(tmp_path: Path) -> None:
    with pytest.raises(UnknownNameError, match="no theme named 'line-drak' — did you mean line-dark"):
        stage(tmp_path, config=Config(tui=TuiDefaults(theme="line-drak")))


async def test_a_key_changes_light_and_dark_also_for_the_next_start(tmp_path: Path) -> None:
    on = stage(tmp_path)
    async with on.app.run_test() as pilot:
        for theme in ("line-light", "line-dark", "line-light"):
            await pilot.press("ctrl+t")
            assert on.app.theme == theme
    assert stage(tmp_path).app.theme == "line-light"
    # What the settings say from now on counts more.
    assert stage(tmp_path, Config(tui=TuiDefaults(theme="nord"))).app.theme == "nord"


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


async def test_commands_have_names_and_keys(on: Stage) -> None:
    async with on.app.run_test() as pilot:
        await settle(pilot, lambda: on.app.model_cache.layers)
        commands = ScreenCommands(on.app.screen)
        for word in ("plan", "runs", "order", "ask first", "help", "tour", "suspend"):
            found = sorted([hit async for hit in commands.search(word)], key=lambda hit: -hit.score)
            assert found and f": {word}" in str(found[0].match_display), found
        # Their letters are in some sentence, as any letters are.
        for word in ("star it", "pause", "accept", "export"):
            assert not [hit.text async for hit in commands.search(word)]
        # Textual's own are not listed again.
        assert [command.title for command in on.app.get_system_commands(on.app.screen)] == ["Theme", "Screenshot"]
        keys = {key for key, _, _ in keys_of(on.app.chooser)}
        assert {"Enter", "Space", "? F1", "Ctrl+Q", "PgUp", "Home", "←"} <= keys
        # The palette names the first key of each.
        assert {"key ?", "key Ctrl+P"} <= {hit.help async for hit in commands.discover()}
        await pilot.press("ctrl+c")
        assert [said.message for said in on.app._notifications] == ["Press Ctrl+Q to leave line-tui."]
        await pilot.press("f2", "f2")
        assert isinstance(on.app.screen, Tour) and len(on.app.screen_stack) == 2
        await settle(pilot, lambda: on.engine.alive)
    assert not on.engine.alive


async def test_enter_in_the_palette_takes_what_was_typed_however_slow_the_search(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    quick = ScreenCommands.search

    async def slow(self: ScreenCommands, query: str) -> Hits:
        await asyncio.sleep(0.3)
        async for hit in quick(self, query):
            yield hit

    monkeypatch.setattr(ScreenCommands, "search", slow)
    on = stage(tmp_path)
    async with on.app.run_test() as pilot:
        await settle(pilot, lambda: on.app.model_cache.layers)
        await pilot.press("ctrl+p")
        await pilot.pause(0.5)
        await pilot.press(*"earlier runs", "enter")
        await settle(pilot, lambda: isinstance(on.app.screen, RunsScreen))
        await pilot.pause()


async def test_work_that_the_end_comes_before_is_never_begun(on: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    async with on.app.run_test() as pilot:
        await start(on, pilot)
        asked: list[object] = []
        monkeypatch.setattr(on.app, "run_worker", lambda work, **options: asked.append(work))
        on.app.controller.stop()
        on.app.controller.enqueue([RunSpec(model="emoji-resnet18", layer="fc", neuron=1)])
        monkeypatch.undo()
        assert len(asked) == 2 and not any(inspect.iscoroutine(work) for work in asked)


async def test_page_keys_before_the_palette_shows_its_list(on: Stage) -> None:
    async with on.app.run_test() as pilot:
        for key in ["ctrl+p", "end", "pagedown", "pageup", "pagedown", "escape"] * 5:
            on.app.simulate_key(key)
            await asyncio.sleep(0)
        await settle(pilot, lambda: not on.app._typed and on.app.screen is on.app.chooser)
        # The harness ends the app from outside: while the palette is being taken down, both could wait for ever.
        await asyncio.sleep(0.3)


async def test_the_plan_is_there_again_at_the_next_start(tmp_path: Path) -> None:
    on = stage(tmp_path)
    async with on.app.run_test() as pilot:
        await pilot.press("m", "p", "tab", "tab", "tab", *"77", "ctrl+s")
        plan = on.app.chooser.spec
        assert (plan.ask_first, plan.iterations) == (True, 77)
    on = stage(tmp_path)
    async with on.app.run_test():
        assert (on.app.chooser.spec.ask_first, on.app.chooser.spec.iterations) == (True, 77)
    on = stage(tmp_path, Config(explain=ExplainDefaults(iterations=3, strategy="published", metric="auc")))
    async with on.app.run_test():
        spec = on.app.chooser.spec
        assert (spec.ask_first, spec.iterations, spec.metric) == (False, 3, "auc")


def test_a_file_of_another_version_is_passed_over(tmp_path: Path) -> None:
    (tmp_path / "app.json").write_text('{"theme": "no such theme"}')
    assert stage(tmp_path).app.theme == "line-dark"
    (tmp_path / "app.json").write_text("{")
    assert stage(tmp_path).app.theme == "line-dark"


async def test_layers_are_listed_at_once_where_they_were_before(tmp_path: Path) -> None:
    on = stage(tmp_path)
    LayerCache(tmp_path / "layers", CATALOG).keep("emoji-resnet18", LAYERS[:1])
    on.engine.answers = False
    async with on.app.run_test() as pilot:
        await settle(pilot, lambda: on.app.screen.query_one("#layers", Rows).rows)
        assert [row.key for row in on.app.screen.query_one("#layers", Rows).rows] == ["conv"]
        # What the engine says now counts.
        await settle(pilot, lambda: on.engine.commands(p.ListLayers))
        on.engine.box.put_nowait(p.LayersListed(request=1, layers=LAYERS))
        await settle(pilot, lambda: len(on.app.screen.query_one("#layers", Rows).rows) == 3)


async def test_layers_are_listed_behind_the_tour(tmp_path: Path) -> None:
    on = stage(tmp_path, tour=True)
    LayerCache(tmp_path / "layers", CATALOG).keep("emoji-resnet18", LAYERS[:1])
    async with on.app.run_test() as pilot:
        await settle(pilot, lambda: on.app.chooser.query_one("#layers", Rows).rows)
        # The engine works while the tour is read.
        await settle(pilot, lambda: on.engine.commands(p.ListLayers))
        assert isinstance(on.app.screen, Tour)


async def test_what_a_screen_shows_is_explained_there(on: Stage) -> None:
    keep(on.store, events_of_a_run())
    async with on.app.run_test() as pilot:
        await settle(pilot, lambda: on.app.model_cache.layers)
        for keys, wanted in (
            ((), {"Label found", "Histogram"}),
            (("l", "enter"), {"Verified", "AUC", "MAD", "Histogram"}),
            (("r",), {"AUC", "MAD", "p", "Fresh", "Histogram"}),
        ):
            await pilot.press(*keys)
            await pilot.pause()
            screen = on.app.screen
            assert isinstance(screen, LineScreen)
            assert wanted <= {heading for heading, _ in screen.topics()}, keys


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT])
async def test_a_signal_ends_the_app_in_order(on: Stage, number: int) -> None:
    async with on.app.run_test() as pilot:
        os.kill(os.getpid(), number)
        await settle(pilot, lambda: on.app.return_code == 130)
