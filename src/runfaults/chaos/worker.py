"""A user's process: it starts, cancels and watches runs until it is told to stop, or killed."""

from __future__ import annotations

import contextlib
import ctypes
import logging
import os
import random
import signal
import sqlite3
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from types import FrameType
from typing import TypeVar

from runfaults.chaos.journal import Writer
from runfaults.chaos.nemeses.clock import moved_clock
from runfaults.sim.pipeline import ClientClosedError, ending_by, is_begun_for
from runfaults.targets import target_named
from runfaults.targets.client import Client
from runfaults.targets.places import place_in
from runfaults.targets.target import (
    Cancels,
    Closes,
    Entered,
    Manager,
    Reads,
    Signals,
    Target,
    TargetError,
    Waits,
    traits,
)
from runfaults.temporary import memory_backed_folder, prefix
from runfaults.user_code import redact, told

_Answer = TypeVar("_Answer")

_LOOK_EVERY = 0.2
"""Real seconds between two looks for runs of dead processes."""

_PAUSE = 0.01
_LAST_LOOK = 10.0
"""Real seconds for which a run is waited for that a manager cannot wait for."""

_PR_SET_PDEATHSIG = 1
_FAILING, _CANCELLED, _ELSEWHEN = 0.2, 0.4, 0.3
"""Shares: of the pipelines that fail, of the runs that are cancelled, of the managers that live in
a process whose clock has jumped."""


@dataclass(frozen=True, slots=True)
class Assignment:
    """The orders of a worker process.

    Attributes:
        target: Name of the system under test.
        database: The one database of all workers.
        name: Its name in the journals.
        seed: Decides everything that it does.
        redact: Whether it tells no value of the user's data.
    """

    target: str
    database: Path
    name: str
    seed: str
    redact: bool = False


def require_fit(target: Target, ids: Sequence[object], *, closes: bool) -> None:
    """See that lives of real processes can be told apart, and end.

    Raises:
        TargetError: if not; the message says what the adapter must do.
    """
    where = f"target {target.name}{place_in(target, 'start', 'open')}"
    if not closes:
        raise TargetError(
            f"{where}: it has no `close`, and chaos opens a manager many times in one process: "
            "let the adapter end its threads there"
        )
    if ids:
        raise TargetError(
            f"{where}: its ids are not numbers, and chaos follows runs by number: let `key` of "
            "`audit` be rowid, and `start` answer the number of the row"
        )


def work(assignment: Assignment, pipe: Connection) -> None:
    """The main function of a worker process; everything it says goes through the pipe."""
    _settle_in(assignment)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    stop = threading.Event()

    def told_to_stop(_number: int, _frame: FrameType | None) -> None:
        stop.set()

    signal.signal(signal.SIGTERM, told_to_stop)
    os.set_blocking(pipe.fileno(), True)
    journal = Writer(pipe.fileno(), assignment.name)
    try:
        with _entered(assignment.target) as target:
            _User(assignment, journal).live(target, stop.is_set)
    except Exception as error:
        journal.write("crashed", value=told(error))
        raise


def look(assignment: Assignment, pipe: Connection) -> None:
    """The main function of the last process: opens the database, reads every run, closes.

    Before it reads it waits for runs of dead processes, as long as the target says.
    """
    _settle_in(assignment)
    journal = Writer(pipe.fileno(), assignment.name)
    pipeline = _Pipeline(journal, random.Random(assignment.seed))  # noqa: S311
    with _entered(assignment.target) as target:
        manager = target.open(assignment.database, pipeline)
        _wait_for_recovery(assignment.database, target)
        if isinstance(manager, Reads):
            with contextlib.closing(sqlite3.connect(assignment.database)) as connection:
                rows = connection.execute("SELECT DISTINCT run FROM runfaults_audit").fetchall()
            for (run,) in rows:
                _read(journal, manager, run)
        _close(journal, manager)
    journal.write("looked")


def _wait_for_recovery(database: Path, target: Target) -> None:
    until = time.monotonic() + traits(target).recovers_within
    latest = "SELECT new, max(number) FROM runfaults_audit GROUP BY run"
    while time.monotonic() < until:
        with contextlib.closing(sqlite3.connect(database)) as connection:
            statuses = {new for new, _ in connection.execute(latest)}
        if not statuses & target.vocabulary.active:
            return
        time.sleep(_LOOK_EVERY)


@contextlib.contextmanager
def _entered(name: str) -> Generator[Target]:
    """The target; one with an import path of its own is imported before anything strikes."""
    target = target_named(name)
    if not isinstance(target, Entered):
        yield target
        return
    with target.entered():
        with tempfile.TemporaryDirectory(prefix=prefix(), dir=memory_backed_folder()) as folder:
            target.prepare(Path(folder) / "schema.db")
        yield target


def _ask(
    journal: Writer,
    what: str,
    run: int | None,
    question: Callable[[], _Answer],
    told_as: Callable[[_Answer], object] = str,
) -> _Answer | None:
    """Ask the manager; the question and the answer are in the journal."""
    journal.write(what, "invoke", run)
    try:
        answer = question()
    except Exception as error:  # noqa: BLE001 - the answer to a request may be any error
        journal.write(what, "reply", run, f"raised {told(error)}")
        return None
    known = answer if what == "start" and isinstance(answer, int) else run
    journal.write(what, "reply", known, str(told_as(answer)))
    return answer


