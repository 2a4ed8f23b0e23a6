from pathlib import Path
from typing import Any

import msgspec
import pytest
from textual.events import Paste
from textual.widgets import Input, Static

from line_tui import events as e
from line_tui.engine import protocol as p
from line_tui.engine.executor import EngineExited
from line_tui.events import THUMBNAIL
from line_tui.explain.state import fold, verdict
from line_tui.store import Store
from line_tui.tui.neuron_overview import NeuronProfile
from line_tui.tui.screens.dialogs import Ask
from line_tui.tui.screens.picture import PictureScreen
from line_tui.tui.widgets.banner import EngineBanner
from line_tui.tui.widgets.pool import PoolTable
from line_tui.tui.widgets.status import StatusBar
from line_tui.tui.widgets.thumbnails import Thumbnails
from line_tui.tui.widgets.timeline import Timeline
from tests.tui.stage import Stage, events_of_a_run, happen, keep, run_screen, settle, stage, start, through, until

MIDDLE = through(events_of_a_run(), "spoon")
PROPOSAL = e.Proposed(
    trial="t99", concept="ripe tomato", origin="llm", iteration=4, move="combine", based_on=["tomato", "river"]
)
ASKED: list[e.AnyEvent] = [*MIDDLE, e.ModeChanged(ask_first=True), PROPOSAL, e.PhaseChanged(phase="waiting")]


def text(on: Stage, selector: str) -> str:
    return str(on.app.screen.query_one(selector, Static).content)


def status(on: Stage) -> str:
    return str(on.app.screen.query_one(StatusBar).content)


def decisions(on: Stage, run_id: str) -> list[e.Decided]:
    return [event.event for event in on.store.events(run_id) if isinstance(event.event, e.Decided)]


async def go_to(on: Stage, pilot: Any, key: str) -> PoolTable:
    """Go to a row of the pool as a user does."""
    table = on.app.screen.query_one(PoolTable)
    on.app.screen.set_focus(table)
    place = [row.key for row in table.rows].index(key)
    await pilot.press("home", *["down"] * place)
    if not place:
        await pilot.press("down", "up")
    assert table.key == key
    return table


async def test_everything_is_in_view_and_panes_take_turns_where_it_is_narrow(on: Stage) -> None:
    async with on.app.run_test(size=(80, 24)) as pilot:
        run_id = await start(on, pilot, MIDDLE)
        drawing: list[e.AnyEvent] = [e.PhaseChanged(phase="drawing"), e.Progress(phase="drawing", done=1, total=2)]
        await happen(on, pilot, run_id, drawing)
        line = status(on)
        for part in ("drawing 1/2", "it 3/10", "65 pic.", "tomato 0.790", "left"):
            assert part in line, line
        assert "automatic · seed 0" in text(on, "#title")
        assert on.app.screen.query_one(PoolTable).rows[0].cells[1] == [("tomato", "")]
        assert len(on.app.screen.query_one(Thumbnails).shown.images) == 5
        shown = {name: on.app.screen.query_one(f"#{name}") for name in ("curve", "histogram", "pool", "timeline")}
        assert [name for name, pane in shown.items() if pane.display] == ["curve", "pool"]
        await pilot.press("g", "t")
        await pilot.pause()
        assert [name for name, pane in shown.items() if pane.display] == ["histogram", "timeline"]


