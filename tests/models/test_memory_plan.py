"""The published set-up's sizes on GPUs of several sizes: numbers alone, no GPU is used."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from line_tui.errors import MemoryLimitError
from line_tui.events import Memory
from line_tui.models.catalog import Catalog, GeneratorEntry, LanguageEntry, Profile, VisionEntry
from line_tui.models.memory_plan import POLICIES, UNKNOWN_VISION_MB, Free, Needs, describe, plan, profile_needs, smaller
from line_tui.models.model_files import Source

PAPER = Needs(language=6000, generator=8000, picture=2600, vision=600)


def test_everything_stays_where_there_is_room() -> None:
    chosen = plan(PAPER, Free(ram=32000, gpu=40000), 5)
    assert (chosen.policy, chosen.batch_size, chosen.swapped_mb) == ("resident", 5, 0)
    assert chosen.device_mb == 6000 + 8000 + 4 * 2600 + 600


def test_a_smaller_batch_comes_before_swapping() -> None:
    chosen = plan(PAPER, Free(ram=32000, gpu=24000), 8)
    assert (chosen.policy, chosen.batch_size) == ("resident", 2)


def test_taking_turns_on_sixteen_gigabytes() -> None:
    chosen = plan(PAPER, Free(ram=32000, gpu=15500), 4)
    assert (chosen.policy, chosen.batch_size) == ("swap", 2)
    assert chosen.device_mb == 8000 + 2600 + 600
    assert chosen.ram_mb == 8000
    assert chosen.swapped_mb == 6000 + 2 * 8000


def test_the_language_model_on_the_cpu_when_it_is_the_larger_one() -> None:
    large = Needs(language=20000, generator=8000, picture=2600, vision=600)
    chosen = plan(large, Free(ram=64000, gpu=15500), 2)
    assert (chosen.policy, chosen.batch_size, chosen.ram_mb) == ("cpu-llm", 2, 20000)


def test_a_policy_that_was_asked_for_is_kept() -> None:
    assert plan(PAPER, Free(ram=32000, gpu=80000), 4, "swap").policy == "swap"
    with pytest.raises(MemoryLimitError, match=r"need 14\.6 GB of GPU memory .* 12\.0 GB are free"):
        plan(PAPER, Free(ram=32000, gpu=12000), 4, "resident")


def test_too_little_of_anything_is_reported_in_one_line() -> None:
    with pytest.raises(
        MemoryLimitError, match=r"8\.6 GB of GPU memory even for one picture at a time, but only 4\.0 GB are free"
    ):
        plan(PAPER, Free(ram=64000, gpu=4000), 8)
    with pytest.raises(
        MemoryLimitError, match=r"14\.6 GB of RAM even for one picture at a time, but only 2\.0 GB are free"
    ):
        plan(PAPER, Free(ram=2000), 8)


def test_too_little_ram_beside_the_gpu_is_named_as_such() -> None:
    with pytest.raises(MemoryLimitError, match=r"need 6\.0 GB of RAM .* 3\.0 GB are free"):
        plan(PAPER, Free(ram=3000, gpu=12000), 1)


def test_without_a_gpu_only_the_batch_shrinks() -> None:
    chosen = plan(PAPER, Free(ram=20000), 4)
    assert (chosen.policy, chosen.batch_size, chosen.ram_mb) == ("resident", 2, 0)


def test_the_way_down_after_memory_ran_out() -> None:
    free = Free(ram=32000, gpu=40000)
    down = [(each.policy, each.batch_size) for each in smaller(PAPER, free, "resident", 5)]
    assert down == [
        ("resident", 2),
        ("resident", 1),
        ("swap", 5),
        ("swap", 2),
        ("swap", 1),
        ("cpu-llm", 5),
        ("cpu-llm", 2),
        ("cpu-llm", 1),
    ]
    assert list(smaller(PAPER, free, "cpu-llm", 1)) == []
    on_cpu = smaller(PAPER, Free(ram=32000), "resident", 4)
    assert [(each.policy, each.batch_size) for each in on_cpu] == [("resident", 2), ("resident", 1)]


@given(
    st.builds(Needs, *[st.integers(1, 40000)] * 4),
    st.integers(1, 100_000),
    st.none() | st.integers(1, 100_000),
    st.integers(1, 64),
)
def test_what_is_planned_fits_and_the_way_down_never_repeats(
    needs: Needs, ram: int, gpu: int | None, batch_size: int
) -> None:
    free = Free(ram, gpu)
    try:
        chosen = plan(needs, free, batch_size)
    except MemoryLimitError:
        return
    assert chosen.device_mb <= (ram if gpu is None else gpu)
    assert chosen.ram_mb <= ram
    assert 1 <= chosen.batch_size <= batch_size
    down = smaller(needs, free, chosen.policy, chosen.batch_size)
    steps = [(POLICIES.index(each.policy), -each.batch_size) for each in [chosen, *down]]
    assert steps == sorted(set(steps))


def test_a_language_model_at_an_endpoint_is_never_moved() -> None:
    needs = Needs(language=0, generator=8000, picture=2600)
    assert {each.policy for each in smaller(needs, Free(ram=32000, gpu=12000), "resident", 4)} == {"resident"}


@pytest.mark.parametrize("policy", ["swap", "cpu-llm"])
def test_a_policy_for_which_there_is_nothing_to_move_changes_nothing(policy: Memory) -> None:
    assert plan(PAPER, Free(ram=64000), 2, policy).policy == "resident"
    served = Needs(language=0, generator=8000, picture=2600)
    assert plan(served, Free(ram=32000, gpu=12000), 2, policy).policy == "resident"


def test_the_catalogues_numbers_by_precision() -> None:
    language = LanguageEntry(id="l", source=Source(path="l"), memory_mb={"q4_k_m": 6000})
    generator = GeneratorEntry(
        id="g",
        source=Source(path="g"),
        steps=30,
        guidance=7.0,
        size=1024,
        dtype="float16",
        memory_mb={"float16": 8000},
    )
    vision = VisionEntry(id="v", source=Source(path="v"), memory_mb={"float32": 200})
    profile = Profile(id="p", language="l", generator="g", vision="v")
    catalog = Catalog(language=[language], generator=[generator], vision=[vision], profile=[profile])
    on_gpu = profile_needs(catalog, profile, "v", on_gpu=True)
    assert (on_gpu.language, on_gpu.generator, on_gpu.picture, on_gpu.vision) == (6000, 8000, 105, 200)
    on_cpu = profile_needs(catalog, profile, "resnet50", on_gpu=False)
    assert (on_cpu.generator, on_cpu.picture, on_cpu.vision) == (16000, 210, UNKNOWN_VISION_MB)


def test_the_plan_in_words() -> None:
    free = Free(ram=32000, gpu=15500)
    assert describe(plan(PAPER, free, 4), free) == (
        "language model and generator take turns, 2 pictures at a time: 11.2 GB of 15.5 GB GPU memory, "
        "about 3.7 s more in each iteration"
    )
