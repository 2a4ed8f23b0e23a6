"""Pause, step and stop of one run: set by the thread that reads commands, obeyed by the loop's thread."""

from __future__ import annotations

import threading
from collections.abc import Callable

from line_tui.explain.ports import Cancelled


class RunControl:
    """Pauses one run, lets it take a single step, or stops it."""

    def __init__(self, on_pause: Callable[[], None]) -> None:
        """`on_pause` is called by the loop's thread when it starts to wait."""
        self._changed = threading.Condition()
        self._on_pause = on_pause
        self._paused = False
        self._steps = 0
        self._decided = False
        self._stopped = False

    def pause(self) -> None:
        """Pause before the next step."""
        with self._changed:
            self._paused = True

    def step(self) -> None:
        """Take one step, then pause again."""
        with self._changed:
            self._paused = True
            self._steps += 1
            self._changed.notify_all()

    def resume(self) -> None:
        """Continue without pausing."""
        with self._changed:
            self._paused = False
            self._steps = 0
            self._changed.notify_all()

    def stop(self) -> None:
        """Stop the run."""
        with self._changed:
            self._stopped = True
            self._changed.notify_all()

    def wake(self) -> None:
        """Wake up a loop that waits for a decision."""
        with self._changed:
            self._decided = True
            self._changed.notify_all()

    def wait_while_paused(self) -> None:
        """Block until the next step may begin. Raises Cancelled if the run was stopped."""
        with self._changed:
            if self._paused and not self._steps and not self._stopped:
                self._on_pause()
            self._changed.wait_for(lambda: self._stopped or not self._paused or self._steps)
            self._leave_if_stopped()
            if self._paused:
                self._steps -= 1

    def wait_for_decision(self) -> None:
        """Block until the user makes a decision. Raises Cancelled if the run was stopped."""
        with self._changed:
            self._changed.wait_for(lambda: self._stopped or self._decided)
            self._leave_if_stopped()
            self._decided = False

    def check(self) -> None:
        """Raise Cancelled if the run was stopped."""
        with self._changed:
            self._leave_if_stopped()

    def _leave_if_stopped(self) -> None:
        if self._stopped:
            raise Cancelled
