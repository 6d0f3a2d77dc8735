"""Background runs of the pipeline whose recorded status is true, whatever fails.

How a run ended is decided once, in memory, under the lock that accepts cancels; then it is
recorded, with connections of its own, for as long as that takes; then everything the run held is
released; and then subscribers hear the status that is in the database.
"""

import itertools
import logging
import math
import os
import sqlite3
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from threading import Event, RLock, Thread
from traceback import clear_frames
from typing import Literal, NamedTuple, TypeVar

from genglossary.config import Config
from genglossary.db.connection import (
    database_connection,
    get_connection,
    immediate_transaction,
)
from genglossary.db.runs_repository import (
    TERMINAL_STATUSES,
    RunUpdateResult,
    create_run,
    get_active_run,
    get_current_or_latest_run,
    get_run,
    update_run_status,
    update_run_status_if_active,
)
from genglossary.runs.executor import (
    ExecutionContext,
    PipelineCancelledException,
    PipelineExecutor,
)
from genglossary.runs.failure import describe, traceback_of
from genglossary.runs.log_stream import LogMessage, LogQueue, LogStream
from genglossary.runs.own_connection import commit_rest, discard
from genglossary.runs.ownership import Claim, interrupt_orphans, is_orphaned
from genglossary.runs.retry import RetryPolicy, TransientError, is_transient, persist

logger = logging.getLogger(__name__)

Result = TypeVar("Result")

_ENDED = TERMINAL_STATUSES | {"interrupted"}

_LONGEST_TURN_CHECK = 0.5
"""Seconds between two looks whether the pipeline of an earlier run has ended."""


class _Outcome(NamedTuple):
    status: Literal["completed", "cancelled", "failed"]
    message: str | None = None
    traceback: str | None = None


@dataclass(slots=True)
class _Run:
    claim: Claim
    scope: str
    document_ids: list[int] | None
    cancel_event: Event = field(default_factory=Event)
    id: int = 0  # until its row is inserted
    doubtful: bool = False  # whether the transaction that inserted the row may have been undone
    started_at: datetime | None = None
    thread: Thread | None = None
    previous: Thread | None = None  # the thread of the run before


