"""The engine process: takes commands on one thread, works on runs on others, and owns the models.

python -m line_tui.engine.server --data FOLDER
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import BinaryIO

import msgspec

from line_tui import events as e
from line_tui.config import read_config
from line_tui.engine import protocol as p
from line_tui.engine.jobs import JobContext, do
from line_tui.engine.model_manager import ModelManager
from line_tui.engine.model_source import ModelSource
from line_tui.engine.priority import lower_priority
from line_tui.engine.run_control import RunControl
from line_tui.engine.run_session import Session, describe_error
from line_tui.engine.run_specs import in_visible_words
from line_tui.engine.run_store import RunStore
from line_tui.engine.shared_models import Growth
from line_tui.errors import EngineError, LineError
from line_tui.explain.ports import Cancelled
from line_tui.models.source_digests import with_sources
from line_tui.offline import refuse_sockets
from line_tui.orphan import end_soon
from line_tui.store import Store

IDLE = 2.0
"""Idle seconds before the bank grows, so that quitting right after a run does not wait for a drawing step."""
MAX_RUNS = 8
"""Maximum concurrent runs: enough to fill batches and keep all models busy."""
INBOX_INTERVAL = 0.5
"""Seconds between checks of the inbox for decisions."""
SHUTDOWN_TIMEOUT = 20.0
"""Seconds for an engine to shut down cleanly after its client is gone."""
MIN_FREE_BYTES = 2 * 2**30
"""Bytes of disk space that the growing bank leaves free."""

Send = Callable[[p.AnyMessage], None]


@dataclass(eq=False)
class Job:
    """A run or another job, and the run control that steers it."""

    command: p.Start | p.Resume | p.DoJob
    run_control: RunControl
    session: Session | None = None
    begun: threading.Lock = field(default_factory=threading.Lock)
    """Held while the session reads the stored events, so that no decision is missed."""

    @property
    def run_id(self) -> str | None:
        """The run; None for another job."""
        return None if isinstance(self.command, p.DoJob) else self.command.run_id

    @property
    def request(self) -> int | None:
        """The request of another job."""
        return self.command.request if isinstance(self.command, p.DoJob) else None


class Server:
    """Carries out commands. `send` is called from several threads."""

    def __init__(self, store: RunStore, source: ModelSource, send: Send, grows: bool = True) -> None:
        """`grows` tells whether the bank grows while the engine is idle."""
        self._store = store
        self._grows = grows
        self._manager = ModelManager(source)
        self._send = send
        self._jobs: SimpleQueue[Job | None] = SimpleQueue()
        self._open: list[Job] = []
        self._changed = threading.Condition()
        self._working = 0
        self._loading = False
        self._closed = threading.Event()
        # Listing layers takes seconds and must block neither the reading thread nor a run.
        self._asked = ThreadPoolExecutor(1)

    def collect_decisions(self) -> None:
        """Take the decisions on open runs that other processes left in the inbox."""
        for job in list(self._open):
            run_id = job.run_id
            for event in self._store.take_decisions(run_id) if run_id is not None else ():
                assert run_id is not None
                self._decide(p.Decide(run_id=run_id, event=event))

    def _poll_inbox(self) -> None:
        while not self._closed.wait(INBOX_INTERVAL):
            self.collect_decisions()

    def work(self) -> None:
        """Work on runs, up to `MAX_RUNS` of them at once, until `shut_down`."""
        threading.Thread(target=self._poll_inbox, daemon=True).start()
        while (job := self._next()) is not None:
            with self._changed:
                # In order: a run that waits for other models must not be overtaken.
                self._changed.wait_for(lambda: self._working < MAX_RUNS and not self._loading)
                self._working += 1
                self._loading = True
            threading.Thread(target=self._work_on, args=(job,), name=job.run_id).start()
        with self._changed:
            self._changed.wait_for(lambda: not self._working)
        self._closed.set()
        self._manager.close()
        self._asked.shutdown(wait=False, cancel_futures=True)

    def read(self, source: Iterable[bytes]) -> None:
        """Read commands, one per line, until end of file or a `Shutdown`."""
        decoder: msgspec.json.Decoder[p.AnyCommand] = msgspec.json.Decoder(p.AnyCommand)
        for line in source:
            try:
                command = decoder.decode(line)
            except (ValueError, RecursionError) as error:
                self._fail("?", LineError(f"not a command: {error}", "send one JSON object a line"))
                continue
            if isinstance(command, p.Shutdown):
                break
            self.take(command)
        self.shut_down()

    def shut_down(self) -> None:
        """Stop all runs and let `work` return."""
        self._jobs.put(None)
        for job in list(self._open):
            job.run_control.stop()

    def take(self, command: p.AnyCommand) -> None:
        """Carry out a command or queue it."""
        match command:
            case p.Start(run_id=run_id) | p.Resume(run_id=run_id):
                self._queue(Job(command, RunControl(lambda: self._show_phase(run_id, "paused"))))
            case p.DoJob():
                self._queue(Job(command, RunControl(lambda: None)))
            case p.ListLayers():
                self._asked.submit(self._list_layers, command)
            case p.Decide():
                self._decide(command)
            case p.Pause() | p.Step() | p.Continue() | p.Stop():
                for job in list(self._open):
                    if job.run_id == command.run_id:
                        _steer(job.run_control, command)
            case p.Shutdown():
                self.shut_down()

    def _queue(self, job: Job) -> None:
        self._open.append(job)
        self._jobs.put(job)

    def _decide(self, command: p.Decide) -> None:
        """Pass a decision to the run's session, or store it here if the run has none."""
        try:
            event = in_visible_words(command.event)
            for job in list(self._open):
                if job.run_id == command.run_id:
                    with job.begun:
                        if job.session is not None:
                            job.session.decide(event)
                            return
            self._show(self._store.decide(command.run_id, event))
        except LineError as error:
            self._fail(_tag(command), error, run_id=command.run_id)

    def _next(self) -> Job | None:
        """Wait for a job; after some idle time, grow the bank of the last run."""
        while True:
            try:
                return self._jobs.get(timeout=IDLE)
            except Empty:
                with self._changed:
                    idle = not self._working
                if self._grows and idle and (growth := self._manager.take_growth()) is not None:
                    self._grow(growth)
                    del growth

    def _work_on(self, job: Job) -> None:
        """Work on one run or other job until it ends, on its own thread."""
        try:
            if isinstance(job.command, p.DoJob):
                self._do(job.command, job.run_control)
            else:
                self._run(job, job.command)
        except Exception as error:
            self._fail(_tag(job.command), describe_error(error), job.request, job.run_id)
        job.session = None
        self._open.remove(job)
        with self._changed:
            self._working -= 1
            self._loading = False
            self._changed.notify_all()
        if job.run_id is not None:
            self._show_phase(job.run_id, "idle")

    def _on_models_loaded(self) -> None:
        with self._changed:
            self._loading = False
            self._changed.notify_all()

    def _do(self, command: p.DoJob, run_control: RunControl) -> None:
        request = command.request

        def report(text: str, done: int, total: int) -> None:
            self._send(p.JobProgress(request=request, text=text, done=done, total=total))

        context = JobContext(self._manager, self._store, run_control, report, self._on_models_loaded)
        try:
            run_control.check()
            self._send(p.JobDone(request=request, found=do(command.job, command.wanted, context)))
        except Cancelled:
            self._fail(_tag(command), EngineError("it was stopped", "call it again"), request)
        except LineError as error:
            self._fail(_tag(command), error, request)
        except Exception:
            self._manager.retire()
            raise

    def _run(self, job: Job, command: p.Start | p.Resume) -> None:
        new = False
        try:
            if isinstance(command, p.Start):
                self._store.create(command.run_id, with_sources(command.spec))
                new = True
            job.run_control.check()
            with self._store.lease(command.run_id):
                with job.begun:
                    job.session = Session(self._store, command.run_id, self._manager, job.run_control, self._show)
                job.session.run(self._on_models_loaded)
        except Cancelled:
            pass
        except LineError as error:
            self._fail(_tag(command), error, run_id=command.run_id)
            if new:
                # If the store itself failed, this fails too; the error has already been reported.
                with suppress(LineError):
                    self._store.forget(command.run_id)

    def _grow(self, growth: Growth) -> None:
        """Draw more of the bank while idle; the next command stops this within one step."""

        def check() -> None:
            if not self._jobs.empty() or self._store.free_bytes() < MIN_FREE_BYTES:
                raise Cancelled

        try:
            check()
            growth(check)
        except Cancelled:
            pass
        except Exception as error:
            # No run waits for this; the next one that needs these pictures will report the error.
            self._manager.retire()
            describe_error(error)

    def _list_layers(self, command: p.ListLayers) -> None:
        try:
            layers = list(self._manager.layers(command.model))
        except Exception as error:
            self._fail(_tag(command), describe_error(error), command.request)
        else:
            self._send(p.LayersListed(request=command.request, layers=layers))

    def _show(self, envelope: e.Envelope) -> None:
        self._send(p.RunEvent(envelope=envelope))

    def _show_phase(self, run_id: str, phase: e.Phase) -> None:
        self._send(p.phase_message(run_id, phase))

    def _fail(self, command: str, error: LineError, request: int | None = None, run_id: str | None = None) -> None:
        self._send(p.CommandFailed.of(command, error, request, run_id))


