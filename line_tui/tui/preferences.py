"""What the app remembers between starts: the theme and the plan. A later change of the settings file overrides it."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import msgspec

from line_tui.config import Config, ExplainDefaults
from line_tui.events import RunSpec
from line_tui.explain import strategies


class Choices(msgspec.Struct, frozen=True, kw_only=True):
    """The content of the preferences file."""

    theme: str | None = None
    theme_settings: str | None = None
    """The theme in the settings file when this file was written."""
    plan: RunSpec | None = None
    """Without model, layer and neuron."""
    plan_settings: ExplainDefaults | None = None


class Preferences:
    """Reads and writes the preferences file. If it cannot be read, the settings apply; failed writes are ignored."""

    def __init__(self, path: Path, config: Config) -> None:
        self._path = path
        self._config = config
        self._choices = Choices()
        with suppress(OSError, ValueError, RecursionError):
            self._choices = msgspec.json.decode(path.read_bytes(), type=Choices)

    @property
    def theme(self) -> str | None:
        """The theme to start with; None for the default."""
        settings = self._config.tui.theme
        return self._choices.theme if self._choices.theme_settings == settings and self._choices.theme else settings

    @theme.setter
    def theme(self, name: str) -> None:
        if name != self.theme:
            self._write(theme=name, theme_settings=self._config.tui.theme)

    @property
    def plan(self) -> RunSpec:
        """The options of new runs, without model, layer and neuron."""
        settings, stored = self._config.explain, self._choices.plan
        if stored is not None and self._choices.plan_settings == settings and _is_there(stored.control):
            return stored
        usual = msgspec.structs.asdict(settings) | {"metric": strategies.metric_of(settings.strategy, settings.metric)}
        return RunSpec(model="", layer="", neuron=0, **usual)

    @plan.setter
    def plan(self, spec: RunSpec) -> None:
        plan = msgspec.structs.replace(spec, model="", layer="", neuron=0)
        if plan != self.plan:
            self._write(plan=plan, plan_settings=self._config.explain)

    def _write(self, **changes: object) -> None:
        self._choices = msgspec.structs.replace(self._choices, **changes)
        with suppress(OSError):
            self._path.write_bytes(msgspec.json.encode(self._choices))


def _is_there(folder: str | None) -> bool:
    return folder is None or Path(folder).is_dir()
