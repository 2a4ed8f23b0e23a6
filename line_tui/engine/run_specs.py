"""Builds the spec of a run from arguments and settings, and cleans the user's decisions."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from line_tui import events as e
from line_tui.config import MAX_IMAGES, MAX_ITERATIONS, SEEDS, check_range, read_config
from line_tui.errors import UsageError
from line_tui.events import RunSpec
from line_tui.explain import strategies
from line_tui.neuron import Neuron
from line_tui.sanitize import as_concept, shown


def spec_of(neuron: Neuron, given: Mapping[str, Any]) -> RunSpec:
    """The spec of a neuron's run. Raises UsageError for a value of the wrong type or out of range, or a metric that the
    strategy does not support.
    """
    defaults = read_config().explain
    usual = {key: getattr(defaults, key) for key in ("profile", "strategy", "metric", "iterations", "images")}
    options = usual | dict(given)
    if "metric" not in given:
        options["metric"] = strategies.metric_of(options["strategy"], defaults.metric)
    strategies.check_metric(options["strategy"], options["metric"])
    try:
        # Python callers can pass anything; a value of the wrong type could be stored, but not decoded again.
        spec = msgspec.convert(
            options | {"model": neuron.model, "layer": neuron.layer, "neuron": neuron.index}, RunSpec
        )
        check_range("neuron", spec.neuron, *SEEDS)
        check_range("seed", spec.seed, *SEEDS)
        check_range("iterations", spec.iterations, 0, MAX_ITERATIONS)
        check_range("images", spec.images, 1, MAX_IMAGES)
    except (msgspec.ValidationError, ValueError) as error:
        raise UsageError(str(error).replace("$.", ""), "correct it") from error
    return spec


def in_visible_words(event: e.Decision) -> e.Decision:
    """A decision with cleaned text. Raises UsageError for a concept without visible characters."""
    if not isinstance(event, e.Decided):
        return event
    concept = event.concept
    if concept is not None and not (concept := as_concept(concept)):
        raise UsageError("a concept must have visible letters", "write one to three words")
    return msgspec.structs.replace(event, concept=concept, reason=shown(event.reason))
