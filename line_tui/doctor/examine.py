"""Runs all checks, yielding findings one at a time."""

from __future__ import annotations

from collections.abc import Iterator

from line_tui.config import read_config
from line_tui.doctor.builds import LlamaCpp, Torch, ask
from line_tui.doctor.computing import check_gpu, check_llama_cpp, check_machine, check_torch
from line_tui.doctor.findings import Finding
from line_tui.doctor.installed_models import check_memory, check_models
from line_tui.doctor.machine import read_machine
from line_tui.doctor.screen import Terminal, check_terminal
from line_tui.doctor.storage import check_catalog, check_config, check_disks, check_downloads, check_store
from line_tui.errors import LineError
from line_tui.hub.receipts import Receipts
from line_tui.models.catalog import read_catalog


def examine(terminal: Terminal) -> Iterator[Finding]:
    """Run all checks; slow ones come last."""
    yield check_terminal(terminal)
    yield check_config()
    yield check_catalog()
    yield check_store()
    yield from check_disks()
    machine = read_machine()
    yield check_machine(machine)
    torch = ask("torch", Torch)
    yield check_gpu(machine, torch)
    yield check_torch(machine, torch)
    llama = ask("llama_cpp", LlamaCpp)
    yield check_llama_cpp(machine, torch, llama)
    try:
        catalog, wanted = read_catalog(), read_config().explain.profile
        catalog.find_profile(wanted)
    except LineError:
        # Reported above; without valid settings the models to check are unknown.
        return
    yield from check_downloads(catalog)
    receipts = Receipts()
    for profile in catalog.profile:
        yield check_models(catalog, profile, receipts, needed=profile.id == wanted)
    yield check_memory(catalog, catalog.find_profile(wanted), machine, torch, llama)