async def test_words_and_pictures_are_seen_as_they_come(on: Stage) -> None:
    red = bytes([200, 30, 20]) * THUMBNAIL * THUMBNAIL
    async with on.app.run_test(size=(120, 40)) as pilot:
        run_id = await start(on, pilot, [*MIDDLE, PROPOSAL])
        pictures = on.app.screen.query_one(Thumbnails)
        # Those of the trial before stay until the first new one.
        await settle(pilot, lambda: pictures.border_title == "spoon")
        for phase, due in (("drawing", 4), ("proposing", 5)):
            await happen(on, pilot, run_id, [e.PhaseChanged(phase=phase)])  # type: ignore[arg-type]
            assert f"iteration {due}/10" in status(on)
            assert str(on.app.screen.query_one("#proposal").border_title) == f"Proposal · iteration {due}"
        await happen(on, pilot, run_id, [e.Token(text="ripe"), e.Token(text=" tom")])
        await settle(pilot, lambda: "ripe tom" in text(on, "#proposal-text"))
        drawing = e.PhaseChanged(phase="drawing", detail="ripe tomato")
        await happen(on, pilot, run_id, [drawing, e.Preview(pictures=[red, red])])
        await settle(pilot, lambda: pictures.shown.previews, "the previews of the trial that is drawn")
        assert (pictures.border_title, pictures.shown.images) == ("ripe tomato", ())
        colours = {str(segment.style.color.triplet.rgb) for segment in pictures.render_line(0) if segment.style.color}
        assert "rgb(200,30,20)" in colours
        # A batch for several concepts, or for the judgement of one, does not say whose pictures these are.
        other = e.PhaseChanged(phase="drawing", detail="ripe tomato, spoon")
        await happen(on, pilot, run_id, [other, e.Preview(pictures=[red, red])])
        await settle(pilot, lambda: not pictures.shown.previews, "no previews")
        # The keys are about what is drawn, whatever is shown.
        await pilot.press("x")
        assert decisions(on, run_id)[-1].trial == "t99"


async def test_a_key_decides_on_what_waits_and_another_takes_it_back(on: Stage) -> None:
    async with on.app.run_test() as pilot:
        run_id = await start(on, pilot, ASKED)
        assert "“ripe tomato”" in text(on, "#proposal-text") and "Draw it?" in text(on, "#proposal-text")
        assert "your turn" in status(on)
        assert on.app.screen.query_one(PoolTable).rows[0].key == "t99"
        for key in ("e", "n", "X", "plus"):
            await pilot.press(key)
            assert isinstance(on.app.screen, Ask)
            await pilot.press("escape")
        assert decisions(on, run_id) == []
        said: list[tuple[list[str], str, str | None, str]] = [
            (["a"], "accept", None, ""),
            (["x"], "reject", None, ""),
            (["p"], "pin", None, ""),
            (["b"], "ban", "ripe tomato", ""),
            (["X", "n", "o", "enter"], "reject", None, "no"),
            # What is typed goes to the end of the concept.
            (["e", "s", "enter"], "edit", "ripe tomatos", ""),
        ]
        for keys, kind, concept, reason in said:
            before = len(decisions(on, run_id))
            await pilot.press(*keys)
            await settle(pilot, lambda before=before: len(decisions(on, run_id)) > before, f"{kind} is stored")  # type: ignore[misc]
            decision = decisions(on, run_id)[-1]
            assert on.engine.commands(p.Decide)[-1].event == decision
            assert (decision.kind, decision.trial) == (kind, "t99")
            assert (decision.concept, decision.reason) == (concept, reason)
            if kind == "edit":
                await settle(pilot, lambda: "“ripe tomatos”" in text(on, "#proposal-text"))
            await pilot.press("u")
            await settle(pilot, lambda: decisions(on, run_id)[-1].kind == "undo", f"{kind} is undone")
            await settle(pilot, lambda: verdict_of(on, "t99") == "open")


async def test_the_timeline_is_on_the_row_that_the_keys_are_about(on: Stage) -> None:
    refused = e.ProposalRefused(text="blue sky", iteration=4, attempt=1, reason="was proposed before")
    async with on.app.run_test(size=(200, 50)) as pilot:
        run_id = await start(on, pilot, [*ASKED[:-2], refused, *ASKED[-2:]])
        pool, timeline = on.app.screen.query_one(PoolTable), on.app.screen.query_one(Timeline)

        async def both(key: str) -> None:
            await settle(pilot, lambda: (pool.key, timeline.key) == (key, key), key)

        await both("t99")
        await go_to(on, pilot, "t1")
        await both("t1")
        await pilot.press("x")
        await settle(pilot, lambda: decisions(on, run_id) and pool.key not in (None, "t1"))
        await both(pool.key or "")
        await pilot.press("f")
        await both("t99")
        # A refusal is no concept: the cursor can be there, but there is nothing to decide.
        on.app.screen.set_focus(timeline)
        await pilot.press("up")
        await settle(pilot, lambda: run_screen(on.app).target() is None)
        assert timeline.key == "refusal-0" and "a" not in on.app.screen.active_bindings
        assert "Press f first" in text(on, "#proposal-text")
        await pilot.press("up", "down", "down")
        await both("t99")


