"""What is painted anew: no more than what changed."""

from collections.abc import Iterator

import pytest
from textual._compositor import Compositor
from textual.geometry import Region

from line_tui import events as e
from tests.tui.screens.test_run import MIDDLE
from tests.tui.stage import Stage, events_of_a_run, happen, keep, run_screen, settle, start, until


@pytest.fixture
def painted(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Region]]:
    """The regions that were painted; emptied by the test."""
    regions: list[Region] = []
    render = Compositor.render_update

    def watched(self: Compositor, *given: object, **named: object) -> object:
        regions.extend(self._dirty_regions)
        return render(self, *given, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(Compositor, "render_update", watched)
    yield regions


async def test_a_step_of_a_picture_paints_the_proposal_and_the_status(on: Stage, painted: list[Region]) -> None:
    async with on.app.run_test(size=(100, 44)) as pilot:
        run_id = await start(on, pilot, [*MIDDLE, e.PhaseChanged(phase="drawing")])
        await pilot.pause(0.3)
        painted.clear()
        await happen(on, pilot, run_id, [e.Progress(phase="drawing", done=1, total=4)])
        screen = run_screen(on.app)
        allowed = [screen.query_one(selector).region for selector in ("#proposal", "#status")]
        assert painted and all(any(one.contains_region(region) for one in allowed) for region in painted), painted


async def test_another_picture_leaves_those_before_it(on: Stage, painted: list[Region]) -> None:
    whole = events_of_a_run(images=5)
    before, after = until(whole, "strawberry", 2), until(whole, "strawberry", 3)
    async with on.app.run_test(size=(100, 44)) as pilot:
        run_id = await start(on, pilot, before)
        await pilot.pause(0.3)
        painted.clear()
        await happen(on, pilot, run_id, after[len(before) :])
        strip = run_screen(on.app).query_one("#pictures").content_region
        pixels = [region for region in painted if region.overlaps(strip) and region.height > 1]
        assert pixels and all(region.x > strip.x + 2 * 8 for region in pixels), painted


async def test_the_other_table_paints_its_half_alone(on: Stage, painted: list[Region]) -> None:
    async with on.app.run_test(size=(100, 44)) as pilot:
        await start(on, pilot, MIDDLE)
        screen = run_screen(on.app)
        # Textual paints everything anew when what has the focus goes out of sight.
        screen.query_one("#proposal").focus()
        place = screen.query_one("#pool").region
        await pilot.pause(0.3)
        painted.clear()
        await pilot.press("t")
        await pilot.pause(0.2)
        assert screen.query_one("#timeline").region == place
        assert painted and all(place.contains_region(region) for region in painted), painted


async def test_moving_the_cursor_paints_two_rows(on: Stage, painted: list[Region]) -> None:
    async with on.app.run_test(size=(100, 44)) as pilot:
        await start(on, pilot, MIDDLE)
        pool = run_screen(on.app).query_one("#pool")
        pool.focus()
        await pilot.pause(0.3)
        painted.clear()
        await pilot.press("down")
        await pilot.pause(0.2)
        rows = [region for region in painted if region.overlaps(pool.region)]
        assert sorted(region.height for region in rows) == [1, 1], painted


@pytest.mark.parametrize(
    ("keys", "paints"), [(["right", "right"], ("#neurons", "#plan")), (["l"], ("#runs", "#about"))]
)
async def test_another_row_paints_its_list_and_its_details(
    keys: list[str], paints: tuple[str, str], on: Stage, painted: list[Region]
) -> None:
    for run in ("r1", "r2"):
        keep(on.store, events_of_a_run(), run)
    async with on.app.run_test(size=(120, 40)) as pilot:
        await settle(pilot, lambda: on.app.model_cache.layers)
        await pilot.press(*keys)
        await pilot.pause(0.3)
        painted.clear()
        await pilot.press("down")
        await pilot.pause(0.2)
        allowed = [on.app.screen.query_one(selector).region for selector in paints]
        assert painted and all(any(one.contains_region(region) for one in allowed) for region in painted), painted
