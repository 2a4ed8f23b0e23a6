"""A run as one HTML page that opens offline: pictures and plots are inside it, and it loads nothing."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from line_tui import events as e
from line_tui.explain.pairs import visibility
from line_tui.explain.state import RunState
from line_tui.report.svg import curve, histogram

TOP = 10
"""Pictures under "What drives it most"."""

ReadPicture = Callable[[str], bytes | None]


def to_html(state: RunState, result: Mapping[str, Any], command: str, read: ReadPicture) -> str:
    """The page of a run.

    `result` is what `result_json.result` says of the state, `command` the line that repeats the run, and `read`
    gives a PNG file's bytes by its path, None where the file is gone.
    """
    environment = Environment(
        loader=PackageLoader("line_tui.report", ""), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    environment.filters["number"] = _number
    label = state.trials.get(state.outcome.trial or "") if state.outcome else None
    images = sorted(
        (image for trial in state.trials.values() for image in trial.images),
        key=lambda image: image.activation,
        reverse=True,
    )
    shown = label.activations("report") or label.activations() if label else []
    return environment.get_template("report.html.j2").render(
        title=f"{result['model']} {result['layer']} {result['neuron']}: {result['label'] or 'no label'}",
        run=result,
        top=[
            {"picture": _picture(image.image, read), "activation": image.activation, "concept": image.concept}
            for image in images[:TOP]
        ],
        histogram=Markup(histogram(state.control.flat if state.control else [], shown)),
        curve=Markup(curve([trial["score"] for trial in result["trials"] if trial["score"] is not None])),
        pairs=[_pair(pair, read) for pair in state.pairs],
        trials=[
            trial
            | {
                "is_label": label is not None and id == label.id,
                "pictures": [_picture(image.image, read) for image in state.trials[id].seen()],
            }
            for id, trial in zip(state.trials, result["trials"], strict=True)
        ],
        command=command,
        facts={key: result[key] for key in ("run_id", "profile", "strategy", "seed", "pooling")} | result["settings"],
    )


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.3g}"


def _pair(pair: e.MinimalPairMeasured, read: ReadPicture) -> dict[str, Any]:
    def side(items: Sequence[e.PairSide]) -> list[dict[str, Any]]:
        return [{"picture": _picture(item.image, read), "activation": item.activation} for item in items]

    return {
        "concept": pair.concept,
        "variant": pair.variant,
        "lost": pair.lost,
        "p_value": pair.p_value,
        "visibility": visibility(pair.told_apart),
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