async def test_only_a_proposal_that_is_being_written_has_a_cursor(on: Stage) -> None:
    async with on.app.run_test(size=(120, 40)) as pilot:
        run_id = await start(on, pilot, [*MIDDLE, e.PhaseChanged(phase="proposing"), e.Token(text="ripe")])
        await settle(pilot, lambda: "ripe▌" in text(on, "#proposal-text"))
        await happen(on, pilot, run_id, [e.PhaseChanged(phase="paused")])
        await settle(pilot, lambda: "ripe\n" in text(on, "#proposal-text"))
        # Once it is proposed and scored, it is no reply any more.
        scored = msgspec.structs.replace(next(each for each in MIDDLE if isinstance(each, e.TrialScored)), trial="t99")
        await happen(on, pilot, run_id, [PROPOSAL, scored, e.PhaseChanged(phase="paused")])
        await settle(pilot, lambda: "“spoon”" in text(on, "#proposal-text"))
        await happen(on, pilot, run_id, [e.PhaseChanged(phase="proposing")])
        await settle(pilot, lambda: "▌" in text(on, "#proposal-text"))
        on.engine.die()
        await settle(pilot, lambda: "▌" not in text(on, "#proposal-text"))


async def test_in_the_pool_a_key_is_about_its_row_which_says_what_follows(on: Stage) -> None:
    async with on.app.run_test(size=(200, 50)) as pilot:
        run_id = await start(on, pilot, ASKED)
        table = on.app.screen.query_one(PoolTable)

        async def said(key: str, remark: str, last: str = "") -> None:
            def told() -> bool:
                cells = [row.cells[1] for row in table.rows if row.key == key]
                remarks = ["".join(part[0] for part in cell) for cell in cells]
                return any(remark in told for told in remarks) and last in str(table.border_subtitle)

            await settle(pilot, told, f"{remark}, {last}")

        await go_to(on, pilot, "t1")
        await settle(pilot, lambda: "Press f first: the keys apply to “tomato”" in text(on, "#proposal-text"))
        await pilot.press("escape")
        await settle(pilot, lambda: "Press f first" not in text(on, "#proposal-text"))
        await said("t99", "waits for you")
        await pilot.press("x")
        await said("t99", "ripe tomato  not drawn; the model is told")
        await go_to(on, pilot, "t1")
        place = table.cursor
        await pilot.press("a")
        assert decisions(on, run_id)[-1].trial == "t1"
        await said("t1", "tomato  stays in the pool", "✓ tomato: stays in the pool")
        # What is said already is not offered again.
        await settle(pilot, lambda: "a" not in on.app.screen.active_bindings)
        await pilot.press("p")
        await settle(pilot, lambda: "p" not in on.app.screen.active_bindings)
        assert {"a", "x", "b"} <= on.app.screen.active_bindings.keys()
        await pilot.press("x")
        await said("t1", "never the label; the model is told", "✗ tomato: never the label")
        assert {row.key for row in table.rows[-2:]} == {"t1", "t99"}
        assert table.cursor == place and table.key != "t1"
        assert str(table.border_title) == "Pool · 9 · 5 left it"
        await pilot.press("u")
        await said("t1", "tomato", "undone: reject tomato")
        await pilot.press("n", *"red ball", "enter")
        await said(decisions(on, run_id)[-1].decision, "will be drawn", "red ball: will be drawn")


async def test_the_cursor_does_not_follow_what_is_shown_and_rejected(on: Stage) -> None:
    async with on.app.run_test() as pilot:
        await start(on, pilot, MIDDLE)
        table = on.app.screen.query_one(PoolTable)
        shown = run_screen(on.app).target()
        assert shown is not None and table.key == shown.id
        await pilot.press("x")
        await settle(pilot, lambda: table.rows[-1].key == shown.id, "it is listed as rejected")
        await pilot.pause(0.2)
        # The keys are about the row at the cursor, not about what was rejected.
        target = run_screen(on.app).target()
        assert target is not None and table.key == target.id != shown.id
        assert "✗ rejected  never the label; the model is told" in text(on, "#proposal-text")


