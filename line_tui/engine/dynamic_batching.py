"""Dynamic batching: active runs share one generator and its batches, and no picture is drawn twice."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field

from line_tui.errors import LineError
from line_tui.explain.ports import Cancelled, Generator, OnStep, Picture

OnPreview = Callable[[list[bytes]], None]
_Recipe = tuple[str, int]
"""Prompt and seed."""

_PATIENCE = 0.2
"""Seconds between checks whether a waiting run was stopped."""
_REMEMBERED = 4
"""Batches kept in memory for runs that need a picture while another run is still writing it to disk."""


@dataclass(eq=False)
class _Order:
    """The pictures that one call of `draw` waits for."""

    missing: set[_Recipe]
    on_step: OnStep
    on_preview: OnPreview | None
    pictures: dict[_Recipe, Picture] = field(default_factory=dict)
    error: Exception | None = None
    cancelled: bool = False

    @property
    def done(self) -> bool:
        return not self.missing or self.error is not None or self.cancelled


class DynamicBatcher:
    """Collects requests into batches: a batch starts when it is full, or when no other run could add to it.

    A picture depends on its prompt and seed, not on the rest of its batch, so sharing changes no result. The waiting
    callers take turns in running the generator.
    """

    def __init__(
        self,
        generator: Generator,
        lock: AbstractContextManager[object],
        on_thread: Callable[[Callable[[], list[Picture]]], list[Picture]] = lambda work: work(),
    ) -> None:
        """`lock` is held while the generator runs; `on_thread` calls it on its thread."""
        self.generator = generator
        self._lock = lock
        self._on_thread = on_thread
        self._changed = threading.Condition()
        self._orders: list[_Order] = []
        self._drawing: list[_Recipe] = []
        self._recent: OrderedDict[_Recipe, Picture] = OrderedDict()
        self._active = 0

    @contextmanager
    def active(self) -> Iterator[None]:
        """Within the block, a run may soon request pictures, so a partial batch may wait for it."""
        self._count(1)
        try:
            yield
        finally:
            self._count(-1)

    @contextmanager
    def inactive(self) -> Iterator[None]:
        """Within the block, an active run waits for something else, so no batch waits for it."""
        self._count(-1)
        try:
            yield
        finally:
            self._count(1)

    def draw(
        self,
        prompts: Sequence[str],
        seeds: Sequence[int],
        on_step: OnStep,
        on_preview: OnPreview | None,
        check: Callable[[], None],
    ) -> list[Picture]:
        """Draw as the generator does; `check` may raise Cancelled while the call waits."""
        recipes = list(zip(prompts, seeds, strict=True))
        order = _Order(set(recipes), on_step, on_preview)
        with self._changed:
            for recipe in recipes:
                if recipe in self._recent:
                    order.pictures[recipe] = self._recent[recipe]
            order.missing -= order.pictures.keys()
            self._orders.append(order)
            self._changed.notify_all()
        try:
            while not order.done:
                check()
                if batch := self._take_batch(order):
                    self._draw_batch(batch)
        finally:
            with self._changed:
                self._orders.remove(order)
                self._changed.notify_all()
        if order.error is not None:
            raise order.error
        if order.cancelled:
            raise Cancelled
        return [order.pictures[recipe] for recipe in recipes]

    def _count(self, by: int) -> None:
        with self._changed:
            self._active += by
            self._changed.notify_all()

    def _take_batch(self, order: _Order) -> list[_Recipe]:
        """The next batch if this caller is to draw it; empty once its pictures are drawn, or after a timeout."""
        with self._changed:
            self._changed.wait_for(lambda: order.done or self._ready(), _PATIENCE)
            if order.done or not self._ready():
                return []
            self._drawing = self._wanted()[: self.generator.batch_size]
            return self._drawing

    def _wanted(self) -> list[_Recipe]:
        """All missing pictures, in request order."""
        open_orders = [order for order in self._orders if not order.done]
        return list(dict.fromkeys(recipe for order in open_orders for recipe in sorted(order.missing)))

    def _ready(self) -> bool:
        waiting = sum(not order.done for order in self._orders)
        full = len(self._wanted()) >= self.generator.batch_size
        return not self._drawing and (full or waiting >= self._active)

    def _draw_batch(self, batch: list[_Recipe]) -> None:
        """Draw a batch and hand out its pictures."""
        with self._changed:
            served = [order for order in self._orders if not order.missing.isdisjoint(batch)]

        def on_step(step: int, steps: int) -> None:
            for order in served:
                try:
                    if not order.cancelled:
                        order.on_step(step, steps)
                except Cancelled:
                    order.cancelled = True
            # Stopping one run must not stop the others.
            if all(order.cancelled for order in served):
                raise Cancelled

        def on_preview(thumbnails: list[bytes]) -> None:
            for order in served:
                if order.on_preview is not None:
                    order.on_preview(
                        [one for one, recipe in zip(thumbnails, batch, strict=False) if recipe in order.missing]
                    )

        pictures: list[Picture] = []
        error: Exception | None = None
        try:
            with self._lock:
                if hasattr(self.generator, "on_preview"):
                    self.generator.on_preview = on_preview if any(order.on_preview for order in served) else None
                prompts, seeds = [prompt for prompt, _ in batch], [seed for _, seed in batch]
                pictures = self._on_thread(lambda: self.generator.draw(prompts, seeds, on_step))
        except Cancelled:
            pass
        except Exception as failed:
            error = failed
        with self._changed:
            self._drawing = []
            drawn = dict(zip(batch, pictures, strict=False))
            self._recent.update(drawn)
            while len(self._recent) > _REMEMBERED * self.generator.batch_size:
                self._recent.popitem(last=False)
            for order in self._orders:
                got = order.missing & drawn.keys()
                order.pictures.update((recipe, drawn[recipe]) for recipe in got)
                order.missing -= got
            for order in served:
                order.error = _without_traceback(error)
            self._changed.notify_all()


def _without_traceback(error: Exception | None) -> Exception | None:
    """The same error without its traceback, which would keep the models in memory."""
    return type(error)(error.cause, error.fix) if isinstance(error, LineError) else error
