"""How an emoji is tinted, placed, rotated, repeated and given a background, as set by the prompt or the seed."""

import math
from functools import lru_cache

import torch
from torch import Tensor
from torch.nn import functional

COLOURS = ("red", "orange", "yellow", "green", "blue", "purple", "pink", "brown", "black", "white", "grey")
ATTRIBUTES: dict[str, tuple[str, ...]] = {
    "tint": ("natural", *COLOURS),
    "background": (*COLOURS, "gradient"),
    "size": ("medium", "small", "large"),
    "place": ("anywhere", "left", "right", "top", "bottom"),
    "turn": ("upright", "tilted", "sideways", "upside-down"),
    "count": ("one", "two", "three", "four"),
}
"""Attributes that a prompt can set, with their values; a composition is one value index per attribute."""

TINT, BACKGROUND, SIZE, PLACE, TURN, COUNT = range(len(ATTRIBUTES))

UNIFORMS = 32
"""Random numbers per composition: the first pick the values, the others vary within them."""

_UNNAMED = {
    "tint": {"natural": 1.0},
    "background": {"white": 0.25, "gradient": 0.15} | {name: 0.06 for name in COLOURS if name != "white"},
    "size": {"medium": 0.7, "large": 0.3},
    "place": {"anywhere": 1.0},
    "turn": {"upright": 1.0},
    "count": {"one": 1.0},
}
# Hue, saturation and value of each colour, from and to.
_COLOUR_RANGES = torch.tensor(
    [
        [[-0.02, 0.015], [0.75, 0.95], [0.75, 0.95]],
        [[0.065, 0.09], [0.8, 0.95], [0.9, 1.0]],
        [[0.13, 0.155], [0.7, 0.95], [0.93, 1.0]],
        [[0.27, 0.4], [0.5, 0.85], [0.5, 0.85]],
        [[0.56, 0.64], [0.6, 0.9], [0.7, 0.95]],
        [[0.74, 0.79], [0.5, 0.75], [0.5, 0.8]],
        [[0.89, 0.94], [0.35, 0.55], [0.95, 1.0]],
        [[0.05, 0.075], [0.55, 0.7], [0.38, 0.52]],
        [[0.0, 1.0], [0.0, 0.1], [0.04, 0.14]],
        [[0.0, 1.0], [0.0, 0.02], [0.97, 1.0]],
        [[0.0, 1.0], [0.0, 0.06], [0.5, 0.68]],
    ]
)
_SCALES = torch.tensor([[0.62, 0.86], [0.3, 0.42], [0.88, 1.0]])
_PLACED = 0.6
"""Scale of a picture placed on one side, relative to one without a set place."""
_TURNS = torch.tensor([[0.0, 20.0], [35.0, 60.0], [80.0, 100.0], [165.0, 180.0]]) * math.pi / 180
_COPY_SCALES = torch.tensor([1.0, 0.48, 0.46, 0.45])
_LAYOUTS = torch.tensor(
    [
        [[[0, 0], [0, 0], [0, 0], [0, 0]], [[0, 0], [0, 0], [0, 0], [0, 0]]],
        [[[-0.5, 0], [0.5, 0], [0, 0], [0, 0]], [[-0.45, -0.45], [0.45, 0.45], [0, 0], [0, 0]]],
        [[[-0.5, -0.45], [0.5, -0.45], [0, 0.5], [0, 0]], [[-0.5, 0.45], [0.5, 0.45], [0, -0.5], [0, 0]]],
        [[[-0.5, -0.5], [0.5, -0.5], [-0.5, 0.5], [0.5, 0.5]], [[0, -0.52], [-0.52, 0], [0.52, 0], [0, 0.52]]],
    ]
)
_MAX_SHEAR = 0.12
_MAX_HUE = math.radians(12)
_SQUEEZES = (0.92, 1.08)
_SATURATIONS = (0.75, 1.2)
_BRIGHTNESSES = (0.85, 1.08)
_TINT_SHARE = 0.88
_LIGHT_SHARE = 0.6
_TO_YIQ = torch.tensor([[0.299, 0.587, 0.114], [0.596, -0.274, -0.322], [0.211, -0.523, 0.312]])
_OFFSETS = torch.tensor([0.0, 2 / 3, 1 / 3])
_TO_RGB = torch.linalg.inv(_TO_YIQ)


def draw_uniforms(generators: list[torch.Generator]) -> Tensor:
    """The random numbers of each picture's composition, one generator per row.

    Returns `float32[images, UNIFORMS]` in [0, 1).
    """
    return torch.stack([torch.rand(UNIFORMS, generator=generator) for generator in generators])


