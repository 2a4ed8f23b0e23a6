"""Shows how line-tui runs a vision model, to compare with the user's own code. Runs in a separate process.

python -m line_tui.doctor.vision_report REQUEST, a JSON object
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import msgspec
from PIL import Image

from line_tui.child_main import run_alone
from line_tui.errors import StoreError
from line_tui.explain.ports import Picture

SHOWN = 5
"""Number of neurons to print, and of first and last layers."""
NAMES = ("stripes", "disc", "pixels")


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """The options of `line-tui doctor --model`."""

    model: str
    layer: str | None = None
    """None for the last layer."""
    pictures: str | None = None
    """Folder that the built-in pictures are written to."""
    as_json: bool = False


class VisionReport(msgspec.Struct, frozen=True, kw_only=True):
    """How line-tui runs a vision model."""

    model: str
    identity: str
    """The model's name, and a digest of its weights and preprocessing."""
    prepared: str
    """The preprocessing of pictures."""
    input: list[int]
    """Height and width of the network's input for a square picture; empty if unknown."""
    layers: list[str]
    """Name, class, output shape for one image, number of neurons and pooling of each layer."""
    layer: str
    """The layer of the activations below."""
    activations: dict[str, list[float | None]]
    """Activations of the layer's first neurons, by picture; null if not finite."""


def examine_model(request: Request) -> VisionReport:
    """Load a vision model and record its activations on three built-in pictures. Raises LineError."""
    from line_tui.models.catalog import read_catalog
    from line_tui.models.vision_checks import builtin_pictures
    from line_tui.models.vision_loader import load_vision

    vision = load_vision(request.model, read_catalog(), len(NAMES), "cpu")
    layer = request.layer or vision.layers[-1].name
    vision.check(layer)
    pictures = builtin_pictures()
    if request.pictures is not None:
        _write(Path(request.pictures), pictures)
    activations = vision.record(pictures, layer).activations[:, :SHOWN]
    return VisionReport(
        model=request.model,
        identity=vision.name,
        prepared=vision.prepared,
        input=list(vision.input),
        layers=[
            f"{each.name}  {each.kind}  {' x '.join(map(str, each.shape))}  {each.neurons} neurons  {each.pooling}"
            for each in vision.layers
        ],
        layer=layer,
        activations={
            name: [float(value) if value == value else None for value in row]
            for name, row in zip(NAMES, activations, strict=True)
        },
    )


def _write(folder: Path, pictures: Sequence[Picture]) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, picture in zip(NAMES, pictures, strict=True):
            Image.fromarray(picture).save(folder / f"{name}.png")
    except OSError as error:
        raise StoreError(f"cannot write to {folder}: {error.strerror}", "choose another --pictures") from error


def to_text(report: VisionReport) -> str:
    """The report as text."""
    shown = report.layers
    if len(shown) > 2 * SHOWN:
        shown = [*shown[:SHOWN], f"... {len(shown) - 2 * SHOWN} more: line-tui layers {report.model}", *shown[-SHOWN:]]
    size = f", then {report.input[0]} x {report.input[1]}" if report.input else ""
    lines = [
        f"model      {report.identity}",
        "           the digest changes with the weights and with the preprocessing",
        f"pictures   {report.prepared}{size}",
        *(f"{'layers' if n == 0 else '':<9}  {line}" for n, line in enumerate(shown)),
        f"numbers    layer {report.layer}, the first neurons, for three pictures (--pictures FOLDER saves them)",
    ]
    for name, values in report.activations.items():
        row = "".join("   no number" if value is None else f"{value:12.5f}" for value in values)
        lines.append(f"           {name:<8}{row}")
    return "\n".join(lines)


def main() -> None:
    """Run the request in the first argument."""
    request = msgspec.json.decode(sys.argv[1], type=Request)
    report = examine_model(request)
    print(msgspec.json.encode(report).decode() if request.as_json else to_text(report))


if __name__ == "__main__":
    run_alone(main)