class RunManager(LogStream):
    """Starts, cancels, watches and records runs: one at a time per database.

    Several managers, in one process or in several, may share a database. A run whose process
    died is recorded as ``interrupted`` by the next manager that meets it.

    Args:
        db_path: The database file.
        doc_root: The folder whose documents the pipeline reads.
        llm_provider: Passed to the executor.
        llm_model: Passed to the executor.
        llm_base_url: Passed to the executor; None if empty.
        late_cancel: What a cancel does that comes when the pipeline has returned: with
            ``completed`` it is refused, and the results count; with ``cancelled`` it is accepted
            until the last uncommitted work is committed.
        retry: How attempts at the database are spaced.

    Raises:
        ValueError: The path names no file that threads and processes can share.
    """

    def __init__(
        self,
        db_path: str,
        doc_root: str = ".",
        llm_provider: str = "ollama",
        llm_model: str = "",
        llm_base_url: str = "",
        *,
        late_cancel: Literal["completed", "cancelled"] = "completed",
        retry: RetryPolicy | None = None,
    ) -> None:
        if not db_path or db_path == ":memory:" or db_path.startswith("file:"):
            raise ValueError(f"Runs need the path of a database file, which {db_path!r} is not.")
        super().__init__()
        self.db_path = db_path
        self.doc_root = doc_root
        self.llm_provider = llm_provider
        self.llm_model = llm_model
        self.llm_base_url = llm_base_url
        self._file = Path(db_path).absolute()  # the same one after a chdir
        self._late_cancel = late_cancel
        self._retry = retry or RetryPolicy()
        # These locks can be taken again by a signal handler that interrupts their holder.
        self._start_run_lock = RLock()
        self._thread: Thread | None = None
        self._closed = False
        # An event is here from before its row can be seen until the outcome is decided: a cancel
        # is accepted exactly if it finds the event. A run is here until its thread takes it.
        self._cancel_events: dict[int, Event] = {}
        self._waiting: dict[int, _Run] = {}
        self._executors: dict[int, PipelineExecutor] = {}
        self._cancel_events_lock = RLock()

    def start_run(
        self,
        scope: str,
        triggered_by: str = "api",
        document_ids: list[int] | None = None,
    ) -> int:
        """Insert a run and start its thread.

        The run is pending as long as the pipeline of an earlier one, cancelled perhaps, works.

        Returns:
            The id of a run that will reach a terminal status.

        Raises:
            RuntimeError: A run of this database is active, in whatever process; or the manager
                is closed; or no thread can be started.
            sqlite3.Error: The database cannot be written.
            OSError: A lock file beside the database cannot be opened.
        """
        run = _Run(Claim(self._file), scope, document_ids)
        try:
            with self._start_run_lock:
                self._require_open()
                end = time.monotonic() + self._retry.start_seconds
                self._patiently(lambda: self._insert(run, triggered_by), run, end)
                self._launch(run)
            return run.id
        except BaseException as error:
            self._give_up(run, error)
            raise

    def cancel_run(self, run_id: int) -> bool:
        """Ask a run of this manager to end, without waiting for it or for the database.

        Closes the executor, so that a call of the pipeline that can be woken ends.

        Returns:
            True if the cancel was accepted: the run will be recorded as cancelled. False if
            the run's outcome is decided already, or it is not a run of this manager.
        """
        with self._cancel_events_lock:
            event = self._cancel_events.get(run_id)
            if event is None:
                return False
            event.set()
            executor = self._executors.get(run_id)
        if executor is not None:
            self._close_executor(executor)
        return True

    def close(self, timeout: float | None = None) -> bool:
        """Accept no more runs and wait until the current one is recorded; it is not cancelled.

        Args:
            timeout: The longest wait in seconds; None waits as long as it takes.

        Returns:
            True if no run is left. Otherwise one goes on, or a start that raises is being
            recorded: that is done if the process lives long enough.
        """
        with self._cancel_events_lock:
            self._closed = True
        end = None if timeout is None else time.monotonic() + timeout
        if not self._start_run_lock.acquire(timeout=-1 if timeout is None else timeout):
            return False
        thread = self._thread
        self._start_run_lock.release()
        try:
            if thread is not None:
                thread.join(None if end is None else max(0, end - time.monotonic()))
        except RuntimeError:
            return False  # Called from the thread itself, or in the midst of its start.
        if thread is not None and thread.is_alive():
            return False
        return self._complete_rest()

    # Looking

    def get_run(self, run_id: int) -> sqlite3.Row | None:
        """Return the run's row, or None if there is none."""
        return self._read(lambda conn: get_run(conn, run_id))

    def get_active_run(self) -> sqlite3.Row | None:
        """Return the row of the run that is active, in whatever process, or None."""
        return self._read(get_active_run)

    def get_current_or_latest_run(self) -> sqlite3.Row | None:
        """Return the row of the active run, or else of the newest one."""
        return self._read(get_current_or_latest_run)

    def _read(
        self, query: Callable[[sqlite3.Connection], sqlite3.Row | None]
    ) -> sqlite3.Row | None:
        with database_connection(str(self._file)) as conn:
            row = query(conn)
            if row is None or row["status"] in _ENDED or not is_orphaned(self._file):
                return row
            try:
                with immediate_transaction(conn):
                    interrupt_orphans(conn, self._file)
            except (sqlite3.Error, MemoryError, OSError) as error:
                logger.warning("Recovery is left to the next look: %s", describe(error))
                return row
            return query(conn)

    # Log stream

    def register_subscriber(self, run_id: int) -> LogQueue:
        """Return a queue of the run's log lines, ended by one completion signal.

        A run that has ended gives its signal at once. So does one of another manager, without a
        status if it is active: its lines cannot be heard here.

        Raises:
            sqlite3.Error: The database cannot be read; nothing is registered.
        """
        queue, sure = self._subscribe(run_id)
        if sure:
            return queue
        try:
            row = self.get_run(run_id)
        except BaseException:
            self.unregister_subscriber(run_id, queue)
            raise
        if row is not None or self._is_closed():
            status = row["status"] if row is not None and row["status"] in _ENDED else None
            self._end_subscription(run_id, queue, status)
        return queue

    def _is_closed(self) -> bool:
        with self._cancel_events_lock:
            return self._closed

    # Starting

    def _require_open(self) -> None:
        if self._is_closed():
            raise RuntimeError("This run manager is closed: make another one.")

    def _insert(self, run: _Run, triggered_by: str) -> None:
        with database_connection(str(self._file)) as conn:
            if not run.doubtful:
                # Before the write lock, which the pipeline of an active run may hold for long.
                self._refuse_second(conn)
            with immediate_transaction(conn):
                if not (run.doubtful and run.claim.is_newest() and get_run(conn, run.id)):
                    interrupt_orphans(conn, self._file)
                    self._refuse_second(conn)
                    self._create(conn, run, triggered_by)
        run.doubtful = False

    def _refuse_second(self, conn: sqlite3.Connection) -> None:
        active = get_active_run(conn)
        if active is not None and not is_orphaned(self._file):
            raise RuntimeError(f"Run already running: {active['id']}")

    def _create(self, conn: sqlite3.Connection, run: _Run, triggered_by: str) -> None:
        if not run.claim.announce():
            raise TransientError("Another process is looking for orphans: try again.")
        self._forget(run)
        self._withdraw(run)
        run.id = create_run(conn, scope=run.scope, triggered_by=triggered_by)
        run.doubtful = True
        # Known here before it can be seen there: no cancel comes too early.
        with self._cancel_events_lock:
            self._waiting[run.id] = run
            self._cancel_events[run.id] = run.cancel_event
        self._open_log(run.id)

    def _launch(self, run: _Run) -> None:
        run.previous = self._thread
        run.thread = Thread(
            target=self._execute_run, args=(run.id, run.scope, run.document_ids), daemon=True
        )
        self._thread = run.thread
        self._require_open()
        run.thread.start()

    def _give_up(self, run: _Run, error: BaseException) -> None:
        """Leave no active row behind a start that raised."""
        with self._cancel_events_lock:
            waiting = self._waiting.get(run.id) is run
            begun = run.thread is not None and not waiting
            if not begun:
                self._forget(run)
                if run.thread is not None and self._thread is run.thread:
                    self._thread = run.previous
        if run.id == 0:
            run.claim.release()
        elif begun:
            self.cancel_run(run.id)
        else:
            self._conclude(run, _failed(error, "Failed to start execution thread"))

    # Running

    def _execute_run(self, run_id: int, scope: str, document_ids: list[int] | None = None) -> None:
        with self._cancel_events_lock:
            event = self._cancel_events.get(run_id)
            run = self._waiting.pop(run_id, None)
        if event is None:
            return  # start_run has given the run up, and records that.
        if run is None:
            run = _Run(Claim(self._file), scope, document_ids, event, run_id)
        try:
            self._perform(run)
            outcome = _Outcome("completed")
        except PipelineCancelledException:
            outcome = _Outcome("cancelled")
            clear_frames(sys.exc_info()[2])
        except BaseException as error:  # noqa: BLE001 - whatever it is, it is how the run ended
            outcome = _failed(error)
            # The error may be kept somewhere, and it the pipeline's cursors, and they their locks.
            # It is asked for nothing here: its attributes may raise.
            clear_frames(sys.exc_info()[2])
        self._conclude(run, outcome)
        if run.previous is not None:
            run.previous.join()  # So the newest thread is the last to end.

    def _perform(self, run: _Run) -> None:
        self._await_turn(run)
        conn = self._patiently(lambda: self._begin(run), run)
        try:
            self._run_pipeline(conn, run)
            commit_rest(
                conn,
                self._retry,
                wanted=lambda: not run.cancel_event.is_set(),
                on_delay=self._delay("commit the work", run),
            )
        finally:
            discard(conn)

    def _await_turn(self, run: _Run) -> None:
        """Wait until the pipeline of an earlier run, cancelled perhaps, has ended."""
        for attempt in itertools.count(1):
            if self._patiently(run.claim.take_turn, run):
                return
            if attempt == 1:
                self._tell(run.id, "info", "Waiting until the run before has ended")
            if run.cancel_event.wait(min(self._retry.wait_after(attempt), _LONGEST_TURN_CHECK)):
                raise PipelineCancelledException

    def _begin(self, run: _Run) -> sqlite3.Connection:
        if run.cancel_event.is_set():
            raise PipelineCancelledException
        conn = get_connection(str(self._file))
        try:
            with immediate_transaction(conn):
                row = get_run(conn, run.id)
                cancelled = row is None or row["status"] in _ENDED
                if not cancelled:
                    run.started_at = datetime.now(UTC)
                    update_run_status(conn, run.id, "running", started_at=run.started_at)
        except BaseException:
            discard(conn)
            raise
        if cancelled:
            discard(conn)
            raise PipelineCancelledException
        return conn

    def _run_pipeline(self, conn: sqlite3.Connection, run: _Run) -> None:
        def log(message: LogMessage) -> None:
            self._broadcast_log(run.id, message)

        executor = self._make_executor()
        process = os.getpid()
        with self._cancel_events_lock:
            self._executors[run.id] = executor
        try:
            if run.cancel_event.is_set():
                raise PipelineCancelledException
            executor.execute(
                conn,
                run.scope,
                ExecutionContext(run_id=run.id, log_callback=log, cancel_event=run.cancel_event),
                doc_root=self.doc_root,
                document_ids=run.document_ids,
            )
            if self._late_cancel == "completed":
                self._forget(run)
        finally:
            if os.getpid() != process:
                # A child that the pipeline forked: the run and its connection are the parent's.
                os._exit(1)
            with self._cancel_events_lock:
                self._executors.pop(run.id, None)
            self._close_executor(executor)

    def _make_executor(self) -> PipelineExecutor:
        return PipelineExecutor(
            provider=self.llm_provider,
            model=self.llm_model,
            base_url=self.llm_base_url or None,
            llm_debug=Config().llm_debug,
            debug_dir=str(self._file.parent / "llm-debug"),
        )

    def _close_executor(self, executor: PipelineExecutor) -> None:
        try:
            executor.close()
        except Exception as error:  # noqa: BLE001 - the work itself is done, or has failed
            logger.debug("Closing the executor failed: %s", describe(error))

    # Ending

    def _decide(self, run: _Run, ending: _Outcome) -> _Outcome:
        """Settle the outcome: a cancel that was accepted wins over any ending of the pipeline."""
        with self._cancel_events_lock:
            self._forget(run)
            return _Outcome("cancelled") if run.cancel_event.is_set() else ending

    def _conclude(self, run: _Run, ending: _Outcome) -> None:
        """Decide, record, release, tell."""
        status = None
        try:
            outcome = self._decide(run, ending)
            status = self._record(run, outcome)
            if outcome.status == "failed":
                logger.error("Run %d failed: %s\n%s", run.id, outcome.message, outcome.traceback)
                told = f"Run failed: {outcome.message}"
                self._tell(run.id, "error", told, traceback=outcome.traceback)
        finally:
            run.claim.release()
            if run.doubtful and status is None:
                self._withdraw(run)
            else:
                self._cleanup_run_resources(
                    run.id, db_status=status, status_update_failed=status is None
                )

    def _withdraw(self, run: _Run) -> None:
        """Forget a run whose row has never come to be; its id may be another run's by now."""
        with self._cancel_events_lock:
            if run.id not in self._cancel_events:
                self._close_log(run.id)
        if self._is_closed():
            self._complete_rest()

    def _record(self, run: _Run, outcome: _Outcome) -> str | None:
        """Write the outcome; return only when the row is terminal, or gone.

        The run's own connection is closed by now: the lock of a transaction left open on it, or
        of a commit that met a lock, would keep these attempts waiting for ever.

        Returns:
            The terminal status that is in the database, which may be one that another writer
            wrote first, or None if the row is gone.
        """
        delay = self._delay(f"update {outcome.status} status", run)
        tried = False

        def once() -> str | None:
            if not self._file.is_file():
                return None
            with database_connection(str(self._file)) as conn:
                conn.execute("BEGIN IMMEDIATE")
                if run.doubtful and not run.claim.is_newest():
                    return None
                now = datetime.now(UTC)
                end = max(now, run.started_at or now)  # the clock may have been set back
                result = update_run_status_if_active(
                    conn, run.id, outcome.status, outcome.message, finished_at=end
                )
                if result is RunUpdateResult.UPDATED:
                    conn.commit()
                    return outcome.status
                # A commit can meet a lock even if it changes nothing: closing undoes nothing.
                row = get_run(conn, run.id)
            status = None if row is None else row["status"]
            if not tried or status != outcome.status:
                found = "run not found" if row is None else "run not in expected state"
                self._tell(run.id, "info", f"{outcome.status.capitalize()} skipped: {found}")
            return status

        def on_trouble(number: int, error: Exception) -> None:
            nonlocal tried
            tried = True
            delay(number, error)

        try:
            return persist(
                once, self._retry, again=lambda error: not _is_gone(error), on_trouble=on_trouble
            )
        except sqlite3.Error:
            return None

    def _cleanup_run_resources(
        self, run_id: int, db_status: str | None = None, *, status_update_failed: bool = False
    ) -> None:
        with self._cancel_events_lock:
            self._cancel_events.pop(run_id, None)
        self._complete(run_id, db_status, status_update_failed=status_update_failed)

    def _forget(self, run: _Run) -> None:
        """Accept no cancel of the run from now on."""
        with self._cancel_events_lock:
            # An insert that was undone may have lost its id to another run.
            if self._cancel_events.get(run.id) is run.cancel_event:
                del self._cancel_events[run.id]
            if self._waiting.get(run.id) is run:
                del self._waiting[run.id]

    # Retrying

    def _patiently(self, action: Callable[[], Result], run: _Run, end: float = math.inf) -> Result:
        return persist(
            action,
            self._retry,
            again=lambda error: is_transient(error) and time.monotonic() < end,
            attempts=self._retry.start_attempts,
            on_trouble=self._delay("start", run),
        )

    def _delay(self, what: str, run: _Run) -> Callable[[int, Exception], None]:
        def on_trouble(number: int, error: Exception) -> None:
            if number & (number - 1):
                return  # At attempts 1, 2, 4, 8...: a long delay needs few words.
            message = f"Failed to {what}: {describe(error)}; trying again"
            logger.warning("Run %d: %s (attempt %d)", run.id, message, number)
            self._tell(run.id, "warning", message)

        return on_trouble


def _failed(error: BaseException, prefix: str | None = None) -> _Outcome:
    return _Outcome("failed", describe(error, prefix), traceback_of(error))


def _is_gone(error: Exception) -> bool:
    """Tell whether the table of runs is gone, because another file took the database's place."""
    return getattr(
        error, "sqlite_errorcode", None
    ) == sqlite3.SQLITE_ERROR and "no such table" in str(error)
