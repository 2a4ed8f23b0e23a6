"""The registry of search strategies: names, descriptions, metrics and budgets.

A strategy's code is imported only when a run needs it, so that listing the strategies costs nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING

from line_tui import plugins
from line_tui.errors import UsageError, unknown_name
from line_tui.events import Metric, RunSpec
from line_tui.explain import budget
from line_tui.explain.state import RunState

if TYPE_CHECKING:
    from line_tui.explain.ports import Embedder
    from line_tui.explain.steps import Strategy
    from line_tui.explain.word_similarity import Lexicon


@dataclass(frozen=True)
class Words:
    """The word resources that a strategy needs."""

    embedder: Embedder
    lexicon: Callable[[], Lexicon]
    """Loads the lexicon on the first call. Raises ModelFileError."""


@dataclass(frozen=True)
class Registered:
    """A registered search strategy."""

    name: str
    title: str
    """One line for help and screens."""
    metrics: tuple[Metric, ...]
    """The metrics that it can maximise, default first."""
    search_images: Callable[[RunState], int]
    """Pictures of the whole search, as far as the state determines them."""
    report_images: int
    """Pictures drawn only for the reported score."""
    first_images: Callable[[RunSpec], int]
    """Pictures drawn first for a new concept."""
    create: str
    """`module:function` that creates it, given `Words`."""

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
            title="finds concepts that account for a neuron",
            metrics=("correlation",),
            search_images=budget.third_of_published,
            report_images=budget.REPORT_IMAGES,
            first_images=lambda spec: budget.FIRST_IMAGES,
            create="line_tui.explain.adaptive:create",
        ),
        Registered(
            name="quick",
            title="the same with a tenth of the pictures, and less certain",
            metrics=("correlation",),
            search_images=budget.quick,
            report_images=budget.QUICK_REPORT_IMAGES,
            first_images=lambda spec: budget.FIRST_IMAGES,
            create="line_tui.explain.adaptive:create_quick",
        ),
        Registered(
            name="published",
            title="the published loop, ten iterations of five images",
            metrics=("mean", "auc"),
            search_images=budget.published,
            report_images=0,
            first_images=lambda spec: spec.images,
            create="line_tui.explain.published:create",
        ),
        Registered(
            name="vocabulary",
            title="tries the strongest words of the control set, without a language model",
            metrics=("mean", "auc"),
            search_images=budget.third_of_published,
            report_images=budget.REPORT_IMAGES,
            first_images=lambda spec: spec.images,
            create="line_tui.explain.vocabulary:create",
        ),
    )
}
NAMES = tuple(dict.fromkeys([*_OURS, *plugins.names(plugins.STRATEGIES)]))
"""All strategies: the default first, those of plug-ins last."""
DEFAULT = NAMES[0]


def find(name: str) -> Registered:
    """The strategy of this name. Raises UnknownNameError, or UsageError for a broken plug-in."""
    if name not in NAMES:
        raise unknown_name("strategy", name, NAMES, f"one of {', '.join(NAMES)}")
    return plugins.find(plugins.STRATEGIES, _OURS, name, Registered)


def usable() -> Iterator[Registered]:
    """All strategies but broken plug-ins."""
    for name in NAMES:
        with suppress(UsageError):
            yield find(name)


def metric_of(strategy: str, wish: Metric | None) -> Metric:
    """The metric of a run: `wish` if the strategy can maximise it, else its default. Raises UnknownNameError."""
    can = find(strategy).metrics
    return wish if wish in can else can[0]


def check_metric(strategy: str, metric: Metric) -> None:
    """Raises UnknownNameError for an unknown strategy, UsageError for a metric that it cannot maximise."""
    can = find(strategy).metrics
    if metric not in can:
        raise UsageError(f"the {strategy} strategy does not support '{metric}'", f"its metrics are {', '.join(can)}")
