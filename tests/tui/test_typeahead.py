"""Keys in one packet: what each of them opens or closes is there before the next is looked at."""

import asyncio
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.events import Key
from textual.pilot import Pilot
from textual.widgets import Static

from line_tui.tui.screens.dialogs import Ask, Confirm
from line_tui.tui.typeahead import TypeAhead


class Stuck(Static, can_focus=True):
    """Takes an "x" and does not come back until it is let go."""

    go_on: asyncio.Event

    def on_mount(self) -> None:
        self.go_on = asyncio.Event()

    async def on_key(self, event: Key) -> None:
        if event.key == "x":
            await self.go_on.wait()


class Typed(TypeAhead):
    """Notes what was answered, and which of its keys were pressed."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("n", "name", "Name"),
        Binding("c", "sure", "Sure"),
        Binding("t", "tick", "Tick"),
    ]

    def __init__(self) -> None:
        super().__init__()
        self.noted: list[object] = []

    def compose(self) -> ComposeResult:
        yield Stuck()

    def action_name(self) -> None:
        self.push_screen(Ask("Name?"), self.noted.append)

    def action_sure(self) -> None:
        self.push_screen(Confirm("Sure?"), self.noted.append)

    def action_tick(self) -> None:
        self.noted.append("tick")


async def type_at_once(pilot: Pilot[None], *keys: str) -> None:
    for key in keys:
        pilot.app.simulate_key(key)


async def noted(app: Typed, wanted: list[object]) -> None:
    for _ in range(500):
        if app.noted == wanted:
            return
        await asyncio.sleep(0.01)
    assert app.noted == wanted


async def test_a_dialog_is_answered_in_the_packet_that_opened_it() -> None:
    app = Typed()
    async with app.run_test() as pilot:
        await type_at_once(
            pilot, "n", *"ant", "enter", "t", "n", *"bee", "enter", "n", "x", "escape", "t", "c", "y", "t"
        )
        await noted(app, ["ant", "tick", "bee", None, "tick", True, "tick"])
        # The harness ends the app from outside: while a dialog is being taken down, both could wait for ever.
        await asyncio.sleep(0.3)


async def test_a_widget_that_never_answers_does_not_silence_the_keyboard() -> None:
    app = Typed()
    async with app.run_test() as pilot:
        stuck = app.query_one(Stuck)
        await type_at_once(pilot, "x")
        await asyncio.sleep(0)
        app.screen.set_focus(None)
        await type_at_once(pilot, "t", "t")
        await noted(app, ["tick", "tick"])
        stuck.go_on.set()


async def test_a_key_on_its_way_when_the_app_closes_is_dropped() -> None:
    app = Typed()
    async with app.run_test():
        pass
    assert not app.screen_stack
    bubbling = Key("t", "t")
    bubbling._set_forwarded()
    await app.on_event(bubbling)
    await app.on_event(Key("t", "t"))
    assert app.noted == []
