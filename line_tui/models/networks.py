"""Finds vision models by name: a catalogue entry, or a torchvision architecture with its weights."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec
import torch
import torchvision
from torch import nn
from torchvision.transforms import InterpolationMode

from line_tui.decodable import decodable
from line_tui.errors import ModelFileError, UsageError, unknown_name
from line_tui.models.architectures import (
    AUXILIARY,
    EFFICIENTNET_LITE0,
    TRANSFORMING,
    build,
    build_empty,
    build_random,
    check_architecture,
    torchvision_names,
)
from line_tui.models.catalog import Catalog, Encoder, VisionEntry
from line_tui.models.efficientnet_lite import MEAN, SIZE, STD, rename
from line_tui.models.exported import open_program, unflatten
from line_tui.models.model_files import content, hashed, locate
from line_tui.models.preprocess import Preprocess, by_torchvision, classification
from line_tui.models.sparse_autoencoder import with_encoder
from line_tui.models.timm_vision import TimmFolder
from line_tui.models.weights import count_classes, fill, find_weights, read_checkpoint, read_weights
from line_tui.plugins import VISION, with_plugins
from line_tui.worlds.emoji.planted import PlantedNetwork, PlantedUnits

if TYPE_CHECKING:
    from line_tui.models.transformers_vision import TransformersFolder


@dataclass(frozen=True)
class Network:
    """A vision model that is not loaded yet."""

    name: str
    preprocess: Preprocess
    load: Callable[[], nn.Module]
    """Returns the network with its weights. Raises ModelFileError."""
    outline: Callable[[], nn.Module]
    """Returns the network with arbitrary weights, to list its layers."""
    content: Callable[[], str]
    """A digest of the weights. Raises ModelFileError."""
    neuron_names: list[str] = field(default_factory=list)
    device: str | None = None
    """The only device it can run on; None for any."""

    def revision(self) -> str:
        """A digest of everything its activations depend on: weights and preprocessing.

        Raises ModelFileError.
        """
        return blake2b(f"{self.content()} {self.preprocess.told}".encode(), digest_size=6).hexdigest()


def find_network(spec: str, catalog: Catalog) -> Network:
    """The network that `spec` names, as NAME or NAME:WEIGHTS.

    NAME is a catalogue entry or a torchvision architecture; WEIGHTS is only for an architecture: a file, "random" for a
    dry run, or one of torchvision's names such as IMAGENET1K_V1; by default, torchvision's default weights are read
    from torch's cache. Raises UnknownNameError, UsageError.
    """
    name, _, weights = spec.partition(":")
    if (entry := catalog.vision_entry(name)) is not None:
        if weights:
            raise UsageError(f"'{name}' comes with its own weights", f"write only {name}")
        network = with_plugins(VISION, _FRAMEWORKS)[entry.format](entry)
        return network if entry.encoder is None else _encoded(network, entry.encoder)
    if name not in torchvision_names():
        raise unknown_name("vision model", name, vision_names(catalog), "`line-tui models list` lists them all")
    if weights == "random":
        return _random(spec, name)
    if Path(weights).suffix or "/" in weights:
        return _from_file(spec, name, Path(weights).expanduser())
    return _from_cache(spec, name, weights or "DEFAULT")


def vision_names(catalog: Catalog) -> list[str]:
    """All names that `find_network` accepts, the catalogue's first."""
    return [entry.id for entry in catalog.vision] + torchvision_names()


@decodable
class FolderConfig(msgspec.Struct, frozen=True, kw_only=True):
    """`config.json` of a vision model's folder, beside `model.safetensors`."""

    architecture: str
    num_classes: int
    input_size: int
    mean: tuple[float, float, float]
    std: tuple[float, float, float]


@decodable
class PlantedConfig(msgspec.Struct, frozen=True, kw_only=True):
    """`config.json` of planted units, beside `planted.safetensors`; `network` is a sibling folder."""

    network: str
    outputs: int
    units: int


def _encoded(network: Network, encoder: Encoder) -> Network:
    path = Path(encoder.path).expanduser()

    def on_top(module: nn.Module) -> nn.Module:
        return with_encoder(module, network.preprocess.shape, encoder.layer, path, network.name)

    return replace(
        network,
        load=lambda: on_top(network.load()),
        outline=lambda: on_top(network.outline()),
        content=lambda: f"{network.content()}-{content(path)}-{encoder.layer}",
        neuron_names=[],
    )


def _from_weights(entry: VisionEntry) -> Network:
    if entry.architecture is not None:
        return _from_file(entry.id, entry.architecture, locate(entry.source, entry.id), entry)
    folder = locate(entry.source, entry.id)
    if (folder / "planted.safetensors").exists():
        return _from_planted(entry.id, folder)
    config = _read_json(folder / "config.json", FolderConfig, entry.id)
    weights = folder / "model.safetensors"
    preprocess = declared_preprocess(entry) or classification(
        config.input_size, config.input_size, config.mean, config.std
    )

    def outline() -> nn.Module:
        return build(
            config.architecture, config.num_classes, config.input_size, transform_input=bool(entry.transform_input)
        )

    return Network(
        entry.id,
        preprocess,
        load=lambda: fill(outline(), read_weights(weights, entry.id), entry.id, weights),
        outline=outline,
        content=lambda: f"{content(weights)}-{config.architecture}-{entry.transform_input}",
        neuron_names=_neuron_names(entry, folder, _read_labels(folder / "labels.json", entry.id)),
    )


