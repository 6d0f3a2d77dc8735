"""Background runs of the pipeline whose recorded status is true, whatever fails.

The rules this module keeps are in ``docs/architecture/status-contract.md``. In short: how a run
ended is decided once, in memory, under the lock that accepts cancels; then it is recorded, with
connections of its own, for as long as that takes; then everything the run held is released; and
then subscribers hear the status that is in the database.
"""

import logging
import sqlite3
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from threading import Event, Lock, Thread
from traceback import clear_frames
from types import TracebackType
from typing import Self, TypeVar

from genglossary.db import runs_repository
from genglossary.db.connection import (
    database_connection,
    discard,
    get_connection,
    immediate_transaction,
)
from genglossary.db.runs_repository import (
    ACTIVE_STATUSES,
    RunUpdateResult,
    cancel_run,
    complete_run_if_not_cancelled,
    update_run_status,
    update_run_status_if_active,
)
from genglossary.db.schema import initialize_db
from genglossary.runs.executor import (
    ExecutionContext,
    PipelineCancelledException,
    PipelineExecutor,
)
from genglossary.runs.log_stream import LogMessage, LogQueue, LogStream, ending_of, summary
from genglossary.runs.outcome import CANCELLED, COMPLETED, Outcome, decide, describe_error, failed
from genglossary.runs.ownership import Ownership
from genglossary.runs.recorder import OnDelay, Recorder, commit_rest
from genglossary.runs.recovery import record_interrupted, recover
from genglossary.runs.retry import RetryPolicy, TransientError, is_transient, persist

logger = logging.getLogger(__name__)

Result = TypeVar("Result")


@dataclass(slots=True)
class _Run:
    scope: str
    document_ids: Sequence[int] | None
    ownership: Ownership
    cancel_event: Event
    id: int = 0  # until the row is inserted


