"""Progress of a batch: a bar with a rate and the time left in a terminal, a counter before each line elsewhere."""

from __future__ import annotations

import time
from types import TracebackType

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from line_tui.consoles import PlainConsole
from line_tui.tui.formatting import duration


class BatchProgress:
    """Counts finished neurons. Those done by an earlier call take no time and do not affect the estimate."""

    def __init__(self, total: int) -> None:
        self._total = total
        self._done = 0
        self._worked = 0
        self._since = time.monotonic()
        self._console = PlainConsole(stderr=True)
        columns = (BarColumn(bar_width=30), MofNCompleteColumn(), TextColumn("{task.description}"))
        self._progress = Progress(
            *columns, console=self._console, transient=True, disable=not self._console.is_terminal
        )
        self._task = self._progress.add_task("", total=total)

    def __enter__(self) -> BatchProgress:
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._progress.stop()

    def advance(self, how: str) -> None:
        """Count one more."""
        self._done += 1
        self._worked += how != "before"
        self._progress.update(self._task, completed=self._done, description=self.told())

    def told(self) -> str:
        """The rate and the time left; empty while unknown."""
        seconds = time.monotonic() - self._since
        if not self._worked or seconds <= 0:
            return ""
        left = seconds / self._worked * (self._total - self._done)
        return f"{60 * self._worked / seconds:.1f} a minute, {duration(left)} left"

    def tell(self, text: str) -> None:
        """Print a permanent line."""
        if self._console.is_terminal:
            self._console.tell(text)
        else:
            told = self.told()
            self._console.tell(f"{self._done}/{self._total}  {text}" + (f"  ({told})" if told else ""))
