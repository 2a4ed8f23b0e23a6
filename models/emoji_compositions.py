"""Compositions for training: what a caption names, and chance for the rest."""

import torch
from torch import Tensor

from line_tui.worlds.emoji.compose import (
    ATTRIBUTES,
    BACKGROUND,
    COLOURS,
    COUNT,
    PLACE,
    SIZE,
    TINT,
    UNIFORMS,
    pick,
    unnamed_shares,
)

UNNAMED = -1
WHITE, BLACK = COLOURS.index("white"), COLOURS.index("black")


def filled(named: Tensor) -> tuple[Tensor, Tensor]:
    """A full composition from what is named.

    `named` is `int64[n, attributes]`, `UNNAMED` where the seed decides. Returns the values, `int64[n, attributes]`,
    and the random numbers of the rest, `float32[n, UNIFORMS]`.
    """
    uniforms = torch.rand(len(named), UNIFORMS, device=named.device)
    shares = [unnamed_shares(a).to(named.device).expand(len(named), -1) for a in ATTRIBUTES]
    values = torch.where(named == UNNAMED, pick(shares, uniforms), named)
    # A tinted picture would vanish on a background of its own colour: there only if it was asked for.
    lost = (named[:, BACKGROUND] == UNNAMED) & (values[:, TINT] - 1 == values[:, BACKGROUND])
    other = torch.where(values[:, TINT] - 1 == WHITE, BLACK, WHITE)
    values[:, BACKGROUND] = torch.where(lost, other, values[:, BACKGROUND])
    return values, uniforms


def random_named(n: int, share: float, device: torch.device) -> Tensor:
    """Attributes named at random, each with the given chance: `int64[n, attributes]`."""
    columns = []
    for attribute, values in ATTRIBUTES.items():
        value = torch.randint(0 if attribute == "background" else 1, len(values), (n,), device=device)
        columns.append(torch.where(torch.rand(n, device=device) < share, value, UNNAMED))
    named = torch.stack(columns, 1)
    named[:, PLACE] = torch.where(named[:, COUNT] > 0, UNNAMED, named[:, PLACE])
    large = ATTRIBUTES["size"].index("large")
    named[:, SIZE] = torch.where((named[:, PLACE] > 0) & (named[:, SIZE] == large), UNNAMED, named[:, SIZE])
    return named