async def test_mode_budget_pause_and_stop(on: Stage) -> None:
    async with on.app.run_test() as pilot:
        run_id = await start(on, pilot, MIDDLE)
        await pilot.press("m", "plus")
        field = on.app.screen.query_one(Input)
        assert field.value == "20", "ten more"
        field.value = "0"
        await pilot.press("enter")
        # Where it was typed, so that it can be corrected.
        assert "from 1 to 1000" in text(on, "#ask-hint")
        field.value = "30"
        await pilot.press("enter")
        state = fold(event.event for event in on.store.events(run_id))  # type: ignore[misc]
        assert (state.ask_first, state.iterations) == (True, 30)
        await pilot.press("space")
        await settle(pilot, lambda: on.engine.commands(p.Pause))
        await happen(on, pilot, run_id, [e.PhaseChanged(phase="paused")])
        assert "Ⅱ paused" in status(on)
        await pilot.press("s", "space")
        await settle(pilot, lambda: on.engine.commands(p.Continue))
        assert len(on.engine.commands(p.Step)) == 1
        await pilot.press("S", "n")
        assert not on.engine.commands(p.Stop)
        await pilot.press("S", "y")
        await settle(pilot, lambda: on.engine.commands(p.Stop))


async def test_the_engine_dies_and_comes_back(on: Stage) -> None:
    async with on.app.run_test() as pilot:
        run_id = await start(on, pilot, ASKED)
        # Stored, but not yet said when it dies.
        on.store.append(run_id, msgspec.structs.replace(PROPOSAL, trial="t100", concept="ripe pear"))
        on.engine.die()
        await settle(pilot, lambda: on.app.screen.query_one(EngineBanner).display, "the banner")
        await settle(pilot, lambda: "t100" in run_screen(on.app).snapshot.state.trials, "the stored proposal")
        banner = text(on, "#banner")
        assert "killed by SIGKILL" in banner and "Killed" in banner and " R " in banner
        await settle(pilot, lambda: "✗ engine stopped" in status(on))
        # Decisions count without an engine.
        await pilot.press("x", "n", *"gold bar", "enter")
        assert [decision.kind for decision in decisions(on, run_id)] == ["reject", "add"]
        await pilot.press("R")
        await settle(pilot, lambda: on.engine.commands(p.Resume), "it goes on")
        assert on.engine.commands(p.Resume)[-1].run_id == run_id
        await settle(pilot, lambda: not on.app.screen.query_one(EngineBanner).display, "the banner goes")


async def test_an_engine_that_died_before_the_run_began_begins_it(on: Stage) -> None:
    async with on.app.run_test() as pilot:
        await settle(pilot, lambda: on.app.model_cache.layers)
        await pilot.press("right", "right", "enter")
        await settle(pilot, lambda: on.engine.commands(p.Start))
        on.engine.die(EngineExited(1, None, ["out of memory"]))
        await settle(pilot, lambda: on.app.engine.status.state == "dead")
        assert on.app.controller.session is not None
        on.app.controller.resume()
        await settle(pilot, lambda: len(on.engine.commands(p.Start)) == 2)
        first, second = on.engine.commands(p.Start)
        assert first == second


async def test_a_store_that_cannot_be_written_changes_nothing(on: Stage) -> None:
    async with on.app.run_test() as pilot:
        await start(on, pilot, ASKED)
        on.store.close()
        await pilot.press("x")
        session = on.app.controller.session
        await settle(pilot, lambda: "The engine says" in text(on, "#banner"))
        assert session is not None and session.snapshot.state.standing.decisions == ()


async def test_a_flood_of_tokens_is_all_there_in_few_frames(on: Stage) -> None:
    async with on.app.run_test() as pilot:
        run_id = await start(on, pilot, MIDDLE)
        screen, frames = run_screen(on.app), 0
        draw = screen.draw

        def count() -> None:
            nonlocal frames
            frames += 1
            draw()

        screen.draw = count  # type: ignore[method-assign]
        await happen(on, pilot, run_id, [e.PhaseChanged(phase="proposing")] + [e.Token(text="a ")] * 3000)
        await settle(pilot, lambda: screen.snapshot.text == "a " * 3000)
        assert frames < 300


