"""Progress of a batch: a bar with a rate and the time left in a terminal, a counter before each line elsewhere."""

from __future__ import annotations

import time

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from line_tui.consoles import PlainConsole
from line_tui.tui.formatting import duration


class BatchProgress(Progress):
    """Counts finished neurons. Those done by an earlier call take no time and do not affect the estimate."""

    def __init__(self, total: int) -> None:
        self._total = total
        self._done = 0
        self._worked = 0
        self._since = time.monotonic()
        self._plain = PlainConsole(stderr=True)
        columns = (BarColumn(bar_width=30), MofNCompleteColumn(), TextColumn("{task.description}"))
        super().__init__(*columns, console=self._plain, transient=True, disable=not self._plain.is_terminal)
        self._task = self.add_task("", total=total)

    def count(self, how: str) -> None:
        """Count one more."""
        self._done += 1
        self._worked += how != "before"
        self.update(self._task, completed=self._done, description=self.told())

    def told(self) -> str:
        """The rate and the time left; empty while unknown."""
        seconds = time.monotonic() - self._since
        if not self._worked or seconds <= 0:
            return ""
        left = seconds / self._worked * (self._total - self._done)
        return f"{60 * self._worked / seconds:.1f} a minute, {duration(left)} left"

    def tell(self, text: str) -> None:
        """Print a permanent line."""
        if self._plain.is_terminal:
            self._plain.tell(text)
        else:
            told = self.told()
            self._plain.tell(f"{self._done}/{self._total}  {text}" + (f"  ({told})" if told else ""))
