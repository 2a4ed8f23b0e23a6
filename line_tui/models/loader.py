"""Loads the models of a run, with one thread count, batch size and device for the whole run."""

from __future__ import annotations

import gc
import os
from collections.abc import Callable
from itertools import groupby

import llama_cpp
import msgspec
import torch

from line_tui.config import EngineDefaults
from line_tui.errors import MemoryLimitError
from line_tui.events import Settings
from line_tui.explain.loop import Models
from line_tui.models.batch_size import gauge_of, largest_batch
from line_tui.models.blackbox import code_warning
from line_tui.models.catalog import Catalog, GeneratorEntry, LanguageEntry, read_catalog
from line_tui.models.damaged_files import files_of
from line_tui.models.embedder import MiniLMEmbedder, bank_vectors
from line_tui.models.endpoint import EndpointLanguage
from line_tui.models.generators import LoadedGenerator, open_generator
from line_tui.models.hardware import check_device, default_device, default_threads, free_memory
from line_tui.models.language import LlamaLanguage
from line_tui.models.loaded import LoadedModels
from line_tui.models.memory_plan import Plan, describe, make_plan, plan, profile_needs, smaller
from line_tui.models.model_files import locate
from line_tui.models.offloading import OffloadedGenerator, OffloadedLanguage, SharedDevice
from line_tui.models.out_of_memory import is_out_of_memory
from line_tui.models.vision_loader import VisionFactory, load_vision

_USUAL = EngineDefaults()


def load(
    profile: str,
    model: str,
    fixed: Settings | None = None,
    *,
    settings: EngineDefaults = _USUAL,
    vision: VisionFactory | None = None,
    on_progress: Callable[[str], None] = lambda what: None,
) -> LoadedModels:
    """Load a profile's language model and generator, and the vision model to be explained.

    `vision` makes the vision model, for callers that have it in memory. `fixed` are the settings of the run's earlier
    session and override `settings`. `on_progress` gets the plan and the next model to load. The models take turns,
    so on the CPU each gets all threads. Raises UnknownNameError, ModelFileError, UsageError, MemoryLimitError.
    """
    # No library may contact the hub to check for updates.
    os.environ["HF_HUB_OFFLINE"] = "1"
    catalog = read_catalog()
    threads = fixed.threads if fixed else settings.threads or default_threads()
    device = fixed.device if fixed else settings.device or default_device()
    check_device(device)
    torch.set_num_threads(threads)
    entries = catalog.find_profile(profile)
    needed = profile_needs(catalog, entries, model, on_gpu=device != "cpu")
    _collect(device)
    free = free_memory(device)
    if fixed is not None:
        plans = [make_plan(needed, free, fixed.memory, fixed.batch_size)]
    else:
        # llama.cpp may be built for the CPU only.
        offloads = device == "cpu" or llama_cpp.llama_supports_gpu_offload()
        memory = settings.memory if offloads else "cpu-llm"
        best = plan(needed, free, catalog.find_generator(entries.generator).batch_size, memory)
        plans = [best, *smaller(needed, free, best.policy, best.batch_size)]
        if gauge_of(device) is not None:
            # The batch size is found by trying, so of plans that differ only in batch size the first suffices.
            plans = [next(alike) for _, alike in groupby(plans, key=lambda each: each.policy)]
    for each in plans:
        on_progress(describe(each, free))
        loaded = _load_as_planned(
            profile, model, each, threads, device, catalog, on_progress, fixed, vision or load_vision
        )
        if loaded is not None:
            return loaded
    raise MemoryLimitError(
        f"the models of {profile} do not fit in memory, though {describe(plans[-1], free)} by the catalogue",
        "close other programs, or choose a profile with smaller models",
    )


