"""Loads a vision model alone, and lists its layers.

Separate from generators and language models, whose libraries take twice as long to import as torch and torchvision.
"""

from __future__ import annotations

from collections.abc import Callable

from line_tui.layers import LayerInfo
from line_tui.models.architectures import build_empty
from line_tui.models.blackbox import BlackBox, find_black_box
from line_tui.models.catalog import Catalog, read_catalog
from line_tui.models.damaged_files import files_of
from line_tui.models.layers import list_layers
from line_tui.models.networks import find_network
from line_tui.models.vision import TorchVision
from line_tui.models.vision_checks import check_steady

VisionFactory = Callable[[str, Catalog, int, str], TorchVision | BlackBox]
"""A function of model name, catalogue, batch size and device that returns a vision model."""


def load_vision(model: str, catalog: Catalog, batch_size: int, device: str) -> TorchVision | BlackBox:
    """Load a vision model and check that it is deterministic.

    Raises UnknownNameError, ModelFileError, UsageError.
    """
    with files_of(model):
        vision = find_black_box(model, catalog, batch_size) or _load_network(model, catalog, batch_size, device)
        check_steady(vision, vision.layers[-1], model)
    return vision


def _load_network(model: str, catalog: Catalog, batch_size: int, device: str) -> TorchVision:
    network = find_network(model, catalog)
    return TorchVision(
        network.load(),
        network.name,
        network.preprocess,
        revision=network.revision(),
        neuron_names=network.neuron_names,
        batch_size=batch_size,
        device=network.device or device,
    )


def layers_of(model: str, catalog: Catalog | None = None) -> list[LayerInfo]:
    """List the layers of a vision model without loading its weights. Raises UnknownNameError, ModelFileError."""
    catalog = catalog or read_catalog()
    with files_of(model):
        if (box := find_black_box(model, catalog, batch_size=1)) is not None:
            return box.layers
        network = find_network(model, catalog)
        return list_layers(build_empty(network.outline), network.preprocess.shape, network.neuron_names)
