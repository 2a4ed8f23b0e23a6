"""Plans memory before anything is loaded: which models stay on the device, which take turns, and the cost.

Pure functions: needs come from the catalogue, free memory from `hardware`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import get_args

from line_tui.errors import MemoryLimitError
from line_tui.events import Memory
from line_tui.models.catalog import Catalog, GeneratorEntry, Profile

POLICIES: tuple[Memory, ...] = get_args(Memory)

HEADROOM = 0.1
"""Share of the free memory left unused, because allocators fragment and a desktop needs some."""
LIBRARIES_MB = 900
"""RAM of the engine without models: torch alone takes 530, with diffusers, transformers and llama.cpp 870."""
UNKNOWN_VISION_MB = 600
"""Megabytes assumed for a vision model without an entry: about ViT-H/14 with a batch of pictures."""
WORKING_BYTES = 100
"""Per pixel of each further picture in a batch, in half precision; pictures are decoded one at a time.

SDXL took 15 from the first to the eighth on an H100, where the decoder's peak covers most of the network's needs;
other models' decoders cover less."""
COPIED_MB_PER_SECOND = 6000
"""Transfer between RAM and a GPU through pageable memory: for SDXL, 5.8 GB/s to an H100 and 6.7 GB/s back."""


@dataclass(frozen=True)
class Free:
    """Free megabytes."""

    ram: int
    gpu: int | None = None
    """GPU memory; None to compute on the CPU, in `ram`. The same number if the GPU shares the RAM."""


@dataclass(frozen=True)
class Needs:
    """Megabytes needed by the models of a run."""

    language: int
    generator: int
    """The generator with a batch of one picture."""
    picture: int
    """The generator's extra for each further picture in a batch."""
    vision: int = UNKNOWN_VISION_MB

    def drawing(self, batch_size: int) -> int:
        """Megabytes of the generator with a batch of this size."""
        return self.generator + (batch_size - 1) * self.picture


@dataclass(frozen=True)
class Plan:
    """Where the models of a run are placed."""

    policy: Memory
    batch_size: int
    device_mb: int
    """Peak GPU memory, or RAM without a GPU."""
    ram_mb: int
    """Peak RAM besides the GPU's memory."""
    swapped_mb: int
    """Megabytes copied to and from the device per iteration."""


def profile_needs(catalog: Catalog, profile: Profile, model: str, *, on_gpu: bool) -> Needs:
    """The needs of a profile's language model and generator, and of a vision model, at the precision that will be used.

    The numbers are the catalogue's. Raises UnknownNameError.
    """
    language, generator = catalog.find_language(profile.language), catalog.find_generator(profile.generator)
    vision = catalog.vision_entry(model)
    half = on_gpu and generator.dtype != "float32"
    return Needs(
        language=max(language.memory_mb.values(), default=language.size_mb),
        generator=_in_precision(generator, generator.dtype if on_gpu else "float32"),
        picture=round(generator.size**2 * WORKING_BYTES * (1 if half else 2) / 1e6),
        vision=max(vision.memory_mb.values(), default=UNKNOWN_VISION_MB) if vision else UNKNOWN_VISION_MB,
    )


def _in_precision(entry: GeneratorEntry, dtype: str) -> int:
    if dtype in entry.memory_mb:
        return entry.memory_mb[dtype]
    wide = {precision: mb * (1 if precision == "float32" else 2) for precision, mb in entry.memory_mb.items()}
    full = max(wide.values(), default=2 * entry.size_mb)
    return full if dtype == "float32" else full // 2


def plan(needs: Needs, free: Free, batch_size: int, policy: Memory | None = None) -> Plan:
    """The first policy that fits, with the largest batch among `batch_size`, half of it, and so on.

    `policy` restricts the choice to one, if anything can be moved. Raises MemoryLimitError, which says how much is
    missing.
    """
    if policy not in _policies(needs, free):
        policy = None
    for candidate in _ladder(needs, free, batch_size):
        if (policy is None or candidate.policy == policy) and _fits(candidate, free):
            return candidate
    singles = [each for each in _ladder(needs, free, 1) if policy is None or each.policy == policy]
    raise _too_little(singles, free)