class RunManager:
    """Starts, cancels, watches and records runs: one at a time per database.

    Several managers, in one process or in several, may share a database. Making a manager
    records as ``interrupted`` a run whose process died; should the database be locked just
    then, the next call that meets the run does it.

    Args:
        db_path: The database file; made, and brought up to date, when a run starts.
        doc_root: The folder whose documents the pipeline reads.
        llm_provider: Passed to the executor.
        llm_model: Likewise.
        llm_base_url: Likewise.
        executor_factory: Makes the executor of each run; by default a `PipelineExecutor`.
        retry: How attempts at the database are spaced.
    """

    MAX_LOG_QUEUE_SIZE = 1000

    def __init__(
        self,
        db_path: str | Path,
        doc_root: str | Path = ".",
        llm_provider: str = "ollama",
        llm_model: str = "",
        llm_base_url: str = "",
        *,
        executor_factory: Callable[[], PipelineExecutor] | None = None,
        retry: RetryPolicy | None = None,
    ) -> None:
        self.db_path = str(db_path)
        self.doc_root = str(doc_root)
        self.llm_provider = llm_provider
        self.llm_model = llm_model
        self.llm_base_url = llm_base_url
        self._executor_factory = executor_factory
        self._retry = retry or RetryPolicy()
        # An event is here from before its row is inserted until its run's outcome is decided:
        # a cancel is accepted exactly if it finds the event.
        self._cancel_events: dict[int, Event] = {}
        self._cancel_events_lock = Lock()
        self._log_stream = LogStream(self.MAX_LOG_QUEUE_SIZE)
        self._subscribers = self._log_stream.subscribers
        self._subscribers_lock = self._log_stream.lock
        self._thread: Thread | None = None
        self._thread_lock = Lock()
        self._closed = False
        self._recover_at_start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def close(self, timeout: float | None = None) -> bool:
        """Accept no more runs and wait until the current one is recorded; it is not cancelled.

        Args:
            timeout: The longest wait in seconds; None waits as long as it takes.

        Returns:
            True if no run is left. Otherwise the run goes on, and is recorded if the process
            lives long enough.
        """
        with self._thread_lock:
            self._closed = True
            thread = self._thread
        if thread is not None:
            thread.join(timeout)
        self._log_stream.complete_waiting("The run manager was closed.")
        return thread is None or not thread.is_alive()

    def start_run(
        self,
        scope: str,
        triggered_by: str = "api",
        document_ids: Sequence[int] | None = None,
    ) -> int:
        """Insert a run and start its thread.

        Returns:
            The id of a run that will reach a terminal status.

        Raises:
            RuntimeError: A run of this database is active, in whatever process; or the manager
                is closed; or no thread can be started. No active row is left behind.
            sqlite3.Error: The database cannot be written. No active row is left behind.
            OSError: The owner lock beside the database cannot be had. Likewise.
        """
        if self._closed:
            raise RuntimeError("This run manager is closed: make another one.")
        run = _Run(scope, document_ids, Ownership(self.db_path), Event())
        try:
            self._patiently(lambda: self._claim(run), run)
            self._patiently(lambda: self._insert(run, triggered_by), run)
            self._launch(run)
        except BaseException as error:
            self._conclude(run, failed(error))
            raise
        return run.id

    def cancel_run(self, run_id: int) -> bool:
        """Ask a run of this manager to end, without waiting for it or for the database.

        Returns:
            True if the cancel was accepted: the run will be recorded as cancelled. False if
            the run's outcome is decided already, or it is not a run of this manager.
        """
        with self._cancel_events_lock:
            event = self._cancel_events.get(run_id)
            if event is not None:
                event.set()
            return event is not None

    def get_run(self, run_id: int) -> sqlite3.Row | None:
        """Return the run's row, or None if there is none."""
        return self._read(lambda conn: runs_repository.get_run(conn, run_id))

    def get_active_run(self) -> sqlite3.Row | None:
        """Return the row of the run that is active, in whatever process, or None."""
        return self._read(runs_repository.get_active_run)

    def get_current_or_latest_run(self) -> sqlite3.Row | None:
        """Return the row of the active run, or else of the newest one."""
        return self._read(runs_repository.get_current_or_latest_run)

    def register_subscriber(self, run_id: int) -> LogQueue:
        """Return a queue of the run's log lines, ended by one completion signal.

        See `genglossary.runs.log_stream` for what is in it. A run that has ended gives its
        signal at once. A run of another process gives a signal with status None at once, as
        its lines cannot be followed from here. For a run that does not exist the queue waits
        until it does, or until the manager is closed.

        Raises:
            sqlite3.Error: The database cannot be read; nothing is registered.
        """
        queue, is_open = self._log_stream.subscribe(run_id)
        if not is_open:
            try:
                row = self.get_run(run_id)
            except BaseException:
                self.unregister_subscriber(run_id, queue)
                raise
            if row is not None:
                self._log_stream.complete_latecomer(run_id, queue, *ending_of(row))
        return queue

    def unregister_subscriber(self, run_id: int, queue: LogQueue) -> None:
        """Send nothing more to the queue; without effect if it is not registered."""
        self._log_stream.unsubscribe(run_id, queue)

    def _broadcast_log(self, run_id: int, message: LogMessage) -> None:
        self._log_stream.broadcast(run_id, message)

    # Starting

    def _claim(self, run: _Run) -> None:
        if run.ownership.acquire():
            return
        with self._connect() as conn:
            initialize_db(conn)
            active = runs_repository.get_active_run(conn)
        if active is not None:
            raise RuntimeError(
                f"Run {active['id']} of this database is {active['status']}: "
                "wait until it has ended, or cancel it."
            )
        raise TransientError("Another run of this database is just starting or ending: try again.")

    def _insert(self, run: _Run, triggered_by: str) -> None:
        with self._connect() as conn:
            initialize_db(conn)
            if run.id and runs_repository.get_run(conn, run.id) is not None:
                return  # The commit of an earlier attempt raised, but took effect.
            with immediate_transaction(conn):
                # The owner is the only one who inserts, so these are of processes that died.
                record_interrupted(conn)
                run.id = runs_repository.create_run(conn, run.scope, triggered_by)
                # Known here before it can be seen there: no cancel or subscriber comes too early.
                self._log_stream.open(run.id)
                with self._cancel_events_lock:
                    self._cancel_events[run.id] = run.cancel_event

    def _launch(self, run: _Run) -> None:
        with self._thread_lock:
            if self._closed:
                raise RuntimeError("This run manager was closed before the run could start.")
            if self._thread is not None:
                # It has released its ownership: at most its signal is still to be given.
                self._thread.join()
            thread = Thread(
                target=self._execute_run, args=(run,), name=f"run-{run.id}", daemon=True
            )
            thread.start()
            self._thread = thread

    # Running

    def _execute_run(self, run: _Run) -> None:
        try:
            self._perform(run)
            ending = COMPLETED
        except BaseException as error:  # noqa: BLE001 - whatever it is, it is how the run ended
            cancelled = isinstance(error, PipelineCancelledException)
            ending = CANCELLED if cancelled else failed(error)
            # Somebody may keep the error, and it the pipeline's cursors, and they their locks.
            clear_frames(error.__traceback__)
        self._conclude(run, ending)

    def _perform(self, run: _Run) -> None:
        conn = self._patiently(lambda: self._begin(run), run)
        try:
            self._run_pipeline(run, conn)
            commit_rest(
                conn,
                self._retry,
                wanted=lambda: not run.cancel_event.is_set(),
                on_delay=self._delay("Committing the work of", run),
            )
        finally:
            discard(conn)

    def _begin(self, run: _Run) -> sqlite3.Connection:
        if run.cancel_event.is_set():
            raise PipelineCancelledException("Cancelled before the pipeline started.")
        with ExitStack() as stack:
            conn = get_connection(self.db_path)
            stack.callback(discard, conn)
            with immediate_transaction(conn):
                if not update_run_status(conn, run.id, "running", started_at=datetime.now(UTC)):
                    raise PipelineCancelledException("The row is not active any more.")
            stack.pop_all()
        return conn

    def _run_pipeline(self, run: _Run, conn: sqlite3.Connection) -> None:
        def log(message: LogMessage) -> None:
            self._broadcast_log(run.id, {"run_id": run.id, "level": "info", **message})

        executor = self._make_executor()
        try:
            executor.execute(
                conn,
                run.scope,
                ExecutionContext(run.id, log, run.cancel_event),
                doc_root=self.doc_root,
                document_ids=run.document_ids,
            )
        finally:
            try:
                executor.close()
            except Exception as error:  # noqa: BLE001 - the work itself is done, or has failed
                logger.warning("Closing the executor failed: %s", describe_error(error))

    def _make_executor(self) -> PipelineExecutor:
        if self._executor_factory is not None:
            return self._executor_factory()
        return PipelineExecutor(
            provider=self.llm_provider, model=self.llm_model, base_url=self.llm_base_url
        )

    # Ending

    def _conclude(self, run: _Run, ending: Outcome) -> None:
        """Decide, record, release, tell."""
        status, message = None, f"Run {run.id} ended without a record of how."
        try:
            with self._cancel_events_lock:
                outcome = decide(ending, cancel_accepted=run.cancel_event.is_set())
                self._cancel_events.pop(run.id, None)
            if run.id:
                status = Recorder(self._connect, self._retry).record(
                    run.id,
                    outcome,
                    lambda conn: self._write(conn, run.id, outcome),
                    self._delay("Recording the outcome of", run),
                )
                message = summary(run.id, status, outcome.message)
                logger.info(message)
        finally:
            run.ownership.release()
            self._log_stream.complete(run.id, status, message)

    def _write(self, conn: sqlite3.Connection, run_id: int, outcome: Outcome) -> RunUpdateResult:
        if outcome.status == "completed":
            return complete_run_if_not_cancelled(conn, run_id)
        if outcome.status == "cancelled":
            return cancel_run(conn, run_id)
        return update_run_status_if_active(
            conn, run_id, outcome.status, error_message=outcome.message
        )

    # Retrying and reading

    def _connect(self) -> AbstractContextManager[sqlite3.Connection]:
        return database_connection(self.db_path)

    def _patiently(self, action: Callable[[], Result], run: _Run) -> Result:
        return persist(
            action,
            self._retry,
            again=is_transient,
            attempts=self._retry.start_attempts,
            on_trouble=self._delay("Starting", run),
        )

    def _delay(self, what: str, run: _Run) -> OnDelay:
        def on_delay(number: int, error: Exception) -> None:
            if number & (number - 1):
                return  # At attempts 1, 2, 4, 8...: a long delay needs few words.
            name = f"run {run.id}" if run.id else "a run"
            message = f"{what} {name} is delayed: {describe_error(error)}"
            logger.warning("%s (attempt %d)", message, number)
            self._broadcast_log(run.id, {"run_id": run.id, "level": "warning", "message": message})

        return on_delay

    def _read(
        self, query: Callable[[sqlite3.Connection], sqlite3.Row | None]
    ) -> sqlite3.Row | None:
        with self._connect() as conn:
            row = query(conn)
        active = row is not None and row["status"] in ACTIVE_STATUSES
        if active and recover(self.db_path, self._connect):
            with self._connect() as conn:
                row = query(conn)
        return row

    def _recover_at_start(self) -> None:
        try:
            if Path(self.db_path).exists():
                self.get_active_run()
        except (sqlite3.Error, MemoryError, OSError) as error:
            logger.info("Recovery is left to the next call: %s", describe_error(error))