def _await_end(database: Path, run: int, terminal: frozenset[str]) -> None:
    """Wait until the audit says that the run has ended; not longer than its worker may last."""
    until = time.monotonic() + _LAST_LOOK
    query = "SELECT new FROM runfaults_audit WHERE run = ? ORDER BY number DESC LIMIT 1"
    while time.monotonic() < until:
        with (
            contextlib.suppress(sqlite3.OperationalError),
            contextlib.closing(sqlite3.connect(database)) as connection,
        ):
            if terminal & set(connection.execute(query, (run,)).fetchone() or ()):
                return
        time.sleep(_PAUSE)


def _close(journal: Writer, manager: Manager) -> None:
    if isinstance(manager, Closes):
        _ask(journal, "close", None, manager.close)


def _read(journal: Writer, manager: Reads, run: int) -> None:
    _ask(journal, "read", run, lambda: manager.status(run))


def _settle_in(assignment: Assignment) -> None:
    """End this process with its parent, and keep the terminal quiet."""
    redact(wanted=assignment.redact)
    if assignment.redact:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        for standard in (1, 2):
            os.dup2(nowhere, standard)
    logging.getLogger().addHandler(logging.NullHandler())
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


class WorkFailedError(RuntimeError):
    """The failure that the pipeline was drawn to end with."""


class _Pipeline:
    """Work whose true ending is in the journal before the manager hears of it."""

    def __init__(self, journal: Writer, rng: random.Random) -> None:
        self._journal = journal
        self._rng = rng

    def __call__(
        self,
        connection: sqlite3.Connection | None,
        run: int | None,
        cancelled: Callable[[], bool] = lambda: False,
        cancel_exception: type[BaseException] | None = None,
        instead: Callable[[], None] | None = None,
        client: Client | None = None,
    ) -> None:
        """Write, wait, look at the cancel event, end as drawn."""
        self._journal.write("pipeline", run=run, value="started")
        try:
            if instead is None:
                self._play(connection, run, cancelled, cancel_exception, client or Client())
            else:
                instead()
        except BaseException as error:
            how = ending_by(error, cancel_exception)
            self._journal.write("pipeline", run=run, value=f"{how} {told(error)}")
            raise
        self._journal.write("pipeline", run=run, value="returned")

    def _play(
        self,
        connection: sqlite3.Connection | None,
        run: int | None,
        cancelled: Callable[[], bool],
        cancel_exception: type[BaseException] | None,
        client: Client,
    ) -> None:
        fails = self._rng.random() < _FAILING
        pause = self._rng.uniform(0, 0.03)
        within = is_begun_for(connection)  # the target's to commit
        for step in ("first", "second"):
            if connection is not None:
                connection.execute("INSERT INTO runfaults_work (step) VALUES (?)", (step,))
                if not within:
                    connection.commit()
                    if step == "second":
                        self._journal.write("work", run=run)
            if client.is_closed_within(pause):
                raise ClientClosedError("the client was closed")
            if cancelled() and cancel_exception is not None:
                raise cancel_exception("the work noticed the cancel")
        if fails:
            raise WorkFailedError("drawn to fail")


class _User:
    """Asks the manager, and writes down each question and each answer."""

    def __init__(self, assignment: Assignment, journal: Writer) -> None:
        self._assignment = assignment
        self._journal = journal
        self._rng = random.Random(assignment.seed)  # noqa: S311
        self._known: list[int] = []
        self._terminal: frozenset[str] = frozenset()

    def live(self, target: Target, stopped: Callable[[], bool]) -> None:
        """Lives of managers, one after the other."""
        self._journal.write("born", value=str(os.getpid()))
        self._terminal = target.vocabulary.terminal
        while not stopped():
            with contextlib.ExitStack() as stack:
                if self._rng.random() < _ELSEWHEN:
                    stack.enter_context(moved_clock(self._rng, self._journal))
                pipeline = _Pipeline(self._journal, random.Random(self._rng.random()))  # noqa: S311
                manager = target.open(self._assignment.database, pipeline)
                for _ in range(self._rng.randint(1, 8)):
                    if stopped():
                        break
                    self._one_round(manager)
                _close(self._journal, manager)
        self._journal.write("left")

    def _one_round(self, manager: Manager) -> None:
        run = _ask(self._journal, "start", None, manager.start)
        if isinstance(run, int):
            self._known.append(run)
            self._follow(manager, run)
        else:
            time.sleep(self._rng.uniform(0, 0.05))
        if isinstance(manager, Reads) and self._known:
            watched = self._rng.choice(self._known[-5:])
            _read(self._journal, manager, watched)

    def _subscribe(self, manager: Signals, run: int) -> Callable[[], str | None] | None:
        """Subscribe; the journal names the subscriber as the answer."""
        me = f"user@{self._assignment.name}"
        return _ask(self._journal, "subscribe", run, lambda: manager.subscribe(run), lambda _: me)

    def _follow(self, manager: Manager, run: int) -> None:
        signals = self._subscribe(manager, run) if isinstance(manager, Signals) else None
        canceller = None
        if isinstance(manager, Cancels) and self._rng.random() < _CANCELLED:
            delay = self._rng.uniform(0, 0.08)
            canceller = threading.Timer(
                delay, lambda: _ask(self._journal, "cancel", run, lambda: manager.cancel(run))
            )
            canceller.start()
        if signals is not None:
            self._journal.write("signal", run=run, value=str(signals()))
        if isinstance(manager, Waits):
            manager.wait(run)
        else:
            _await_end(self._assignment.database, run, self._terminal)
        if canceller is not None:
            canceller.join()
        if isinstance(manager, Reads):
            _read(self._journal, manager, run)
