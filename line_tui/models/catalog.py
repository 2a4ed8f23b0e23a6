"""The catalogue of models and profiles: bundled in `models/catalog.toml`, the user's in their config folder."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Literal, TypeVar

import msgspec
from msgspec.structs import replace

from line_tui import plugins
from line_tui.config import check_range, config_path
from line_tui.decodable import decodable
from line_tui.errors import UsageError, unknown_name
from line_tui.models import lock_file
from line_tui.models.lock_file import Pin, read_pins
from line_tui.models.model_files import Source, bundled_models

_QUOTED = re.compile(r'"([A-Za-z]\w*Scheduler)"')


class Entry(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Fields of every catalogue entry."""

    id: str
    source: Source
    about: str = ""
    licence: str = ""
    gated: bool = False
    """Whether the hub requires an account that has accepted the licence."""
    size_mb: int = 0
    """Download size."""
    memory_mb: dict[str, int] = {}
    """Memory needed at run time, by precision."""


class LanguageEntry(Entry, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A language model."""

    style: Literal["auto", "few-shot", "chat"] = "auto"
    """`auto` means chat if the file has a chat template."""
    context: int = 4096
    """Context length in tokens: prompt and reply together."""
    thinking_tokens: int = 1024
    """Limit on the thinking tokens of a reasoning model."""

    def __post_init__(self) -> None:
        check_range("context", self.context, 256, 1 << 22)
        check_range("thinking_tokens", self.thinking_tokens, 0, 1 << 20)


class GeneratorEntry(Entry, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A text-to-image model."""

    format: str = "diffusers"
    """`diffusers`: a pipeline in a folder. Plug-ins add other formats."""
    options: dict[str, str | int | float | bool] = {}
    """Options of a plug-in's format."""
    steps: int
    guidance: float
    size: int
    """Side of the square picture in pixels."""
    batch_size: int = 1
    """Maximum batch size. On a GPU, the largest one that fits is found by trial; on a CPU, it is halved until the
    estimated memory fits."""
    prompt_template: str = "{concept}"
    """`{a|b|c}` stands for one of the alternatives, chosen by the picture's seed."""
    negative_prompt: str = ""
    dtype: Literal["float32", "float16", "bfloat16"] = "float32"
    """Used on a GPU; the CPU always computes in float32."""
    variant: str | None = None
    """The diffusers variant of the files, such as "fp16"."""
    scheduler: str | None = None
    """A diffusers scheduler class that replaces the pipeline's own."""

    def __post_init__(self) -> None:
        if "{concept}" not in self.prompt_template:
            raise ValueError("prompt_template must contain {concept}")
        check_range("steps", self.steps, 1, 10_000)
        check_range("guidance", self.guidance, 0, 100)
        check_range("size", self.size, 8, 8192)
        check_range("batch_size", self.batch_size, 1, 1024)
        check_scheduler(self.scheduler)


@cache
def scheduler_names() -> list[str]:
    """Names of the classes, sorted; none where diffusers is not installed.

    The screen's process reads the catalogue too, and may not import diffusers: its list of names is read as text.
    """
    spec = find_spec("diffusers")
    if spec is None or spec.origin is None:
        return []
    listed = Path(spec.origin).parent / "schedulers" / "__init__.py"
    try:
        return sorted(set(_QUOTED.findall(listed.read_text(encoding="utf-8"))))
    except OSError:
        return []


def check_scheduler(name: str | None) -> None:
    """Raises ValueError for an unknown name; None is the pipeline's own."""
    known = scheduler_names()
    if name is not None and known and name not in known:
        raise ValueError(f"scheduler must be one of {', '.join(known)}, not {name!r}")


FORMATS = ("weights", "transformers", "timm", "function", "torchscript", "export")
"""Vision models that line-tui opens itself."""


class Encoder(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The encoder of a sparse autoencoder: `relu((x - b_dec) @ W_enc + b_enc)`, 0 up to a `threshold` if it has one."""

    layer: str
    """The layer whose channels it reads; its features are the layer `features`."""
    path: str
    """safetensors file with `W_enc` `[channels, features]`, `b_enc` `[features]` and perhaps `b_dec` `[channels]`
    and `threshold` `[features]` (JumpReLU)."""


_PREPARED = frozenset(("size", "resize", "mean", "std", "interpolation"))
_OF_FILES = frozenset(("classes", "state_dict", "preprocess"))
_TAKES = {
    "weights": _PREPARED | _OF_FILES | {"architecture", "transform_input", "labels", "encoder"},
    "transformers": _PREPARED | {"labels", "encoder"},
    "timm": _PREPARED | {"labels", "encoder"},
    "export": _PREPARED | {"labels", "encoder"},
    "torchscript": _PREPARED,
    "function": frozenset[str](),
}
_OF_SOME = frozenset[str]().union(*_TAKES.values())
"""Fields that only some formats use: the others would silently ignore them."""


class VisionEntry(Entry, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A vision model other than a plain torchvision architecture."""

    format: str = "weights"
    """`weights`: a file of weights with its `architecture`, or a folder with `config.json` and `model.safetensors`.
    `transformers`, `timm`: a folder as on the Hugging Face hub. `export`: a program of torch.export. `function`,
    `torchscript`: black boxes. Plug-ins add other formats."""
    options: dict[str, str | int | float | bool] = {}
    """Options of a plug-in's format."""
    architecture: str | None = None
    """A torchvision architecture or "efficientnet-lite0", unless the folder's `config.json` names it."""
    classes: int | None = None
    """Number of output neurons; by default taken from the weights."""
    state_dict: str | None = None
    """Key of the weights in a checkpoint with several sets, such as "model_ema"."""
    transform_input: bool | None = None
    """For GoogLeNet and Inception: true if training started from torchvision's weights."""
    labels: str | None = None
    """JSON list of the output neurons' names: a path, or a file beside the weights; "imagenet" for its classes."""
    preprocess: str = "DEFAULT"
    """Name of the torchvision weights whose preprocessing is used."""
    size: int | None = None
    """Side of the input in pixels. `size`, `mean` and `std` override the preprocessing that the files declare."""
    resize: int | None = None
    """Shorter side before the crop to `size`; defaults to `size`."""
    mean: tuple[float, float, float] | None = None
    std: tuple[float, float, float] | None = None
    interpolation: Literal["bilinear", "bicubic", "nearest"] | None = None
    """How pictures are resized; by default as the architecture does, else "bilinear"."""
    function: str | None = None
    """ "module:name" of a function from `uint8[n, h, w, 3]` to `float[n, neurons]`; `source` is the module's folder."""
    allow_code: bool = False
    """Required for functions, TorchScript files and exported programs, which can run arbitrary code."""
    encoder: Encoder | None = None
    """A sparse autoencoder whose features are explained."""

    def __post_init__(self) -> None:
        if self.format not in FORMATS and self.format not in plugins.names(plugins.VISION):
            known = ", ".join([*FORMATS, *plugins.names(plugins.VISION)])
            raise ValueError(f"format must be one of {known}")
        if (self.format == "function") != (self.function is not None):
            raise ValueError('format = "function" and function = "module:name" go together')
        takes = _TAKES.get(self.format, _OF_SOME)
        if self.format == "weights" and self.architecture is None:
            takes = takes - _OF_FILES
        if idle := [each for each in sorted(_OF_SOME - takes) if getattr(self, each) not in (None, "DEFAULT")]:
            of = self.format if self.format != "weights" else "weights without an architecture"
            raise ValueError(f"{' and '.join(idle)} would have no effect with the format {of}: leave it out")
        if self.interpolation is not None and self.architecture is None and self.mean is None:
            raise ValueError("interpolation goes with size, mean and std")
        if self.std is not None and not all(0 < value < math.inf for value in self.std):
            raise ValueError("std must be greater than 0, and finite")
        if self.mean is not None and not all(map(math.isfinite, self.mean)):
            raise ValueError("mean must be finite")
        if not all(value is None or 1 <= value <= 4096 for value in (self.size, self.resize)):
            raise ValueError("size and resize must be from 1 to 4096")


class Profile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A set of models that are used together."""

    id: str
    language: str
    generator: str
    vision: str
    """The default vision model; the profile works with any other too."""
    about: str = ""
    reference: str = "emoji-resnet18 avgpool"
    """Model and layer whose activations the concept detectors also read if the explained layer has too few neurons,
    such as a black box with one output."""


@decodable
class Catalog(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """All entries; a later one replaces an earlier one with the same id."""

    language: list[LanguageEntry] = []
    generator: list[GeneratorEntry] = []
    vision: list[VisionEntry] = []
    profile: list[Profile] = []

    @property
    def entries(self) -> list[Entry]:
        """All models."""
        return [*self.language, *self.generator, *self.vision]

    def vision_entry(self, id: str) -> VisionEntry | None:
        """The entry of a vision model; None for a torchvision architecture, which needs none."""
        return next((entry for entry in self.vision if entry.id == id), None)

    def find_language(self, id: str) -> LanguageEntry:
        """Raises UnknownNameError."""
        return _find(self.language, id, "language model")

    def find_generator(self, id: str) -> GeneratorEntry:
        """Raises UnknownNameError."""
        return _find(self.generator, id, "generator")

    def find_vision(self, id: str) -> VisionEntry:
        """Raises UnknownNameError."""
        return _find(self.vision, id, "vision model")

    def find_profile(self, id: str) -> Profile:
        """Raises UnknownNameError."""
        return _find(self.profile, id, "profile")


def user_catalog_path() -> Path:
    """Path of the user's catalogue, which may not exist."""
    return config_path().parent / "catalog.toml"


def read_catalog(user: Path | None = None, *, pins: Mapping[str, Pin] | None = None) -> Catalog:
    """The bundled catalogue overridden by the user's, with each hub model at its pinned commit.

    `user` replaces the default path, `pins` the lock file. Raises UsageError if a file is not valid, naming the place
    in it.
    """
    catalog = _merged(user or user_catalog_path())
    pins = read_pins() if pins is None else pins
    held = {
        kind: [replace(each, source=lock_file.held(each.source, pins.get(each.id))) for each in getattr(catalog, kind)]
        for kind in ("language", "generator", "vision")
    }
    return replace(catalog, **held)


def shipped_catalog() -> Catalog:
    """Only the bundled catalogue. Raises UsageError if the installation is damaged."""
    return _read(bundled_models() / "catalog.toml")


def _merged(path: Path) -> Catalog:
    ours = shipped_catalog()
    if not path.exists():
        return ours
    theirs = _read(path)
    merged = Catalog(**{kind: _merge(getattr(ours, kind), getattr(theirs, kind)) for kind in Catalog.__struct_fields__})
    _check_profiles(merged, path)
    return merged


def _read(path: Path) -> Catalog:
    try:
        return _decoded(path.read_bytes())
    except (OSError, ValueError, RecursionError) as error:
        raise UsageError(f"{path}: {error}", "correct this entry of the catalogue") from error


@cache
def _decoded(content: bytes) -> Catalog:
    # Read several times per neuron of a layer, at 27 ms each.
    return msgspec.toml.decode(content, type=Catalog)


def _check_profiles(catalog: Catalog, path: Path) -> None:
    for profile in catalog.profile:
        for kind in ("language", "generator"):
            name, ids = getattr(profile, kind), [entry.id for entry in getattr(catalog, kind)]
            if name not in ids:
                raise UsageError(
                    f"{path}: profile '{profile.id}' names the {kind} '{name}', which is in no catalogue",
                    f"add a [[{kind}]] entry with that id, or name one of {', '.join(ids)}",
                )


Named = TypeVar("Named", LanguageEntry, GeneratorEntry, VisionEntry, Profile)


def _merge(ours: list[Named], theirs: list[Named]) -> list[Named]:
    replaced = {entry.id for entry in theirs}
    return [entry for entry in ours if entry.id not in replaced] + theirs


def _find(entries: Sequence[Named], id: str, kind: str) -> Named:
    for entry in entries:
        if entry.id == id:
            return entry
    raise unknown_name(kind, id, [entry.id for entry in entries], "`line-tui models list` lists them all")
