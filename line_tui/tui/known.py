"""What is known of the models: their layers, from the engine, and their neurons, from a shipped bank."""

from __future__ import annotations

from collections.abc import Callable

from line_tui.errors import LineError
from line_tui.events import RunSpec
from line_tui.layers import LayerInfo
from line_tui.models.layer_cache import LayerCache
from line_tui.tui.engine_room import EngineRoom
from line_tui.tui.overview import NeuronOverview, bank_overview


class Known:
    """Asks for each thing once and keeps the answer."""

    def __init__(self, app: EngineRoom, kept: LayerCache, learned: Callable[[str, str | None], None]) -> None:
        """`learned` is told the model, and the layer too where it is the layer's neurons that are known now."""
        self.layers: dict[str, list[LayerInfo] | str] = {}
        """By model; a text says why there are none."""
        self.overviews: dict[tuple[str, str], list[NeuronOverview]] = {}
        """By model and layer; missing where there is no bank of it, or not yet."""
        self._app = app
        self._kept = kept
        self._answered: set[str] = set()
        self._learned = learned
        self._asked: set[str] = set()
        self._looked_up: set[tuple[str, str]] = set()

    def ask_for_layers(self, model: str) -> None:
        """Ask the engine for a model's layers; until it answers, those that it named at an earlier start are shown."""
        if model in self._answered or model in self._asked:
            return
        if model not in self.layers and (kept := self._kept.read(model)) is not None:
            self.layers[model] = kept
            self._learned(model, None)
        self._asked.add(model)
        self._app.ask_for_layers(model, lambda layers: self._take_layers(model, layers))

    def _take_layers(self, model: str, layers: list[LayerInfo] | str | None) -> None:
        """The engine's answer; None when it died, and the next one may be asked."""
        self._asked.discard(model)
        if layers is None:
            return
        self._answered.add(model)
        if layers != self.layers.get(model):
            self.layers[model] = layers
            self._learned(model, None)

    def ask_for_overview(self, model: str, layer: str) -> None:
        """Read what a shipped bank knows of a layer's neurons."""
        if (model, layer) not in self._looked_up:
            self._looked_up.add((model, layer))
            self._app.run_worker(lambda: self._read_overview(model, layer), thread=True, exit_on_error=False)

    def _read_overview(self, model: str, layer: str) -> None:
        """Worker in a thread: the bank is large."""
        try:
            found = bank_overview(model, layer)
        except LineError:
            # The engine will say what is wrong with the files when they are needed.
            return
        if found is not None:
            self._app.call_later(self._take, model, layer, found)

    def _take(self, model: str, layer: str, neurons: list[NeuronOverview]) -> None:
        self.overviews[model, layer] = neurons
        self._learned(model, layer)

    def neuron_name(self, spec: RunSpec) -> str:
        """What the neuron is called; empty where it has no name, or none that is known."""
        known = self.layers.get(spec.model)
        if isinstance(known, list):
            for layer in known:
                if layer.name == spec.layer and spec.neuron < len(layer.names):
                    return layer.names[spec.neuron]
        return ""
