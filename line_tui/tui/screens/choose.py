"""The screen to choose a model, a layer and a neuron."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

import msgspec
from textual import on
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.content import Content
from textual.events import DescendantFocus
from textual.widget import Widget
from textual.widgets import Input

from line_tui.events import ImageScored, RunSpec
from line_tui.layers import LayerInfo
from line_tui.report.reproduction import command_line
from line_tui.store import RunSummary, explained
from line_tui.tui.formatting import number, short_duration
from line_tui.tui.screens.base import LineScreen
from line_tui.tui.screens.plan import Plan
from line_tui.tui.screens.run_help import HISTOGRAM
from line_tui.tui.widgets.cached_static import CachedStatic
from line_tui.tui.widgets.findings import top_images
from line_tui.tui.widgets.frame import set_titles
from line_tui.tui.widgets.neurons import NeuronTable
from line_tui.tui.widgets.preview import Preview
from line_tui.tui.widgets.rows import Column, Row, Rows

CURSOR_DELAY = 0.15
"""Seconds that the cursor rests on an item before its data is loaded."""
_COLUMNS = ("models", "layers", "neurons")
_PLACEHOLDERS = {
    "models": "find a model: any torchvision classification model by its name",
    "layers": "find a layer: part of its dotted name, or its kind",
    "neurons": "find a neuron: its number, name, best word, or label",
}


class ChooseScreen(LineScreen):
    """Three lists from left to right, earlier runs below them, and the options of the next run."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("slash", "find", "Find", id="choose.find", tooltip="Filter the focused list"),
        Binding("left", "column(-1)", "Left", id="choose.left", tooltip="Go to the list on the left", show=False),
        Binding("right", "column(1)", "Right", id="choose.right", tooltip="Go to the list on the right", show=False),
        Binding("g", "explain", "Explain", id="choose.explain", tooltip="Explain the chosen neuron now"),
        Binding("space", "mark", "Mark", id="choose.mark", tooltip="Mark the neuron for the queue"),
        Binding("A", "mark_all", "Mark all", id="choose.mark-all", tooltip="Mark all unexplained neurons", show=False),
        Binding("G", "queue", "Queue", id="choose.queue", tooltip="Explain the marked neurons, several at once"),
        Binding("C", "clear", "Clear", id="choose.clear", tooltip="Remove all marks and empty the queue"),
        Binding("u", "unexplained", "Next", id="choose.next", tooltip="Go to the next unexplained neuron", show=False),
        Binding("o", "order", "Order", id="choose.order", tooltip="Sort the neurons by another column"),
        Binding("p", "plan", "Plan", id="choose.plan", tooltip="Change models, search, budget and seed"),
        Binding("m", "mode", "Ask first", id="choose.mode", tooltip="Turn asking before drawing on or off", show=False),
        Binding("l", "app.runs", "Runs", id="choose.runs", tooltip="List all earlier runs"),
        Binding("w", "watch", "Watch", id="choose.watch", tooltip="Go to the current run"),
        Binding("L", "app.log", "Log", id="choose.log", tooltip="Show the engine's log", show=False),
        Binding("q", "app.quit", "Quit", id="choose.quit", tooltip="Leave line-tui"),
    ]

    def __init__(self) -> None:
        super().__init__()
        self.spec = RunSpec(model="", layer="", neuron=0)
        self.filters = dict.fromkeys(_COLUMNS, "")
        self.finding = "models"
        self._found_from = ("", "", 0)
        """Model, layer and neuron that were selected when the filter was opened."""
        self.marks: dict[tuple[str, str], set[int]] = {}
        """Marked neurons by model and layer."""
        self._pictures: dict[str, tuple[ImageScored, ...]] = {}
        """The strongest pictures of runs that were previewed."""
        self._destination: tuple[str, str, int] | None = None
        """Model, layer and neuron to move the cursors to once they are listed."""

    # -- what is shown ---

    def body(self) -> Iterable[Widget]:
        """The lists and the plan."""
        yield Input(placeholder=_PLACEHOLDERS["models"], select_on_focus=False, id="find", compact=True)
        with Horizontal(id="lists"):
            yield Rows([Column("model", middle=True), Column("", 14, needs=44)], title="Model", head=False, id="models")
            yield Rows(
                [
                    Column("layer", middle=True),
                    # In a narrow list, names need the room; the list of neurons shows their number too.
                    Column("neurons", 7, right=True, needs=26),
                    Column("shape", 12, right=True, needs=40),
                ],
                title="Layer",
                id="layers",
            )
            yield NeuronTable(id="neurons")
            yield Preview(id="preview")
        yield Rows(
            [
                Column("", 1),
                Column("model", 15, needs=64, middle=True),
                Column("neuron", middle=True),
                Column("label"),
                Column("score", 6, right=True),
                Column("", 11),
            ],
            title="Earlier runs",
            head=False,
            empty="The runs you start appear here.",
            id="earlier",
        )
        yield CachedStatic(id="plan")

    def on_mount(self) -> None:
        """Select the vision model of the plan's profile."""
        profiles = self.line.catalog.profile
        self.spec = self.line.preferences.plan
        profile = next((profile for profile in profiles if profile.id == self.spec.profile), None)
        if profile is not None:
            self.spec = msgspec.structs.replace(self.spec, model=profile.vision)
        self.set_focus(self.query_one("#models", Rows))
        self.show_all()

    def on_resize(self) -> None:
        """Show the preview if there is room for it now."""
        self.call_after_refresh(self._show_preview)

    def on_screen_resume(self) -> None:
        """Update: runs may have ended while another screen was shown."""
        if self.is_mounted and self.query("#models"):
            self.show_all()

    def runs_changed(self) -> None:
        """Update labels, earlier runs and the state of the queue."""
        self.show_all()

    def show_all(self) -> None:
        """Update everything."""
        self.line.controller.read_runs()
        models = self.query_one("#models", Rows)
        self.show_models()
        models.go_to(self.spec.model)
        self._take_model(models.key)
        self.title_bar.show("what does a neuron respond to?", right=self._queue_text())
        self.show_plan()
        self.refresh_keys()

    def _queue_text(self) -> str:
        controller = self.line.controller
        if controller.queue_held:
            return f"{len(controller.waiting)} waiting: on hold, G resumes"
        if controller.queue_running or controller.waiting:
            left = controller.queue_seconds_left
            text = f"{controller.queue_running} running, {len(controller.waiting)} waiting"
            return text if left is None else f"{text}, {short_duration(left)} left"
        return ""

    def go_to(self, model: str, layer: str, neuron: int) -> None:
        """Move the cursors to a neuron, and the focus to the list of neurons."""
        self.filters = dict.fromkeys(_COLUMNS, "")
        self._seek(model, layer, neuron)
        self.set_focus(self.query_one(NeuronTable))

    def _seek(self, model: str, layer: str, neuron: int) -> None:
        self._destination = (model, layer, neuron)
        self.spec = msgspec.structs.replace(self.spec, model=model)
        self.show_all()

    def learned(self, model: str, layer: str | None) -> None:
        """Update after the cache has learned a model's layers or a layer's neurons, if these are still selected."""
        if model == self.spec.model:
            if layer is None:
                self.show_layers()
            elif layer == self.spec.layer:
                self.show_neurons()
                self._show_preview()

    def show_models(self) -> None:
        """Show the models of the catalogue and of earlier runs."""
        models, wanted = self.query_one("#models", Rows), self.filters["models"]
        models.show(self._model_rows())
        set_titles(models, subtitle=f"/{wanted}" if wanted else "")

    def show_layers(self) -> None:
        """Show the known layers of the model under the cursor."""
        layers = self.query_one("#layers", Rows)
        known = self.line.model_cache.layers.get(self.spec.model)
        if known is None:
            layers.show([], empty="The engine imports torch\nand builds the model.\nThis takes some seconds, once.")
        elif isinstance(known, str):
            layers.show([], empty=known)
        else:
            query = self.filters["layers"].lower()
            layers.show(
                [_layer_row(layer) for layer in known if query in f"{layer.name} {layer.kind}".lower()],
                empty="No layer has this name.",
            )
            # Start with the last layer, whose neurons have names.
            names = [layer.name for layer in known]
            layers.go_to(self.spec.layer if self.spec.layer in names else names[-1] if names else None)
            if self._destination is not None and self._destination[0] == self.spec.model:
                layers.go_to(self._destination[1])
        set_titles(layers, subtitle=f"/{self.filters['layers']}" if self.filters["layers"] else "")
        self._take_layer(layers.key)

    def show_neurons(self) -> None:
        """Show the neurons of the layer under the cursor."""
        neurons = self.query_one(NeuronTable)
        layer = self._layer()
        if layer is None:
            neurons.show([], empty="Choose a layer first.")
            set_titles(neurons, "Neuron", "")
            self._take_neuron(None)
            return
        labels = explained(self.line.controller.runs, self.spec.model, layer.name)
        bank = self.line.model_cache.overviews.get((self.spec.model, layer.name))
        neurons.marked = self.marks.get((self.spec.model, layer.name), set())
        neurons.show_layer(layer, labels, bank, self.filters["neurons"])
        if self._destination is not None and self._destination[:2] == (self.spec.model, layer.name):
            neurons.go_to(str(self._destination[2]))
            self._destination = None
        self._take_neuron(neurons.key)

    def show_plan(self) -> None:
        """Show the options of the next run, and the equivalent command."""
        spec = self.spec
        mode = "asks first" if spec.ask_first else "automatic"
        control = f" · control: {spec.control}" if spec.control else ""
        size = "a tenth of the pictures" if spec.strategy == "quick" else f"{spec.iterations} × {spec.images} pictures"
        text = f"{spec.profile} · {spec.strategy} · {size} · by {spec.metric} · seed {spec.seed} · {mode}{control}"
        command = f"line-tui layers {spec.model or 'MODEL'}"
        if self._layer() is not None:
            chosen = self._chosen_neuron() is not None
            command = command_line(spec) if chosen else f"line-tui neurons {spec.model} {spec.layer}"
        self.query_one("#plan", CachedStatic).put(
            Content.assemble((" plan ", "bold $primary"), text, "\n", (" $ ", "$text-muted"), (command, "$text-muted"))
        )

    def _model_rows(self) -> list[Row]:
        query = self.filters["models"].strip().lower()
        entries = [(entry.id, str(entry.about or entry.architecture)) for entry in self.line.catalog.vision]
        names = {name for name, _ in entries}
        # A run that never started may name a model that does not exist.
        used = [run.model for run in self.line.controller.runs if run.model not in names and run.status != "new"]
        entries += [(name, "used before") for name in dict.fromkeys(used)]
        rows = [Row(name, (name, [(about, "dim")])) for name, about in entries if query in name.lower()]
        if query and query not in {name for name, _ in entries}:
            rows.append(Row(query, (query, [("torchvision?", "dim")])))
        return rows

    def _show_earlier(self) -> None:
        spec = self.spec
        chosen = (spec.model, spec.layer, spec.neuron)
        runs = sorted(
            self.line.controller.runs,
            key=lambda run: ((run.model, run.layer, run.neuron) != chosen, not run.starred, -run.created),
        )
        same = sum((run.model, run.layer, run.neuron) == chosen for run in runs)
        earlier = self.query_one("#earlier", Rows)
        earlier.show([run_row(run, self.line.model_cache.name_of(run)) for run in runs[:50]])
        if runs and not earlier.has_focus:
            # Otherwise the cursor would stay on a run of the previous neuron.
            earlier.go_to(runs[0].id)
        set_titles(earlier, f"Earlier runs · {same} of this neuron" if same else "Earlier runs")

    # -- what the user does ---

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Disable keys that do not apply now."""
        if action == "watch":
            return self.line.controller.is_working
        if action == "order":
            return self._layer() is not None
        if action in ("explain", "mark", "mark_all", "unexplained"):
            return self._chosen_neuron() is not None
        if action == "queue":
            return bool(self._marked()) or self.line.controller.queue_held
        if action == "clear":
            return bool(self._marked() or self.line.controller.waiting)
        if action == "find":
            return not self.in_filter
        if action == "back":
            return self.in_filter or bool(self.filters.get(str(self.focused and self.focused.id)))
        return True

    def action_find(self) -> None:
        """Filter the list that has the focus."""
        focused = self.focused.id if self.focused else None
        self.finding = focused if focused in _COLUMNS else "models"
        self._found_from = self._neuron
        find = self.query_one("#find", Input)
        find.placeholder = _PLACEHOLDERS[self.finding]
        with find.prevent(Input.Changed):
            find.value = self.filters[self.finding]
        self.set_focus(find)

    def action_back(self) -> None:
        """Leave the filter, or only the list that it filters, and clear it."""
        if not self.in_filter:
            self.action_find()
        self.query_one("#find", Input).value = ""
        self._filter("")
        self.set_focus(self.query_one(f"#{self.finding}", Rows))

    def action_column(self, by: int) -> None:
        """Go to the list to the left or right."""
        focused = self.focused.id if self.focused else None
        place = _COLUMNS.index(focused) if focused in _COLUMNS else 0
        self.set_focus(self.query_one(f"#{_COLUMNS[min(2, max(0, place + by))]}", Rows))

    def action_explain(self) -> None:
        """Start a run for the chosen neuron."""
        if self._chosen_neuron() is not None:
            self.line.model_cache.ask_for_profile(self.spec.model, self.spec.layer, self.spec.neuron)
            self.line.controller.start(self.spec)

    def _marked(self) -> set[int]:
        return self.marks.get((self.spec.model, self.spec.layer), set())

    def _unexplained(self, indices: Iterable[int]) -> list[int]:
        finished = explained(self.line.controller.runs, self.spec.model, self.spec.layer)
        return [index for index in indices if index not in finished]

    def action_mark(self) -> None:
        """Mark or unmark the neuron at the cursor, and move to the next."""
        neurons = self.query_one(NeuronTable)
        if (key := self._chosen_neuron()) is not None:
            self.marks.setdefault((self.spec.model, self.spec.layer), set()).symmetric_difference_update({int(key)})
            self.show_neurons()
            neurons.action_move(1)
            self.refresh_keys()

    def action_mark_all(self) -> None:
        """Mark every listed neuron without a finished run."""
        listed = [int(row.key) for row in self.query_one(NeuronTable).rows]
        self.marks.setdefault((self.spec.model, self.spec.layer), set()).update(self._unexplained(listed))
        self.show_neurons()
        self.refresh_keys()

    def action_queue(self) -> None:
        """Explain the marked neurons, several at once; continue a stopped queue."""
        marked = sorted(self.marks.pop((self.spec.model, self.spec.layer), set()))
        # Runs of the queue work in the background, where nobody answers.
        plan = msgspec.structs.replace(self.spec, ask_first=False)
        self.line.controller.enqueue([msgspec.structs.replace(plan, neuron=index) for index in marked])
        self.show_all()

    def action_clear(self) -> None:
        """Remove all marks, and the waiting runs from the queue; runs in progress continue."""
        self.marks.pop((self.spec.model, self.spec.layer), None)
        self.line.controller.clear_queue()
        self.show_all()

    def action_unexplained(self) -> None:
        """Go to the next listed neuron without a finished run."""
        neurons = self.query_one(NeuronTable)
        listed = [int(row.key) for row in neurons.rows]
        after = listed[neurons.cursor + 1 :] + listed[: neurons.cursor + 1]
        if unexplained := self._unexplained(after):
            neurons.go_to(str(unexplained[0]))
            self.set_focus(neurons)

    def action_order(self) -> None:
        """Sort the neurons by the next column."""
        self.query_one(NeuronTable).next_order()
        self.show_neurons()

    def action_plan(self) -> None:
        """Change the options of the run."""
        profiles = {self.spec.profile: ""} | {profile.id: profile.about for profile in self.line.catalog.profile}
        self.app.push_screen(Plan(self.spec, list(profiles.items())), self._planned)

    def action_mode(self) -> None:
        """Switch ask-first mode on or off."""
        self._planned(msgspec.structs.replace(self.spec, ask_first=not self.spec.ask_first))

    def action_watch(self) -> None:
        """Go back to the current run."""
        self.line.controller.watch()

    def _planned(self, spec: RunSpec | None) -> None:
        if spec is not None:
            self.spec = self.line.preferences.plan = spec
            self.show_plan()

    @on(Input.Changed, "#find")
    def _typed(self, event: Input.Changed) -> None:
        self._filter(event.value)

    @on(Input.Submitted, "#find")
    def _found(self) -> None:
        self.set_focus(self.query_one(f"#{self.finding}", Rows))

    def _filter(self, text: str) -> None:
        listed = self.query_one(f"#{self.finding}", Rows)
        before = listed.key
        self.filters[self.finding] = text
        if self.finding == "models":
            self.show_models()
        elif self.finding == "layers":
            self.show_layers()
        else:
            self.show_neurons()
        if not text and before not in {row.key for row in listed.rows}:
            # Nothing matched, or only the row of the name that was typed.
            self._seek(*self._found_from)

    @on(DescendantFocus, "#neurons")
    def _near_a_run(self) -> None:
        # Importing the engine's libraries takes seconds: start now, while the user chooses a neuron.
        self.line.engine.prepare()

    @on(Rows.Moved)
    def _moved(self, event: Rows.Moved) -> None:
        if event.key != event.rows.key:
            # The cursor has moved again since.
            return
        match event.rows.id:
            case "models":
                self._take_model(event.key)
            case "layers":
                self._take_layer(event.key)
            case "neurons":
                self._take_neuron(event.key)

    @on(NeuronTable.Reordered)
    def _reordered(self) -> None:
        self.show_neurons()

    @on(Rows.Chosen)
    def _chosen(self, event: Rows.Chosen) -> None:
        match event.rows.id:
            case "models":
                self.set_focus(self.query_one("#layers", Rows))
            case "layers":
                self.set_focus(self.query_one("#neurons", Rows))
            case "neurons":
                self.action_explain()
            case "earlier":
                self.line.controller.open(event.key)

    def _take_model(self, key: str | None) -> None:
        self.spec = msgspec.structs.replace(self.spec, model=key or "")
        if key:
            self.line.model_cache.recall_layers(key)
            self.set_timer(CURSOR_DELAY, lambda: self._ask_for_layers(key))
        self.show_layers()

    def _ask_for_layers(self, key: str) -> None:
        # Not for every model that the cursor passes, because the engine would build it.
        if key == self.spec.model and self._in_view:
            self.line.model_cache.ask_for_layers(key)

    @property
    def _in_view(self) -> bool:
        """Whether this screen is visible, perhaps behind a dialog."""
        return all(screen.is_modal for screen in self.app.screen_stack[1:])

    def _take_layer(self, key: str | None) -> None:
        self.spec = msgspec.structs.replace(self.spec, layer=key or "")
        if key:
            self.line.model_cache.ask_for_overview(self.spec.model, key)
        self.show_neurons()
        self.refresh_keys()

    def _take_neuron(self, key: str | None) -> None:
        self.spec = msgspec.structs.replace(self.spec, neuron=int(key) if key else 0)
        self._show_earlier()
        self.show_plan()
        self.refresh_keys()
        # The preview needs a new layout for each neuron, which is too slow while a key is held down.
        neuron = self._neuron
        self.set_timer(CURSOR_DELAY, lambda: self._show_preview() if neuron == self._neuron and self._in_view else None)

    @property
    def _neuron(self) -> tuple[str, str, int]:
        return self.spec.model, self.spec.layer, self.spec.neuron

    def _show_preview(self) -> None:
        # When the app exits, timers may outlive the widgets.
        preview, neuron = next(iter(self.query(Preview)), None), self._neuron
        if preview is None or not preview.display:
            return
        if self._chosen_neuron() is None:
            preview.clear()
            return
        if neuron not in self.line.model_cache.profiles:
            self.line.model_cache.ask_for_profile(*neuron)
            return
        last = explained(self.line.controller.runs, self.spec.model, self.spec.layer).get(self.spec.neuron)
        if last is not None and last.id not in self._pictures:
            snapshot = self.line.read_run(last.id)
            self._pictures[last.id] = top_images(snapshot.state, 5) if snapshot is not None else ()
        images = self._pictures.get(last.id, ()) if last is not None else ()
        preview.show(self.line.model_cache.name_of(self.spec), self.line.model_cache.profiles.get(neuron), last, images)
        set_titles(preview, f"Neuron {self.spec.neuron}")

    def _chosen_neuron(self) -> str | None:
        # There is none if the filter has no match.
        return self.query_one(NeuronTable).key if self._layer() is not None else None

    def _layer(self) -> LayerInfo | None:
        known = self.line.model_cache.layers.get(self.spec.model)
        if not isinstance(known, list):
            return None
        return next((layer for layer in known if layer.name == self.spec.layer), None)

    def topics(self) -> Iterable[tuple[str, str]]:
        """What the lists show."""
        yield (
            "Choosing",
            "A vision model is a stack of layers, and a layer is a row of neurons. Enter or → goes right, / filters "
            "the focused list, and Enter on a neuron explains it.",
        )
        yield (
            "Neuron",
            "One channel of a layer's output. In a layer with height and width its activation is averaged over the "
            "picture; in a transformer it is the class token's.",
        )
        yield (
            "Best in bank",
            "If a bank of pictures has been drawn: the everyday word that drives the neuron most, and its MAD, which "
            "is high for a selective neuron. This word is a starting point, not a label. A dead neuron gave 0 on every "
            "picture, a constant one always the same value. o sorts.",
        )
        yield (
            "Label found",
            "The label of the neuron's last finished run. Its score is the AUC on fresh pictures if it was verified, "
            "otherwise the score that the run maximised.",
        )
        yield HISTOGRAM
        yield (
            "Several neurons",
            "Space marks a neuron, A marks all unexplained neurons in the list, and G explains the marked ones in the "
            "background. Several run at once and share batches. w shows one of them, and u goes to the next "
            "unexplained neuron. If you stop one, the whole queue stops and is put on hold: G resumes it, C empties "
            "it.",
        )
        yield (
            "Plan",
            "Which models to use, how to search, and how many pictures to spend. The line that starts with $ is the "
            "same run without the app.",
        )


def run_row(run: RunSummary, name: str = "") -> Row:
    """A row for a run: star, neuron, label, score, status."""
    label = run.label or ("no concept found" if run.status == "finished" else "")
    return Row(
        run.id,
        (
            [("★" if run.starred else " ", "accent")],
            *run_cells(run, name),
            [(label, "accent")],
            number(run.score),
            [(run.status, "dim")],
        ),
    )


def run_cells(run: RunSummary, name: str) -> tuple[str, str]:
    """The cells of a run's model and neuron; a title replaces the neuron."""
    return run.model, run.title or f"{run.layer} {run.neuron} {name}".rstrip()


def _layer_row(layer: LayerInfo) -> Row:
    shape = "×".join(str(size) for size in layer.shape)
    return Row(layer.name, (layer.name, str(layer.neurons), [(shape, "dim")]))
