"""A vision model with a cache: each picture is passed through it once for all neurons of a layer and all runs."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from math import prod

import numpy as np

from line_tui.explain.ports import Picture, Recording, Vision
from line_tui.layers import LayerInfo
from line_tui.models.vision_checks import finite
from line_tui.store.activations import Activations, View, pixels_of


class CachedVision:
    """Caches the activations of the whole layer, keyed by the picture's pixels.

    A neuron's map, if the layer has a spatial extent, takes another pass: caching all maps would take more space
    than the pictures. The activations remain those of the first pass.
    """

    def __init__(
        self,
        vision: Vision,
        layer: LayerInfo,
        activations: Activations,
        lock: threading.Lock,
        on_thread: Callable[[Callable[[], Recording]], Recording] = lambda work: work(),
    ) -> None:
        """`lock` is held while the model runs; `on_thread` calls it on its thread."""
        self._on_thread = on_thread
        self.name = vision.name
        self._vision = vision
        self._layer = layer
        self._activations = activations
        self._lock = lock

    def record(self, pictures: Sequence[Picture], layer: str, neuron: int | None = None) -> Recording:
        """Record as the vision model does. Raises ValueError for any other layer."""
        if layer != self._layer.name:
            raise ValueError(f"made for layer {self._layer.name}, asked for {layer}")
        view = View(self._vision.name, layer, self._layer.pooling)
        names = [pixels_of(picture) for picture in pictures]
        mapped = neuron is not None and prod(self._layer.shape) > self._layer.neurons
        known = self._activations.get(view, names)
        maps = None
        if mapped or len(known) < len(set(names)):
            with self._lock:
                # Another run may have recorded them in the meantime.
                known = self._activations.get(view, names)
                new = {name: picture for name, picture in zip(names, pictures, strict=True) if name not in known}
                to_record = dict(zip(names, pictures, strict=True)) if mapped else new
                if to_record:
                    recording = self._on_thread(
                        lambda: self._vision.record(list(to_record.values()), layer, neuron if mapped else None)
                    )
                    fresh = dict(zip(to_record, recording.activations, strict=True))
                    self._activations.put(view, {name: fresh[name] for name in new})
                    known |= {name: fresh[name] for name in new}
                    if recording.maps is not None:
                        areas = dict(zip(to_record, recording.maps, strict=True))
                        maps = np.stack([areas[name] for name in names])
        activations = np.stack([known[name] for name in names]).astype(np.float32)
        return Recording(finite(activations, self.name, layer, neuron), maps)
