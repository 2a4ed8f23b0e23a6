import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from line_tui.errors import ModelFileError, UnknownNameError, UsageError
from line_tui.explain.ports import Cancelled
from line_tui.models.catalog import read_catalog
from line_tui.models.generator import DiffusersGenerator, _to_pictures
from line_tui.models.model_files import locate
from tests.models import tiny

EMOJI = read_catalog().find_generator("emoji-diffusion")
EMOJI_FOLDER = locate(EMOJI.source, EMOJI.id)


def silent(step: int, steps: int) -> None:
    pass


def open_tiny(folder: Any, **options: Any) -> Any:
    return DiffusersGenerator(folder, tiny.entry(folder, **options))


@pytest.fixture
def folder(pipelines: Any, tmp_path: Path) -> Any:
    """A copy that a test may damage."""
    return shutil.copytree(pipelines("stable-diffusion-1.5"), tmp_path / "tiny")


def say(folder: Path, **changes: Any) -> None:
    """Let the pipeline's index say something else."""
    index = json.loads((folder / "model_index.json").read_text())
    (folder / "model_index.json").write_text(json.dumps(index | changes))


@pytest.fixture(scope="module")
def emoji() -> Any:
    return DiffusersGenerator(EMOJI_FOLDER, EMOJI)


@pytest.mark.parametrize("family", tiny.FAMILIES)
def test_every_family_listens_draws_reports_and_is_cancelled(family: str, pipelines: Any) -> None:
    generator = open_tiny(pipelines(family), guidance=tiny.GUIDANCE.get(family, 2.0))
    generator.check_listens()
    seen = []
    pictures = generator.draw(["a fox", "a hen"], [1, 2], lambda step, steps: seen.append((step, steps)))
    assert [picture.shape for picture in pictures] == [(tiny.SIZE, tiny.SIZE, 3)] * 2
    assert all(picture.dtype == np.uint8 and picture.std() > 0 for picture in pictures)
    assert [step for step, _ in seen] == list(range(1, seen[0][1] + 1))
    # A picture depends on its own prompt and seed alone; several threads may add in another order for another batch.
    alone = generator.draw(["a hen"], [2], silent)[0]
    assert np.abs(alone.astype(int) - pictures[1].astype(int)).max() <= 1
    assert not np.array_equal(generator.draw(["a hen"], [3], silent)[0], pictures[1])

    def stop(step: int, steps: int) -> None:
        raise Cancelled

    with pytest.raises(Cancelled):
        generator.draw(["a cat"], [5], stop)
    with pytest.raises(Cancelled):
        generator.rehearse(4, stop)
    generator.rehearse(4, silent)
    assert np.array_equal(generator.draw(["a fox", "a hen"], [1, 2], silent)[0], pictures[0])


def test_the_bundled_generator(emoji: Any) -> None:
    steps = []
    pictures = emoji.draw(["red apple", "dog", "boat"], [1, 2, 3], lambda step, of: steps.append((step, of)))
    assert [picture.shape for picture in pictures] == [(96, 96, 3)] * 3
    assert steps == [(n + 1, EMOJI.steps) for n in range(EMOJI.steps)]
    for n in range(3):
        alone = emoji.draw([["red apple", "dog", "boat"][n]], [n + 1], silent)[0]
        assert np.array_equal(alone, pictures[n])


def test_wrong_numbers_of_prompts(emoji: Any) -> None:
    for prompts, seeds in [([], []), (["a"] * 9, [1] * 9), (["a"], [1, 2])]:
        with pytest.raises(ValueError, match="for batches of up to 8"):
            emoji.draw(prompts, seeds, silent)


def test_the_name_follows_what_pictures_depend_on(folder: Any) -> None:
    name = open_tiny(folder).name
    assert name.startswith("tiny@") and open_tiny(folder).name == name
    assert open_tiny(folder, negative_prompt="blurry").name != name
    assert open_tiny(folder, scheduler="DDIMScheduler").name != name


def test_scheduler_and_negative_prompt_change_the_picture(folder: Any) -> None:
    plain = open_tiny(folder).draw(["a fox"], [1], silent)[0]
    assert not np.array_equal(open_tiny(folder, negative_prompt="dark").draw(["a fox"], [1], silent)[0], plain)
    assert not np.array_equal(open_tiny(folder, scheduler="DDIMScheduler").draw(["a fox"], [1], silent)[0], plain)


