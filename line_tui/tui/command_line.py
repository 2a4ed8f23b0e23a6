"""The command that does without the app what was chosen in it."""

from __future__ import annotations

import shlex

import msgspec

from line_tui.events import RunSpec

_OPTIONS = ("profile", "strategy", "metric", "seed", "iterations", "images", "control")


def command_line(spec: RunSpec) -> str:
    """`line-tui explain ...` for a run; options that keep their default are left out."""
    defaults = {field.name: field.default for field in msgspec.structs.fields(RunSpec)}
    words = ["line-tui", "explain", spec.model, spec.layer, str(spec.neuron)]
    for name in _OPTIONS:
        value = getattr(spec, name)
        if value != defaults[name]:
            words += [f"--{name}", str(value)]
    return shlex.join(words)
