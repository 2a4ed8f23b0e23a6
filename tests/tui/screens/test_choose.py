from pathlib import Path
from typing import Any

import msgspec
import pytest
from textual.pilot import Pilot
from textual.widgets import Input, Select, Static

from line_tui import events as e
from line_tui.engine import protocol as p
from line_tui.events import RunSpec
from line_tui.models.layer_cache import LayerCache
from line_tui.models.source_digests import with_sources
from line_tui.tui.neuron_overview import NeuronOverview, NeuronProfile
from line_tui.tui.screens.choose import ChooseScreen
from line_tui.tui.screens.dialogs import Confirm
from line_tui.tui.screens.plan import Plan
from line_tui.tui.screens.run import RunScreen
from line_tui.tui.widgets.cached_static import CachedStatic
from line_tui.tui.widgets.neurons import NeuronTable
from line_tui.tui.widgets.preview import Preview
from line_tui.tui.widgets.rows import Rows
from line_tui.tui.widgets.thumbnails import Thumbnails
from tests.tui.stage import CATALOG, LAYERS, Stage, events_of_a_run, happen, keep, run_screen, settle, stage, start


def names(on: Stage, id: str) -> list[str]:
    return [row.key for row in on.app.screen.query_one(f"#{id}", Rows).rows]


def chooser(on: Stage) -> ChooseScreen:
    screen = on.app.screen
    assert isinstance(screen, ChooseScreen)
    return screen


async def test_layers_come_from_the_engine_which_may_say_why_there_are_none(on: Stage) -> None:
    async with on.app.run_test() as pilot:
        await settle(pilot, lambda: names(on, "layers") == ["conv", "avgpool", "fc"])
        assert names(on, "neurons") == ["0", "1", "2"]
        assert on.engine.commands(p.ListLayers)[0].model == "emoji-resnet18"
        on.engine.answers = False
        await pilot.press("down")
        await settle(pilot, lambda: len(on.engine.commands(p.ListLayers)) == 2)
        request = on.engine.commands(p.ListLayers)[-1].request
        failed = p.CommandFailed(command="list_layers", cause="weights missing", fix="pull them", exit_code=4)
        on.engine.box.put_nowait(msgspec.structs.replace(failed, request=request))
        layers = on.app.screen.query_one("#layers", Rows)
        await settle(pilot, lambda: layers.empty == "weights missing\npull them")
        # Nothing of the model before is left.
        assert str(on.app.screen.query_one("#neurons").border_title) == "Neuron"
        assert "line-tui layers emoji-planted" in str(on.app.screen.query_one("#plan", CachedStatic).content)
        # A model that the cursor has left is not asked for.
        chooser(on)._ask_for_layers("another")
        await pilot.pause()
        assert len(on.engine.commands(p.ListLayers)) == 2


async def test_models_are_found_by_any_torchvision_name(on: Stage) -> None:
    on.store.create("r9", RunSpec(model="nope", layer="fc", neuron=0))
    async with on.app.run_test() as pilot:
        # A run that never began makes no model.
        assert names(on, "models") == ["emoji-resnet18", "emoji-planted", "resnet50"]
        await pilot.press("slash", *"convnext_tiny")
        assert names(on, "models") == ["convnext_tiny"]
        await settle(pilot, lambda: "convnext_tiny" in on.app.model_cache.layers)
        await pilot.press("escape")
        assert names(on, "models") == ["emoji-resnet18", "emoji-planted", "resnet50"]
        assert on.app.focused is on.app.screen.query_one("#models")
        # A filter that was left with Enter is shown, and cleared from its list too.
        await pilot.press("slash", *"resnet50", "enter")
        models = on.app.screen.query_one("#models", Rows)
        assert models.border_subtitle == "/resnet50" and "escape" in on.app.screen.active_bindings
        await pilot.press("escape")
        assert not models.border_subtitle and models.key == "resnet50" and on.app.focused is models
        # With nothing to leave, the first screen stays.
        await pilot.press("escape")
        assert chooser(on)


