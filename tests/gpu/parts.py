"""What is measured on a GPU, a part a process; each prints JSON lines of what it found as it goes.

python -m tests.gpu.parts NAME

`GPU_CHECK` names the folder of random models and scratch files. With `GPU_CHECK_TINY=1` everything is small and on the
CPU, so that no defect of these lines costs a GPU's time.
"""

from __future__ import annotations

import json
import os
import sys
import time
import traceback
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import torch

from tests.gpu import command_line, random_gguf, random_pipelines
from tests.models import tiny

TINY = os.environ.get("GPU_CHECK_TINY") == "1"
DEVICE = "cpu" if TINY else "cuda"
ROOT = Path(os.environ.get("GPU_CHECK", "/tmp/gpu-check"))
GENERATOR_SIZE = tiny.SIZE if TINY else 1024
WORDS = ("fox", "harbour", "red apple", "bridge", "clock", "violin", "desert", "teapot")


def tell(what: str, value: object, unit: str = "", **more: object) -> None:
    """One finding."""
    if isinstance(value, float):
        value = float(f"{value:.4g}")
    print(json.dumps({"what": what, "value": value, "unit": unit} | more), flush=True)


def timed(work: Callable[[], Any]) -> tuple[Any, float]:
    _wait()
    start = time.perf_counter()
    done = work()
    _wait()
    return done, time.perf_counter() - start


def _wait() -> None:
    if not TINY:
        torch.cuda.synchronize()


def used_mb() -> int:
    """Of the whole GPU, by its driver."""
    if TINY:
        return 0
    free, total = torch.cuda.mem_get_info()
    return (total - free) // 1_000_000


def allocated_mb(peak: bool = False) -> int:
    if TINY:
        return 0
    return (torch.cuda.max_memory_allocated() if peak else torch.cuda.memory_allocated()) // 1_000_000


def peak_of(work: Callable[[], Any]) -> tuple[int, int]:
    """Most megabytes that torch had allocated, and had taken from the driver, while it worked."""
    if TINY:
        work()
        return 0, 0
    torch.cuda.empty_cache()
    torch.cuda.reset_peak_memory_stats()
    work()
    torch.cuda.synchronize()
    return torch.cuda.max_memory_allocated() // 1_000_000, torch.cuda.max_memory_reserved() // 1_000_000


def silent(step: int, steps: int) -> None:
    pass


# -- the machine -------------------------------------------------------------------------------------------------