def _load_as_planned(
    profile: str,
    model: str,
    plan: Plan,
    threads: int,
    device: str,
    catalog: Catalog,
    on_progress: Callable[[str], None],
    fixed: Settings | None,
    make_vision: VisionFactory,
) -> LoadedModels | None:
    """Load the models as planned; None if memory ran out, after freeing everything.

    Batch size and GPU layers are found by trying, if possible and not `fixed`.
    """
    entries = catalog.find_profile(profile)
    language_entry = catalog.find_language(entries.language)
    generator_entry = catalog.find_generator(entries.generator)
    _collect(device)
    try:
        on_progress(f"vision model {model}{code_warning(model, catalog)}")
        vision = make_vision(model, catalog, plan.batch_size, device)
        on_progress(f"generator {generator_entry.id}")
        folder = locate(generator_entry.source, generator_entry.id)
        with files_of(generator_entry.id):
            generator = open_generator(folder, generator_entry, device, plan.batch_size)
        generator.check_listens()

        def measure() -> None:
            if fixed is None:
                generator.batch_size = vision.batch_size = _measured_batch(
                    generator, generator_entry, device, on_progress
                )

        notes: list[str] = []
        gpu_layers = fixed.gpu_layers if fixed else None
        if device == "cpu" or plan.policy == "cpu-llm":
            gpu_layers = 0

        def open_language() -> LlamaLanguage | EndpointLanguage:
            nonlocal gpu_layers
            language = load_language(
                language_entry, threads, gpu_layers, notes.append, gpu=torch.device(device).index or 0
            )
            # Kept for the whole run: the last digits of the output depend on it.
            gpu_layers = language.gpu_layers if isinstance(language, LlamaLanguage) else 0
            return language

        if plan.policy == "swap":
            shared_device = SharedDevice()
            shared_device.move_in(generator)
            measure()
            on_progress(f"language model {language_entry.id}")
            # Loading the language model moves the generator off the device.
            models = Models(
                OffloadedLanguage(open_language, shared_device), OffloadedGenerator(generator, shared_device), vision
            )
        else:
            on_progress(f"language model {language_entry.id}")
            models = Models(open_language(), generator, vision)
            # Measured with everything else in memory, as in the run.
            measure()
        return LoadedModels(
            models,
            MiniLMEmbedder(bank_vectors()),
            threads,
            device,
            plan.policy,
            gpu_layers or 0,
            tuple(notes),
        )
    except (RuntimeError, MemoryError, MemoryLimitError) as error:
        if isinstance(error, MemoryLimitError) or is_out_of_memory(error):
            return None
        raise


def _collect(device: str) -> None:
    """Free unused memory: llama.cpp aborts the process if an allocation fails while it computes."""
    # Models are part of reference cycles.
    gc.collect()
    if device != "cpu":
        torch.accelerator.empty_cache()


def _measured_batch(
    generator: LoadedGenerator, entry: GeneratorEntry, device: str, on_progress: Callable[[str], None]
) -> int:
    """The largest batch that fits beside the loaded models, up to the catalogue's limit; as planned if that cannot be
    measured.

    Raises MemoryLimitError if not even one picture fits.
    """
    gauge = gauge_of(device)
    if gauge is None:
        return generator.batch_size

    def draw(pictures: int) -> None:
        activity = f"finding the batch size: {pictures} of up to {entry.batch_size} pictures at a time"
        # Reported at each step, where the user can also stop it.
        generator.rehearse(pictures, lambda step, steps: on_progress(activity))

    batch_size = largest_batch(entry.batch_size, draw, gauge)
    _collect(device)
    on_progress(f"{batch_size} of up to {entry.batch_size} pictures at a time fit")
    return batch_size


def step_down(profile: str, model: str, settings: Settings) -> Settings | None:
    """The settings to try after memory ran out with these; None if there are no others."""
    _collect(settings.device)
    free = free_memory(settings.device)
    catalog = read_catalog()
    needs = profile_needs(catalog, catalog.find_profile(profile), model, on_gpu=settings.device != "cpu")
    for lower in smaller(needs, free, settings.memory, settings.batch_size):
        return msgspec.structs.replace(
            settings,
            memory=lower.policy,
            batch_size=lower.batch_size,
            gpu_layers=0 if lower.policy == "cpu-llm" else settings.gpu_layers,
            bit_identical=False,
        )
    return None


def load_language(
    entry: LanguageEntry,
    threads: int,
    gpu_layers: int | None = 0,
    on_note: Callable[[str], None] = lambda note: None,
    *,
    gpu: int = 0,
) -> LlamaLanguage | EndpointLanguage:
    """Load a language model, or connect to a served one.

    Its first `gpu_layers` go to a GPU, None for as many as fit; `on_note` is called if some do not. Raises
    ModelFileError, MemoryLimitError, UsageError.
    """
    if (url := entry.source.endpoint) is not None:
        return EndpointLanguage(entry.id, url, entry.source.file or "", entry.thinking_tokens)
    return LlamaLanguage(
        locate(entry.source, entry.id),
        entry.id,
        style=entry.style,
        context=entry.context,
        thinking_tokens=entry.thinking_tokens,
        threads=threads,
        gpu_layers=gpu_layers,
        gpu=gpu,
        on_note=on_note,
    )
