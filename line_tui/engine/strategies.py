"""The ways to search, by the name that a run is asked for."""

from __future__ import annotations

from line_tui.engine.models import LoadedModels, ModelSource
from line_tui.events import Strategy as Name
from line_tui.explain import adaptive
from line_tui.explain.adaptive import Adaptive
from line_tui.explain.published import Published
from line_tui.explain.state import RunState
from line_tui.explain.steps import Strategy


def make_strategy(name: Name, loaded: LoadedModels, source: ModelSource) -> Strategy:
    """The strategy of a run over its models. Raises ModelFileError."""
    match name:
        case "published":
            return Published()
        case "adaptive":
            return Adaptive(loaded.embedder, source.lexicon())


def images_planned(state: RunState) -> int:
    """Search images that a run is expected to draw in all."""
    match state.spec.strategy:
        case "published":
            return Published().images_planned(state)
        case "adaptive":
            return adaptive.images_planned(state)
