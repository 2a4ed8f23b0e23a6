from line_tui.events import THUMBNAIL
from line_tui.tui.half_cells import half_cells

SIDE = THUMBNAIL


def flat(*rgb: int) -> bytes:
    return bytes(rgb) * SIDE * SIDE


def halves() -> bytes:
    """Red above, blue below."""
    return bytes((255, 0, 0)) * SIDE * (SIDE // 2) + bytes((0, 0, 255)) * SIDE * (SIDE // 2)


def colours(picture: bytes, size: int, x: int, y: int) -> tuple[str, str]:
    style = half_cells(picture, size)[y][x].style
    assert style is not None and not isinstance(style, str)
    assert style.color is not None and style.bgcolor is not None
    return style.color.name, style.bgcolor.name


def test_a_flat_picture_stays_flat_at_every_size() -> None:
    for size in range(2, SIDE + 1, 2):
        rows = half_cells(flat(10, 200, 30), size)
        assert len(rows) == size // 2 and {len(row) for row in rows} == {size}
        assert colours(flat(10, 200, 30), size, size - 1, size // 2 - 1) == ("#0ac81e", "#0ac81e")


def test_the_upper_half_is_above() -> None:
    assert colours(halves(), SIDE, 0, 0) == ("#ff0000", "#ff0000")
    assert colours(halves(), SIDE, 0, SIDE // 2 - 1) == ("#0000ff", "#0000ff")
    assert colours(halves(), 2, 0, 0) == ("#ff0000", "#0000ff")


def test_shrinking_keeps_the_mean() -> None:
    checks = bytes((255, 255, 255, 0, 0, 0)) * (SIDE * SIDE // 2)
    assert colours(checks, 12, 3, 3) == ("#808080", "#808080")


def test_heat_lights_up_where_the_neuron_fires() -> None:
    quiet_left = ((0.0, 1.0), (0.0, 1.0))
    row = half_cells(flat(128, 128, 128), 8, quiet_left)[0]

    def light(x: int) -> int:
        style = row[x].style
        assert style is not None and not isinstance(style, str) and style.color is not None
        triplet = style.color.triplet
        assert triplet is not None
        return sum(triplet)

    assert light(7) > 2 * light(0)
