"""Draws the explanations' texts and measures activations."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from line_tui.engine.catalogued import CataloguedModels
from line_tui.engine.model_manager import ModelManager
from line_tui.errors import ModelFileError, UsageError
from line_tui.evaluate.explanations import BadRow, Explanation, Explanations, read_explanations
from line_tui.evaluate.request import File, Report, Request
from line_tui.evaluate.scoring import COSY_PROMPT, Rivals, Scored, compare, rivals, score
from line_tui.evaluate.two_sided_scores import Detected, detect, sanity
from line_tui.events import RunSpec
from line_tui.explain.non_finite import neuron_of, silenced
from line_tui.explain.ports import Floats, Generator, Vision
from line_tui.explain.seeds import image_seed
from line_tui.explain.templates import fill_template
from line_tui.layers import find_layer
from line_tui.models.folder import PictureFolder, in_batches, open_folder, readable
from line_tui.offline import stay_offline

STREAM = "evaluate"
"""Seeds that no run's search uses."""
BATCH = 32
"""Number of control pictures in memory at a time."""

Tell = Callable[[str], None]


def evaluate(request: Request, tell: Tell) -> Report:
    """Read the files, draw what they say, score it. Raises LineError."""
    stay_offline()
    manager = ModelManager(CataloguedModels())
    try:
        return _evaluate(request, manager, tell)
    finally:
        manager.close()


def _evaluate(request: Request, manager: ModelManager, tell: Tell) -> Report:
    layer = find_layer(manager.layers(request.model), request.model, request.layer)
    files = [read_explanations(Path(path), request.layer, layer.neurons) for path in request.explanations]
    folder = open_folder(Path(request.control)) if request.control is not None else None
    # Any neuron's run loads the right models.
    wanted = RunSpec(model=request.model, layer=request.layer, neuron=0, profile=request.profile)
    with manager.borrow(wanted, None, lambda what: tell(f"loading {what}")) as shared:
        models = shared.loaded.models
        generator, vision = models.generator, models.vision
        if folder is not None:
            control, skipped = look_at_folder(folder, vision, request.layer)
            return measure(request, files, control, COSY_PROMPT, str(folder.path), skipped, generator, vision, tell)
        ready = manager.source.ready_bank(models, request.layer)
        if ready is None:
            raise ModelFileError(
                f"there is no bank for {request.model}, layer {request.layer}, with profile {request.profile}",
                "give natural pictures with --control FOLDER",
            )
        control = ready.activations.reshape(-1, ready.activations.shape[2])
        return measure(request, files, control, generator.prompt_template, ready.id, [], generator, vision, tell)


def measure(
    request: Request,
    files: Sequence[Explanations],
    control: Floats,
    prompt: str,
    name: str,
    skipped: list[str],
    generator: Generator,
    vision: Vision,
    tell: Tell,
) -> Report:
    """Score files against a control `float32[images, neurons]`; each text is drawn once, with the same seeds."""
    seen: dict[str, Floats] = {}

    def look(text: str) -> Floats:
        if text not in seen:
            tell(f"drawing {text}")
            seen[text] = draw_and_look(text, prompt, request, generator, vision)
        return seen[text]

    sights: dict[Explanation, Detected | None] = {}

    def detected(one: Explanation) -> Detected | None:
        if one not in sights:
            texts = dict.fromkeys(row.text for each in files for row in each.rows)
            drawn = np.concatenate([look(text) for text in texts]) if request.control is not None else None
            sights[one] = detect(look(one.text), silenced(control), one.neuron, drawn)
        return sights[one]

    bad: dict[str, list[BadRow]] = {}
    scored: dict[str, list[Scored]] = {}
    several: dict[str, list[Rivals]] = {}
    for each in files:
        sound, broken = _sound(each.rows, control, look)
        bad[str(each.path)] = [*each.bad, *broken]
        scored[str(each.path)] = score(sound, control, look, detected)
        several[str(each.path)] = rivals(sound, look)
    if not any(scored.values()):
        raise ModelFileError(f"no explanation can be scored: {next(iter(bad.values()))[-1].cause}", "look at the model")
    return Report(
        model=request.model,
        layer=request.layer,
        metrics=("auc", "mad") if request.control is not None else ("auc_bank", "mad_bank"),
        prompt=prompt,
        control=name,
        control_images=len(control),
        skipped=skipped,
        files=[
            File(
                path=str(each.path),
                auc=float(np.mean([one.auc for one in scored[str(each.path)]])) if scored[str(each.path)] else None,
                mad=float(np.mean([one.mad for one in scored[str(each.path)]])) if scored[str(each.path)] else None,
                **{name: _mean(scored[str(each.path)], name) for name in ("correlation", "auprc", "f1")},
                scored=scored[str(each.path)],
                bad_rows=bad[str(each.path)],
                other_layers=each.other_layers,
                rivals=several[str(each.path)],
            )
            for each in files
        ],
        compared=compare(scored),
        sanity=sanity([one for one in sights.values() if one is not None]) if request.sanity else None,
    )


def _mean(scored: Sequence[Scored], name: str) -> float | None:
    known = [value for one in scored if (value := getattr(one, name)) is not None]
    return float(np.mean(known)) if known else None


def _sound(
    rows: Sequence[Explanation], control: Floats, look: Callable[[str], Floats]
) -> tuple[list[Explanation], list[BadRow]]:
    """The rows whose neurons are finite numbers for all pictures, and the others with the reason."""
    sound, broken = [], []
    for row in rows:
        try:
            # The control set first: neurons that fail there need no drawing.
            neuron_of(control, row.neuron)
            neuron_of(look(row.text), row.neuron)
            sound.append(row)
        except ModelFileError as error:
            broken.append(BadRow(row.line, error.cause))
    return sound, broken


def draw_and_look(text: str, prompt: str, request: Request, generator: Generator, vision: Vision) -> Floats:
    """Activations of a text's images: `float32[images, neurons]`."""
    seeds = [image_seed(f"{STREAM} {request.seed}", text, index) for index in range(request.images)]
    found = []
    for start in range(0, len(seeds), generator.batch_size):
        batch = seeds[start : start + generator.batch_size]
        prompts = [fill_template(prompt, text, seed) for seed in batch]
        pictures = generator.draw(prompts, batch, lambda step, steps: None)
        found.append(vision.record(pictures, request.layer).activations)
    return np.concatenate(found)


def look_at_folder(folder: PictureFolder, vision: Vision, layer: str) -> tuple[Floats, list[str]]:
    """Activations of a folder's pictures `float32[images, neurons]`, and what could not be read."""
    paths = [path for each in folder.classes for path in each.files] or folder.loose
    skipped: dict[Path, str] = {}
    skipped |= folder.left_out
    found = []
    for batch in in_batches(readable(paths, len(paths), skipped), BATCH):
        found.append(vision.record([picture for _, picture in batch], layer).activations)
    if not found:
        raise UsageError(f"no picture in {folder.path} can be read", "name another folder")
    return np.concatenate(found), [f"{path}: {reason}" for path, reason in skipped.items()]