def unnamed_shares(attribute: str) -> Tensor:
    """How often each value occurs if the prompt names none: `float32[values]`, sum 1."""
    return torch.tensor([_UNNAMED[attribute].get(value, 0.0) for value in ATTRIBUTES[attribute]])


def pick(shares: list[Tensor], uniforms: Tensor) -> Tensor:
    """A value of each attribute, sampled by its share with the first random numbers.

    `shares` holds `float32[images, values]` for each attribute. Returns `int64[images, attributes]`.
    """
    picked = [
        (uniforms[:, [i]] * share.sum(1, keepdim=True) >= share.cumsum(1)).sum(1).clamp_max(share.shape[1] - 1)
        for i, share in enumerate(shares)
    ]
    return torch.stack(picked, 1)


def compose(rgba: Tensor, values: Tensor, uniforms: Tensor) -> Tensor:
    """Pictures tinted, posed, repeated and laid on a background.

    `rgba` is `float32[images, 4, size, size]`, premultiplied, in [0, 1]; `values` is `int64[images, attributes]`
    as in `ATTRIBUTES`; `uniforms` is `float32[images, UNIFORMS]`. Returns `float32[images, 3, size, size]` in [0, 1].
    Keep values and random numbers on the CPU, so that a GPU need not wait.
    """
    rows_of = [(values[:, COUNT] >= copy).nonzero()[:, 0] for copy in range(len(ATTRIBUTES["count"]))]
    values, uniforms = sent(values, rgba.device), sent(uniforms, rgba.device)
    tinted = _tint(rgba, values, uniforms)
    canvas = _background(values, uniforms, rgba.shape[-1]).to(rgba)
    for copy, rows in enumerate(rows_of):
        if len(rows) == 0:
            break
        rows = sent(rows, rgba.device)
        grid = _pose_grid(tinted[rows], values[rows], uniforms[rows], copy)
        posed = functional.grid_sample(tinted[rows], grid, padding_mode="zeros", align_corners=False)
        canvas[rows] = posed[:, :3] + (1 - posed[:, 3:]) * canvas[rows]
    return canvas.clamp(0, 1)


@lru_cache(maxsize=32)
def _there(name: str, device: torch.device) -> Tensor:
    tensor: Tensor = globals()[name].to(device)
    return tensor


def sent(tensor: Tensor, device: torch.device) -> Tensor:
    """The tensor on a device, copied without synchronising."""
    if tensor.device == device:
        return tensor
    return tensor.pin_memory().to(device, non_blocking=True)


def _between(uniform: Tensor, low: float | Tensor, high: float | Tensor) -> Tensor:
    return low + (high - low) * uniform


def _pose_grid(rgba: Tensor, values: Tensor, uniforms: Tensor, copy: int) -> Tensor:
    scale, centre = _size_and_place(values, uniforms, copy)
    turns = _there("_TURNS", rgba.device)[values[:, TURN]]
    side = torch.where(uniforms[:, 6] < 0.5, -1.0, 1.0)
    angle = side * _between((2 * uniforms[:, 6]) % 1, turns[:, 0], turns[:, 1])
    if copy:
        angle = angle + _between(uniforms[:, 28 + copy], -0.15, 0.15)
    shear = _between(uniforms[:, 10], -_MAX_SHEAR, _MAX_SHEAR)
    squeeze = _between(uniforms[:, 11], *_SQUEEZES)
    cos, sin = torch.cos(angle), torch.sin(angle)
    turn = torch.stack([cos, -sin, sin, cos], 1).view(-1, 2, 2)
    lean = torch.stack([squeeze, shear, torch.zeros_like(shear), 1 / squeeze], 1).view(-1, 2, 2)
    inverse = lean @ turn / scale[:, None, None]
    matrix = torch.cat([inverse, -inverse @ centre[:, :, None]], 2)
    return functional.affine_grid(matrix, list(rgba.shape), align_corners=False)


