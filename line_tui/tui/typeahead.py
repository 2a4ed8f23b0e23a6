"""Handles keys that are typed faster than the screen changes: each takes full effect before the next is handled.

Textual passes every key to the widget that has the focus when it arrives. A key that opens or closes a dialog needs
several messages to do so; keys that arrive meanwhile, as in one packet over a slow link, would go to the old screen.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from functools import partial

from textual import events
from textual.app import App
from textual.message import Message

_TIMEOUT = 1.0
"""Longest time that a key is held back, in seconds, so that a widget that does not answer cannot block the keyboard."""


@dataclass
class Echo(Message):
    """A message that follows a key through the same queues: when it reaches the app, the key has been handled."""

    number: int
    laps: int


class TypeAhead(App[None]):
    """Base of the app: holds each key back until the one before it has taken full effect."""

    def __init__(self) -> None:
        super().__init__()
        self._typed: deque[events.Key | events.Paste] = deque()
        self._at_key = False
        self._sent = 0

    def on_mount(self) -> None:
        """Send another echo when the screen changes: a new screen is not mounted yet, an old one may lose its echo."""
        self.screen_change_signal.subscribe(self, lambda _: self._send_echo() if self._at_key else None, immediate=True)

    async def on_event(self, event: events.Event) -> None:
        """Pass on one key at a time."""
        if not isinstance(event, events.Key | events.Paste):
            await super().on_event(event)
            return
        if not self.screen_stack:
            # The app is closing: Textual would look up the key on a screen that is gone.
            return
        if event.is_forwarded:
            await super().on_event(event)
            return
        self._typed.append(event)
        if self._at_key:
            self.set_timer(_TIMEOUT, partial(self._give_up, event))
        else:
            await self._hand_on()

    async def on_echo(self, echo: Echo) -> None:
        """Pass on the next key after the last echo of this one."""
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
        # After one lap the key's own handlers have run; after two, those of the messages that they sent.
        self._sent += 1
        (self.focused or self.screen).post_message(Echo(self._sent, laps))

    async def _give_up(self, event: events.Key | events.Paste) -> None:
        if event in self._typed:
            await self._hand_on()