def machine() -> None:
    import llama_cpp

    tell("torch", torch.__version__)
    tell("llama.cpp built for a GPU", bool(llama_cpp.llama_supports_gpu_offload()))
    tell("cores", len(os.sched_getaffinity(0)))
    if TINY:
        return
    tell("GPU", torch.cuda.get_device_name())
    tell("GPU memory", torch.cuda.mem_get_info()[1] // 1_000_000, "MB")
    tell("taken by torch's context", used_mb(), "MB")
    for name, pinned in (("pageable", False), ("pinned", True)):
        data = torch.empty(1 << 30, dtype=torch.uint8, pin_memory=pinned).fill_(1)
        there, _ = timed(lambda data=data: data.to("cuda"))
        _, up = timed(lambda data=data: data.to("cuda"))
        _, down = timed(lambda data=data, there=there: data.copy_(there))
        tell(f"RAM to GPU, {name}", data.numel() / up / 1e6, "MB/s")
        tell(f"GPU to RAM, {name}", data.numel() / down / 1e6, "MB/s")


# -- random models -----------------------------------------------------------------------------------------------


def make_sdxl() -> None:
    folder = ROOT / "models" / "sdxl"
    if TINY:
        tiny.make("sdxl", folder)
        return
    pipeline, seconds = timed(lambda: random_pipelines.build("sdxl", DEVICE, torch.float16))
    tell("random weights made", seconds, "s")
    _, seconds = timed(lambda: pipeline.save_pretrained(folder, safe_serialization=True, variant="fp16"))
    tell("saved", seconds, "s", megabytes=sum(file.stat().st_size for file in folder.rglob("*")) // 1_000_000)


def make_llama() -> None:
    shape = random_gguf.TINY if TINY else random_gguf.LLAMA_8B
    path = ROOT / "models" / "llama.gguf"
    path.parent.mkdir(parents=True, exist_ok=True)
    _, seconds = timed(lambda: random_gguf.write(path, shape, ROOT / "words.gguf"))
    tell("written", seconds, "s", megabytes=path.stat().st_size // 1_000_000)


# -- vision ------------------------------------------------------------------------------------------------------


def vision() -> None:
    from line_tui.models.catalog import read_catalog
    from line_tui.models.networks import find_network
    from line_tui.models.vision_loader import load_vision

    random = np.random.default_rng(0)
    pictures = list(random.integers(0, 256, (8 if TINY else 64, 512, 512, 3), np.uint8))
    for name, layer in (("resnet18", "avgpool"),) if TINY else (("resnet50", "avgpool"), ("vit_l_16", "encoder")):
        torch.manual_seed(0)
        spec = f"{name}:random"
        ours = load_vision(spec, read_catalog(), 8, DEVICE)
        preprocess = find_network(spec, read_catalog()).preprocess
        for batch in (8, 32):
            ours.batch_size = batch
            ours.record(pictures[:batch], layer)
            raw_seconds = min(timed(lambda: _raw_look(ours._model, preprocess, pictures, batch))[1] for _ in range(2))  # noqa: B023
            seconds = min(timed(lambda: ours.record(pictures, layer))[1] for _ in range(2))  # noqa: B023
            tell(f"{name}, batch {batch}: pictures a second", len(pictures) / seconds, "1/s")
            tell(f"{name}, batch {batch}: line-tui against raw torch", raw_seconds / seconds, "x")
        peak, reserved = peak_of(lambda: ours.record(pictures[:8], layer))  # noqa: B023
        tell(f"{name}, batch 8: peak", peak, "MB", reserved=reserved)
        here = ours.record(pictures[:8], layer).activations
        with torch.inference_mode():
            raw = _raw_pooled(ours._model, preprocess(pictures[:8]).to(DEVICE), layer)
        on_cpu = load_vision(spec, read_catalog(), 8, "cpu")
        on_cpu._model.load_state_dict({key: value.cpu() for key, value in ours._model.state_dict().items()})
        there = on_cpu.record(pictures[:8], layer).activations
        tell(f"{name}: largest difference from the CPU", _difference(here, there), "of the spread")
        tell(f"{name}: the same with torch's defaults (TF32)", _difference(raw, there), "of the spread")
        tell(f"{name}: twice the same", bool(np.array_equal(here, ours.record(pictures[:8], layer).activations)))


def _raw_look(model: torch.nn.Module, preprocess: Any, pictures: Sequence[Any], batch: int) -> None:
    with torch.inference_mode():
        for start in range(0, len(pictures), batch):
            model(preprocess(pictures[start : start + batch]).to(DEVICE)).cpu()


def _raw_pooled(model: torch.nn.Module, images: torch.Tensor, layer: str) -> np.ndarray[Any, Any]:
    found: list[torch.Tensor] = []
    hook = model.get_submodule(layer).register_forward_hook(lambda module, given, output: found.append(output))
    model(images)
    hook.remove()
    output = found[0]
    return (output.mean((2, 3)) if output.ndim == 4 else output[:, 0]).float().cpu().numpy()


def _difference(one: np.ndarray[Any, Any], other: np.ndarray[Any, Any]) -> float:
    return float(np.abs(one - other).max() / other.std())


# -- generators --------------------------------------------------------------------------------------------------


def sdxl() -> None:
    from line_tui.models.catalog import read_catalog
    from line_tui.models.generator import DiffusersGenerator
    from line_tui.models.model_files import locate

    entry = read_catalog().find_generator("sdxl-base")
    before = used_mb()
    folder = locate(entry.source, entry.id)
    generator, seconds = timed(lambda: DiffusersGenerator(folder, entry, device=DEVICE, batch_size=4))
    tell("load", seconds, "s")
    tell("in memory after loading", allocated_mb(), "MB", by_the_driver=used_mb() - before, catalogue=entry.memory_mb)
    _throughput(generator)
    _peaks(generator, (1, 2, 4, 8))
    _, seconds = timed(lambda: generator.rehearse(4, silent))
    tell("two steps and decoding of 4", seconds, "s")
    _decode(generator._pipeline, together=True)
    _, seconds = timed(lambda: generator.rehearse(4, silent))
    tell("the same, decoded together", seconds, "s")
    _peaks(generator, (1, 4, 8), ", decoded together")
    _decode(generator._pipeline, together=False)
    for _ in range(2):
        _, out = timed(generator.leave)
        left = allocated_mb()
        _, back = timed(generator.arrive)
        tell("move to RAM", out, "s", left=left)
        tell("move to the GPU", back, "s")


def sd_turbo() -> None:
    _without_files("sd-turbo", torch.float16, {"steps": 1, "guidance": 0.0, "size": 512}, rounds=4, batches=(1, 4, 8))


def z_image() -> None:
    options = {"steps": 8, "guidance": 0.0, "size": 1024, "dtype": "bfloat16"}
    _without_files("z-image", torch.bfloat16, options, rounds=2, batches=(1, 4))


def _without_files(
    family: str, dtype: torch.dtype, options: dict[str, Any], rounds: int, batches: tuple[int, ...]
) -> None:
    """A pipeline that is made in memory: only the file reading of `DiffusersGenerator` is left out."""
    from line_tui.models import generator as module
    from line_tui.models.catalog import GeneratorEntry
    from line_tui.models.model_files import Source

    if TINY:
        folder = tiny.make("sd-turbo", ROOT / "models" / "turbo")
        pipeline = module.open_pipeline(folder, tiny.entry(folder, guidance=0.0), DEVICE)
        options = options | {"size": tiny.SIZE}
    else:
        folder = ROOT / "models" / "none"
        folder.mkdir(parents=True, exist_ok=True)
        pipeline, seconds = timed(lambda: random_pipelines.build(family, DEVICE, dtype))
        tell("random weights made", seconds, "s")
        pipeline.set_progress_bar_config(disable=True)
    name = {torch.float16: "float16", torch.bfloat16: "bfloat16"}[dtype]
    entry = GeneratorEntry(
        id=family, source=Source(path=str(folder)), **{"prompt_template": "a {concept}", "dtype": name} | options
    )
    opened, module.open_pipeline = module.open_pipeline, lambda *rest: pipeline
    generator = module.DiffusersGenerator(folder, entry, device=DEVICE, batch_size=4)
    module.open_pipeline = opened
    tell("in memory after loading", allocated_mb(), "MB")
    _throughput(generator, rounds)
    _peaks(generator, batches)


def _throughput(generator: Any, rounds: int = 2) -> None:
    """Pictures a second, line-tui's and the raw pipeline's, turn and turn about."""
    count = generator.batch_size
    prompts, seeds = [f"a {word}" for word in WORDS[:count]], list(range(count))
    pipeline = generator._pipeline

    def raw() -> Any:
        _decode(pipeline, together=True)
        return pipeline(
            prompt=prompts,
            num_inference_steps=generator.steps,
            guidance_scale=generator.guidance,
            height=generator.size,
            width=generator.size,
            generator=[torch.Generator("cpu").manual_seed(seed) for seed in seeds],
        ).images

    steps: list[float] = []

    def ours() -> Any:
        _decode(pipeline, together=False)
        return generator.draw(prompts, seeds, lambda step, of: steps.append(time.perf_counter()))

    generator.rehearse(count, silent)
    times: dict[str, list[float]] = {"raw": [], "ours": []}
    drawn: list[Any] = []
    for _ in range(rounds):
        times["raw"].append(timed(raw)[1])
        pictures, seconds = timed(ours)
        times["ours"].append(seconds)
        drawn.append(pictures)
    best = {kind: min(each) for kind, each in times.items()}
    tell("pictures a second", count / best["ours"], "1/s", batch=count, steps=generator.steps, seconds=times)
    tell("line-tui against the raw pipeline", best["raw"] / best["ours"], "x")
    tell("twice the same pictures", all(np.array_equal(a, b) for a, b in zip(*drawn[:2], strict=True)))
    tell("pictures are finite and varied", all(picture.std() > 1 for picture in drawn[0]))
    if generator.steps > 1:
        tell("a step", median(np.diff(steps[: generator.steps])), "s")
    shown: list[int] = []
    generator.on_preview = lambda thumbnails: shown.append(len(thumbnails))
    _, seconds = timed(ours)
    tell("with previews, against without", best["ours"] / seconds, "x", previews=len(shown))
    generator.on_preview = None


def _decode(pipeline: Any, *, together: bool) -> None:
    """As pipelines do by themselves, or one by one as line-tui does it."""
    if together:
        pipeline.vae.disable_slicing()
    else:
        pipeline.vae.enable_slicing()


def _peaks(generator: Any, batches: tuple[int, ...], how: str = "") -> None:
    for batch in batches:
        try:
            peak, reserved = peak_of(lambda: generator.rehearse(batch, silent))  # noqa: B023
        except Exception as error:  # A batch may not fit; the next part must know why.
            tell(f"peak at batch {batch}{how}", None, "MB", error=str(error).splitlines()[0])
            break
        tell(f"peak at batch {batch}{how}", peak, "MB", reserved=reserved)


# -- language ----------------------------------------------------------------------------------------------------


def language() -> None:
    from line_tui.explain.ports import Prompt
    from line_tui.models.language import LlamaLanguage

    path = ROOT / "models" / "llama.gguf"
    if not TINY:
        torch.cuda.init()
    lines = "".join(f"{n}. {WORDS[n % len(WORDS)]}, score {n / 7:.2f}\n" for n in range(40))
    prompt = Prompt(
        head="Concepts and how much each drives the neuron:\n",
        tail=lines + "41.",
        system="You propose a concept of one to three words.",
        user=lines,
        grammar='root ::= [a-z] [a-z ]{2,24} "\\n"',
    )
    threads = min(16, len(os.sched_getaffinity(0)))
    for layers, called in ((None, "all layers on the GPU"), (16, "half of the layers"), (0, "no layer on the GPU")):
        before = used_mb()
        model, seconds = timed(
            lambda: LlamaLanguage(path, "llama", threads=threads, gpu_layers=layers, on_note=print)  # noqa: B023
        )
        tell(f"{called}: load", seconds, "s", layers=model.gpu_layers, style=model.style)
        loaded = used_mb()
        tell(f"{called}: taken by loading", loaded - before, "MB")
        first, seconds = timed(lambda: model.complete(prompt, 1, 0.5, lambda text, thinking: None))  # noqa: B023
        tell(f"{called}: first reply", seconds, "s", prompt=first.prompt_tokens, tokens=first.completion_tokens)
        tell(f"{called}: taken more by it", used_mb() - loaded, "MB")
        if layers != 16:
            _replies(model, prompt, called)
        _raw_speed(model, called, 16 if layers == 0 else 128)
        model.close()
        tell(f"{called}: kept after its end", used_mb() - before, "MB")


def _replies(model: Any, prompt: Any, called: str) -> None:
    start, tokens, texts = time.perf_counter(), 0, []
    for seed in (1, 2, 3, 1):
        reply = model.complete(prompt, seed, 0.5, lambda text, thinking: None)
        tokens += reply.completion_tokens
        texts.append(reply.text)
    tell(f"{called}: a reply", (time.perf_counter() - start) / 4, "s", tokens=tokens / 4)
    tell(f"{called}: the same seed gives the same reply", texts[0] == texts[3])


def _raw_speed(model: Any, called: str, count: int) -> None:
    """llama.cpp alone: no grammar, no template."""
    llama = model._llama
    tokens = [100 + n for n in range(512)]
    llama.reset()
    _, seconds = timed(lambda: llama.eval(tokens))
    tell(f"{called}: prompt", len(tokens) / seconds, "tokens/s")

    def generate() -> None:
        for n, _ in enumerate(llama.generate([5], temp=0.0, reset=False)):
            if n == count:
                break

    _, seconds = timed(generate)
    tell(f"{called}: reply", count / seconds, "tokens/s")
    llama.reset()
    model._head = []


# -- whole runs, by the command line -----------------------------------------------------------------------------


def resident() -> None:
    _plans()
    _tell_run(command_line.paper(ROOT, "resident", DEVICE))


def swap() -> None:
    _tell_run(command_line.paper(ROOT, "swap", DEVICE))


def cpu_llm() -> None:
    _tell_run(command_line.paper(ROOT, "cpu-llm", DEVICE, iterations=1))


def squeeze() -> None:
    """Memory is taken away while pictures are drawn: the run must go on to its end with what is left."""
    _tell_run(command_line.paper(ROOT, "resident", DEVICE, name="squeeze", squeeze=True))


def stop() -> None:
    seconds, run = command_line.interrupted(ROOT, DEVICE)
    tell("stopped after", seconds, "s")
    _tell_run(run)
    time.sleep(1)
    tell("GPU memory in use a second later", used_mb(), "MB", note="with this process's own context")


def _plans() -> None:
    from line_tui.models.catalog import read_catalog
    from line_tui.models.memory_plan import Free, describe, make_plan, plan, profile_needs

    catalog = read_catalog()
    needed = profile_needs(catalog, catalog.find_profile("paper"), "", on_gpu=True)
    free = Free(ram=64_000, gpu=(80_000 if TINY else torch.cuda.mem_get_info()[0] // 1_000_000))
    tell("the plan", describe(plan(needed, free, 4), free))
    for policy in ("resident", "swap", "cpu-llm"):
        each = make_plan(needed, free, policy, 4)
        tell(f"planned for {policy}", each.device_mb, "MB", batch=4, ram=each.ram_mb)


def _tell_run(run: command_line.Run) -> None:
    tell("exit code", run.code)
    tell("seconds", run.seconds, "s")
    if run.peak_mb is not None:
        tell("GPU memory of the engine, most", run.peak_mb, "MB")
    if run.result is None:
        tell("told", run.told[-600:])
        return
    tell("settings", {key: run.result["settings"][key] for key in ("batch_size", "memory", "gpu_layers", "device")})
    tell("as it was planned to the end", run.result["settings"]["bit_identical"])
    cost = run.result["cost"]
    tell("pictures drawn", cost["images_drawn"], "", seconds=cost["seconds"], calls=cost["llm_calls"])
    if run.changes:
        tell("changes of the settings", run.changes)


# -- the bundled world -------------------------------------------------------------------------------------------

NEURONS = (("fc", "3"),) if TINY else (("fc", "3"), ("fc", "40"), ("avgpool", "7"), ("avgpool", "100"))


def _world(place: str, device: str, memory: str, neurons: Sequence[tuple[str, str]], *options: str) -> None:
    """The bundled world at some neurons; what came out is kept for `world_compared`."""

    def explain(named: tuple[str, str]) -> command_line.Run:
        arguments = ["emoji-resnet18", *named, *options]
        return command_line.explain(ROOT, "-".join([place, *named]), arguments, device=device, memory=memory)

    # The first alone, since it is timed; the others beside each other.
    runs = [explain(neurons[0])]
    with ThreadPoolExecutor() as pool:
        runs += pool.map(explain, neurons[1:])
    found: dict[str, dict[str, Any]] = {}
    for (layer, neuron), run in zip(neurons, runs, strict=True):
        if run.result is None:
            tell(f"{layer} {neuron}", None, "", exit=run.code, told=run.told[-600:])
            continue
        cost = run.result["cost"]
        tell(f"{layer} {neuron}", run.result["label"], "", seconds=run.seconds, spent=cost["seconds"], peak=run.peak_mb)
        rate = cost["images_drawn"] / max(cost["seconds"]["generate"], 1e-9)
        tell(f"{layer} {neuron}: pictures a second", rate, "1/s", drawn=cost["images_drawn"], calls=cost["llm_calls"])
        tell(f"{layer} {neuron}: settings", run.result["settings"]["memory"], "", settings=run.result["settings"])
        tried = {trial["concept"]: trial["images"] for trial in run.result["trials"]}
        found[f"{layer} {neuron}"] = {
            "label": run.result["label"],
            "digest": run.digest(),
            "score": run.result["score"] and run.result["score"]["value"],
            "activations": {concept: [image["activation"] for image in images] for concept, images in tried.items()},
        }
    (ROOT / f"{place}.json").write_text(json.dumps(found))


def world_cpu() -> None:
    _world("world-cpu", "cpu", "resident", NEURONS)


def world_gpu() -> None:
    _world("world-gpu", DEVICE, "resident", NEURONS)


def world_gpu_again() -> None:
    _world("world-gpu-again", DEVICE, "resident", NEURONS[:1])


def world_cpu_llm() -> None:
    _world("world-cpu-llm", DEVICE, "cpu-llm", NEURONS)


def world_swap() -> None:
    _world("world-swap", DEVICE, "swap", NEURONS[:1], "--iterations", "4")


def world_compared() -> None:
    """The same labels wherever it ran? The same pictures where the same words were drawn?"""
    places = ("world-cpu", "world-gpu", "world-gpu-again", "world-cpu-llm")
    found = {
        each: json.loads((ROOT / f"{each}.json").read_text()) for each in places if (ROOT / f"{each}.json").exists()
    }
    reference = found.get("world-cpu", {})
    for place, runs in found.items():
        labels = {neuron: (run["label"], reference.get(neuron, {}).get("label")) for neuron, run in runs.items()}
        same = sum(one == other for one, other in labels.values())
        tell(f"{place}: labels as on the CPU", same, f"of {len(runs)}", labels=labels)
        for neuron, run in runs.items():
            other = reference.get(neuron, {}).get("activations", {})
            both = [concept for concept in run["activations"] if concept in other]
            pairs = [pair for each in both for pair in zip(run["activations"][each], other[each], strict=False)]
            here, there = np.array(pairs, np.float64).reshape(-1, 2).T
            tell(
                f"{place}, {neuron}: largest difference of an activation",
                float(np.abs(here - there).max() / there.std()) if len(pairs) > 1 else None,
                "of the spread",
                concepts=f"{len(both)} of {len(run['activations'])} in both",
            )
    first, again = (found.get(place, {}).get(" ".join(NEURONS[0]), {}).get("digest") for place in places[1:3])
    tell("the same run again on the GPU: label, activations, pictures", first == again and first is not None)


def layer() -> None:
    """Neurons of one layer, one by one, as many as fit into the time; interleaved where there is a bench for it."""
    count = 2 if TINY else 12
    run = command_line.explain(
        ROOT, "layer", ["emoji-resnet18", "avgpool", f"0-{count - 1}"], device=DEVICE, memory="resident"
    )
    tell("neurons one by one", count, "", exit=run.code)
    tell("a neuron", run.seconds / count, "s", note="the start of the engine counted in")
    tell("told", run.told[-900:])


def layer_bench() -> None:
    count = 2 if TINY else 64
    run = command_line.run_line(
        ROOT, "layer-bench", ["bench", "layer", "--neurons", str(count)], device=DEVICE, memory="resident"
    )
    tell("line-tui bench layer", run.told[-1500:], "", exit=run.code, seconds=run.seconds)
    tell("printed", run.printed[-1500:])


def climb() -> None:
    """Gradient ascent twice: the same picture each time?"""
    digests = []
    for turn in range(2):
        run = command_line.run_line(
            ROOT, f"climb-{turn}", ["maximise", "emoji-resnet18", "avgpool", "7", "--json"], device=DEVICE, memory=None
        )
        tell("maximise", run.code, "exit code", seconds=run.seconds, told=run.told[-300:])
        digests.append(run.digest())
    tell("twice the same picture", digests[0] == digests[1])


def doctor() -> None:
    run = command_line.run_line(ROOT, "doctor", ["doctor", "--json"], device=DEVICE, memory=None)
    for finding in json.loads(run.printed).get("findings", []) if run.printed.startswith("{") else []:
        tell(str(finding.get("topic", finding.get("name"))), finding)
    tell("doctor", run.printed[:4000], "", exit=run.code)


PARTS = {
    each.__name__.replace("_", "-"): each
    for each in (
        machine,
        make_sdxl,
        make_llama,
        vision,
        sdxl,
        sd_turbo,
        z_image,
        language,
        resident,
        swap,
        cpu_llm,
        squeeze,
        stop,
        world_cpu,
        world_gpu,
        world_gpu_again,
        world_cpu_llm,
        world_swap,
        world_compared,
        layer,
        layer_bench,
        climb,
        doctor,
    )
}


def main(part: str) -> None:
    """Measure, and leave without taking llama.cpp and CUDA apart, which takes its time."""
    try:
        PARTS[part]()
    except BaseException:
        traceback.print_exc()
        sys.stderr.flush()
        os._exit(1)
    sys.stdout.flush()
    os._exit(0)


if __name__ == "__main__":
    main(sys.argv[1])