async def test_heat_and_pictures_in_large(on: Stage) -> None:
    image = next(event for event in MIDDLE if isinstance(event, e.ImageScored))
    of_bank = msgspec.structs.replace(image, image=msgspec.structs.replace(image.image, path=""))
    async with on.app.run_test() as pilot:
        await start(on, pilot, MIDDLE)
        await pilot.press("h")
        await settle(pilot, lambda: on.app.screen.query_one(Thumbnails).shown.heat)
        await pilot.press("right", "v")
        screen = on.app.screen
        assert isinstance(screen, PictureScreen) and screen.place == 1
        await pilot.press("right", "h")
        assert screen.place == 2 and screen.heat
        # A picture of the bank has no file to open.
        for shown, opens in ((image, True), (of_bank, False)):
            on.app.show_picture([shown], 0, fold(MIDDLE))
            await pilot.pause()
            assert ("o" in on.app.screen.active_bindings) is opens
        assert "of the bundled bank" in text(on, "#about")


async def test_heat_is_offered_only_where_there_is_a_map(on: Stage) -> None:
    async with on.app.run_test() as pilot:
        await start(on, pilot, until(events_of_a_run(layer="fc"), "spoon"))
        assert "h" not in on.app.screen.active_bindings
        await pilot.press("h")
        assert not run_screen(on.app).heat


async def test_the_result_is_announced(on: Stage) -> None:
    async with on.app.run_test() as pilot:
        await start(on, pilot, events_of_a_run())
        assert "strawberry" in text(on, "#proposal-text") and "finished" in status(on)
        # Nothing can be decided any more.
        assert not {"a", "x", "n", "m", "space", "S"} & on.app.screen.active_bindings.keys()


async def test_a_failure_says_cause_and_fix(on: Stage) -> None:
    async with on.app.run_test() as pilot:
        failed = e.Failed(cause="weights are corrupt", fix="install line-tui again")
        await start(on, pilot, [*MIDDLE, failed, e.PhaseChanged(phase="idle")])
        assert "weights are corrupt" in text(on, "#proposal-text")
        assert "install line-tui again" in text(on, "#proposal-text")
        await settle(pilot, lambda: "failed" in status(on))
        await pilot.press("R")
        await settle(pilot, lambda: on.engine.commands(p.Resume))
        # Until the engine says more, the last end is no longer how it stands.
        await settle(pilot, lambda: "starting" in status(on) and "failed" not in status(on))


async def test_an_interrupted_run_goes_on_by_a_key(on: Stage) -> None:
    keep(on.store, MIDDLE)
    async with on.app.run_test() as pilot:
        await settle(pilot, lambda: on.app.engine.status.state == "ready")
        assert on.app.controller.open("r1")
        await settle(pilot, lambda: on.app.screen.query(StatusBar) and "interrupted" in status(on))
        await pilot.press("R")
        await settle(pilot, lambda: on.engine.commands(p.Resume))
        await settle(pilot, lambda: "interrupted" not in status(on))
        # Another run cannot take its place unnoticed.
        assert on.app.controller.is_working_on("r1")
        await happen(on, pilot, "r1", [e.PhaseChanged(phase="idle")])
        assert not on.app.controller.is_working_on("r1")


async def test_an_edit_that_comes_too_late_is_added(on: Stage) -> None:
    async with on.app.run_test() as pilot:
        run_id = await start(on, pilot, [*MIDDLE, PROPOSAL])
        await pilot.press("e", *"s")
        image = next(event for event in MIDDLE if isinstance(event, e.ImageScored))
        late = msgspec.structs.replace(image, trial="t99", concept="ripe tomato")
        await happen(on, pilot, run_id, [late])
        await pilot.press("enter")
        assert (decisions(on, run_id)[-1].kind, decisions(on, run_id)[-1].concept) == ("add", "ripe tomatos")


async def test_a_score_rests_on_n_pictures_and_ends_editing(on: Stage) -> None:
    scored = [e.TrialScored(trial=trial, mean=1.0, auc=0.9, mad=2.0, images=4) for trial in ("t99", "t50")]
    async with on.app.run_test(size=(120, 40)) as pilot:
        bank = e.Proposed(trial="t50", concept="cloud", origin="bank", iteration=1)
        await start(on, pilot, [*MIDDLE, PROPOSAL, bank, *scored])
        table = await go_to(on, pilot, "t99")
        assert "e" not in on.app.screen.active_bindings
        assert next(row for row in table.rows if row.key == "t50").cells[5] == "4"


