import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from line_tui.errors import UnknownNameError, UsageError
from line_tui.models.catalog import read_catalog, user_catalog_path


def write(path: Any, text: str) -> Any:
    path.write_text(text)
    return path


def test_our_catalogue_is_whole() -> None:
    catalog = read_catalog()
    demo = catalog.find_profile("demo")
    assert catalog.find_language(demo.language).style == "few-shot"
    assert catalog.find_generator(demo.generator).size == 96
    assert catalog.find_vision(demo.vision).id == "emoji-resnet18"
    for profile in catalog.profile:
        catalog.find_language(profile.language)
        catalog.find_generator(profile.generator)
    for kind in (catalog.language, catalog.generator, catalog.vision, catalog.profile):
        ids = [entry.id for entry in kind]
        assert len(ids) == len(set(ids))
        assert all(getattr(entry, "licence", "-") for entry in kind)


def test_the_users_entries_replace_and_add(tmp_path: Path) -> None:
    user = write(
        tmp_path / "catalog.toml",
        """
        [[language]]
        id = "smollm2-135m"
        source = { path = "/elsewhere/smollm2.gguf" }
        [[language]]
        id = "mine"
        source = { path = "~/mine.gguf" }
        [[profile]]
        id = "mine"
        language = "mine"
        generator = "emoji-diffusion"
        vision = "resnet50"
        """,
    )
    catalog = read_catalog(user)
    assert catalog.find_language("smollm2-135m").source.path == "/elsewhere/smollm2.gguf"
    assert catalog.find_profile("mine").language == "mine"
    assert catalog.find_profile("demo").language == "smollm2-135m"


def test_the_users_catalogue_stands_beside_their_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LINE_TUI_CONFIG", str(tmp_path / "config.toml"))
    assert user_catalog_path() == tmp_path / "catalog.toml"


def entry(kind: str, *fields: str) -> str:
    return "\n".join([f"[[{kind}]]", 'id = "a"', 'source = { path = "x" }', *fields, ""])


def generator(*fields: str) -> str:
    return entry("generator", "guidance = 1.0", "size = 64", *fields)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[[language]\n", "catalog.toml"),
        ('[[language]]\nid = "a"\n', "missing required field `source` - at `$.language[0]`"),
        ('[[language]]\nid = "a"\nsource = { }\n', "exactly one of bundled, package, hub, path and endpoint"),
        ('[[language]]\nid = "a"\nsource = { path = "x", hub = "y/z" }\n', "exactly one of"),
        ('[[language]]\nid = "a"\nsource = { endpoint = "https://a.org/v1" }\n', "nothing else is ever called"),
        (entry("language", 'context = "long"'), "Expected `int`, got `str`"),
        (entry("language", "contxt = 1"), "unknown field `contxt`"),
        (generator("steps = 0"), "must be from 1 to 10000, not 0 - at `$.generator[0]`"),
        (generator("steps = 1", 'prompt_template = "a photo"'), "must contain {concept}"),
        (generator("steps = 1", 'scheduler = "DDIMSchedule"'), "scheduler must be one of "),
        (entry("vision", 'format = "timm"', "classes = 7"), "classes would have no effect with the format timm: leave"),
        (
            entry("vision", 'format = "transformers"', 'architecture = "resnet18"', 'state_dict = "model"'),
            "architecture and state_dict would have no effect with the format transformers",
        ),
        (
            entry("vision", 'preprocess = "IMAGENET1K_V1"'),
            "preprocess would have no effect with the format weights without an architecture",
        ),
        (
            entry("vision", 'format = "function"', 'function = "m:f"', 'labels = "l.json"'),
            "labels would have no effect with the format function",
        ),
        (entry("vision", 'format = "timm"', 'interpolation = "bicubic"'), "interpolation goes with size, mean and std"),
        (
            '[[profile]]\nid = "p"\nlanguage = "nothing"\ngenerator = "emoji-diffusion"\nvision = "resnet50"\n',
            "profile 'p' names the language 'nothing', which is in no catalogue",
        ),
    ],
)
def test_a_wrong_catalogue_is_reported_with_its_place(tmp_path: Path, text: str, message: str) -> None:
    path = write(tmp_path / "catalog.toml", text)
    with pytest.raises(UsageError) as error:
        read_catalog(path)
    assert message in str(error.value) and str(path) in str(error.value)


def test_unknown_names_are_reported_with_the_nearest() -> None:
    catalog = read_catalog()
    with pytest.raises(UnknownNameError, match="no profile named 'dem' — did you mean demo"):
        catalog.find_profile("dem")
    with pytest.raises(UnknownNameError, match="no generator named 'emoji' — did you mean emoji-diffusion"):
        catalog.find_generator("emoji")
    with pytest.raises(UnknownNameError, match="language model"):
        catalog.find_language("gpt")
    with pytest.raises(UnknownNameError, match="vision model"):
        catalog.find_vision("emoji-resnet81")


def test_reading_it_imports_no_model_library() -> None:
    code = (
        "import sys; from line_tui.models.catalog import read_catalog; read_catalog();"
        "print([m for m in ('torch', 'llama_cpp', 'diffusers', 'transformers', 'huggingface_hub') if m in sys.modules])"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"
