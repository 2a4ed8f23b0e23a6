"""The command palette: every key of the screen by name, as "area: verb"."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import ClassVar

from textual import on
from textual.binding import Binding, BindingType
from textual.command import CommandList, CommandPalette, DiscoveryHit, Hit, Hits, Provider
from textual.widgets import Input
from textual.worker import WorkerError

_CALLED = 1000
"""Far above the score of any match."""


class Palette(CommandPalette):
    """Textual's palette, with workarounds for two faults.

    Page keys crash it before its list is on the screen. And while a search is slow, Enter takes the top of the list
    from before the last letters.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("pagedown", "page('page_down')", "Page down", show=False),
        Binding("pageup", "page('page_up')", "Page up", show=False),
    ]

    async def action_page(self, move: str) -> None:
        """Move by a page, unless the list is not on the screen yet."""
        commands = self.query_one(CommandList)
        if commands.scrollable_content_region.height:
            await commands.run_action(move)

    @on(Input.Submitted)
    async def _await_search(self) -> None:
        """Finish the search before Enter takes its result; Textual's own handler runs after this one."""
        searches = [worker for worker in self.workers if worker.group == self._GATHER_COMMANDS_GROUP]
        for search in searches:
            # Raised by a search that was cancelled when the next letter was typed.
            with suppress(WorkerError):
                await search.wait()


class ScreenCommands(Provider):
    """The actions that apply now."""

    def _commands(self) -> list[tuple[str, str, Callable[[], object]]]:
        commands = {}
        for active in self.screen.active_bindings.values():
            binding: Binding = active.binding
            if not (active.enabled and binding.id and binding.description) or binding.id in commands:
                continue
            area, _, _ = binding.id.partition(".")
            area = area if "." in binding.id else "line-tui"
            name = f"{area}: {binding.description.lower()}"
            if active.tooltip and active.tooltip.lower() != binding.description.lower():
                # Can be found by its word in the bottom line and by its description.
                name += f" · {active.tooltip[0].lower()}{active.tooltip[1:]}"
            commands[binding.id] = (
                name,
                f"key {self.app.get_key_display(binding)}",
                partial(self.app.run_action, binding.action, active.node),
            )
        # Last, because nobody looks up how to move in a list.
        return [commands[id] for id in sorted(commands, key=lambda id: id.startswith("rows."))]

    async def discover(self) -> Hits:
        """All commands, shown before anything is typed."""
        for name, help, run in self._commands():
            yield DiscoveryHit(name, run, help=help)

    async def search(self, query: str) -> Hits:
        """Commands that contain all these words, or whose short name contains these letters in this order."""
        matcher, words = self.matcher(query), query.casefold().split()
        for name, help, run in self._commands():
            short = name.partition(" · ")[0]
            matches = all(word in name.casefold() for word in words)
            if matches or matcher.match(short) > 0:
                # A match in the name ranks above one in the description.
                bonus = _CALLED * all(word in short for word in words)
                yield Hit(bonus + max(matcher.match(name), 1 / len(name)), matcher.highlight(name), run, help=help)
