import xml.etree.ElementTree as ET

import numpy as np
from hypothesis import example, given
from hypothesis import strategies as st

from line_tui.report.svg import curve, histogram

numbers = st.lists(st.floats(-1e6, 1e6), max_size=60)


@given(numbers)
def test_a_dot_for_each_trial(scores: list[float]) -> None:
    drawn = curve(scores)
    assert drawn.count("<circle") == len(scores)
    if drawn:
        ET.fromstring(drawn)


@given(numbers, numbers)
@example([0.0, 5e-324], [])
@example([1e17, np.nextafter(1e17, 2e17)], [1e17])
@example([1e17], [])
def test_a_tick_for_each_image(control: list[float], concept: list[float]) -> None:
    drawn = histogram(control, concept)
    if control:
        ET.fromstring(drawn)
        assert drawn.count('class="tick"') == len(concept)
    else:
        assert drawn == ""


def test_the_best_line_never_falls() -> None:
    path = curve([1.0, 3.0, 2.0]).split('d="')[1].split('"')[0]
    heights = [float(part.split()[0]) for part in path.split("V ")[1:]]
    assert heights[0] == heights[1]  # 3.0 stays the best
