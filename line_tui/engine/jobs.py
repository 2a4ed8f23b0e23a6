"""Jobs of an engine besides runs: each takes a request and returns one result."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import msgspec

from line_tui.engine.model_manager import ModelManager
from line_tui.engine.run_control import RunControl
from line_tui.engine.run_store import RunStore
from line_tui.engine.shared_models import SharedModels
from line_tui.errors import ModelFileError, UsageError, unknown_name
from line_tui.events import RunSpec
from line_tui.explain.ports import Vision
from line_tui.layers import find_layer, find_neuron
from line_tui.neuron import Neuron


@dataclass(frozen=True)
class JobContext:
    """What a job has access to."""

    manager: ModelManager
    store: RunStore
    run_control: RunControl
    report: Callable[[str, int, int], None]
    """Reports the job's current activity, and its progress as done and total."""
    on_loaded: Callable[[], None]
    """Called once the models are loaded, so that the next run may start to load others."""

    def loading(self, what: str) -> None:
        """Report what is being loaded. Raises Cancelled."""
        self.run_control.check()
        if what:
            self.report(f"loading {what}", 0, 0)


def do(job: str, body: bytes, context: JobContext) -> bytes:
    """Run a job and return its result as JSON. Raises Cancelled, LineError, and library errors."""
    if job not in JOBS:
        raise unknown_name("job", job, list(JOBS), "line-tui and its engine must have the same version")
    return msgspec.json.encode(JOBS[job](body, context))


def _evaluate(body: bytes, context: JobContext) -> msgspec.Struct:
    from line_tui.evaluate.measuring import Control, evaluate, folder_control, read
    from line_tui.evaluate.request import Report, Request

    request = msgspec.json.decode(body, type=Request)
    layer = find_layer(context.manager.layers(request.model), request.model, request.layer)
    files, folder = read(request, layer)
    # Any neuron's run loads the right models.
    run = RunSpec(model=request.model, layer=request.layer, neuron=0, profile=request.profile)

    def use(shared: SharedModels) -> Report:
        context.on_loaded()
        loaded = shared.loaded.models
        models = shared.models_for(loaded.vision, layer, context.run_control, context.store.activations)
        if folder is not None:
            control = folder_control(folder, models.vision, request.layer)
        elif (ready := context.manager.source.ready_bank(loaded, request.layer)) is not None:
            rows = ready.activations.reshape(-1, layer.neurons)
            control = Control(ready.id, rows, models.generator.prompt_template)
        else:
            raise ModelFileError(
                f"there is no bank for {request.model}, layer {request.layer}, with profile {request.profile}",
                "give natural pictures with --control FOLDER",
            )
        return evaluate(
            request, files, control, models.generator, models.vision, lambda text: context.report(text, 0, 0)
        )

    return context.manager.lend(run, None, context.loading, use)


def _maximise(body: bytes, context: JobContext) -> msgspec.Struct:
    from line_tui.activation_maximization import Maximised, Request

    request = msgspec.json.decode(body, type=Request)
    find_neuron(context.manager.layers(request.model), Neuron(request.model, request.layer, request.neuron))
    # The imports below take seconds (torch): report a wrong name first.
    from line_tui.models.activation_maximization import maximise
    from line_tui.models.vision import TorchVision
    from line_tui.png import encode_png

    def on_step(step: int, steps: int) -> None:
        context.run_control.check()
        context.report("", step, steps)

    def use(vision: Vision) -> Maximised:
        context.on_loaded()
        if not isinstance(vision, TorchVision):
            raise UsageError(
                f"{request.model} is a black box without gradients", "`line-tui explain` does not need them"
            )
        neuron = request.neuron
        picture = maximise(vision, request.layer, neuron, steps=request.steps, seed=request.seed, on_step=on_step)
        # Measured like any image: from the 8-bit file, in the fixed batch size.
        recording = vision.record([picture], request.layer, neuron)
        return Maximised(
            vision=vision.name, activation=float(recording.activations[0, neuron]), picture=encode_png(picture)
        )

    return context.manager.lend_vision_alone(request.model, BATCH, context.loading, use)


BATCH = 8
"""Batch size of a vision model that is loaded alone."""
JOBS: dict[str, Callable[[bytes, JobContext], msgspec.Struct]] = {"evaluate": _evaluate, "maximise": _maximise}