async def test_the_keyboard_alone_chooses_a_neuron_by_its_name(on: Stage) -> None:
    async with on.app.run_test() as pilot:
        await settle(pilot, lambda: on.app.model_cache.layers)
        await pilot.press("enter", "slash", *"fc", "enter", "enter", "slash", *"nowhere", "enter")
        assert "g" not in on.app.screen.active_bindings or not on.app.screen.active_bindings["g"].enabled
        plan = on.app.screen.query_one("#plan", CachedStatic)
        assert str(plan.content).endswith("$ line-tui neurons emoji-resnet18 fc"), "no neuron is chosen"
        await pilot.press("g")
        assert on.app.controller.session is None, "no run starts for a neuron that the filter hides"
        await pilot.press("slash", "escape", "slash", *"sky")
        assert names(on, "neurons") == ["2"]
        await pilot.press("enter", "enter")
        await settle(pilot, lambda: on.engine.commands(p.Start))
        spec = on.engine.commands(p.Start)[0].spec
        assert (spec.model, spec.layer, spec.neuron) == ("emoji-resnet18", "fc", 2)
        assert isinstance(on.app.screen, RunScreen)


@pytest.mark.parametrize("listed", ["models", "layers", "neurons"])
async def test_a_filter_without_a_match_leaves_the_cursors_where_they_were(on: Stage, listed: str) -> None:
    async with on.app.run_test() as pilot:
        await settle(pilot, lambda: on.app.model_cache.layers)
        screen = on.app.screen
        keys = "down", "up", "enter", "up", "enter", "down", "down"
        await pilot.press(*keys)
        before = screen._neuron  # type: ignore[attr-defined]
        assert before[0] == "emoji-resnet18" and before[2] == 2
        screen.set_focus(screen.query_one(f"#{listed}"))
        await pilot.press("slash", *"nowhere")
        assert screen._neuron != before  # type: ignore[attr-defined]
        await pilot.press("escape")
        await settle(pilot, lambda: screen._neuron == before)  # type: ignore[attr-defined]
        assert [screen.query_one(f"#{name}", Rows).key for name in ("models", "layers", "neurons")] == [
            *before[:2],
            str(before[2]),
        ]


async def test_another_model_begins_with_its_own_last_layer(tmp_path: Path) -> None:
    on = stage(tmp_path)
    on.engine.answers = False
    others = [msgspec.structs.replace(LAYERS[0], name=name) for name in ("stem", "body", "head", "planted")]
    for model, layers in {"emoji-resnet18": LAYERS, "emoji-planted": others}.items():
        LayerCache(tmp_path / "layers", CATALOG).keep(model, layers)
    async with on.app.run_test() as pilot:
        table = on.app.screen.query_one("#layers", Rows)
        await settle(pilot, lambda: table.key == "fc")
        await pilot.press("down")
        await settle(pilot, lambda: table.key == "planted")
        await pilot.press("up")
        await settle(pilot, lambda: table.key == "fc")


async def test_the_plan_is_shown_changed_and_used(on: Stage) -> None:
    async with on.app.run_test() as pilot:
        await settle(pilot, lambda: on.app.model_cache.layers)
        await pilot.press("p")
        assert isinstance(on.app.screen, Plan)
        on.app.screen.query_one("#iterations", Input).value = "3"
        on.app.screen.query_one("#seed", Input).value = "-1"
        await pilot.press("ctrl+s")
        assert isinstance(on.app.screen, Plan), "a seed below zero is refused"
        assert "seed: 0 to" in str(on.app.screen.query_one("#plan-hint", Static).content)
        on.app.screen.query_one("#seed", Input).value = "7"
        await pilot.press("ctrl+s", "m")
        spec = chooser(on).spec
        assert (spec.iterations, spec.seed, spec.ask_first) == (3, 7, True)
        plan = str(chooser(on).query_one("#plan", Static).content)
        assert "line-tui explain emoji-resnet18 fc 0 --seed 7 --iterations 3" in plan and "3 × 5 pictures" in plan
        await pilot.press("p")
        on.app.screen.query_one("#strategy", Select).value = "quick"
        await pilot.press("ctrl+s")
        assert "quick · a tenth of the pictures" in str(chooser(on).query_one("#plan", Static).content)


