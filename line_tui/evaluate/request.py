"""Request and result of an evaluation, as messages to and from the engine."""

from __future__ import annotations

import msgspec

from line_tui.decodable import decodable
from line_tui.evaluate.explanations import BadRow
from line_tui.evaluate.scoring import IMAGES, Compared, Rivals, Scored
from line_tui.evaluate.two_sided_scores import Sanity


@decodable
class Request(msgspec.Struct, frozen=True, kw_only=True):
    """The options of an evaluation."""

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
    """The scores of one file; a field without a description is a mean over the file's explanations."""

    path: str
    """Path of the file."""
    auc: float | None
    """Null if no row could be scored."""
    mad: float | None
    correlation: float | None = None
    """Null if the layer has too few other neurons, like the two below."""
    auprc: float | None = None
    f1: float | None = None
    scored: list[Scored]
    """The explanations with their scores."""
    bad_rows: list[BadRow]
    """The rows that could not be scored."""
    other_layers: int
    """Number of rows about other layers."""
    rivals: list[Rivals] = []
    """For neurons with several explanations: the first compared with each of the others."""


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """The result of an evaluation."""

    model: str
    layer: str
    metrics: tuple[str, str]
    """Names of the scores `auc` and `mad`: those of CoSy only if the control images are natural."""
    prompt: str
    """The prompt template of the images."""
    control: str
    """Name of the control set."""
    control_images: int
    """Number of control images."""
    skipped: list[str]
    """Control images that cannot be read, each with the reason."""
    files: list[File]
    compared: list[Compared]
    """Each pair of files compared."""
    sanity: list[Sanity] | None = None
    """The outcome of the sanity checks; null if not requested, empty if no explanation scores high enough for them."""
