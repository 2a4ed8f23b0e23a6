import torch

from line_tui.worlds.emoji.compose import PLAIN_COLOUR, PLAIN_WHITE, UNIFORMS, compose, draw_uniforms


def _square() -> torch.Tensor:
    """A red square, opaque, in the middle of nothing."""
    rgba = torch.zeros(1, 4, 32, 32)
    rgba[:, 0, 8:24, 8:24] = 1
    rgba[:, 3, 8:24, 8:24] = 1
    return rgba


def _uniforms(**changed: float) -> torch.Tensor:
    """The middle of every range: upright, untinted enough, on white, moved nowhere."""
    names = ["angle", "scale", "right", "down", "shear", "squeeze", "hue", "saturation", "brightness", "kind"]
    uniforms = torch.full((1, UNIFORMS), 0.5)
    uniforms[:, names.index("kind")] = 0.0
    for name, value in changed.items():
        uniforms[:, names.index(name)] = value
    return uniforms


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
    assert torch.equal(compose(rgba, uniforms)[0], compose(others, uniforms)[0])


def test_what_is_transparent_shows_the_background() -> None:
    drawn = compose(_square(), _uniforms())[0]
    assert drawn[:, 0, 0].tolist() == [1, 1, 1]
    red, green, blue = drawn[:, 16, 16].tolist()
    assert red > 0.8 and green < 0.2 and blue < 0.2


def test_the_pose_follows_its_numbers() -> None:
    def ink(**changed: float) -> torch.Tensor:
        return 1 - compose(_square(), _uniforms(**changed))[0, 1]

    columns = torch.arange(32.0)

    def middle(picture: torch.Tensor) -> float:
        return float((picture.sum(0) * columns).sum() / picture.sum())

    assert ink(scale=1.0).sum() > 1.5 * ink(scale=0.0).sum()
    assert middle(ink(right=0.0)) < middle(ink()) - 2 < middle(ink(right=1.0)) - 4


def test_backgrounds_are_white_plain_or_graded() -> None:
    empty = torch.zeros(1, 4, 16, 16)
    varied = torch.linspace(0.1, 0.9, UNIFORMS)[None].clone()
    spreads = []
    for kind in (PLAIN_WHITE - 0.1, PLAIN_COLOUR - 0.1, PLAIN_COLOUR + 0.1):
        varied[:, 9] = kind
        drawn = compose(empty, varied)[0]
        spreads.append((drawn.std((1, 2)).max().item(), drawn.mean().item()))
    white, plain, graded = spreads
    assert white == (0, 1)
    assert plain[0] < 1e-6 and plain[1] < 1
    assert graded[0] > 0.01