async def test_a_folder_as_control_set_needs_the_published_search(on: Stage, tmp_path: Path) -> None:
    async with on.app.run_test() as pilot:
        await settle(pilot, lambda: on.app.model_cache.layers)
        await pilot.press("p")
        plan = on.app.screen

        async def refused(value: str) -> str:
            plan.query_one("#control", Input).value = value
            await pilot.press("ctrl+s")
            assert on.app.screen is plan
            return str(plan.query_one("#plan-hint", Static).content)

        assert "no such folder" in await refused(str(tmp_path / "nowhere"))
        plan.query_one("#control", Input).value = str(tmp_path)
        plan.query_one("#strategy", Select).value = "published"
        await pilot.pause()
        assert plan.query_one("#metric", Select).value == "mean"
        plan.query_one("#metric", Select).value = "correlation"
        await pilot.press("ctrl+s")
        assert "the published search raises mean activation or" in str(plan.query_one("#plan-hint", Static).content)
        plan.query_one("#metric", Select).value = "auc"
        await pilot.press("ctrl+s")
        assert chooser(on).spec.control == str(tmp_path)
        shown = str(chooser(on).query_one("#plan", Static).content)
        assert f"--control {tmp_path}" in shown and f"control: {tmp_path}" in shown
        await pilot.press("p")
        on.app.screen.query_one("#control", Input).value = " "
        await pilot.press("ctrl+s")
        assert chooser(on).spec.control is None


async def test_earlier_runs_of_the_neuron_come_first_then_the_starred(on: Stage) -> None:
    keep(on.store, events_of_a_run(layer="fc", model="emoji-resnet18"), "r1")
    keep(on.store, events_of_a_run(layer="fc", model="other"), "r2")
    keep(on.store, events_of_a_run(layer="conv", model="other"), "r3")
    on.store.star("r2")
    async with on.app.run_test() as pilot:
        await settle(pilot, lambda: on.app.model_cache.layers)
        assert names(on, "earlier") == ["r1", "r2", "r3"]
        neurons = on.app.screen.query_one(NeuronTable)
        assert "strawberry" in str(neurons.rows[0].cells) and "1 of 3 explained" in str(neurons.border_title)
        chooser(on).set_focus(chooser(on).query_one("#earlier"))
        await pilot.press("enter")
        await settle(pilot, lambda: isinstance(on.app.screen, RunScreen))
        assert run_screen(on.app).snapshot.run_id == "r1"
        # What is explained is passed over.
        await pilot.press("escape", "right", "right")
        for following in ("1", "2", "1"):
            await pilot.press("u")
            assert neurons.key == following


async def test_a_second_run_asks_before_it_stops_the_first(on: Stage) -> None:
    async with on.app.run_test() as pilot:
        await settle(pilot, lambda: on.app.model_cache.layers)
        await pilot.press("right", "right")
        await settle(pilot, lambda: on.engine.starts == 1)
        await pilot.press("enter")
        await settle(pilot, lambda: isinstance(on.app.screen, RunScreen))
        await pilot.press("escape", "enter", "n")
        assert len(on.engine.commands(p.Start)) == 1
        await pilot.press("w")
        assert isinstance(on.app.screen, RunScreen)
        await pilot.press("escape", "enter", "y")
        await settle(pilot, lambda: len(on.engine.commands(p.Start)) == 2)
        assert on.engine.commands(p.Stop)
        on.engine.die()
        await settle(pilot, lambda: on.app.engine.status.state == "dead")
        await pilot.press("escape", "left", "right")
        assert on.engine.starts == 1, "only a person starts it again"


async def test_watch_is_offered_only_for_a_run_that_goes_on(on: Stage) -> None:
    keep(on.store, events_of_a_run())
    async with on.app.run_test() as pilot:
        await settle(pilot, lambda: on.app.model_cache.layers)
        on.app.controller.open("r1")
        await pilot.press("escape")
        assert on.app.screen is on.app.chooser and "w" not in on.app.screen.active_bindings
        await start(on, pilot)
        await pilot.press("escape")
        assert "w" in on.app.screen.active_bindings


@pytest.mark.parametrize(("width", "orders"), [(80, 3), (200, 6)])
async def test_only_a_column_that_is_shown_sorts(on: Stage, width: int, orders: int) -> None:
    async with on.app.run_test(size=(width, 30)) as pilot:
        await settle(pilot, lambda: on.app.model_cache.layers)
        table = on.app.screen.query_one(NeuronTable)
        seen = set()
        for _ in range(7):
            await pilot.press("o")
            assert table.has_room_for(table.columns[table.order])
            seen.add(table.order)
        assert len(seen) == orders
        await pilot.resize_terminal(80, 30)
        await settle(pilot, lambda: table.has_room_for(table.columns[table.order]))


