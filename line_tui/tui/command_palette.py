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


class Palette(CommandPalette):
    """Textual's palette, which does not survive the page keys before its list is on the screen.

    Textual takes at Enter what is on top of the list, which is still that of fewer letters when the search is slow.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("pagedown", "page('page_down')", "Page down", show=False),
        Binding("pageup", "page('page_up')", "Page up", show=False),
    ]

    async def action_page(self, move: str) -> None:
        """Move a page, in a list that has a height."""
        commands = self.query_one(CommandList)
        if commands.scrollable_content_region.height:
            await commands.run_action(move)

    @on(Input.Submitted)
    async def _await_search(self) -> None:
        """Let what was typed be found before Enter takes it; Textual's own handler comes after this one."""
        searches = [worker for worker in self.workers if worker.group == self._GATHER_COMMANDS_GROUP]
        for search in searches:
            # One that was given up for the next letters.
            with suppress(WorkerError):
                await search.wait()


class ScreenCommands(Provider):
    """All actions that apply now."""

    def _commands(self) -> list[tuple[str, str, Callable[[], object]]]:
        found = {}
        for active in self.screen.active_bindings.values():
            binding: Binding = active.binding
            if not (active.enabled and binding.id and binding.description):
                continue
            area, _, _ = binding.id.partition(".")
            area = area if "." in binding.id else "line-tui"
            name = f"{area}: {binding.description.lower()}"
            if active.tooltip and active.tooltip.lower() != binding.description.lower():
                # By the word in the bottom line and by what it does.
                name += f" · {active.tooltip[0].lower()}{active.tooltip[1:]}"
            found[binding.id] = (
                name,
                f"key {self.app.get_key_display(binding)}",
                partial(self.app.run_action, binding.action, active.node),
            )
        # Moving in a list is what nobody looks for by name.
        return [found[id] for id in sorted(found, key=lambda id: id.startswith("rows."))]

    async def discover(self) -> Hits:
        """Everything, before anything is typed."""
        for name, help, run in self._commands():
            yield DiscoveryHit(name, run, help=help)

    async def search(self, query: str) -> Hits:
        """What has all these words, or whose short name has these letters: in a sentence most letters are somewhere."""
        matcher, words = self.matcher(query), query.casefold().split()
        for name, help, run in self._commands():
            found = all(word in name.casefold() for word in words)
            if found or matcher.match(name.partition(" · ")[0]) > 0:
                yield Hit(max(matcher.match(name), 1 / len(name)), matcher.highlight(name), run, help=help)