def test_pictures_are_decoded_one_by_one(folder: Any) -> None:
    generator, decoded = open_tiny(folder), []
    generator._pipeline.vae.decoder.register_forward_hook(lambda module, given, output: decoded.append(len(output)))
    generator.draw(["a fox", "a hen", "a cat"], [1, 2, 3], silent)
    assert decoded == [1, 1, 1]


def test_a_safety_checker_is_left_out(folder: Any) -> None:
    checker = ["stable_diffusion", "StableDiffusionSafetyChecker"]
    say(folder, safety_checker=checker, requires_safety_checker=True)
    assert open_tiny(folder).draw(["a fox"], [1], silent)[0].std() > 0


def widened(config: bytes) -> bytes:
    return json.dumps(json.loads(config) | {"block_out_channels": [32, 32]}).encode()


WEIGHTS = "diffusion_pytorch_model.safetensors"
DAMAGES: dict[str, tuple[str, Any, str]] = {
    "no index": ("model_index.json", None, "has no model_index.json"),
    "empty index": ("model_index.json", b"", "cannot be read"),
    "pickles alone": (f"unet/{WEIGHTS}", None, "cannot open the pipeline"),
    "empty weights": (f"unet/{WEIGHTS}", b"", "cannot open the pipeline"),
    "truncated weights": (f"unet/{WEIGHTS}", lambda whole: whole[:-100], "cannot open the pipeline"),
    "pointer": (f"vae/{WEIGHTS}", b"version https://git-lfs", "cannot open the pipeline"),
    "no config": ("unet/config.json", None, "cannot open the pipeline"),
    "another shape": ("unet/config.json", widened, "cannot open the pipeline"),
    "zeros": ("text_encoder/model.safetensors", bytes(100), "cannot open the pipeline"),
    "code of its own": ("model_index.json", b'{"_class_name": ["mine", "Mine"]}', "are not run"),
    "another library": ("model_index.json", b'{"_class_name": "NoSuchPipeline"}', "cannot open the pipeline"),
}


@pytest.mark.parametrize(("name", "content", "message"), DAMAGES.values(), ids=DAMAGES)
def test_damaged_pipelines_are_reported_in_one_line(folder: Any, name: str, content: Any, message: str) -> None:
    path = folder / name
    whole = path.read_bytes()
    path.unlink()
    if content is not None:
        path.write_bytes(content(whole) if callable(content) else content)
    if message == "cannot open the pipeline":
        (folder / "unet" / "diffusion_pytorch_model.bin").write_bytes(b"a pickle")
    with pytest.raises(ModelFileError) as error:
        open_tiny(folder)
    assert message in str(error.value) and "\n" not in str(error.value)


def test_overflown_pictures_are_an_error_not_black(folder: Any) -> None:
    images = torch.zeros(1, 3, 2, 2)
    images[0, 0, 0, 0] = torch.nan
    with pytest.raises(ModelFileError, match="overflowed"):
        _to_pictures(images, tiny.entry(folder, dtype="float16"), "float16")


@pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.bfloat16])
def test_numbers_become_bytes_as_numpy_rounds_them(folder: Any, dtype: Any) -> None:
    images = torch.linspace(0, 1, 3 * 8 * 8).reshape(1, 3, 8, 8).to(dtype)
    picture = _to_pictures(images, tiny.entry(folder), "float32")[0]
    expected = (images[0].float().numpy() * 255).round().clip(0, 255).astype(np.uint8).transpose(1, 2, 0)
    assert np.array_equal(picture, expected) and picture.flags["C_CONTIGUOUS"]