def _too_little(plans: list[Plan], free: Free) -> MemoryLimitError:
    device, have = ("RAM", free.ram) if free.gpu is None else ("GPU memory", free.gpu)
    need = min(each.device_mb for each in plans)
    beside = [each.ram_mb for each in plans if each.device_mb <= have * (1 - HEADROOM)]
    if beside:
        device, have, need = "RAM", free.ram, min(beside)
    return MemoryLimitError(
        f"the models need {_gb(need)} of {device} even for one picture at a time, but only {_gb(have)} are free",
        "close other programs, or choose a profile with smaller models (`line-tui models list`)",
    )


def smaller(needs: Needs, free: Free, policy: Memory, batch_size: int) -> Iterator[Plan]:
    """The plans to try in turn after memory ran out with this one, each needing less."""
    for candidate in _ladder(needs, free, batch_size):
        further = POLICIES.index(candidate.policy) > POLICIES.index(policy)
        below = candidate.policy == policy and candidate.batch_size < batch_size
        # Only the estimate for the GPU has proved wrong, not that for the RAM.
        if (below or further) and candidate.ram_mb <= free.ram * (1 - HEADROOM):
            yield candidate


def _ladder(needs: Needs, free: Free, batch_size: int) -> Iterator[Plan]:
    """All plans, from the fastest to the one that needs the least memory."""
    for policy in _policies(needs, free):
        batch = batch_size
        while batch >= 1:
            yield make_plan(needs, free, policy, batch)
            batch //= 2


def _policies(needs: Needs, free: Free) -> tuple[Memory, ...]:
    # Without a GPU nothing can be moved, and the system drops what it can read again from the GGUF file; a language
    # model at an endpoint cannot be moved either.
    return POLICIES if free.gpu is not None and needs.language else POLICIES[:1]


def make_plan(needs: Needs, free: Free, policy: Memory, batch_size: int) -> Plan:
    """The plan for a policy and batch size, even if it does not fit."""
    drawing = needs.drawing(batch_size)
    parked = 0
    swapped = 0
    if policy == "resident":
        device = needs.language + drawing + needs.vision
    elif policy == "swap":
        device = max(needs.language, drawing) + needs.vision
        # Each turn reads the language model from its file again and moves the generator to RAM and back.
        parked = needs.generator
        swapped = needs.language + 2 * needs.generator
    else:
        device = drawing + needs.vision
        parked = needs.language
    on_cpu = free.gpu is None
    return Plan(policy, batch_size, device, 0 if on_cpu else parked, swapped)


def _fits(plan: Plan, free: Free) -> bool:
    device = free.ram if free.gpu is None else free.gpu
    return plan.device_mb <= device * (1 - HEADROOM) and plan.ram_mb <= free.ram * (1 - HEADROOM)


def describe(plan: Plan, free: Free) -> str:
    """The plan in one line."""
    have = free.ram if free.gpu is None else free.gpu
    where = "RAM" if free.gpu is None else "GPU memory"
    used = f"{_gb(plan.device_mb)} of {_gb(have)} {where}"
    pictures = "one picture" if plan.batch_size == 1 else f"{plan.batch_size} pictures"
    if plan.policy == "resident":
        return f"all models stay loaded, {pictures} at a time: {used}"
    if plan.policy == "swap":
        cost = f"about {plan.swapped_mb / COPIED_MB_PER_SECOND:.1f} s more in each iteration"
        return f"language model and generator take turns, {pictures} at a time: {used}, {cost}"
    return (
        f"the language model computes on the CPU, {pictures} at a time: {used}, "
        f"{_gb(plan.ram_mb)} of RAM, replies several times slower"
    )


def _gb(megabytes: int) -> str:
    return f"{megabytes / 1000:.1f} GB"
