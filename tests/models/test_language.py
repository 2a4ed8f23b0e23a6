import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from line_tui.errors import ModelFileError, UsageError
from line_tui.explain.ports import Cancelled, Prompt
from line_tui.models import llama as bindings
from line_tui.models.catalog import read_catalog
from line_tui.models.language import LlamaLanguage
from line_tui.models.model_files import locate

GRAMMAR = 'root ::= " "? [a-z]+ (" " [a-z]+)? "\\n"\n'
SMOLLM = locate(read_catalog().find_language("smollm2-135m").source, "smollm2-135m")


def prompt(
    tail: Any = "Fruit: apple, pear,", head: Any = "Animals: cat, dog, horse\nTools: hammer, saw, pliers\n"
) -> Any:
    return Prompt(head=head, tail=tail, system="Reply with one word.", user=f"Name a {tail}", grammar=GRAMMAR)


def silent(text: str, thinking: Any) -> None:
    pass


@pytest.fixture(scope="module")
def few_shot() -> Any:
    return LlamaLanguage(SMOLLM, "smollm2", style="few-shot", context=512)


@pytest.fixture(scope="module")
def chat() -> Any:
    return LlamaLanguage(SMOLLM, "smollm2", style="auto", context=512)


def test_the_reply_keeps_to_the_grammar_and_is_streamed(few_shot: LlamaLanguage) -> None:
    assert few_shot.style == "few-shot" and few_shot.name.startswith("smollm2@")
    for seed in range(5):
        pieces: list[tuple[str, bool]] = []
        reply = few_shot.complete(prompt(), seed, 1.5, lambda *piece, pieces=pieces: pieces.append(piece))
        assert reply.text == "".join(text for text, _ in pieces)
        assert not any(thinking for _, thinking in pieces)
        assert reply.text.endswith("\n") and reply.text.strip().replace(" ", "").isalpha()
        # Empty ones ask only whether to go on, while the prompt is evaluated.
        assert reply.completion_tokens == len([text for text, _ in pieces if text])


def test_only_the_head_is_reused(few_shot: LlamaLanguage) -> None:
    first = few_shot.complete(prompt(head="Colours: red, green\n"), 1, 0.7, silent)
    again = few_shot.complete(prompt("Fruit: plum, fig,", head="Colours: red, green\n"), 1, 0.7, silent)
    assert first.evaluated_tokens == first.prompt_tokens
    # The tails share "Fruit:", which is evaluated again all the same.
    head = len(few_shot._llama.tokenize(b"Colours: red, green\n"))
    assert again.evaluated_tokens == again.prompt_tokens - head
    other = few_shot.complete(prompt(head="Colours: red, blue\n"), 1, 0.7, silent)
    assert other.evaluated_tokens == other.prompt_tokens


def in_a_fresh_process(style: str, tail: Any, seed: int) -> Any:
    code = (
        "import json, sys; from pathlib import Path; sys.path.insert(0, '.');"
        "from tests.models.test_language import *;"
        f"model = LlamaLanguage(SMOLLM, 'smollm2', style={style!r}, context=512);"
        f"print(json.dumps(model.complete(prompt({tail!r}), {seed}, 1.2, silent).text))"
    )
    root = Path(__file__).parents[2]
    return json.loads(subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, cwd=root).stdout)


@pytest.mark.parametrize("style", ["few-shot", "auto"])
def test_a_fresh_process_says_the_same_as_a_long_lived_one(
    style: str, few_shot: LlamaLanguage, chat: LlamaLanguage
) -> None:
    model = few_shot if style == "few-shot" else chat
    calls = [("Fruit: apple, pear,", 1), ("Fruit: apple,", 2), ("Vehicles: car, train,", 3)]
    replies = [model.complete(prompt(tail), seed, 1.2, silent).text for tail, seed in calls * 2]
    assert replies[:3] == replies[3:]
    assert len(set(replies)) > 1
    assert in_a_fresh_process(style, *calls[2]) == replies[2]


def test_the_seed_decides(few_shot: LlamaLanguage) -> None:
    def say(seed: int) -> Any:
        return few_shot.complete(prompt(), seed, 1.5, silent).text

    assert say(4) == say(4)
    assert len({say(seed) for seed in range(8)}) > 3


def test_cancelled_leaves_the_model_as_it_was(few_shot: LlamaLanguage) -> None:
    expected = few_shot.complete(prompt(), 7, 0.7, silent)

    def stop(text: str, thinking: Any) -> None:
        raise Cancelled

    with pytest.raises(Cancelled):
        few_shot.complete(prompt("Vehicles: car,"), 1, 0.7, stop)
    assert few_shot.complete(prompt(), 7, 0.7, silent).text == expected.text