def test_words_must_reach_the_picture(folder: Any, emoji: Any) -> None:
    open_tiny(folder).check_listens()
    emoji.check_listens()
    # A tokenizer that knows no words: each is as many unknown ones.
    for file in ("tokenizer.json", "vocab.json", "merges.txt"):
        (folder / "tokenizer" / file).unlink(missing_ok=True)
    tokens = {"<|startoftext|>": 0, "<|endoftext|>": 1}
    (folder / "tokenizer" / "vocab.json").write_text(json.dumps(tokens))
    (folder / "tokenizer" / "merges.txt").write_text("#version: 0.2\n")
    with pytest.raises(ModelFileError, match="starts the same picture for 'cat' and 'dog'"):
        open_tiny(folder).check_listens()


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        ("DDPMPipeline", "takes no prompt"),
        ("DiTPipeline", "takes no prompt"),
        ("ConsistencyModelPipeline", "takes no prompt"),
        ("StableDiffusionInpaintPipeline", "takes a picture as input"),
        ("StableDiffusionImg2ImgPipeline", "takes a picture as input"),
        ("StableDiffusionXLInpaintPipeline", "takes a picture as input"),
    ],
)
def test_pipelines_that_take_no_words_are_refused_before_they_are_loaded(kind: Any, message: str, folder: Any) -> None:
    say(folder, _class_name=kind)
    shutil.rmtree(folder / "unet")
    with pytest.raises(ModelFileError, match=message):
        open_tiny(folder)


def test_what_needs_a_picture_is_found_out_before_anything_is_drawn(folder: Any) -> None:
    say(folder, _class_name="StableDiffusionInstructPix2PixPipeline")
    with pytest.raises(UsageError, match="cannot draw from words only"):
        open_tiny(folder).check_listens()


def test_sizes_and_schedulers_are_checked_before_anything_is_drawn(folder: Any) -> None:
    with pytest.raises(UsageError, match="divisible by 8"):
        open_tiny(folder, size=33).check_listens()
    for name in ("DDIMSchedule", "DiffusionPipeline", "ddimscheduler", ""):
        with pytest.raises(ValueError, match=rf"scheduler must be one of .*DDIMScheduler, .*, not '{name}'"):
            open_tiny(folder, scheduler=name)
    with pytest.raises(UnknownNameError, match="no scheduler of tiny named 'FlowMatchEulerDiscreteScheduler'"):
        open_tiny(folder, scheduler="FlowMatchEulerDiscreteScheduler")


def test_a_single_file_is_reported_as_one(folder: Any) -> None:
    with pytest.raises(ModelFileError, match="is a single file"):
        open_tiny(folder / "unet" / "diffusion_pytorch_model.safetensors")


@pytest.mark.parametrize("part", ["unet", "vae", "text_encoder"])
@pytest.mark.parametrize("how", ["one is missing", "all have other names"])
def test_weights_that_the_libraries_would_leave_random_are_missed(part: str, how: str, folder: Any) -> None:
    (file,) = (folder / part).glob("*.safetensors")
    weights = load_file(file)
    if how == "one is missing":
        del weights[min(weights)]
    else:
        weights = {f"other.{key}": value for key, value in weights.items()}
    save_file(weights, file, metadata={"format": "pt"})
    with pytest.raises(ModelFileError, match=rf"{part} lacks \d+ weights of \w+, such as .* — fetch the model again"):
        open_tiny(folder)


def test_numbers_that_are_not_finite_are_found_before_anything_is_drawn(folder: Any) -> None:
    file = folder / "unet" / "diffusion_pytorch_model.safetensors"
    weights = load_file(file)
    weights["conv_in.bias"][0] = torch.nan
    save_file(weights, file, metadata={"format": "pt"})
    with pytest.raises(ModelFileError, match="its numbers are not finite — weights are damaged"):
        open_tiny(folder).check_listens()


def test_a_template_that_leaves_no_room_for_the_concept(folder: Any) -> None:
    words = "very " * 30
    with pytest.raises(
        ModelFileError, match=r"starts the same picture for .* prompt_template is longer than its text encoder reads"
    ):
        open_tiny(folder, prompt_template=words + "{concept}").check_listens()
    open_tiny(folder, prompt_template="{concept} " + words).check_listens()


def test_a_negative_prompt_that_would_do_nothing(pipelines: Any) -> None:
    with pytest.raises(UsageError, match="takes no negative prompt — leave negative_prompt out"):
        open_tiny(pipelines("lcm"), negative_prompt="blurred")


def test_a_pipeline_that_gives_no_pictures_as_tensors(folder: Any) -> None:
    say(folder, _class_name="StableDiffusionLDM3DPipeline")
    with pytest.raises(UsageError, match="cannot draw from words only, at this size: Exception: This type pt"):
        open_tiny(folder).draw(["a cat"], [1], silent)
