"""A preview of a neuron before a run: what drives it in the bank, and the result of its last run."""

from __future__ import annotations

from collections.abc import Iterable

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content

from line_tui import events as e
from line_tui.explain.state import Control
from line_tui.store import RunSummary
from line_tui.tui.formatting import number, share
from line_tui.tui.neuron_overview import NeuronProfile
from line_tui.tui.text_plots import bar
from line_tui.tui.widgets.cached_static import CachedStatic
from line_tui.tui.widgets.frame import set_titles
from line_tui.tui.widgets.histogram import HistogramPane
from line_tui.tui.widgets.thumbnails import StripContent, Thumbnails

_BOTH = 42
"""Number of lines needed to show pictures of both the bank and the last run."""


class Preview(Vertical):
    """Words, histogram and pictures of a neuron; hidden if there is no room."""

    def compose(self) -> ComposeResult:
        """Text, histogram, pictures of the bank, pictures of the last run."""
        yield CachedStatic(id="preview-text")
        yield HistogramPane(id="preview-histogram")
        yield Thumbnails(id="preview-bank")
        yield Thumbnails(id="preview-pictures")

    def on_mount(self) -> None:
        """Hide the panes until there is something to show."""
        self.clear()

    def clear(self) -> None:
        """Show no neuron."""
        set_titles(self, "")
        self.query_one("#preview-text", CachedStatic).put(Content())
        for pane in ("#preview-histogram", "#preview-bank", "#preview-pictures"):
            self.query_one(pane).display = False

    def show(
        self, name: str, profile: NeuronProfile | None, run: RunSummary | None, images: Iterable[e.ImageScored]
    ) -> None:
        """Show a neuron; what is unknown is left out."""
        self.query_one("#preview-text", CachedStatic).put(_text(name, profile, run))
        histogram = self.query_one("#preview-histogram", HistogramPane)
        histogram.display = profile is not None
        if profile is not None:
            set_titles(histogram, "Pictures of the bank")
            best = profile.words[0][0] if profile.words else ""
            histogram.show(Control("", [], [list(profile.control)]), profile.of_best, best)
        shown = tuple(images)
        of_bank = profile.strongest if profile is not None else ()
        values = [image.activation for image in (*shown, *of_bank)] or [0.0]
        low = min(min(profile.control), min(values)) if profile is not None else min(values)
        high = max(values) if max(values) > low else low + 1
        # If there is room for one strip only, the last run says more than the bank.
        room = not shown or self.size.height >= _BOTH
        for id, strip, title in (
            ("#preview-bank", of_bank if room else (), "Strongest pictures of the bank"),
            ("#preview-pictures", shown, "Strongest pictures of its last run"),
        ):
            pictures = self.query_one(id, Thumbnails)
            pictures.display = bool(strip)
            pictures.show(StripContent(strip, 0, low, high, names=True), title)


def _text(name: str, profile: NeuronProfile | None, run: RunSummary | None) -> Content:
    parts: list[tuple[str, str] | str] = [(f"{name}\n" if name else "no name\n", "bold" if name else "$text-muted")]
    if run is None:
        parts.append(("not explained yet\n", "$text-muted"))
    else:
        parts += [(run.label or "no concept found", "bold $accent"), ("  last run", "$text-muted")]
        parts.append((f" {share(run.score)}" if run.score is not None else "", ""))
        parts.append((f"  you say: {run.judgement}\n" if run.judgement else "\n", "$text-muted"))
    if profile is not None:
        parts.append(("\nwords of the bank that drive the neuron most\n", "$text-muted"))
        top = max((value for _, value in profile.words), default=1.0) or 1.0
        for word, value in profile.words:
            parts += [f"{number(value):>7} ", (bar(max(0.0, value / top), 12), "$accent"), f" {word}\n"]
    return Content.assemble(*parts)