def main(source: ModelSource, arguments: list[str] | None = None) -> int:
    """Serve one client over stdin and stdout until it disconnects, or until SIGTERM."""
    parser = argparse.ArgumentParser(prog="line_tui.engine.server", description=__doc__)
    parser.add_argument("--data", type=Path, help="data folder")
    parser.add_argument(
        "--low-priority",
        action="store_true",
        help="give the screen priority, and import libraries before the first run",
    )
    options = parser.parse_args(arguments)
    out = _take_stdout()
    lock = threading.Lock()

    def send(message: p.AnyMessage) -> None:
        line = msgspec.json.encode(message) + b"\n"
        with lock:
            try:
                out.write(line)
                out.flush()
            except BrokenPipeError:
                # The client is gone; the reading thread sees the end of stdin.
                pass

    try:
        if options.low_priority:
            lower_priority(read_config().engine.niceness)
        store = Store.open(options.data)
    except Exception as error:
        described = describe_error(error)
        send(p.CommandFailed.of("?", described))
        return described.exit_code
    server = Server(store, source, send)
    # On another thread, since the signal may interrupt the main thread while it holds a lock.
    signal.signal(signal.SIGTERM, lambda number, frame: threading.Thread(target=server.shut_down).start())
    # Unbuffered: at exit, a thread blocked in a buffered read would abort the process.
    lines = os.fdopen(0, "rb", buffering=0, closefd=False)

    def read() -> None:
        server.read(lines)
        # No other process would end an engine that hangs in a library and still holds the run's lease.
        end_soon(SHUTDOWN_TIMEOUT)

    threading.Thread(target=read, daemon=True).start()
    send(p.Ready(pid=os.getpid()))
    if options.low_priority:
        threading.Thread(target=_prepare, args=(source,), daemon=True).start()
    server.work()
    store.close()
    return 0


def _prepare(source: ModelSource) -> None:
    # This only preloads: an error is reported by the run that needs the library.
    with suppress(Exception):
        source.prepare()


def _take_stdout() -> BinaryIO:
    """Reserve stdout for the protocol; output of C code to fd 1 goes to fd 2."""
    own = os.dup(1)
    os.dup2(2, 1)
    return os.fdopen(own, "wb")


def _steer(run_control: RunControl, command: p.Pause | p.Step | p.Continue | p.Stop) -> None:
    match command:
        case p.Pause():
            run_control.pause()
        case p.Step():
            run_control.step()
        case p.Continue():
            run_control.resume()
        case p.Stop():
            run_control.stop()


def _tag(command: p.Command) -> str:
    return str(type(command).__struct_config__.tag)


if __name__ == "__main__":
    refuse_sockets()
    os.environ["TOKENIZERS_PARALLELISM"] = "false"
    from line_tui.engine.catalogued import CataloguedModels

    code = main(CataloguedModels())
    # Everything is stored and closed; tearing down torch and llama.cpp would take seconds.
    sys.stderr.flush()
    os._exit(code)
