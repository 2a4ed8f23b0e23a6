"""The command that repeats a run, and a note on what it cannot reproduce."""

from __future__ import annotations

import shlex

import msgspec

from line_tui.events import RunSpec
from line_tui.explain import strategies
from line_tui.explain.state import RunState
from line_tui.plural import counted

_OPTIONS = ("profile", "strategy", "metric", "seed", "iterations", "images", "control")


def command_line(spec: RunSpec) -> str:
    """The command for a run, or the call in Python for a model in memory, without options at their defaults."""
    defaults = {field.name: field.default for field in msgspec.structs.fields(RunSpec)}
    defaults["metric"] = strategies.metric_of(spec.strategy, None)
    changed = {name: value for name in _OPTIONS if (value := getattr(spec, name)) != defaults[name]}
    if spec.in_memory:
        options = "".join(f", {name}={value!r}" for name, value in changed.items())
        return f"# in Python: line_tui.explain({spec.model}, {spec.layer!r}, {spec.neuron}{options})"
    words = ["line-tui", "explain", spec.model, spec.layer, str(spec.neuron)]
    for name, value in changed.items():
        words += [f"--{name}", str(value)]
    return shlex.join(words)


def how_to_repeat(state: RunState) -> tuple[str, str]:
    """The command for a run with its first event, and what to expect from it."""
    spec = state.spec
    if state.iterations > spec.iterations:
        spec = msgspec.structs.replace(spec, iterations=state.iterations)
    steered = len(state.decisions)
    if steered:
        note = (
            f"You steered this run ({counted(steered, 'decision')}, listed here). The command "
            "searches without them and may find another label. The run itself can be replayed."
        )
    elif state.iterations != state.spec.iterations:
        note = "The budget was changed during the run. The command uses the last one and may find another label."
    elif state.settings is not None and not state.settings.bit_identical:
        note = "A lack of memory changed the batch size during the run, so the pictures will not be the same."
    else:
        note = "On the same machine, with the same models, the command gives the same label and the same pictures."
    return command_line(spec), note
