"""The bottom line: the keys that work now."""

from __future__ import annotations

from textual import events
from textual.binding import ActiveBinding
from textual.content import Content

from line_tui.tui.widgets.cached_static import CachedStatic


class KeysBar(CachedStatic):
    """The keys and what they do; a click on one presses it.

    It is a single text. Textual's own footer has a widget for each key, and replaces all of them, with a new layout of
    the whole screen, whenever the keys that apply change.
    """

    _places: tuple[tuple[int, str, str], ...] = ()
    """Right edge, key and tooltip of each entry, from left to right."""

    def on_mount(self) -> None:
        """Update when the keys that apply change."""
        self.screen.bindings_updated_signal.subscribe(self, lambda _: self.show())

    def on_resize(self) -> None:
        """Show as many keys as fit."""
        self.show()

    def show(self) -> None:
        """Show the keys that apply now."""
        shown: dict[str, ActiveBinding] = {}
        for active in self.screen.active_bindings.values():
            if active.binding.show and active.enabled:
                shown.setdefault(active.binding.action, active)
        keys = [self.app.get_key_display(active.binding) for active in shown.values()]
        texts = [f" {key} {active.binding.description} " for key, active in zip(keys, shown.values(), strict=True)]
        # In a narrow terminal, first the gaps shrink, then the last keys are left out.
        tight = self.size.width and sum(map(len, texts)) > self.size.width
        parts: list[tuple[str, str]] = []
        places, end = [], 0
        for key, text, active in zip(keys, texts, shown.values(), strict=True):
            text = text.removesuffix(" ") if tight else text
            if tight and end + len(text) > self.size.width:
                break
            split = len(key) + 1
            parts += [(text[:split], "bold $footer-key-foreground"), (text[split:], "$footer-description-foreground")]
            end += len(text)
            places.append((end, active.binding.key, active.tooltip))
        self._places = tuple(places)
        self.put(Content.assemble(*parts))

    def on_click(self, event: events.Click) -> None:
        """Press the key that was clicked."""
        if (place := self._at(event.x)) is not None:
            self.app.simulate_key(place[1])

    def on_mouse_move(self, event: events.MouseMove) -> None:
        """Show the tooltip of the key under the mouse."""
        place = self._at(event.x)
        self.tooltip = place[2] if place is not None else None

    def _at(self, x: int) -> tuple[int, str, str] | None:
        return next((place for place in self._places if x < place[0]), None)
