"""The command palette: every key of the screen by name, in the form "area: verb"."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from textual.binding import Binding
from textual.command import DiscoveryHit, Hit, Hits, Provider


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
            name = f"{area}: {(active.tooltip or binding.description).lower()}"
            found[binding.id] = (
                name,
                f"key {self.app.get_key_display(binding)}",
                partial(self.app.run_action, binding.action, active.node),
            )
        return list(found.values())

    async def discover(self) -> Hits:
        """Everything, before anything is typed."""
        for name, help, run in self._commands():
            yield DiscoveryHit(name, run, help=help)

    async def search(self, query: str) -> Hits:
        """What matches."""
        matcher = self.matcher(query)
        for name, help, run in self._commands():
            if (score := matcher.match(name)) > 0:
                yield Hit(score, matcher.highlight(name), run, help=help)