async def test_a_key_is_about_the_row_that_waits_until_the_user_goes_to_another(on: Stage) -> None:
    async with on.app.run_test() as pilot:
        run_id = await start(on, pilot, ASKED)
        table = on.app.screen.query_one(PoolTable)
        assert on.app.screen.focused is table and table.key == "t99"
        second = msgspec.structs.replace(PROPOSAL, trial="t100", concept="ripe pear")
        await happen(on, pilot, run_id, [second])
        await settle(pilot, lambda: "1 of 2 that wait" in str(on.app.screen.query_one("#proposal").border_title))
        await pilot.press("a")
        await settle(pilot, lambda: table.key == "t100")
        await pilot.press("a")
        await settle(pilot, lambda: len(decisions(on, run_id)) == 2)
        assert [decision.trial for decision in decisions(on, run_id)] == ["t99", "t100"]


async def test_a_concept_of_ones_own_is_new_and_short(on: Stage) -> None:
    async with on.app.run_test() as pilot:
        run_id = await start(on, pilot, ASKED)
        await pilot.press("n", *"The Tomato", "enter")
        assert isinstance(on.app.screen, Ask)
        assert "“tomato” is already in this run" in text(on, "#ask-hint")
        field = on.app.screen.query_one(Input)
        field.value = ""
        await settle(pilot, lambda: "already" not in text(on, "#ask-hint"))
        await pilot.press("enter")
        assert "nothing is written yet" in text(on, "#ask-hint")
        field.value = "x" * 59
        field.post_message(Paste("x" * 500))
        await pilot.press(*"yyy")
        assert len(field.value) == 60
        field.value = "blue"
        await pilot.press("enter")
        await settle(pilot, lambda: decisions(on, run_id))
        assert decisions(on, run_id)[-1].concept == "blue"


async def test_the_first_screenful_says_what_the_bank_knows(on: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = NeuronProfile((("banknote", 8.77),), (0.1, 8.77), (8.77,))
    monkeypatch.setattr("line_tui.tui.model_cache.bank_profile", lambda model, layer, neuron: seen)
    async with on.app.run_test() as pilot:
        await start(on, pilot)
        await settle(pilot, lambda: "8.77  banknote" in on.app.screen.query_one(PoolTable).empty)
        assert "emoji-resnet18" in text(on, "#title")
        on.engine.box.put_nowait(p.CommandFailed(command="start", cause="no such layer", fix="list them", exit_code=3))
        await settle(pilot, lambda: "no such layer — list them" in text(on, "#banner"))


async def test_a_run_that_another_process_has_just_begun_names_its_neuron(tmp_path: Path) -> None:
    first = MIDDLE[0]
    assert isinstance(first, e.RunStarted)
    Store.open(tmp_path).create("r1", first.spec)
    on = stage(tmp_path, watch="r1")
    async with on.app.run_test() as pilot:
        await settle(pilot, lambda: on.app.screen.query(StatusBar) and first.spec.layer in text(on, "#title"))


async def test_a_run_of_another_process_is_followed_and_steered(tmp_path: Path) -> None:
    keep(Store.open(tmp_path), MIDDLE)
    on = stage(tmp_path, watch="r1")
    other = Store.open(tmp_path)
    async with on.app.run_test() as pilot:
        with other.lease("r1"):
            await settle(pilot, lambda: on.app.screen.query(StatusBar) and "another process" in status(on))
            # It neither goes on here nor stands still.
            assert "R" not in on.app.screen.active_bindings
            other.append("r1", PROPOSAL)
            await settle(pilot, lambda: "t99" in run_screen(on.app).snapshot.state.trials)
            await go_to(on, pilot, "t1")
            await pilot.press("x")
            (word,) = other.take_decisions("r1")
            assert isinstance(word, e.Decided) and (word.kind, word.trial) == ("reject", "t1")
            assert decisions(on, "r1") == []
            other.append("r1", word)
            await settle(pilot, lambda: verdict_of(on, "t1") == "rejected")
        await settle(pilot, lambda: "interrupted" in status(on))
        assert "R" in on.app.screen.active_bindings


def verdict_of(on: Stage, trial: str) -> str:
    state = run_screen(on.app).snapshot.state
    return verdict(state, state.trials[trial])
