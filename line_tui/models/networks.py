"""Vision models by what the user calls them: a catalogue entry, or a torchvision architecture with its weights."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import msgspec
import torch
import torchvision
from torch import nn
from torchvision.transforms import InterpolationMode

from line_tui.errors import ModelFileError, UsageError, unknown_name
from line_tui.models.architectures import EFFICIENTNET_LITE0, build, build_random, torchvision_names
from line_tui.models.catalog import Catalog, Encoder, VisionEntry
from line_tui.models.efficientnet_lite import MEAN, SIZE, STD, rename
from line_tui.models.encoder import with_encoder
from line_tui.models.exported import open_program, unflatten
from line_tui.models.files import fingerprint, locate
from line_tui.models.preprocess import Preprocess
from line_tui.models.timm_vision import TimmFolder
from line_tui.models.weights import fill, read_weights
from line_tui.worlds.emoji.planted import PlantedNetwork, PlantedUnits


@dataclass(frozen=True)
class Network:
    """A vision model that is known but not yet in memory."""

    name: str
    preprocess: Preprocess
    load: Callable[[], nn.Module]
    """The network with its weights. Raises ModelFileError."""
    outline: Callable[[], nn.Module]
    """The same network with any weights, for its layers alone."""
    revision: Callable[[], str]
    """What tells these weights from others."""
    neuron_names: list[str] = field(default_factory=list)
    """Of its output."""
    device: str | None = None
    """The one device that it can compute on; None for any."""


def find_network(spec: str, catalog: Catalog) -> Network:
    """The network that `spec` names, as NAME or NAME:WEIGHTS.

    NAME is a catalogue entry or a torchvision architecture; WEIGHTS is for an architecture alone: a file, "random" for
    a dry run, or one of torchvision's names such as IMAGENET1K_V1; without it, torchvision's default weights are
    taken from torch's cache. Raises UnknownNameError, UsageError.
    """
    name, _, weights = spec.partition(":")
    entry = next((entry for entry in catalog.vision if entry.id == name), None)
    if entry is not None:
        if weights:
            raise UsageError(f"'{name}' has weights of its own", f"say {name} alone")
        network = _from_entry(entry)
        return network if entry.encoder is None else _encoded(network, entry.encoder)
    if name not in torchvision_names():
        raise unknown_name("vision model", name, vision_names(catalog), "`line-tui models list` lists them all")
    if weights == "random":
        return _random(spec, name)
    if Path(weights).suffix or "/" in weights:
        return _from_file(spec, name, Path(weights).expanduser(), _usual(name))
    return _from_cache(spec, name, weights or "DEFAULT")


def vision_names(catalog: Catalog) -> list[str]:
    """All names that `find_network` knows, ours first."""
    return [entry.id for entry in catalog.vision] + torchvision_names()


class FolderConfig(msgspec.Struct, frozen=True, kw_only=True):
    """`config.json` of a vision model's folder, beside `model.safetensors`."""

    architecture: str
    num_classes: int
    input_size: int
    mean: tuple[float, float, float]
    std: tuple[float, float, float]


class PlantedConfig(msgspec.Struct, frozen=True, kw_only=True):
    """`config.json` of planted units, beside `planted.safetensors`; `network` is the folder next to theirs."""

    network: str
    outputs: int
    units: int


def _encoded(network: Network, encoder: Encoder) -> Network:
    path = Path(encoder.path).expanduser()

    def on_top(module: nn.Module) -> nn.Module:
        return with_encoder(module, network.preprocess.size, encoder.layer, path, network.name)

    return Network(
        network.name,
        network.preprocess,
        load=lambda: on_top(network.load()),
        outline=lambda: on_top(network.outline()),
        revision=lambda: f"{network.revision()}-{fingerprint(path, encoder.layer)}",
    )


def _from_entry(entry: VisionEntry) -> Network:
    if entry.format == "transformers":
        return _from_transformers(entry)
    if entry.format == "timm":
        return _from_timm(entry)
    if entry.format == "export":
        return _from_export(entry)
    if entry.architecture is not None:
        path = locate(entry.source, entry.id)
        usual = _usual(entry.architecture, entry.preprocess)
        return _from_file(entry.id, entry.architecture, path, usual, entry.classes, entry.labels)
    folder = locate(entry.source, entry.id)
    if (folder / "planted.safetensors").exists():
        return _from_planted(entry.id, folder)
    config = _read_json(folder / "config.json", FolderConfig, entry.id)
    preprocess = Preprocess(config.input_size, config.input_size, config.mean, config.std)
    weights = folder / "model.safetensors"

    def outline() -> nn.Module:
        return build(config.architecture, config.num_classes, config.input_size)

    return Network(
        entry.id,
        preprocess,
        load=lambda: fill(outline(), read_weights(weights, entry.id), entry.id, weights),
        outline=outline,
        revision=lambda: fingerprint(weights),
        neuron_names=_read_labels(folder / (entry.labels or "labels.json"), entry.id),
    )


def _from_transformers(entry: VisionEntry) -> Network:
    # Imported here: a large library that most vision models do without.
    from line_tui.models import transformers_vision as hub

    folder = locate(entry.source, entry.id)
    try:
        preprocess, names = hub.read_preprocess(folder), hub.read_classes(folder)
    except (OSError, ValueError, KeyError) as error:
        raise ModelFileError(
            f"{entry.id}: {folder} is no model of transformers: {error}", "name a folder that holds one"
        ) from error
    return Network(
        entry.id,
        preprocess,
        load=lambda: hub.load_transformer(folder, entry.id),
        outline=lambda: hub.outline_transformer(folder, entry.id),
        revision=lambda: fingerprint(folder),
        neuron_names=names,
    )