def begun(on: Stage) -> list[p.Start]:
    """Runs that the engine was given, in the order of their neurons, and that it has begun."""
    starts = sorted(on.engine.commands(p.Start), key=lambda command: int(command.spec.neuron))
    for command in starts:
        if not on.store.has(command.run_id):
            on.store.create(command.run_id, with_sources(command.spec))
    return starts


async def finish(on: Stage, pilot: Pilot[Any], command: p.Start) -> None:
    events = events_of_a_run(layer=command.spec.layer, neuron=command.spec.neuron)
    await happen(on, pilot, command.run_id, [*events, e.PhaseChanged(phase="idle")])


async def test_marked_neurons_are_explained_several_at_once(on: Stage) -> None:
    on.engine.ahead = 2
    async with on.app.run_test() as pilot:
        await settle(pilot, lambda: on.app.model_cache.layers)
        await pilot.press("right", "right", "space", "space", "space")
        table = on.app.screen.query_one(NeuronTable)
        assert "3 marked" in str(table.border_subtitle)
        await pilot.press("G")
        await settle(pilot, lambda: len(on.engine.commands(p.Start)) == 2)
        first, second = begun(on)
        controller = on.app.controller
        assert on.app.screen is on.app.chooser and [spec.neuron for spec in controller.waiting] == [2]
        assert (first.spec.neuron, second.spec.neuron) == (0, 1) and controller.queue_running == 2
        await happen(on, pilot, first.run_id, events_of_a_run(layer="fc")[:3])
        assert "2 running, 1 waiting" in str(on.app.chooser.title_bar.content)
        await finish(on, pilot, second)
        await settle(pilot, lambda: len(on.engine.commands(p.Start)) == 3)
        await settle(pilot, lambda: "2 running, 0 waiting, " in str(on.app.chooser.title_bar.content))
        third = begun(on)[2]
        # While one is held, no time is left that could be told.
        assert controller.queue_seconds_left is not None
        await happen(on, pilot, third.run_id, [e.PhaseChanged(phase="paused")])
        assert controller.queue_seconds_left is None
        # A run that cannot even be begun holds up nothing, and is told.
        await happen(
            on, pilot, third.run_id, [e.Failed(cause="no such layer", fix="none"), e.PhaseChanged(phase="idle")]
        )
        await finish(on, pilot, first)
        await settle(pilot, lambda: not controller.is_working and not controller.waiting)
        assert [note.message for note in on.app._notifications if "no such layer" in note.message]
        assert sorted(run.status for run in on.store.runs()) == ["failed", "finished", "finished"]


async def test_a_run_of_the_users_own_goes_on_beside_the_queue(on: Stage) -> None:
    on.engine.ahead = 2
    async with on.app.run_test() as pilot:
        await settle(pilot, lambda: on.app.model_cache.layers)
        await pilot.press("right", "right", "A", "G")
        await settle(pilot, lambda: len(on.engine.commands(p.Start)) == 2)
        queued, controller = begun(on), on.app.controller
        # w watches one of the queue's, which can be steered.
        await pilot.press("w")
        first, second = sorted(queued, key=lambda command: command.run_id != run_screen(on.app).source.run_id)
        assert run_screen(on.app).source.run_id == first.run_id
        await happen(on, pilot, first.run_id, events_of_a_run(layer="fc")[:12])
        await pilot.press("space")
        assert [command.run_id for command in on.engine.commands(p.Pause)] == [first.run_id] and controller.paused
        await pilot.press("escape")
        # The user's own run starts at once, and stopping it does not stop the queue.
        await pilot.press("g")
        own = on.engine.commands(p.Start)[-1]
        assert own.run_id not in (first.run_id, second.run_id)
        assert run_screen(on.app).source.run_id == own.run_id and not controller.paused
        on.store.create(own.run_id, own.spec)
        await happen(on, pilot, own.run_id, events_of_a_run(layer="fc")[:12])
        controller.stop()
        await settle(pilot, lambda: not controller.is_working_on(own.run_id))
        assert [command.run_id for command in on.engine.commands(p.Stop)] == [own.run_id]
        assert controller.queue_running == 2 and not controller.queue_held
        # Back to the queue's, still held.
        await pilot.press("escape", "w")
        assert run_screen(on.app).source.run_id == first.run_id and controller.paused
        # When it ends in view, another of the queue's comes.
        await finish(on, pilot, first)
        await settle(pilot, lambda: run_screen(on.app).source.run_id == second.run_id)