def _size_and_place(values: Tensor, uniforms: Tensor, copy: int) -> tuple[Tensor, Tensor]:
    scales = _there("_SCALES", uniforms.device)[values[:, SIZE]]
    scale = _between(uniforms[:, 7], scales[:, 0], scales[:, 1])
    place = values[:, PLACE]
    placed, many = place > 0, values[:, COUNT] > 0
    scale = torch.where(placed & (values[:, SIZE] == 0), _PLACED * scale, scale)
    # The picture can move within the space that the scale leaves free.
    room = 1 - scale
    free = torch.stack([_between(uniforms[:, 8], -1, 1), _between(uniforms[:, 9], -1, 1)], 1)
    edge = _between(uniforms[:, [8, 9]], 0.75, 1.0)
    right = torch.where(place == 1, -edge[:, 0], torch.where(place == 2, edge[:, 0], 0.35 * free[:, 0]))
    down = torch.where(place == 3, -edge[:, 1], torch.where(place == 4, edge[:, 1], 0.35 * free[:, 1]))
    centre = torch.where(placed[:, None], torch.stack([right, down], 1), free) * room[:, None]
    layouts = _there("_LAYOUTS", uniforms.device)[values[:, COUNT], (uniforms[:, 23] < 0.5).long(), copy]
    among = layouts + _between(uniforms[:, [24, 25]] - 0.5, 0.0, 0.08)
    scale_among = _there("_COPY_SCALES", uniforms.device)[values[:, COUNT]] * _between(uniforms[:, 7], 0.85, 1.03)
    scale_among = torch.where(values[:, SIZE] == 1, 0.62 * scale_among, scale_among)
    return torch.where(many, scale_among, scale), torch.where(many[:, None], among, centre)


def _tint(rgba: Tensor, values: Tensor, uniforms: Tensor) -> Tensor:
    colour, alpha = rgba[:, :3], rgba[:, 3:].clamp(0, 1)
    natural = _jittered(colour, uniforms)
    wanted = _colour((values[:, TINT] - 1).clamp_min(0), uniforms[:, 19:22])[:, :, None, None]
    light = torch.einsum("i,nihw->nhw", _there("_TO_YIQ", rgba.device)[0], colour)[:, None]
    mean = light.sum((2, 3), keepdim=True) / alpha.sum((2, 3), keepdim=True).clamp_min(1e-3)
    # Shade relative to the picture's mean, so that dark pictures take a tint as well as light ones.
    shade = (0.5 + light / alpha.clamp_min(1e-3) - mean).clamp(0, 1)
    white = _LIGHT_SHARE * (2 * shade - 1).clamp_min(0)
    ramp = wanted * (2 * shade).clamp_max(1) * (1 - white) + white
    tinted = _TINT_SHARE * alpha * ramp + (1 - _TINT_SHARE) * colour
    chosen = torch.where((values[:, TINT] > 0)[:, None, None, None], tinted, natural)
    # Premultiplied colours stay below their alpha.
    return torch.cat([torch.minimum(chosen.clamp_min(0), alpha), alpha], 1)


def _jittered(colour: Tensor, uniforms: Tensor) -> Tensor:
    hue = _between(uniforms[:, 12], -_MAX_HUE, _MAX_HUE)
    saturation = _between(uniforms[:, 13], *_SATURATIONS)
    brightness = _between(uniforms[:, 14], *_BRIGHTNESSES)
    cos, sin = torch.cos(hue) * saturation, torch.sin(hue) * saturation
    zero, one = torch.zeros_like(cos), torch.ones_like(cos)
    rotate = torch.stack([one, zero, zero, zero, cos, -sin, zero, sin, cos], 1).view(-1, 3, 3)
    matrix = brightness[:, None, None] * (_there("_TO_RGB", colour.device) @ rotate @ _there("_TO_YIQ", colour.device))
    return torch.einsum("nij,njhw->nihw", matrix, colour)


def _background(values: Tensor, uniforms: Tensor, size: int) -> Tensor:
    kind = values[:, BACKGROUND]
    gradient = (kind == len(COLOURS))[:, None]
    any_two = (uniforms[:, [22, 26]] * len(COLOURS)).long()
    plain = _colour(kind.clamp_max(len(COLOURS) - 1), uniforms[:, 15:18])
    first = torch.where(gradient, _colour(any_two[:, 0], uniforms[:, 15:18]), plain)
    second = torch.where(gradient, _colour(any_two[:, 1], uniforms[:, 15:18]), plain)
    angle = 2 * math.pi * uniforms[:, 18]
    line = torch.linspace(-1, 1, size, device=uniforms.device)
    across = (
        torch.cos(angle)[:, None, None] * line[None, None, :] + torch.sin(angle)[:, None, None] * line[None, :, None]
    )
    share = (across / (2 * math.sqrt(2)) + 0.5)[:, None]
    return first[:, :, None, None] * (1 - share) + second[:, :, None, None] * share


def _colour(index: Tensor, uniforms: Tensor) -> Tensor:
    ranges = _there("_COLOUR_RANGES", uniforms.device)[index]
    hue, saturation, value = _between(uniforms, ranges[:, :, 0], ranges[:, :, 1]).unbind(1)
    wave = ((hue[:, None] + _there("_OFFSETS", uniforms.device)) % 1 * 6 - 3).abs().sub(1).clamp(0, 1)
    return value[:, None] * (1 - saturation[:, None] * (1 - wave))
