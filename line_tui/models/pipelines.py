"""Opens diffusers pipelines from a folder: safetensors only, no custom code, no network."""

from __future__ import annotations

import inspect
import json
from pathlib import Path
from typing import Any

import diffusers
import torch
import transformers
from diffusers import DiffusionPipeline

from line_tui.errors import LineError, ModelFileError, first_line, unknown_name
from line_tui.models.catalog import GeneratorEntry
from line_tui.models.out_of_memory import is_out_of_memory

_EMOJI = "EmojiDiffusionPipeline"


def open_pipeline(folder: Path, entry: GeneratorEntry, device: str) -> Any:
    """The pipeline in a folder, on a device, quiet and in evaluation mode.

    Raises ModelFileError if files are missing, damaged, or not a diffusers pipeline.
    """
    diffusers.utils.logging.set_verbosity_error()
    transformers.utils.logging.set_verbosity_error()
    transformers.utils.logging.disable_progress_bar()
    diffusers.utils.logging.disable_progress_bar()
    index = _read_index(folder, entry.id)
    _check_takes_words(index["_class_name"], entry.id)
    dtype = torch.float32 if device == "cpu" else getattr(torch, entry.dtype)
    options: dict[str, Any] = {
        "dtype": dtype,
        "variant": entry.variant,
        "use_safetensors": True,
        "local_files_only": True,
    }
    if "safety_checker" in index:
        # A safety checker replaces some pictures with black ones, which would then be scored as the concept.
        options |= {"safety_checker": None, "requires_safety_checker": False}
    try:
        kind = _class(index, options)
        options |= _networks(folder, index, options, entry)
        pipeline = kind.from_pretrained(folder, **options)
        if entry.scheduler is not None:
            known = {type(pipeline.scheduler).__name__, *(each.__name__ for each in pipeline.scheduler.compatibles)}
            if entry.scheduler not in known:
                raise unknown_name(f"scheduler of {entry.id}", entry.scheduler, sorted(known), "name one of these")
            pipeline.scheduler = getattr(diffusers, entry.scheduler).from_config(pipeline.scheduler.config)
        pipeline = pipeline.to(device)
    except LineError:
        raise
    except Exception as error:  # The libraries' errors for damaged files are undocumented and vary.
        if is_out_of_memory(error):
            raise
        raise ModelFileError(
            f"{entry.id}: cannot open the pipeline in {folder}: {first_line(error)}",
            "files are missing, damaged or of another version: fetch the model again",
        ) from error
    pipeline.set_progress_bar_config(disable=True)
    if hasattr(getattr(pipeline, "vae", None), "enable_slicing"):
        # Decoding needs the most memory. One at a time, eight SDXL pictures need as much as one, and take 20 ms longer.
        pipeline.vae.enable_slicing()
    return pipeline


def _networks(folder: Path, index: dict[str, Any], options: dict[str, Any], entry: GeneratorEntry) -> dict[str, Any]:
    """The pipeline's networks from known libraries, by name. Raises ModelFileError.

    The libraries fill missing weights with random numbers, or leave them uninitialised, and only warn.
    """
    networks: dict[str, Any] = {}
    for part, component in index.items():
        kind = _kind(component)
        inside = folder / part
        if kind is None or part in options or not inside.is_dir():
            continue
        has_variant = entry.variant is not None and any(inside.glob(f"*.{entry.variant}[.-]*"))
        networks[part], info = kind.from_pretrained(
            inside,
            dtype=options["dtype"],
            variant=entry.variant if has_variant else None,
            use_safetensors=True,
            local_files_only=True,
            output_loading_info=True,
        )
        if missing := sorted({*info["missing_keys"], *map(str, info.get("mismatched_keys", ()))}):
            raise ModelFileError(
                f"{entry.id}: {inside} lacks {len(missing)} weights of {kind.__name__}, such as {missing[0]}",
                "fetch the model again",
            )
    return networks


def _kind(entry: Any) -> Any:
    """The class of a network that an index names by library and class; None for anything else."""
    match entry:
        case ["diffusers" | "transformers" as library, str(name)]:
            kind = getattr(diffusers if library == "diffusers" else transformers, name, None)
            networks = (diffusers.ModelMixin, transformers.PreTrainedModel)
            return kind if isinstance(kind, type) and issubclass(kind, networks) else None
    return None


def _check_takes_words(kind: str, name: str) -> None:
    """Raises ModelFileError for a diffusers pipeline that takes no prompt, or that needs an input picture."""
    pipeline = getattr(diffusers, kind, None)
    if not isinstance(pipeline, type) or not issubclass(pipeline, DiffusionPipeline):
        # Reported when the pipeline is opened.
        return
    # Imports all pipeline families, which takes a second that the bundled generator does not need.
    from diffusers.pipelines import auto_pipeline as auto

    from_pictures = (auto.AUTO_IMAGE2IMAGE_PIPELINES_MAPPING, auto.AUTO_INPAINT_PIPELINES_MAPPING)
    from_words = auto.AUTO_TEXT2IMAGE_PIPELINES_MAPPING.values()
    if "prompt" not in inspect.signature(pipeline.__call__).parameters:
        lacks = "no prompt, so its pictures could not be scored as a concept"
    elif any(pipeline in mapping.values() for mapping in from_pictures) and pipeline not in from_words:
        lacks = "a picture as input"
    else:
        return
    raise ModelFileError(f"{name}: {kind} takes {lacks}", "name a text-to-image pipeline")


def _class(index: dict[str, Any], options: dict[str, Any]) -> Any:
    if index["_class_name"] != _EMOJI:
        return DiffusionPipeline
    from line_tui.worlds.emoji.pipeline import EmojiDiffusionPipeline
    from line_tui.worlds.minilm import load_minilm

    # The text encoder comes from its own package and is shared with the embedder.
    options["tokenizer"], options["text_encoder"] = load_minilm()
    return EmojiDiffusionPipeline


def _read_index(folder: Path, name: str) -> dict[str, Any]:
    if folder.is_file():
        raise ModelFileError(
            f"{name}: {folder} is a single file, which lacks the pipeline's settings",
            "convert it with diffusers, StableDiffusionXLPipeline.from_single_file(FILE).save_pretrained(FOLDER) or "
            "the class of its family, and name the folder",
        )
    path = folder / "model_index.json"
    try:
        index = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise ModelFileError(
            f"{name}: {folder} has no model_index.json", "name a folder that holds a diffusers pipeline"
        ) from error
    except (OSError, ValueError) as error:
        raise ModelFileError(f"{name}: {path} cannot be read: {error}", "fetch the model again") from error
    if not isinstance(index, dict) or not isinstance(index.get("_class_name"), str):
        raise ModelFileError(
            f"{name}: {path} names no pipeline of diffusers", "pipelines that bring their own code are not run"
        )
    return index
