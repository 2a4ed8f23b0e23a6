"""Request and result of an evaluation, as they go to the engine and come from it."""

from __future__ import annotations

import msgspec

from line_tui.decodable import decodable
from line_tui.evaluate.explanations import BadRow
from line_tui.evaluate.scoring import IMAGES, Compared, Rivals, Scored
from line_tui.evaluate.two_sided_scores import Sanity


@decodable
class Request(msgspec.Struct, frozen=True, kw_only=True):
    """The options of the command."""

    model: str
    layer: str
    explanations: list[str]
    """Paths of CSV files."""
    control: str | None = None
    """Folder of natural images; None for the bundled bank."""
    profile: str = "demo"
    images: int = IMAGES
    seed: int = 0
    sanity: bool = False
    """Whether to check which metrics can be trusted on this layer."""


class File(msgspec.Struct, frozen=True, kw_only=True):
    """One file's scores."""

    path: str
    auc: float | None
    """Mean over its neurons; None if no row could be scored."""
    mad: float | None
    correlation: float | None = None
    """Means of the two-sided scores; None if the layer has too few other neurons."""
    auprc: float | None = None
    f1: float | None = None
    scored: list[Scored]
    bad_rows: list[BadRow]
    other_layers: int
    """Rows about other layers."""
    rivals: list[Rivals] = []
    """Of neurons that have several explanations, the first against each of the others."""


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """The result. `metrics` names its two scores: CoSy's only if the control images are natural."""

    model: str
    layer: str
    metrics: tuple[str, str]
    prompt: str
    control: str
    control_images: int
    skipped: list[str]
    """Control pictures that cannot be read, each with the reason."""
    files: list[File]
    compared: list[Compared]
    sanity: list[Sanity] | None = None
    """Each metric under the sanity checks, where that was asked for; empty where no explanation holds."""
