"""What the app knows about models: their layers, from the engine, and their neurons, from the bundled bank."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from textual.app import App

from line_tui.errors import LineError
from line_tui.events import RunSpec
from line_tui.layers import LayerInfo
from line_tui.models.layer_cache import LayerCache
from line_tui.store import RunSummary
from line_tui.tui.engine_supervisor import EngineSupervisor
from line_tui.tui.neuron_overview import NeuronOverview, NeuronProfile, bank_overview, bank_profile, bundled

if TYPE_CHECKING:
    from line_tui.store.images import Images
    from line_tui.tui.bank_pictures import BankPictures


Found = TypeVar("Found")


class ModelCache:
    """Requests each piece of information once and keeps the answer."""

    def __init__(
        self,
        app: App[Any],
        engine: EngineSupervisor,
        layer_cache: LayerCache,
        on_learned: Callable[[str, str | None], None],
    ) -> None:
        """`on_learned(model, layer)` gets a layer whose neurons are known, or None when the layers are."""
        self.layers: dict[str, list[LayerInfo] | str] = {}
        """Layers by model, or an error message."""
        self.overviews: dict[tuple[str, str], list[NeuronOverview]] = {}
        """Overviews by model and layer; missing without a bank, or until it has been read."""
        self.profiles: dict[tuple[str, str, int], NeuronProfile | None] = {}
        """Profiles by model, layer and neuron; None without a bank."""
        self.bank_pictures: BankPictures | None = None
        """None until they have been requested and read."""
        self._remembered: dict[str, list[LayerInfo]] = {}
        self._app = app
        self._engine = engine
        self._layer_cache = layer_cache
        self._answered: set[str] = set()
        self._on_learned = on_learned
        self._asked: set[str] = set()
        self._looked_up: set[tuple[str, str]] = set()

    def recall_layers(self, model: str) -> None:
        """Use the model's layers from the cache until the engine answers."""
        if model not in self.layers and (layers := self._layer_cache.read(model)) is not None:
            self.layers[model] = layers

    def ask_for_layers(self, model: str) -> None:
        """Ask the engine for a model's layers, once."""
        if model in self._answered or model in self._asked:
            return
        self._asked.add(model)
        self._engine.ask_for_layers(model, lambda layers: self._take_layers(model, layers))

    def _take_layers(self, model: str, layers: list[LayerInfo] | str | None) -> None:
        """Take the engine's answer; if it died (None), a later request asks again."""
        self._asked.discard(model)
        if layers is None:
            return
        self._answered.add(model)
        if layers != self.layers.get(model):
            self.layers[model] = layers
            self._on_learned(model, None)

    def ask_for_overview(self, model: str, layer: str) -> None:
        """Read the overview of a layer's neurons from the bundled bank, once."""
        if (model, layer) not in self._looked_up:
            self._looked_up.add((model, layer))
            self._read(lambda: bank_overview(model, layer), partial(self._take_overview, model, layer))

    def _take_overview(self, model: str, layer: str, neurons: list[NeuronOverview] | None) -> None:
        if neurons is not None:
            self.overviews[model, layer] = neurons
            self._on_learned(model, layer)

    def name_of(self, run: RunSpec | RunSummary) -> str:
        """The name of a run's neuron; empty if it has none or is unknown."""
        info = self._layer(run.model, run.layer)
        return info.names[run.neuron] if info is not None and run.neuron < len(info.names) else ""

    def has_neuron(self, model: str, layer: str, neuron: int) -> bool:
        """Whether a layer has this neuron; if the layer is unknown, only negative numbers are ruled out."""
        info = self._layer(model, layer)
        return neuron >= 0 and (info is None or neuron < info.neurons)

    def _layer(self, model: str, layer: str) -> LayerInfo | None:
        """A layer's description, from the cache if the model has not been opened in this session."""
        known = self.layers.get(model)
        if known is None:
            if model not in self._remembered:
                self._remembered[model] = self._layer_cache.read(model) or []
            known = self._remembered[model]
        return next((info for info in known if info.name == layer), None) if isinstance(known, list) else None

    def ask_for_profile(self, model: str, layer: str, neuron: int) -> None:
        """Read a neuron's profile from the bundled bank, once."""
        if (model, layer, neuron) not in self.profiles:
            take = partial(self._take_profile, (model, layer, neuron))
            self._read(lambda: bank_profile(model, layer, neuron), take)

    def _take_profile(self, neuron: tuple[str, str, int], profile: NeuronProfile | None) -> None:
        self.profiles[neuron] = profile
        self._on_learned(*neuron[:2])

    def ask_for_bank_pictures(self, images: Images) -> None:
        """Read the bank's pictures, once: bundled ones, and from `images` those that this machine has drawn."""

        def read() -> BankPictures:
            # Imported here because only the run screen needs it.
            from line_tui.tui.bank_pictures import BankPictures

            return BankPictures(bundled(), images)

        if self.bank_pictures is None:
            self._read(read, partial(setattr, self, "bank_pictures"))

    def _read(self, read: Callable[[], Found], take: Callable[[Found | None], None]) -> None:
        """Read from the bank on a thread, because it is large; `take` gets None if its files are damaged."""

        def work() -> None:
            content = None
            # Damaged bank files are reported by the engine, when it needs them.
            with suppress(LineError):
                content = read()
            self._app.call_later(take, content)

        self._app.run_worker(work, thread=True, exit_on_error=False)
