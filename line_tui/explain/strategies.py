"""The ways to search, each registered once: its name, what it is called, what it raises, what it may draw.

A strategy's code is imported when a run needs it, so that the command line and the app know the names at no cost.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING

from line_tui.errors import UsageError, unknown_name
from line_tui.events import Metric, RunSpec
from line_tui.explain import budget
from line_tui.explain.state import RunState
from line_tui.plugins import STRATEGIES, with_plugins

if TYPE_CHECKING:
    from line_tui.explain.ports import Embedder
    from line_tui.explain.steps import Strategy
    from line_tui.explain.word_similarity import Lexicon


@dataclass(frozen=True)
class Words:
    """What a strategy may ask of words."""

    embedder: Embedder
    lexicon: Callable[[], Lexicon]
    """Read at the first call. Raises ModelFileError."""


@dataclass(frozen=True)
class Registered:
    """One way to search."""

    name: str
    title: str
    """One line for help and screens."""
    metrics: tuple[Metric, ...]
    """What it can raise, its own first."""
    search_images: Callable[[RunState], int]
    """Pictures of the whole search, as known now."""
    report_images: int
    """Pictures that the result is reported from, drawn for it alone."""
    first_images: Callable[[RunSpec], int]
    """Pictures that a new concept begins with."""
    create: str
    """`module:function` that makes it of `Words`."""

    def make(self, words: Words) -> Strategy:
        """The strategy of a run. Raises ModelFileError."""
        module, _, function = self.create.partition(":")
        made: Strategy = getattr(import_module(module), function)(words)
        return made


_OURS = {
    each.name: each
    for each in (
        Registered(
            name="adaptive",
            title="searches the concepts that account for the neuron, with shares",
            metrics=("correlation",),
            search_images=budget.a_third,
            report_images=budget.REPORT,
            first_images=lambda spec: budget.EACH,
            create="line_tui.explain.adaptive:create",
        ),
        Registered(
            name="quick",
            title="the same at a glance: a tenth of the pictures, and so less sure",
            metrics=("correlation",),
            search_images=budget.quick,
            report_images=budget.QUICK_REPORT,
            first_images=lambda spec: budget.EACH,
            create="line_tui.explain.adaptive:create_quick",
        ),
        Registered(
            name="published",
            title="the published loop: ten iterations, five images each",
            metrics=("mean", "auc"),
            search_images=budget.published,
            report_images=0,
            first_images=lambda spec: spec.images,
            create="line_tui.explain.published:create",
        ),
        Registered(
            name="vocabulary",
            title="the strongest words of the control set, no language model",
            metrics=("mean", "auc"),
            search_images=budget.a_third,
            report_images=budget.REPORT,
            first_images=lambda spec: spec.images,
            create="line_tui.explain.vocabulary:create",
        ),
    )
}
REGISTRY = with_plugins(STRATEGIES, _OURS, Registered)
"""By name, the default first, those of plug-ins last."""
NAMES = tuple(REGISTRY)
DEFAULT = NAMES[0]


def find(name: str) -> Registered:
    """The strategy of this name. Raises UnknownNameError."""
    if name not in REGISTRY:
        raise unknown_name("strategy", name, NAMES, f"one of {', '.join(NAMES)}")
    return REGISTRY[name]


def metric_of(strategy: str, wish: Metric | None) -> Metric:
    """What a run raises: the usual wish, where the strategy can, else its own. Raises UnknownNameError."""
    can = find(strategy).metrics
    return wish if wish in can else can[0]


def check_metric(strategy: str, metric: Metric) -> None:
    """Raises UnknownNameError for a strategy that there is not, UsageError for a metric that it cannot raise."""
    can = find(strategy).metrics
    if metric not in can:
        raise UsageError(f"the {strategy} strategy cannot raise '{metric}'", f"it can raise {' or '.join(can)}")
