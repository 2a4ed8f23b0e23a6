import pytest

from line_tui.tui.text_plots import Canvas, bar, columns, counts, interval_line


@pytest.mark.parametrize(
    ("share", "text"), [(0, "    "), (1, "████"), (0.5, "██  "), (0.25 / 4, "▎   "), (2, "████"), (-1, "    ")]
)
def test_bar(share: float, text: str) -> None:
    assert bar(share, 4) == text


def test_columns_stand_on_the_lowest_row() -> None:
    assert columns([0, 0.5, 1], 2) == ["  █", " ██"]
    assert columns([0.001], 1) == ["▁"]


def test_counts_put_the_ends_into_the_outer_bins() -> None:
    assert counts([0, 0.1, 0.5, 1, 1.5, -1], 0, 1, 4) == [3, 0, 1, 2]
    assert counts([3, 3], 3, 3, 2) == [2, 0]


def test_a_dot_is_where_it_should_be() -> None:
    canvas = Canvas(2, 1)
    canvas.dot(0, 0)
    canvas.dot(3, 3)
    canvas.dot(9, 9)
    assert canvas.rows() == ["⡀⠈"]


def test_steps_rise_where_the_values_rise() -> None:
    canvas = Canvas(2, 1)
    canvas.steps([0, 3])
    assert canvas.rows() == ["⣀⡏"]
    Canvas(2, 1).steps([])


def test_interval_line() -> None:
    assert interval_line(0.5, 0.75, 1.0, 9) == "····├─●─┤"
    assert interval_line(1.0, 1.0, 1.0, 3) == "··●"
