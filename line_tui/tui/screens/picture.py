"""A large view of a picture, with its prompt and its activation."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.containers import Container
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Static

from line_tui import events as e
from line_tui.tui.formatting import number
from line_tui.tui.large_picture import large_picture
from line_tui.tui.screens.base import LineScreen
from line_tui.tui.text_plots import bar

_PURPOSES = {"search": "", "choose": "drawn to choose the label", "report": "drawn for the label's score"}


class PictureScreen(LineScreen):
    """The large view; left and right step through the given pictures."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left,k", "go(-1)", "Before", id="picture.before", tooltip="Go to the previous picture"),
        Binding("right,j", "go(1)", "Next", id="picture.next", tooltip="Go to the next picture"),
        Binding("h", "heat", "Heat", id="picture.heat", tooltip="Show where the neuron fires"),
        Binding("o", "open", "Open", id="picture.open", tooltip="Open the file with the desktop's viewer"),
        Binding("escape,v,q", "back", "Back", id="picture.back", tooltip="Go back to the run"),
    ]

    def __init__(self, images: Sequence[e.ImageScored], place: int, low: float, high: float) -> None:
        super().__init__()
        self.images = list(images)
        self.place = place
        self.low, self.high = low, high
        self.heat = False

    def body(self) -> Iterable[Widget]:
        """The picture and lines about it."""
        yield Container(id="large")
        yield Static(id="about")

    def on_mount(self) -> None:
        """Show the chosen picture."""
        self.show_picture()

    @property
    def image(self) -> e.ImageScored:
        """The current picture."""
        return self.images[self.place]

    def show_picture(self) -> None:
        """Show the current picture."""
        image = self.image
        place = f"picture {self.place + 1} of {len(self.images)}"
        self.title_bar.show(image.concept, place, note=_PURPOSES[image.purpose])
        large = self.query_one("#large", Container)
        large.remove_children()
        heat = image.activation_map if self.heat else None
        large.mount(large_picture(Path(image.image.path), image.thumbnail, heat, self.line.images))
        share = (image.activation - self.low) / (self.high - self.low)
        self.query_one("#about", Static).update(
            Content.assemble(
                (" activation ", "$text-muted"),
                (number(image.activation), "bold $accent"),
                " ",
                (bar(share, 20), "$accent"),
                (f"  {number(self.low)} to {number(self.high)} in this run", "$text-muted"),
                f"\n {image.image.prompt}",
                (f"  ·  seed {image.image.seed}" + ("  ·  drawn before" if image.cached else ""), "$text-muted"),
                ("\n " + (image.image.path or "of the bundled bank"), "$text-muted"),
            )
        )

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Disable keys that do not apply to this picture."""
        if action == "go":
            return len(self.images) > 1
        if action == "open":
            return bool(self.image.image.path)
        return action != "heat" or self.image.activation_map is not None

    def action_go(self, by: int) -> None:
        """Go `by` pictures on, wrapping around at the end."""
        self.place = (self.place + by) % len(self.images)
        self.show_picture()
        self.refresh_keys()

    def action_heat(self) -> None:
        """Turn the heat map on or off."""
        self.heat = not self.heat
        self.show_picture()

    def action_open(self) -> None:
        """Open the file."""
        self.line.open_file(Path(self.image.image.path))
