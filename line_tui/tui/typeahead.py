"""Keys that come faster than the screen: each takes effect before the next is looked at.

Textual gives every key to the widget that has the focus when it arrives. A key that opens or closes a dialog takes some
messages to do so; what arrives meanwhile, as it does in one packet over a slow link, would go to the screen before.
"""

from __future__ import annotations

from collections import deque
from functools import partial

from textual import events
from textual.app import App
from textual.message import Message

_PATIENCE = 1.0
"""Seconds that a key is held at most, so that a widget that never answers does not silence the keyboard."""


class Echo(Message):
    """Follows a key through the same queues; when it has bubbled up to the app, so has the key."""

    def __init__(self, number: int, laps: int) -> None:
        super().__init__()
        self.number = number
        self.laps = laps


class TypeAhead(App[None]):
    """Base of the app: holds what is typed until the key before it has done all that it does."""

    def __init__(self) -> None:
        super().__init__()
        self._typed: deque[events.Key | events.Paste] = deque()
        self._at_key = False
        self._sent = 0

    def on_mount(self) -> None:
        """A new screen has to be there before its field can take a key; one that closes may lose the echo."""
        self.screen_change_signal.subscribe(self, lambda _: self._send_echo() if self._at_key else None, immediate=True)

    async def on_event(self, event: events.Event) -> None:
        """Hand on one key at a time."""
        if not isinstance(event, events.Key | events.Paste):
            await super().on_event(event)
            return
        if not self.screen_stack:
            # The app closes: Textual would look for the key's meaning on a screen that is gone.
            return
        if event.is_forwarded:
            await super().on_event(event)
            return
        self._typed.append(event)
        if self._at_key:
            self.set_timer(_PATIENCE, partial(self._give_up, event))
        else:
            await self._hand_on()

    async def on_echo(self, echo: Echo) -> None:
        """Look at the next key after the last echo of this one."""
        if echo.number != self._sent or not self.screen_stack:
            return
        if echo.laps > 1:
            self._send_echo(echo.laps - 1)
        else:
            await self._hand_on()

    async def _hand_on(self) -> None:
        self._at_key = bool(self._typed)
        if self._at_key:
            await super().on_event(self._typed.popleft())
            self._send_echo()

    def _send_echo(self, laps: int = 2) -> None:
        # Once around, the key's own handlers have run; twice, those of the messages that they sent.
        self._sent += 1
        (self.focused or self.screen).post_message(Echo(self._sent, laps))

    async def _give_up(self, event: events.Key | events.Paste) -> None:
        if event in self._typed:
            await self._hand_on()
