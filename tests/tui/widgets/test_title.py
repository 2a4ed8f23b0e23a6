"""The top line says which neuron it is, however long the model's name is."""

from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from line_tui.tui.widgets.title import TitleBar, fitted
from tests.tui.stage import Alone

LONG = "vit_base_patch16_clip_224.laion2b_ft_in12k_in1k"
LAYER = "blocks.11.mlp.fc1"
RIGHT = "automatic · seed 0"


def line(path: list[str], note: str, right: str) -> str:
    return " line-tui   " + " › ".join(path) + (f"   {note}" if note else "") + (f"  {right}" if right else "")


def test_what_fits_stays_as_it_is() -> None:
    assert fitted(["emoji-resnet18", "fc", "3"], "cat", RIGHT, 80) == (["emoji-resnet18", "fc", "3"], "cat", RIGHT)


def test_the_model_is_cut_in_the_middle_and_the_neuron_never() -> None:
    path, note, right = fitted([LONG, LAYER, "1273"], "cat", RIGHT, 80)
    assert path[2] == "1273" and (note, right) == ("cat", RIGHT)
    assert path[0].startswith("vit") and path[0].endswith("in1k") and "…" in path[0] and "…" in path[1] + path[0]
    assert cell_len(line(path, note, right)) <= 80
    # Narrower, what is beside it goes first.
    path, note, right = fitted([LONG, LAYER, "1273"], "a long name of a neuron", RIGHT, 70)
    assert path[2] == "1273" and (note, right) == ("", RIGHT) and 68 <= cell_len(line(path, note, right)) <= 70
    path, note, right = fitted([LONG, LAYER, "1273"], "cat", RIGHT, 48)
    assert path[2] == "1273" and (note, right) == ("", "") and cell_len(line(path, note, right)) <= 48


@given(st.lists(st.text(max_size=60), min_size=1, max_size=3), st.text(max_size=20), st.integers(60, 200))
def test_it_is_never_wider_than_the_terminal(path: list[str], note: str, width: int) -> None:
    assert cell_len(line(*fitted(path, note, RIGHT, width))) <= width


async def test_another_width_cuts_anew() -> None:
    bar = TitleBar()
    async with Alone(bar).run_test(size=(120, 5)) as pilot:
        bar.show(LONG, LAYER, "1273", right=RIGHT)
        assert LONG in str(bar.content)
        await pilot.resize_terminal(80, 5)
        await pilot.pause()
        assert LONG not in str(bar.content) and "› 1273" in str(bar.content)
