import pytest
import torch

from line_tui.worlds.emoji.compose import ATTRIBUTES, COLOURS, UNIFORMS, compose, draw_uniforms, pick, unnamed_shares

SIZE = 48


def _square() -> torch.Tensor:
    """A red square, opaque, in the upper middle of nothing."""
    rgba = torch.zeros(1, 4, SIZE, SIZE)
    rgba[:, 0, 12:30, 12:36] = 1
    rgba[:, 3, 12:36, 12:36] = 1
    return rgba


def _values(**named: str) -> torch.Tensor:
    """Natural, on white, of medium size, upright, alone; and what is named."""
    plain = {attribute: values[0] for attribute, values in ATTRIBUTES.items()} | {"background": "white"}
    return torch.tensor([[values.index((plain | named)[a]) for a, values in ATTRIBUTES.items()]])


def _drawn(rgba: torch.Tensor | None = None, seed: int = 0, **named: str) -> torch.Tensor:
    uniforms = torch.rand(1, UNIFORMS, generator=torch.Generator().manual_seed(seed))
    return compose(_square() if rgba is None else rgba, _values(**named), uniforms)[0]


def _ink(picture: torch.Tensor) -> torch.Tensor:
    return (1 - picture.amin(0)) > 0.3


def test_each_picture_takes_its_numbers_from_its_own_generator() -> None:
    seeds = [3, 4, 5]
    together = draw_uniforms([torch.Generator().manual_seed(seed) for seed in seeds])
    alone = [draw_uniforms([torch.Generator().manual_seed(seed)]) for seed in seeds]
    assert torch.equal(together, torch.cat(alone))
    assert not torch.equal(together[0], together[1])


def test_a_picture_does_not_depend_on_its_neighbours() -> None:
    uniforms = torch.rand(4, UNIFORMS, generator=torch.Generator().manual_seed(0))
    rgba = _square().repeat(4, 1, 1, 1)
    others = rgba.clone()
    others[1:] = 0
    values = _values(count="two", tint="blue").repeat(4, 1)
    other_values = values.clone()
    other_values[1:] = _values(count="four")
    assert torch.equal(compose(rgba, values, uniforms)[0], compose(others, other_values, uniforms)[0])


def test_what_is_transparent_shows_the_background() -> None:
    drawn = _drawn()
    assert (drawn[:, 0, 0] > 0.95).all()
    assert (_ink(drawn)).any()


@pytest.mark.parametrize("attribute", ["tint", "background"])
@pytest.mark.parametrize("colour", COLOURS)
def test_a_named_colour_is_the_colour(attribute: str, colour: str) -> None:
    brown_square = _square()
    brown_square[:, :3] = torch.tensor([0.5, 0.3, 0.2])[:, None, None] * brown_square[:, 3:]
    for seed in range(8):
        behind = "black" if colour in ("white", "grey") else "white"
        named = {"tint": colour, "background": behind} if attribute == "tint" else {"background": colour}
        drawn = _drawn(brown_square, seed=seed, **named)
        spot = drawn[:, 0, 0]
        if attribute == "tint":
            spot = drawn[:, (drawn - drawn[:, :1, :1]).abs().sum(0) > 0.15].mean(1)
        red, green, blue = spot.tolist()
        grey = max(spot.tolist()) - min(spot.tolist()) < 0.12
        assert grey == (colour in ("black", "white", "grey"))
        if colour in ("red", "green", "blue"):
            assert max(red, green, blue) == {"red": red, "green": green, "blue": blue}[colour]
        if colour in ("orange", "yellow", "brown"):
            assert red > green > blue
        if colour in ("purple", "pink"):
            assert green < min(red, blue)


def test_sizes_places_and_turns() -> None:
    def middle(picture: torch.Tensor, axis: int) -> float:
        line = _ink(picture).float().sum(1 - axis)
        return float((line * torch.arange(SIZE)).sum() / line.sum()) / SIZE

    for seed in range(8):
        small, medium, large = (_ink(_drawn(seed=seed, size=size)).sum() for size in ("small", "medium", "large"))
        assert small < medium / 2 < large / 2
        assert middle(_drawn(seed=seed, place="left"), 1) < 0.45 < 0.55 < middle(_drawn(seed=seed, place="right"), 1)
        assert middle(_drawn(seed=seed, place="top"), 0) < 0.45 < 0.55 < middle(_drawn(seed=seed, place="bottom"), 0)
    # Red above and black below, and the other way round.
    red = [((p[0] > 0.5) & (p[1] < 0.4)) for p in (_drawn(), _drawn(turn="upside-down"))]
    black = [p.amax(0) < 0.3 for p in (_drawn(), _drawn(turn="upside-down"))]
    rows = torch.arange(float(SIZE))[:, None].expand(SIZE, SIZE)
    assert rows[red[0]].mean() < rows[black[0]].mean() and rows[red[1]].mean() > rows[black[1]].mean()


@pytest.mark.parametrize("count", range(4))
def test_as_many_copies_as_are_asked_for(count: int) -> None:
    for seed in range(4):
        ink = _ink(_drawn(seed=seed, count=ATTRIBUTES["count"][count], turn="upright"))
        assert _islands(ink) == count + 1


def _islands(ink: torch.Tensor) -> int:
    left = {(int(y), int(x)) for y, x in ink.nonzero()}
    found = 0
    while left:
        found += 1
        reached = [left.pop()]
        while reached:
            y, x = reached.pop()
            near = {(y + dy, x + dx) for dy in (-1, 0, 1) for dx in (-1, 0, 1)} & left
            left -= near
            reached += near
    return found


def test_values_are_picked_by_their_shares() -> None:
    uniforms = torch.rand(4000, UNIFORMS, generator=torch.Generator().manual_seed(0))
    picked = pick([unnamed_shares(a).expand(4000, -1) for a in ATTRIBUTES], uniforms)
    for column, attribute in enumerate(ATTRIBUTES):
        shares = torch.bincount(picked[:, column], minlength=len(ATTRIBUTES[attribute])) / 4000
        assert torch.allclose(shares, unnamed_shares(attribute), atol=0.03)
        assert ((shares > 0) <= (unnamed_shares(attribute) > 0)).all()


def test_a_value_without_a_share_is_never_picked() -> None:
    share = torch.tensor([[0.0, 0.5, 0.0, 0.5, 0.0]])
    edges = torch.tensor([[0.0], [0.5], [0.9999999]]).expand(3, UNIFORMS)
    assert pick([share.expand(3, -1)], edges)[:, 0].tolist() == [1, 3, 3]