def _from_transformers(entry: VisionEntry) -> Network:
    # Imported late: a large library that most vision models do not need.
    from line_tui.models.transformers_vision import TransformersFolder

    return _from_folder(entry, TransformersFolder)


def _from_folder(entry: VisionEntry, kind: type[TimmFolder | TransformersFolder]) -> Network:
    folder = locate(entry.source, entry.id)
    known = kind(folder, entry.id)
    return Network(
        entry.id,
        declared_preprocess(entry) or known.preprocess,
        load=known.load,
        outline=known.outline,
        content=lambda: content(folder),
        neuron_names=_neuron_names(entry, folder, known.neuron_names),
    )


def _from_export(entry: VisionEntry) -> Network:
    path = locate(entry.source, entry.id)
    # Opened eagerly: outlines are built without weights, but a program includes its own.
    program = open_program(path, entry)
    return Network(
        entry.id,
        required_preprocess(entry),
        load=lambda: unflatten(program),
        outline=lambda: unflatten(program),
        content=lambda: content(path),
        neuron_names=_neuron_names(entry, path.parent, []),
        # Tensors created inside the program are on the device it was exported from.
        device="cpu",
    )


def _from_planted(name: str, folder: Path) -> Network:
    """Planted units on top of a bundled network. They have no names, since finding their meaning is the task."""
    config = _read_json(folder / "config.json", PlantedConfig, name)
    behind = folder.parent / config.network
    below = _read_json(behind / "config.json", FolderConfig, name)
    files = {"network.": behind / "model.safetensors", "planted.": folder / "planted.safetensors"}

    def outline() -> nn.Module:
        return PlantedNetwork(build(below.architecture, config.outputs), PlantedUnits(config.outputs, config.units))

    def load() -> nn.Module:
        weights = {
            prefix + key: value for prefix, path in files.items() for key, value in read_weights(path, name).items()
        }
        return fill(outline(), weights, name, folder)

    preprocess = classification(below.input_size, below.input_size, below.mean, below.std)
    return Network(name, preprocess, load, outline, lambda: content(*files.values()))


_FRAMEWORKS: dict[str, Callable[[VisionEntry], Network]] = {
    "weights": _from_weights,
    "transformers": _from_transformers,
    "timm": lambda entry: _from_folder(entry, TimmFolder),
    "export": _from_export,
}
"""By the `format` of an entry. They raise ModelFileError and UsageError. Black boxes are in `blackbox`."""


def _random(spec: str, architecture: str) -> Network:
    preprocess = _default(architecture)
    size = max(preprocess.shape)
    return Network(
        spec,
        preprocess,
        load=lambda: build_random(architecture, size),
        outline=lambda: build(architecture, image_size=size),
        content=lambda: "random",
    )


def _from_file(spec: str, architecture: str, path: Path, entry: VisionEntry | None = None) -> Network:
    """Weights in a file; the number of output neurons is inferred from them."""
    preprocess = (entry and declared_preprocess(entry)) or _default(
        architecture, entry.preprocess if entry else "DEFAULT"
    )
    size = max(preprocess.shape)
    checkpoint = read_checkpoint(path, spec)
    transform_input = _transforms_input(spec, architecture, path, entry)

    def make(classes: int) -> nn.Module:
        return build(architecture, classes, size, transform_input)

    if architecture == EFFICIENTNET_LITE0:
        checkpoint = rename(read_weights(path, spec))
    names = build_empty(lambda: make(1000)).state_dict()
    weights = find_weights(checkpoint, names, spec, path, entry.state_dict if entry else None, AUXILIARY)
    classes = (entry and entry.classes) or count_classes(weights, make) or 1000
    return Network(
        spec,
        preprocess,
        load=lambda: fill(make(classes), weights, spec, path),
        outline=lambda: make(classes),
        content=lambda: f"{content(path)}-{architecture}-{transform_input}-{entry and entry.state_dict}",
        neuron_names=[] if entry is None else _neuron_names(entry, path.parent, []),
    )


def _neuron_names(entry: VisionEntry, beside: Path, default: list[str]) -> list[str]:
    """The output neurons' names in an entry, else the default ones. Raises ModelFileError."""
    if entry.labels is None:
        return default
    if entry.labels == "imagenet":
        return list(torchvision.models.ResNet50_Weights.IMAGENET1K_V1.meta["categories"])
    path = beside / Path(entry.labels).expanduser()
    if not path.exists():
        raise ModelFileError(f"{entry.id}: there are no labels at {path}", "correct `labels` in your catalog.toml")
    return _read_labels(path, entry.id)


