"""The result of an explanation, for notebooks and scripts."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from html import escape
from typing import TYPE_CHECKING

from line_tui.explain.state import RunState, Trial, concept_of, strongest_images
from line_tui.neuron import Neuron
from line_tui.png import decode_png, read_png
from line_tui.report.html import About, to_html
from line_tui.report.result import LabelScore, Result, Sense, result, to_json
from line_tui.report.result_csv import to_csv

if TYPE_CHECKING:
    from PIL.Image import Image


@dataclass(frozen=True)
class Explanation:
    """The result of a run. A notebook displays it as the page that `runs export --format html` writes."""

    state: RunState
    about: About

    @property
    def run_id(self) -> str:
        """The id used by `line-tui runs show` and the app."""
        return self.result.run_id

    @property
    def neuron(self) -> Neuron:
        """The neuron that was explained."""
        return self.state.spec.target

    @property
    def label(self) -> str | None:
        """The concept that explains the neuron best; None when there is none."""
        return self.result.label

    @property
    def reason(self) -> str:
        """Why this label, or why none."""
        return self.result.reason or ""

    @property
    def score(self) -> LabelScore | None:
        """The label's score; None without a label."""
        return self.result.score

    @property
    def auc(self) -> float | None:
        """Chance that a picture of the label drives the neuron more than one of the control set."""
        return None if self.score is None else self.score.auc

    @property
    def interval(self) -> tuple[float, float] | None:
        """95% interval of `auc`; None if the label was not verified on fresh pictures."""
        score = self.score
        if score is None or score.ci_low is None or score.ci_high is None:
            return None
        return score.ci_low, score.ci_high

    @property
    def senses(self) -> list[Sense]:
        """The concepts of the final explanation, each with its share and scores."""
        return self.result.senses

    @property
    def concepts(self) -> list[tuple[str, float]]:
        """All drawn concepts with their scores, best first."""
        scored = [(trial.concept, trial.score) for trial in self.result.trials if trial.score is not None]
        return sorted(scored, key=lambda pair: -pair[1])

    def pictures(self, concept: str | None = None, count: int = 10) -> list[Image]:
        """PIL pictures of a concept, by default the label, sorted by activation.

        Without a label, the strongest pictures of all concepts. Pictures missing from the disk are skipped.
        """
        shown = concept if concept is not None else self.label
        trials = [t for t in self.state.trials.values() if shown is None or concept_of(self.state, t) == shown]
        return _opened(trials, count)

    @cached_property
    def result(self) -> Result:
        """Everything that `line-tui explain --json` prints."""
        return result(self.state, self.about.seconds)

    def to_json(self) -> str:
        """Everything as a JSON object."""
        return to_json(self.result)

    def to_csv(self) -> str:
        """One row under a header: neuron and explanation first."""
        return to_csv([self.result])

    def to_html(self) -> str:
        """A page with pictures and plots that opens offline."""
        return to_html(self.state, self.result, self.about, read_png)

    def _repr_html_(self) -> str:
        # An iframe keeps styles separate, and its sandbox blocks scripts.
        page = escape(self.to_html(), quote=True)
        return f'<iframe srcdoc="{page}" sandbox="" width="100%" height="640" style="border:0"></iframe>'

    def __repr__(self) -> str:
        score = "" if self.auc is None else f", AUC {self.auc:.3f}"
        interval = "" if self.interval is None else f" [{self.interval[0]:.3f}, {self.interval[1]:.3f}]"
        return f"<Explanation of {self.neuron}: {self.label or 'no concept found'}{score}{interval}>"


def _opened(trials: list[Trial], count: int) -> list[Image]:
    images: list[Image] = []
    for image in strongest_images(trials):
        if len(images) == count:
            break
        content = read_png(image.image.path)
        picture = decode_png(content) if content is not None else None
        if picture is not None:
            images.append(picture)
    return images
