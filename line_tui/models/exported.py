"""Exported programs (`torch.export`, .pt2) as networks with hooks on the inner layers that they kept."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch
from torch import nn
from torch.export import ExportedProgram

from line_tui.errors import ModelFileError, UsageError
from line_tui.models.catalog import VisionEntry
from line_tui.models.pooling import first_tensor

OUTPUT = "output"
"""The layer for the program's output, which need not come from a module."""


def open_program(path: Path, entry: VisionEntry) -> ExportedProgram:
    """The program in a file. Raises UsageError where its entry does not allow it to run code, ModelFileError.

    torch unpickles parts of such a file and evaluates others, so opening it runs code.
    """
    check_code_allowed(entry, path)
    try:
        return torch.export.load(path)
    except Exception as error:  # The errors for damaged files are undocumented and vary.
        raise ModelFileError(f"{entry.id}: {path} is damaged or not an exported program", "export it again") from error


def check_code_allowed(entry: VisionEntry, path: Path) -> None:
    """Raises UsageError where an entry does not allow that its model runs code of its own."""
    if not entry.allow_code:
        raise UsageError(
            f"{entry.id} would run code from {entry.function or path}",
            "if you trust it, set allow_code = true for it in your catalog.toml",
        )


def fixed_batch(program: ExportedProgram) -> int | None:
    """The one number of pictures that a program takes at a time; None for any, as with `dynamic_shapes`."""
    inputs = set(program.graph_signature.user_inputs)
    pictures = next(node for node in program.graph.nodes if node.op == "placeholder" and node.name in inputs)
    count = pictures.meta["val"].shape[0]
    return count if isinstance(count, int) else None


def keyword(program: ExportedProgram) -> str | None:
    """The name under which a program takes its pictures; None where they come first."""
    positional, named = program.call_spec.in_spec.children() if program.call_spec.in_spec else (None, None)
    if positional is None or named is None or positional.num_leaves or len(named.context) != 1:
        return None
    return str(named.context[0])


def unflatten(program: ExportedProgram) -> nn.Module:
    """The program as modules with the names that they had, and with `OUTPUT` after them.

    What ran outside of any module, and modules that did nothing, are in no layer.
    """
    network = torch.export.unflatten(program)
    if (name := keyword(program)) is not None:
        # The hook stays for the life of the network.
        network.register_forward_pre_hook(lambda module, given, named: ((), {name: given[0]}), with_kwargs=True)
    if not hasattr(network, OUTPUT):
        network.add_module(OUTPUT, nn.Identity())
        # The hook stays for the life of the network.
        network.register_forward_hook(_pass_on)
    return network


def _pass_on(network: nn.Module, inputs: Any, output: Any) -> None:
    network.get_submodule(OUTPUT)(first_tensor(output))