def _transforms_input(spec: str, architecture: str, path: Path, entry: VisionEntry | None) -> bool:
    """Whether the network transforms its input. Raises UsageError if that is unknown."""
    if architecture not in TRANSFORMING:
        return False
    if entry is not None and entry.transform_input is not None:
        return entry.transform_input
    if hashed(path).startswith(_weights(architecture, "DEFAULT").url.rpartition("-")[2].removesuffix(".pth")):
        return True
    raise UsageError(
        f"{spec}: the weights of {architecture} do not include its input transform",
        "give it an entry in your catalog.toml, with transform_input = true if training started from "
        "torchvision's weights, otherwise false",
    )


def _from_cache(spec: str, architecture: str, version: str) -> Network:
    """torchvision's own weights, from torch's cache."""
    weights = _weights(architecture, version)
    path = Path(torch.hub.get_dir()) / "checkpoints" / Path(weights.url).name
    preprocess = by_torchvision(weights.transforms())
    names = list(weights.meta["categories"])

    def outline() -> nn.Module:
        return build(architecture, len(names), max(preprocess.shape), transform_input=architecture in TRANSFORMING)

    def load() -> nn.Module:
        if not path.exists():
            raise ModelFileError(
                f"{spec}: its weights are not on this machine",
                f"put {weights.url} at {path}, name a file as {architecture}:FILE, or try {architecture}:random",
            )
        tensors = find_weights(read_checkpoint(path, spec), outline().state_dict(), spec, path, ignored=AUXILIARY)
        return fill(outline(), tensors, spec, path)

    return Network(spec, preprocess, load, outline, lambda: content(path), names)


def declared_preprocess(entry: VisionEntry) -> Preprocess | None:
    """The preprocessing that an entry declares; None if it declares none.

    Raises UsageError for a partial declaration that cannot be combined with a default.
    """
    required = (entry.size, entry.mean, entry.std)
    if all(value is None for value in (*required, entry.resize, entry.interpolation)):
        return None
    if entry.architecture is not None and entry.format == "weights" and entry.architecture != EFFICIENTNET_LITE0:
        usual = _weights(entry.architecture, entry.preprocess).transforms
        way = None if entry.interpolation is None else InterpolationMode(entry.interpolation)
        changes: dict[str, Any] = {"mean": entry.mean, "std": entry.std, "interpolation": way}
        if entry.size is not None or entry.resize is not None:
            size = entry.size or usual().crop_size[0]
            changes |= {"crop_size": size, "resize_size": entry.resize or size}
        return by_torchvision(usual(**{key: value for key, value in changes.items() if value is not None}))
    if any(value is None for value in required):
        raise UsageError(
            f"{entry.id}: its entry gives only part of the preprocessing",
            f"add {', '.join(name for name, value in zip(_REQUIRED, required, strict=True) if value is None)} "
            "to it in your catalog.toml, or leave out size, resize, mean and std",
        )
    assert entry.size is not None and entry.mean is not None and entry.std is not None
    way = InterpolationMode(entry.interpolation or "bilinear")
    return classification(entry.size, entry.resize or entry.size, entry.mean, entry.std, way)


def required_preprocess(entry: VisionEntry) -> Preprocess:
    """The preprocessing of an entry whose format has none of its own. Raises UsageError if it is missing."""
    preprocess = declared_preprocess(entry)
    if preprocess is None:
        raise UsageError(
            f"{entry.id}: a file of format {entry.format} does not include its preprocessing",
            "add size, mean and std to its entry in your catalog.toml; torchvision's usual values are size = 224, "
            "mean = [0.485, 0.456, 0.406], std = [0.229, 0.224, 0.225]",
        )
    return preprocess


_REQUIRED = ("size", "mean", "std")


def _default(architecture: str, version: str = "DEFAULT") -> Preprocess:
    """The default preprocessing of an architecture. Raises UnknownNameError."""
    if architecture == EFFICIENTNET_LITE0:
        return classification(SIZE, 256, MEAN, STD, InterpolationMode.BICUBIC)
    return by_torchvision(_weights(architecture, version).transforms())


def _weights(architecture: str, version: str) -> Any:
    check_architecture(architecture)
    known = torchvision.models.get_model_weights(architecture)
    try:
        return known.DEFAULT if version == "DEFAULT" else known[version]
    except KeyError:
        raise unknown_name(
            f"weights of {architecture}", version, known.__members__, "name one of torchvision's, a file, or random"
        ) from None


Read = TypeVar("Read")


def _read_json(path: Path, kind: type[Read], name: str) -> Read:
    try:
        return msgspec.json.decode(path.read_bytes(), type=kind)
    except (OSError, ValueError, RecursionError) as error:
        raise ModelFileError(f"{name}: {path} cannot be read: {error}", "fetch the model again") from error


def _read_labels(path: Path, name: str) -> list[str]:
    """Names from a JSON list of strings, or of objects with a `name`; empty if the file does not exist."""
    if not path.exists():
        return []
    labels = _read_json(path, list[str | dict[str, Any]], name)
    return [label if isinstance(label, str) else str(label.get("name", "")) for label in labels]
