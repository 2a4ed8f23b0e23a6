"""Checks whether each profile's models are present, verified, and fit in memory together."""

from __future__ import annotations

from line_tui.doctor.builds import Broken, LlamaCpp, Torch
from line_tui.doctor.findings import Finding
from line_tui.doctor.machine import Machine
from line_tui.errors import LineError
from line_tui.hub.pull import gigabytes
from line_tui.hub.receipts import Receipts
from line_tui.hub.verify import Verdict, check_quickly, verify
from line_tui.models.catalog import Catalog, Entry, Profile
from line_tui.models.memory_plan import LIBRARIES_MB, Free, describe, plan, profile_needs

_QUICK = 500_000_000
"""Size in bytes up to which a model is hashed during the check."""


def entries_of(catalog: Catalog, profile: Profile) -> list[Entry]:
    """A profile's models that have files. Raises UnknownNameError."""
    entries: list[Entry] = [catalog.find_language(profile.language), catalog.find_generator(profile.generator)]
    vision = catalog.vision_entry(profile.vision)
    return entries if vision is None else [*entries, vision]


def check_models(catalog: Catalog, profile: Profile, receipts: Receipts, *, needed: bool) -> Finding:
    """Whether a profile's models are present; missing ones are a problem only if the profile is `needed`."""
    check = f"models: {profile.id}"
    verdicts = [_look(entry, receipts) for entry in entries_of(catalog, profile)]
    for verdict in verdicts:
        if verdict.state == "corrupt":
            return Finding(check, "problem", verdict.problem, verdict.fix)
    missing = [verdict for verdict in verdicts if verdict.state == "missing"]
    if missing:
        names = ", ".join(verdict.id for verdict in missing)
        fix = f"run `line-tui models pull {profile.id}`"
        if not all(verdict.fix.startswith("run `line-tui models pull") for verdict in missing):
            fix = missing[0].fix
        return Finding(check, "problem" if needed else "note", f"not on this machine: {names}", fix)
    size = gigabytes(sum(verdict.size for verdict in verdicts))
    unsure = [verdict.id for verdict in verdicts if verdict.state not in ("verified", "served")]
    if unsure:
        # Large models are not hashed here, and some small ones have no known hash.
        large = any(verdict.size > _QUICK for verdict in verdicts if verdict.id in unsure)
        fix = f"`line-tui models verify {profile.id}` compares them" if large else ""
        return Finding(check, "ok", f"all present ({size}); not compared with a hash: {', '.join(unsure)}", fix)
    return Finding(check, "ok", f"all present and verified ({size})")


def _look(entry: Entry, receipts: Receipts) -> Verdict:
    seen = check_quickly(entry, receipts)
    return verify(entry, receipts) if seen.state == "present" and seen.size <= _QUICK else seen


def check_memory(
    catalog: Catalog, profile: Profile, machine: Machine, torch: Torch | Broken, llama: LlamaCpp | Broken
) -> Finding:
    """Whether a profile's models fit in memory together, by the catalogue's numbers."""
    check = f"memory: {profile.id}"
    # The engine measures free memory after importing its libraries; here none is imported.
    # A GPU that shares the RAM reports no memory of its own.
    gpu = (torch.free_mb or machine.free_ram_mb) if isinstance(torch, Torch) and torch.device != "cpu" else None
    free = Free(max(0, machine.free_ram_mb - LIBRARIES_MB), gpu)
    try:
        # As in a run: a CPU-only llama.cpp uses the CPU even if the GPU has room.
        offloads = isinstance(llama, LlamaCpp) and llama.gpu
        wanted = profile_needs(catalog, profile, profile.vision, on_gpu=gpu is not None)
        most = catalog.find_generator(profile.generator).batch_size
        chosen = plan(wanted, free, most, None if offloads else "cpu-llm")
    except LineError as error:
        return Finding(check, "problem", error.cause, error.fix)
    return Finding(check, "ok" if chosen.policy == "resident" else "note", describe(chosen, free))
