"""The units of emoji-resnet18: the taxonomy's concepts, then values of the composition."""

from typing import Any

import torch
from emoji_data import read_taxonomy
from torch import Tensor

from line_tui.worlds.emoji.compose import ATTRIBUTES, BACKGROUND, COLOURS, COUNT, PLACE, SIZE, TINT, TURN

MIN_MEMBERS = 8
COMPOSED: tuple[tuple[str, str, int, int], ...] = (
    *((f"{c} background", "background", BACKGROUND, i) for i, c in enumerate(COLOURS)),
    *((f"{c} things", "count", COUNT, ATTRIBUTES["count"].index(c)) for c in ("two", "three", "four")),
    ("small", "size", SIZE, ATTRIBUTES["size"].index("small")),
    ("upside-down", "turn", TURN, ATTRIBUTES["turn"].index("upside-down")),
    ("sideways", "turn", TURN, ATTRIBUTES["turn"].index("sideways")),
    *((f"on the {p}", "place", PLACE, ATTRIBUTES["place"].index(p)) for p in ("left", "right")),
    *((f"at the {p}", "place", PLACE, ATTRIBUTES["place"].index(p)) for p in ("top", "bottom")),
)
"""Units that mean a value of the composition: name, kind, attribute, value."""


def concepts(labels: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The taxonomy's concepts with at least `MIN_MEMBERS` labels: name, kind, and members by number."""
    return [
        {"name": name, "kind": concept["kind"], "members": concept["members"]}
        for name, concept in read_taxonomy(labels).items()
        if len(concept["members"]) >= MIN_MEMBERS
    ]


class Targets:
    """What each unit should say of a label in a composition."""

    def __init__(self, labels: list[dict[str, Any]], device: torch.device | None = None) -> None:
        self.concepts = concepts(labels)
        self.names = [concept["name"] for concept in self.concepts] + [name for name, *_ in COMPOSED]
        self.membership = torch.zeros(len(labels), len(self.concepts), device=device)
        for column, concept in enumerate(self.concepts):
            self.membership[concept["members"], column] = 1
        self._colours = [(self.names.index(c), 1 + i) for i, c in enumerate(COLOURS) if c in self.names]

    def __call__(self, label: Tensor, values: Tensor) -> Tensor:
        """`float32[n, units]` of labels `int64[n]` in compositions `int64[n, attributes]`.

        A tinted picture has the colour of its tint alone.
        """
        found = self.membership[label].clone()
        tinted = values[:, TINT] > 0
        for column, value in self._colours:
            found[:, column] = torch.where(tinted, (values[:, TINT] == value).float(), found[:, column])
        composed = torch.stack([values[:, attribute] == value for _, _, attribute, value in COMPOSED], 1)
        return torch.cat([found, composed.float()], 1)
