from typing import Any

import pytest

from line_tui.models.chat_template import ChatTemplate

CHATML = (
    "{{ bos_token }}{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)


def render(template: str, system: str = "be brief", user: str = "a fox?") -> Any:
    return ChatTemplate(template, bos="<s>", eos="</s>").render(system, user)


def test_the_head_is_all_before_the_users_message() -> None:
    form = render(CHATML)
    assert form.head == "<s><|im_start|>system\nbe brief<|im_end|>\n<|im_start|>user\n"
    assert form.tail == "a fox?<|im_end|>\n<|im_start|>assistant\n"
    assert not form.thinks
    assert render(CHATML, user="something else").head == form.head


def test_a_template_that_refuses_a_system_message_gets_it_from_the_user() -> None:
    gemma = (
        "{% if messages[0].role == 'system' %}{{ raise_exception('System role not supported') }}{% endif %}"
        "{% for m in messages %}<turn>{{ m.role }}\n{{ m.content | trim }}<end>\n{% endfor %}<turn>model"
    )
    form = render(gemma)
    assert form.head == "<turn>user\nbe brief\n\n"
    assert form.tail == "a fox?<end>\n<turn>model"


def test_reasoning_models_reply_inside_their_thoughts() -> None:
    opened = render(CHATML.replace("assistant\n{%", "assistant\n<think>\n{%"))
    assert opened.thinks and opened.tail.count("<think>") == 1
    hybrid = render(CHATML + "{% if enable_thinking is defined and not enable_thinking %}<think></think>{% endif %}")
    assert hybrid.thinks and hybrid.tail.endswith("assistant\n<think>\n")


def test_the_date_of_today_is_not_in_the_prompt() -> None:
    assert render("{{ strftime_now('%d %B %Y') }} {{ messages[1].content }}").head == "01 January 2026 "


def test_a_template_without_the_users_message_is_refused() -> None:
    with pytest.raises(ValueError, match="drops the user's message"):
        render("{{ messages[0].content }}")
