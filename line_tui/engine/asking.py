"""What a run is asked for: what the caller gave, and the settings for the rest."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from line_tui.config import read_config
from line_tui.events import RunSpec
from line_tui.explain import strategies
from line_tui.neuron import Neuron


def spec_of(neuron: Neuron, given: Mapping[str, Any]) -> RunSpec:
    """The spec of a neuron's run. Raises UsageError for a metric that its strategy does not have."""
    defaults = read_config().explain
    usual = {key: getattr(defaults, key) for key in ("profile", "strategy", "metric", "iterations", "images")}
    asked = usual | dict(given)
    if "metric" not in given:
        asked["metric"] = strategies.metric_of(asked["strategy"], defaults.metric)
    strategies.check_metric(asked["strategy"], asked["metric"])
    return RunSpec(model=neuron.model, layer=neuron.layer, neuron=neuron.index, **asked)