def _from_timm(entry: VisionEntry) -> Network:
    folder = locate(entry.source, entry.id)
    known = TimmFolder(folder, entry.id)
    weights = folder / "model.safetensors"
    return Network(
        entry.id,
        known.preprocess,
        load=lambda: fill(known.build(), read_weights(weights, entry.id), entry.id, weights),
        outline=known.build,
        revision=lambda: fingerprint(weights),
        neuron_names=_imagenet_classes() if entry.labels == "imagenet" else known.neuron_names,
    )


def _from_export(entry: VisionEntry) -> Network:
    path = locate(entry.source, entry.id)
    # Opened here: an outline is built without memory for weights, and these come with theirs.
    program = open_program(path, entry.id)
    return Network(
        entry.id,
        Preprocess(entry.size, entry.size, entry.mean, entry.std),
        load=lambda: unflatten(program),
        outline=lambda: unflatten(program),
        revision=lambda: fingerprint(path, entry.function),
        # Tensors that it makes on the way are made where it was exported.
        device="cpu",
    )


def _from_planted(name: str, folder: Path) -> Network:
    """Planted units behind a bundled network; what they respond to is not told, it is to be found out."""
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

    preprocess = Preprocess(below.input_size, below.input_size, below.mean, below.std)
    return Network(name, preprocess, load, outline, lambda: "-".join(map(fingerprint, files.values())))


def _random(spec: str, architecture: str) -> Network:
    usual = _usual(architecture)
    return Network(
        spec,
        usual,
        load=lambda: build_random(architecture, usual.size),
        outline=lambda: build(architecture, image_size=usual.size),
        revision=lambda: "random",
    )


def _from_file(
    spec: str,
    architecture: str,
    path: Path,
    preprocess: Preprocess,
    classes: int | None = None,
    labels: str | None = None,
) -> Network:
    """Weights in a file; how many output neurons they have is read off their last tensor."""
    weights = read_weights(path, spec)
    if architecture == EFFICIENTNET_LITE0:
        weights = rename(weights)
    outputs = classes or len(next(reversed(weights.values())))
    names = _imagenet_classes() if labels == "imagenet" else []
    if labels and not names:
        names = _read_labels(path.parent / Path(labels).expanduser(), spec)

    def outline() -> nn.Module:
        return build(architecture, outputs, preprocess.size, pretrained=outputs == 1000)

    return Network(
        spec,
        preprocess,
        load=lambda: fill(outline(), weights, spec, path),
        outline=outline,
        revision=lambda: fingerprint(path),
        neuron_names=names,
    )


def _from_cache(spec: str, architecture: str, version: str) -> Network:
    """torchvision's own weights, where torch has fetched them before."""
    weights = _weights(architecture, version)
    path = Path(torch.hub.get_dir()) / "checkpoints" / Path(weights.url).name
    preprocess = _preprocess(weights)
    names = list(weights.meta["categories"])

    def outline() -> nn.Module:
        return build(architecture, len(names), preprocess.size, pretrained=True)

    def load() -> nn.Module:
        if not path.exists():
            raise ModelFileError(
                f"{spec}: its weights are not on this machine",
                f"put {weights.url} at {path}, name a file as {architecture}:FILE, or try {architecture}:random",
            )
        return fill(outline(), read_weights(path, spec), spec, path)

    return Network(spec, preprocess, load, outline, lambda: fingerprint(path), names)


def _usual(architecture: str, version: str = "DEFAULT") -> Preprocess:
    """How an architecture takes its pictures. Raises UnknownNameError."""
    if architecture == EFFICIENTNET_LITE0:
        return Preprocess(SIZE, 256, MEAN, STD, InterpolationMode.BICUBIC)
    if architecture not in torchvision_names():
        raise unknown_name(
            "architecture", architecture, torchvision_names(), f"name one of torchvision's, or {EFFICIENTNET_LITE0}"
        )
    return _preprocess(_weights(architecture, version))


def _weights(architecture: str, version: str) -> Any:
    known = torchvision.models.get_model_weights(architecture)
    try:
        return known.DEFAULT if version == "DEFAULT" else known[version]
    except KeyError:
        raise unknown_name(
            f"weights of {architecture}", version, known.__members__, "name one of torchvision's, a file, or random"
        ) from None


def _imagenet_classes() -> list[str]:
    return list(torchvision.models.ResNet50_Weights.IMAGENET1K_V1.meta["categories"])


def _preprocess(weights: Any) -> Preprocess:
    preset = weights.transforms()
    return Preprocess(
        size=preset.crop_size[0],
        resize=preset.resize_size[0],
        mean=tuple(preset.mean),
        std=tuple(preset.std),
        interpolation=preset.interpolation,
    )


Read = TypeVar("Read")


def _read_json(path: Path, kind: type[Read], name: str) -> Read:
    try:
        return msgspec.json.decode(path.read_bytes(), type=kind)
    except (OSError, msgspec.DecodeError) as error:
        raise ModelFileError(f"{name}: {path} cannot be read: {error}", "fetch the model again") from error


def _read_labels(path: Path, name: str) -> list[str]:
    """Names in a JSON list of strings, or of objects that have a `name`; none where there is no such file."""
    if not path.exists():
        return []
    labels = _read_json(path, list[str | dict[str, Any]], name)
    return [label if isinstance(label, str) else str(label.get("name", "")) for label in labels]
