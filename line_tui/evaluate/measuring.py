"""Draws pictures of the explanations and measures activations."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from line_tui.errors import ModelFileError, UsageError
from line_tui.evaluate.explanations import BadRow, Explanation, Explanations, read_explanations
from line_tui.evaluate.request import File, Report, Request
from line_tui.evaluate.scoring import COSY_PROMPT, Scored, compare, rivals, score
from line_tui.evaluate.two_sided_scores import Detected, detect, sanity
from line_tui.explain.layer_activations import of_neuron, zero_non_finite
from line_tui.explain.ports import Floats, Generator, Vision
from line_tui.explain.prompt_template import fill_template
from line_tui.explain.seeds import image_seed
from line_tui.layers import LayerInfo
from line_tui.models.picture_folder import PictureFolder, in_batches, open_folder, readable

STREAM = "evaluate"
"""Seeds that no run's search uses."""
BATCH = 32
"""Number of control pictures held in memory at a time."""

OnProgress = Callable[[str], None]


@dataclass(frozen=True)
class Control:
    """The control set that explanations are scored against."""

    name: str
    activations: Floats
    """`float32[images, neurons]`."""
    prompt: str
    """Prompt template for the explanations."""
    skipped: Sequence[str] = ()
    """Pictures that cannot be read, each with the reason."""


def read(request: Request, layer: LayerInfo) -> tuple[list[Explanations], PictureFolder | None]:
    """The explanations, and the folder of control pictures. Raises UsageError."""
    files = [read_explanations(Path(path), request.layer, layer.neurons) for path in request.explanations]
    return files, open_folder(Path(request.control)) if request.control is not None else None


def folder_control(folder: PictureFolder, vision: Vision, layer: str) -> Control:
    """A folder's pictures as control. Raises UsageError."""
    paths = [path for each in folder.classes for path in each.files] or folder.loose
    skipped = dict(folder.left_out)
    activations = []
    for batch in in_batches(readable(paths, len(paths), skipped), BATCH):
        activations.append(vision.record([picture for _, picture in batch], layer).activations)
    if not activations:
        raise UsageError(f"no picture in {folder.path} can be read", "name another folder")
    left_out = [f"{path}: {reason}" for path, reason in skipped.items()]
    return Control(str(folder.path), np.concatenate(activations), COSY_PROMPT, left_out)


def evaluate(
    request: Request,
    files: Sequence[Explanations],
    control: Control,
    generator: Generator,
    vision: Vision,
    on_progress: OnProgress,
) -> Report:
    """Score files against a control set; each text is drawn once, with the same seeds. Raises ModelFileError."""
    activations = control.activations
    seen: dict[str, Floats] = {}

    def record(text: str) -> Floats:
        if text not in seen:
            on_progress(f"drawing {text}")
            seen[text] = draw_and_record(text, control.prompt, request, generator, vision)
        return seen[text]

    detections: dict[Explanation, Detected | None] = {}

    def detected(one: Explanation) -> Detected | None:
        if one not in detections:
            texts = dict.fromkeys(row.text for each in files for row in each.rows)
            drawn = np.concatenate([record(text) for text in texts]) if request.control is not None else None
            detections[one] = detect(record(one.text), zero_non_finite(activations), one.neuron, drawn)
        return detections[one]

    scored_files: list[File] = []
    for each in files:
        finite, broken = _finite_rows(each.rows, activations, record)
        scored = score(finite, activations, record, detected)
        scored_files.append(
            File(
                path=str(each.path),
                **{name: _mean(scored, name) for name in ("auc", "mad", "correlation", "auprc", "f1")},
                scored=scored,
                bad_rows=[*each.bad, *broken],
                other_layers=each.other_layers,
                rivals=rivals(finite, record),
            )
        )
    if not any(file.scored for file in scored_files):
        raise ModelFileError(f"no explanation can be scored: {scored_files[0].bad_rows[-1].cause}", "check the model")
    return Report(
        model=request.model,
        layer=request.layer,
        metrics=("auc", "mad") if request.control is not None else ("auc_bank", "mad_bank"),
        prompt=control.prompt,
        control=control.name,
        control_images=len(activations),
        skipped=list(control.skipped),
        files=scored_files,
        compared=compare({file.path: file.scored for file in scored_files}),
        sanity=sanity([one for one in detections.values() if one is not None]) if request.sanity else None,
    )


def _mean(scored: Sequence[Scored], name: str) -> float | None:
    known = [value for one in scored if (value := getattr(one, name)) is not None]
    return float(np.mean(known)) if known else None


def _finite_rows(
    rows: Sequence[Explanation], control: Floats, record: Callable[[str], Floats]
) -> tuple[list[Explanation], list[BadRow]]:
    """The rows whose neurons are finite for all pictures, and the others with the reason."""
    finite, broken = [], []
    for row in rows:
        try:
            # The control set first: neurons that fail there need no drawing.
            of_neuron(control, row.neuron)
            of_neuron(record(row.text), row.neuron)
            finite.append(row)
        except ModelFileError as error:
            broken.append(BadRow(row.line, error.cause))
    return finite, broken


def draw_and_record(text: str, prompt: str, request: Request, generator: Generator, vision: Vision) -> Floats:
    """Activations of a text's images: `float32[images, neurons]`."""
    seeds = [image_seed(f"{STREAM} {request.seed}", text, index) for index in range(request.images)]
    activations = []
    for start in range(0, len(seeds), generator.batch_size):
        batch = seeds[start : start + generator.batch_size]
        prompts = [fill_template(prompt, text, seed) for seed in batch]
        pictures = generator.draw(prompts, batch, lambda step, steps: None)
        activations.append(vision.record(pictures, request.layer).activations)
    return np.concatenate(activations)
