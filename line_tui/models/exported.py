"""Exported programs (`torch.export`, .pt2) as networks whose preserved inner layers can be hooked."""

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
"""The layer for the program's output, which may not come from a module."""


def open_program(path: Path, entry: VisionEntry) -> ExportedProgram:
    """The program in a file. Raises UsageError if its entry does not allow it to run code, ModelFileError.

    torch unpickles parts of such a file and evaluates others, so opening it can run code.
    """
    check_code_allowed(entry, path)
    try:
        return torch.export.load(path)
    except Exception as error:  # The errors for damaged files are undocumented and vary.
        raise ModelFileError(f"{entry.id}: {path} is damaged or not an exported program", "export it again") from error


def check_code_allowed(entry: VisionEntry, path: Path) -> None:
    """Raises UsageError if an entry does not allow its model to run code."""
    if not entry.allow_code:
        raise UsageError(
            f"{entry.id} would run code from {entry.function or path}",
            "if you trust it, set allow_code = true for it in your catalog.toml",
        )


def fixed_batch(program: ExportedProgram) -> int | None:
    """The only batch size that a program takes; None for any, as with `dynamic_shapes`."""
    inputs = set(program.graph_signature.user_inputs)
    pictures = next(node for node in program.graph.nodes if node.op == "placeholder" and node.name in inputs)
    count = pictures.meta["val"].shape[0]
    return count if isinstance(count, int) else None


def keyword(program: ExportedProgram) -> str | None:
    """The keyword argument for a program's pictures; None if they are the first positional one."""
    positional, named = program.call_spec.in_spec.children() if program.call_spec.in_spec else (None, None)
    if positional is None or named is None or positional.num_leaves or len(named.context) != 1:
        return None
    return str(named.context[0])


def unflatten(program: ExportedProgram) -> nn.Module:
    """The program as modules with their original names, followed by `OUTPUT`.

    Operations outside of any module, and modules that did nothing, are in no layer.
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
