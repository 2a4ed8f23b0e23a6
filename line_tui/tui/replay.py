"""Replays the events of a stored run, at their original speed or faster, through the same code as a live run."""

from __future__ import annotations

from collections.abc import Sequence

from line_tui import events as e
from line_tui.tui.session import Snapshot, advance

SPEEDS = (1.0, 2.0, 5.0, 10.0, 50.0, 200.0)
_LONGEST_WAIT = 2.0
"""Longest gap between two events, in seconds at speed 1."""


class Player:
    """A position in a run's events; `snapshot` is what a live run would have shown there."""

    def __init__(self, run_id: str, envelopes: Sequence[e.Envelope]) -> None:
        self.run_id = run_id
        self.envelopes = list(envelopes)
        self.place = 0
        self.speed = 5.0
        self.playing = True
        self.snapshot = Snapshot(run_id=run_id)
        self._saved = 0.0
        # Without the first event there is nothing to show, not even the neuron.
        self.step()

    @property
    def at_end(self) -> bool:
        """Whether all events have been played."""
        return self.place >= len(self.envelopes)

    def tick(self, seconds: float) -> None:
        """Play the events that are due, after so many seconds have passed."""
        if not self.playing:
            return
        self._saved += seconds * self.speed
        while not self.at_end and self._saved >= self._gap():
            self._saved -= self._gap()
            self.step()
        if self.at_end:
            self.playing = False

    def step(self) -> None:
        """Play the next event."""
        if self.at_end:
            return
        shown = [] if self.place else _ephemeral_before(self.envelopes[0])
        shown.append(self.envelopes[self.place])
        self.place += 1
        if not self.at_end:
            # A live run shows them during the gap before the next event.
            shown += _ephemeral_before(self.envelopes[self.place])
        for envelope in shown:
            self.snapshot = advance(self.snapshot, envelope)

    def jump(self, by: int) -> None:
        """Move this many events forward, or backward if negative."""
        target = min(len(self.envelopes), max(1, self.place + by))
        if target < self.place:
            version = self.snapshot.version
            self.snapshot = Snapshot(run_id=self.run_id, version=version + 1)
            self.place = 0
        while self.place < target:
            self.step()
        self._saved = 0.0

    def change_speed(self, by: int) -> None:
        """Move this many steps up or down `SPEEDS`."""
        place = SPEEDS.index(self.speed) + by
        self.speed = SPEEDS[min(len(SPEEDS) - 1, max(0, place))]

    def _gap(self) -> float:
        gap = self.envelopes[self.place].time - self.envelopes[self.place - 1].time
        return min(_LONGEST_WAIT, max(0.0, gap))


def _ephemeral_before(envelope: e.Envelope) -> list[e.Envelope]:
    """The events that a live run would have shown before this one, but does not store."""
    event = envelope.event
    before: list[e.AnyEvent] = []
    match event:
        case e.RunStarted():
            before = [e.PhaseChanged(phase="loading")]
        case e.ControlMeasured():
            before = [e.PhaseChanged(phase="control")]
        case e.Proposed(origin="llm" | "summary", concept=concept):
            before = [e.PhaseChanged(phase="proposing"), e.Token(text=concept)]
        case e.ImageScored(purpose="search", concept=concept):
            before = [e.PhaseChanged(phase="drawing", detail=concept)]
        case e.ImageScored(concept=concept):
            before = [e.PhaseChanged(phase="verifying", detail=concept)]
    return [e.Envelope(run_id=envelope.run_id, time=envelope.time, event=shown) for shown in before]