async def test_a_stop_holds_the_queue_which_goes_on_or_is_taken_back(on: Stage) -> None:
    async with on.app.run_test() as pilot:
        await settle(pilot, lambda: on.app.model_cache.layers)
        await pilot.press("right", "right", "A", "G")
        await settle(pilot, lambda: on.engine.commands(p.Start))
        (first,) = begun(on)
        controller = on.app.controller
        await pilot.press("w")
        await happen(on, pilot, first.run_id, events_of_a_run(layer="fc")[:20])
        await pilot.press("S")
        await settle(pilot, lambda: isinstance(on.app.screen, Confirm))
        await pilot.press("y")
        await settle(pilot, lambda: controller.queue_held)
        # The one that was stopped is not lost to the queue.
        assert [spec.neuron for spec in controller.waiting] == [0, 1, 2] and not controller.is_working
        await pilot.press("escape")
        assert "3 waiting: on hold, G resumes" in str(on.app.chooser.title_bar.content)
        await pilot.press("G")
        await settle(pilot, lambda: on.engine.commands(p.Resume))
        assert on.engine.commands(p.Resume)[0].run_id == first.run_id and len(controller.waiting) == 2
        await pilot.press("C")
        assert controller.waiting == []


async def test_an_engine_that_dies_under_the_queue_is_begun_again(on: Stage) -> None:
    async with on.app.run_test() as pilot:
        await settle(pilot, lambda: on.app.model_cache.layers)
        await pilot.press("right", "right", "space", "G")
        await settle(pilot, lambda: on.engine.commands(p.Start))
        (first,) = begun(on)
        on.engine.die()
        await settle(pilot, lambda: on.engine.commands(p.Resume))
        assert on.engine.starts == 2 and on.engine.commands(p.Resume)[0].run_id == first.run_id
    assert on.engine.starts == 2


async def test_a_wide_terminal_shows_what_a_neuron_is_like(on: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = NeuronProfile((("tomato", 2.0), ("rose", 1.0)), (0.1, 0.2, 2.0), (2.0,))
    monkeypatch.setattr("line_tui.tui.model_cache.bank_profile", lambda model, layer, neuron: seen)
    keep(on.store, events_of_a_run(model="emoji-resnet18", layer="fc"))
    on.store.append("r1", e.Judged(judgement="wrong", label="strawberry"))
    async with on.app.run_test(size=(80, 24)) as pilot:
        preview = on.app.screen.query_one(Preview)
        await settle(pilot, lambda: on.app.model_cache.layers)
        await pilot.resize_terminal(200, 50)
        await settle(pilot, lambda: "tomato" in str(preview.query_one("#preview-text", Static).content))
        text = str(preview.query_one("#preview-text", Static).content)
        assert "red things" in text and "strawberry" in text and "you say: wrong" in text
        await settle(pilot, lambda: preview.query_one("#preview-pictures", Thumbnails).shown.images)
        # A filter without a match leaves no neuron to show.
        await pilot.press("slash", *"zzz")
        await settle(pilot, lambda: not str(preview.query_one("#preview-text", Static).content))
        assert str(preview.border_title) == "" and not preview.query_one("#preview-histogram").display
        await pilot.press("escape")
        await settle(pilot, lambda: "tomato" in str(preview.query_one("#preview-text", Static).content))
        await pilot.resize_terminal(120, 40)
        await settle(pilot, lambda: not preview.display)


async def test_at_80_columns_a_layer_of_numbers_shows_its_best_words(
    on: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    best = [NeuronOverview("tomato", 2.1)] * 512
    monkeypatch.setattr("line_tui.tui.model_cache.bank_overview", lambda model, layer: best)
    async with on.app.run_test(size=(80, 24)) as pilot:
        await settle(pilot, lambda: on.app.model_cache.layers)
        await pilot.press("right", "up")
        table = on.app.screen.query_one(NeuronTable)
        await settle(pilot, lambda: len(table.rows) == 512 and table.rows[0].cells[2] == "tomato")
        assert "tomato" in "".join(segment.text for segment in table.render_line(2))
