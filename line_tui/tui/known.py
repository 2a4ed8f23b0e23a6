"""What is known of the models: their layers, from the engine, and their neurons, from a shipped bank."""

from __future__ import annotations

from collections.abc import Callable

from line_tui.engine import protocol
from line_tui.errors import LineError
from line_tui.events import RunSpec
from line_tui.models.layer_cache import LayerCache
from line_tui.tui.engine_room import EngineRoom
from line_tui.tui.overview import NeuronOverview, bank_overview


class Known:
    """Asks for each thing once and keeps the answer."""

    def __init__(self, app: EngineRoom, kept: LayerCache, learned: Callable[[str, str | None], None]) -> None:
        """`learned` is told the model, and the layer too where it is the layer's neurons that are known now."""
        self.layers: dict[str, list[protocol.LayerInfo] | str] = {}
        """By model; a text says why there are none."""
        self.overviews: dict[tuple[str, str], list[NeuronOverview]] = {}
        """By model and layer; missing where there is no bank of it, or not yet."""
        self._app = app
        self._kept = kept
        self._answered: set[str] = set()
        self._learned = learned
        self._requests: dict[int, str] = {}
        self._looked_up: set[tuple[str, str]] = set()

    def ask_for_layers(self, model: str) -> None:
        """Ask the engine for a model's layers; until it answers, those that it named at an earlier start are shown."""
        if model in self._answered or model in self._requests.values():
            return
        if model not in self.layers and (kept := self._kept.read(model)) is not None:
            self.layers[model] = kept
            self._learned(model, None)
        self._app.need_engine()
        request = max(self._requests, default=0) + 1
        self._requests[request] = model
        self._app.tell(protocol.ListLayers(request=request, model=model))

    def layers_listed(self, request: int, layers: list[protocol.LayerInfo] | str) -> None:
        """The engine's answer."""
        if (model := self._requests.pop(request, None)) is None:
            return
        self._answered.add(model)
        if layers != self.layers.get(model):
            self.layers[model] = layers
            self._learned(model, None)

    def forget_requests(self) -> None:
        """The engine that was asked is gone."""
        self._requests.clear()

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
