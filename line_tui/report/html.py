"""A run as one self-contained HTML page that opens offline."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

import msgspec
from markupsafe import Markup

from line_tui import __version__
from line_tui import events as e
from line_tui.explain.minimal_pairs import visibility
from line_tui.explain.state import RunState, kept_pairs, kept_senses, strongest_images
from line_tui.report.findings_text import argument, percent
from line_tui.report.reproduction import how_to_repeat
from line_tui.report.result import Bank, Result
from line_tui.report.svg import curve, histogram

if TYPE_CHECKING:
    from jinja2 import Environment

TOP = 10
"""Pictures under "Strongest pictures"."""
INDEXED = 5
"""Pictures of a run in an index."""

ReadPicture = Callable[[str], bytes | None]


class About(msgspec.Struct, frozen=True, kw_only=True):
    """Facts about a run that are not in its events."""

    created: float | None = None
    """Unix seconds."""
    seconds: float = 0.0
    """Time worked on it."""
    title: str = ""
    note: str = ""

    @property
    def date(self) -> str:
        """Start time in the local time zone; empty if unknown."""
        return "" if self.created is None else f"{datetime.fromtimestamp(self.created).astimezone():%Y-%m-%d %H:%M %Z}"


def to_html(state: RunState, result: Result, about: About, read: ReadPicture) -> str:
    """The page of a run.

    `result` belongs to the state; `read` returns a PNG file's bytes, or None if the file is gone.
    """
    label = state.trials.get(state.outcome.trial or "") if state.outcome else None
    images = strongest_images(state.trials.values())
    shown = label.activations("report") or label.activations() if label else []
    command, told = how_to_repeat(state)
    spec = msgspec.to_builtins(state.spec)
    return (
        _environment()
        .get_template("report.html.j2")
        .render(
            title=f"{result.model} {result.layer} {result.neuron}: {result.label or 'no label'}",
            run=result,
            about=about,
            argument=argument(state),
            top=[_shown(image, read) for image in images[:TOP]],
            fresh=[
                {"concept": state.trials[id].concept, "pictures": [_shown(image, read) for image in fresh_images]}
                for id in _verified(state)
                if (fresh_images := sorted(state.trials[id].images_for("report"), key=lambda image: image.index))
            ],
            histogram=Markup(histogram(state.control.flat if state.control else [], shown)),
            curve=Markup(curve([trial.score for trial in result.trials if trial.score is not None])),
            pairs=[_pair(pair, read) for pair in kept_pairs(state)],
            trials=[
                msgspec.structs.asdict(trial)
                | {
                    "is_label": label is not None and id == label.id,
                    "pictures": [_picture(image.image, read) for image in state.trials[id].images_for()],
                }
                for id, trial in zip(state.trials, result.trials, strict=True)
            ],
            command=command,
            told=told,
            facts={"run": result.run_id, "started": about.date or "–", "working time": f"{about.seconds:.0f} s"}
            | {"line-tui": f"{__version__} (wrote this page)", "bank": _bank(result.bank)}
            | {key: value for key, value in spec.items() if key not in ("model", "layer", "neuron")}
            | {"iterations": state.iterations, "pooling": result.pooling}
            | msgspec.structs.asdict(result.settings),
        )
    )


def to_index(entries: Sequence[tuple[Result, RunState, About]], read: ReadPicture) -> str:
    """An index of the pages `RUN.html` next to it, one row per run."""
    rows = []
    for result, state, about in entries:
        images = strongest_images(state.trials.values())
        pictures = [_picture(image.image, read) for image in images[:INDEXED]]
        rows.append({"run": result, "about": about, "pictures": pictures})
    return _environment().get_template("index.html.j2").render(rows=rows, version=__version__)


def _environment() -> Environment:
    # Imported late: only exports need templates.
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("line_tui.report", ""), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    environment.filters["number"] = _number
    environment.filters["share"] = lambda value: "–" if value is None else percent(value)
    return environment


def _verified(state: RunState) -> list[str]:
    """Trials measured on fresh pictures: the label first, then further senses."""
    label = [state.outcome.trial] if state.outcome is not None and state.outcome.trial else []
    return [id for id in dict.fromkeys([*label, *(one.trial for one in kept_senses(state))]) if id in state.trials]


def _shown(image: e.ImageScored, read: ReadPicture) -> dict[str, Any]:
    return {"picture": _picture(image.image, read), "activation": image.activation, "concept": image.concept}


def _bank(bank: Bank | None) -> str:
    if bank is None:
        return "–"
    missing = f", {bank.missing} not drawn yet" if bank.missing else ""
    return f"{bank.id} ({bank.concepts} concepts{missing})"


def _number(value: float | None) -> str:
    # With trailing zeros, so that columns line up and 0.99 does not look less precise than 0.963.
    return "–" if value is None else f"{value:#.3g}".rstrip(".")


def _pair(pair: e.MinimalPairMeasured, read: ReadPicture) -> dict[str, Any]:
    def side(items: Sequence[e.PairSide]) -> list[dict[str, Any]]:
        return [{"picture": _picture(item.image, read), "activation": item.activation} for item in items]

    return {
        "concept": pair.concept,
        "variant": pair.variant,
        "relative_drop": pair.relative_drop,
        "p_value": pair.p_value,
        "visibility": visibility(pair.discriminability),
        "before": side(pair.before),
        "after": side(pair.after),
    }


def _picture(record: e.ImageRecord, read: ReadPicture) -> Markup:
    data = read(record.path)
    if data is None:
        return Markup("<span class='soft'>gone</span>")
    source = "data:image/png;base64," + b64encode(data).decode()
    return Markup("<img src='{}' alt='{}' title='{}, seed {}'>").format(
        source, record.prompt, record.prompt, record.seed
    )