@pytest.mark.parametrize("part", ["head", "tail"])
def test_a_long_prompt_is_left_before_its_first_token(
    few_shot: LlamaLanguage, monkeypatch: pytest.MonkeyPatch, part: Any
) -> None:
    few_shot.complete(prompt(), 7, 0.7, silent)
    expected = few_shot.complete(prompt(), 7, 0.7, silent)
    monkeypatch.setattr(bindings, "INTERVAL", 0.0)
    pieces = []

    def stop(text: str, thinking: Any) -> None:
        pieces.append(text)
        raise Cancelled

    with pytest.raises(Cancelled):
        few_shot.complete(prompt(**{part: "apple, " * 200}), 1, 0.7, stop)
    assert pieces == [""]
    monkeypatch.setattr(bindings, "INTERVAL", 1e9)
    again = few_shot.complete(prompt(), 7, 0.7, silent)
    assert again.text == expected.text
    # What was kept of the head before is kept still, unless it was another head that was left.
    assert again.evaluated_tokens == (expected.prompt_tokens if part == "head" else expected.evaluated_tokens)


def test_a_failure_of_llama_cpp_itself_is_no_interruption(
    few_shot: LlamaLanguage, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(RuntimeError, match="llama_decode"), bindings.interruptible(few_shot._llama, lambda: None):
        raise RuntimeError("llama_decode returned 1")


def test_the_chat_form_uses_the_template_of_the_file(chat: LlamaLanguage) -> None:
    assert chat.style == "chat"
    head, tail, thinks = chat._tokens(prompt("fruit"))
    text = chat._llama.detokenize(head + tail, special=True).decode()
    assert text.startswith("<|im_start|>system\nReply with one word.<|im_end|>\n<|im_start|>user\nName a fruit")
    assert text.endswith("<|im_start|>assistant\n")
    assert text.count("<|im_start|>") == 3 and not thinks


def test_thoughts_are_shown_and_are_no_part_of_the_reply() -> None:
    model = LlamaLanguage(SMOLLM, "smollm2", style="chat", context=512, thinking_tokens=12)
    model._template._can_think = True
    pieces = []
    reply = model.complete(prompt("fruit"), 3, 0.7, lambda text, thinking: pieces.append((text, thinking)))
    thoughts = [text for text, thinking in pieces if thinking]
    assert 0 < len(thoughts) <= 12
    assert reply.text == "".join(text for text, thinking in pieces if not thinking)
    assert reply.text.strip().replace(" ", "").isalpha()
    assert reply.completion_tokens == len([text for text, thinking in pieces if text or thinking])
    assert model.complete(prompt("fruit"), 3, 0.7, silent).text == reply.text


def test_a_prompt_longer_than_the_context_is_reported(few_shot: LlamaLanguage) -> None:
    with pytest.raises(UsageError, match=r"does not fit its context of 512 — set a larger context"):
        few_shot.complete(prompt("apple, " * 400), 1, 0.7, silent)
    assert few_shot.complete(prompt(), 1, 0.7, silent).text


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty"),
        (b"version https://git-lfs.github.com/spec/v1", "is not a GGUF file"),
        (b"GGUF", "llama.cpp cannot load"),
        (SMOLLM.read_bytes()[:50_000], "llama.cpp cannot load"),
        (SMOLLM.read_bytes()[:-1], "llama.cpp cannot load"),
        (b"GGUF\x03\0\0\0" + b"\xff" * 64, "llama.cpp cannot load"),
    ],
    ids=["empty", "pointer", "magic", "header", "truncated", "garbage"],
)
def test_damaged_files_are_reported_in_one_line(tmp_path: Path, content: Any, message: str) -> None:
    path = tmp_path / "model.gguf"
    path.write_bytes(content)
    with pytest.raises(ModelFileError) as error:
        LlamaLanguage(path, "mine")
    assert message in str(error.value) and str(path) in str(error.value) and "\n" not in str(error.value)


def test_a_template_that_cannot_be_used_leaves_the_few_shot_form(
    few_shot: LlamaLanguage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(few_shot._llama.metadata, "tokenizer.chat_template", "{{ messages[0].content }}")
    assert few_shot._read_template() is None
    monkeypatch.setitem(few_shot._llama.metadata, "tokenizer.chat_template", "{% for %}")
    assert few_shot._read_template() is None


def test_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(ModelFileError, match="No such file"):
        LlamaLanguage(tmp_path / "model.gguf", "mine")
