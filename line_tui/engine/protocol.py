"""JSON lines between a client and the engine: commands in, messages out, one JSON object per line."""

from __future__ import annotations

import time

import msgspec

from line_tui.errors import LineError
from line_tui.events import Decision, Envelope, Phase, PhaseChanged, RunSpec
from line_tui.layers import LayerInfo as LayerInfo

PROTOCOL_VERSION = 3


class Command(msgspec.Struct, frozen=True, kw_only=True, tag_field="command"):
    """Base of all commands."""


class Start(Command, frozen=True, kw_only=True, tag="start"):
    """Start a run; the client chooses the id, so that it can name the run before the engine answers."""

    run_id: str
    spec: RunSpec


class Resume(Command, frozen=True, kw_only=True, tag="resume"):
    """Resume an unfinished run from its stored events."""

    run_id: str


class Steer(Command, frozen=True, kw_only=True):
    """Base of commands for a run that was started or resumed."""

    run_id: str


class Pause(Steer, frozen=True, kw_only=True, tag="pause"):
    """Pause before the next step of the loop."""


class Step(Steer, frozen=True, kw_only=True, tag="step"):
    """Take one step of the loop, then pause again."""


class Continue(Steer, frozen=True, kw_only=True, tag="continue"):
    """Continue after a pause."""


class Stop(Steer, frozen=True, kw_only=True, tag="stop"):
    """Stop the run at once; it stays unfinished and can be resumed."""


class Decide(Steer, frozen=True, kw_only=True, tag="decide"):
    """A decision of the user on the run. The engine stores it, between two steps or during one, and shows it."""

    event: Decision


class Ask(Command, frozen=True, kw_only=True):
    """Base of commands that get one answer or fail."""

    request: int


class ListLayers(Ask, frozen=True, kw_only=True, tag="list_layers"):
    """Ask for the layers of a model."""

    model: str


class DoJob(Ask, frozen=True, kw_only=True, tag="do_job"):
    """Do one of `line_tui.engine.jobs`."""

    job: str
    wanted: bytes
    """The job's request, as JSON."""


class Shutdown(Command, frozen=True, kw_only=True, tag="shutdown"):
    """Stop the run and end the process."""


AnyCommand = Start | Resume | Pause | Step | Continue | Stop | Decide | ListLayers | DoJob | Shutdown


class Message(msgspec.Struct, frozen=True, kw_only=True, tag_field="message"):
    """Base of all messages but events."""


class Ready(Message, frozen=True, kw_only=True, tag="ready"):
    """An engine's first message."""

    pid: int
    protocol_version: int = PROTOCOL_VERSION


class RunEvent(Message, frozen=True, kw_only=True, tag="happened"):
    """An event of a run."""

    envelope: Envelope


class LayersListed(Message, frozen=True, kw_only=True, tag="layers_listed"):
    """The answer to `ListLayers`."""

    request: int
    layers: list[LayerInfo]


class JobProgress(Message, frozen=True, kw_only=True, tag="job_progress"):
    """The progress of a job."""

    request: int
    text: str = ""
    """Its current activity, in one line; empty if only the numbers changed."""
    done: int = 0
    total: int = 0


class JobDone(Message, frozen=True, kw_only=True, tag="job_done"):
    """The answer to `DoJob`."""

    request: int
    found: bytes
    """The job's result, as JSON."""


class CommandFailed(Message, frozen=True, kw_only=True, tag="command_failed"):
    """A command failed. For a run that had started, a `Failed` event reports it instead."""

    command: str
    cause: str
    fix: str
    exit_code: int
    request: int | None = None
    """The question that failed."""
    run_id: str | None = None
    """The run of the command."""

    @classmethod
    def of(cls, command: str, error: LineError, request: int | None = None, run_id: str | None = None) -> CommandFailed:
        """The message for an error."""
        return cls(
            command=command,
            cause=error.cause,
            fix=error.fix,
            exit_code=error.exit_code,
            request=request,
            run_id=run_id,
        )


def phase_message(run_id: str, phase: Phase) -> RunEvent:
    """The message that a run has entered a phase."""
    return RunEvent(envelope=Envelope(run_id=run_id, time=time.time(), event=PhaseChanged(phase=phase)))


AnyMessage = Ready | RunEvent | LayersListed | JobProgress | JobDone | CommandFailed
