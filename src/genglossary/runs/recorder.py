"""Getting decided things into the database, however long a lock or a disk error lasts."""

import sqlite3
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass

from genglossary.db.runs_repository import RunUpdateResult, get_run
from genglossary.runs.outcome import Outcome
from genglossary.runs.retry import RetryPolicy, is_transient, persist

OnDelay = Callable[[int, Exception], None]
"""Hears the number of an attempt that failed, from 1, and its error."""

# Codes that a commit raises, leaving no transaction open, when the data is in the database all
# the same: interrupted, or unable to sync the folder or to find the journal, after the point at
# which the transaction had become durable.
_RAISED_AFTER_COMMIT = frozenset(
    {
        sqlite3.SQLITE_INTERRUPT,
        sqlite3.SQLITE_IOERR_DIR_FSYNC,
        sqlite3.SQLITE_IOERR_DELETE_NOENT,
    }
)


@dataclass(frozen=True, slots=True)
class Recorder:
    """Writes outcomes, with a new connection for each attempt.

    Attributes:
        connect: Opens a connection that is rolled back and closed on leaving.
        policy: How long to wait between attempts.
    """

    connect: Callable[[], AbstractContextManager[sqlite3.Connection]]
    policy: RetryPolicy

    def record(
        self,
        run_id: int,
        outcome: Outcome,
        write: Callable[[sqlite3.Connection], RunUpdateResult],
        on_delay: OnDelay,
    ) -> str | None:
        """Write a run's outcome; return only when the row is terminal, or gone.

        The run's own connection must be closed by now: the lock of a transaction left open on
        it, or of a commit that met a lock, would keep these attempts waiting for ever.

        Args:
            run_id: The run.
            outcome: What was decided.
            write: The conditional update. It does nothing to a row that is terminal already,
                so a second attempt is harmless when the first one's commit raised but took
                effect.
            on_delay: Hears of each attempt that failed.

        Returns:
            The terminal status that is in the database, which may be one that somebody else
            wrote first, or None if the row is gone.
        """

        def once() -> str | None:
            with self.connect() as conn:
                conn.execute("BEGIN IMMEDIATE")
                if write(conn):
                    conn.commit()
                    return outcome.status
                # A commit can meet a lock even if it changes nothing, so this is left to the
                # rollback that comes with leaving.
                row = get_run(conn, run_id)
                return None if row is None else row["status"]

        return persist(once, self.policy, again=lambda _error: True, on_trouble=on_delay)


def commit_rest(
    conn: sqlite3.Connection,
    policy: RetryPolicy,
    *,
    wanted: Callable[[], bool],
    on_delay: OnDelay,
) -> None:
    """Commit what a pipeline that succeeded has left uncommitted, waiting for locks to go.

    Args:
        conn: The run's own connection.
        policy: How long to wait between attempts.
        wanted: Tells whether the work is still wanted; if not, nothing is committed.
        on_delay: Hears of each attempt that failed.

    Raises:
        sqlite3.Error: The work cannot be committed, and is lost.
    """

    def once() -> None:
        if _in_transaction(conn) and wanted():
            conn.commit()

    def again(error: Exception) -> bool:
        # An open transaction has lost nothing. A cursor that the pipeline left in the middle of
        # its rows is also reported as busy, but nobody else will ever finish it.
        return _in_transaction(conn) and is_transient(error) and "in progress" not in str(error)

    try:
        persist(once, policy, again=again, on_trouble=on_delay)
    except sqlite3.Error as error:
        code: int | None = getattr(error, "sqlite_errorcode", None)
        if _in_transaction(conn) or code not in _RAISED_AFTER_COMMIT:
            raise


def _in_transaction(conn: sqlite3.Connection) -> bool:
    try:
        return conn.in_transaction
    except sqlite3.ProgrammingError:
        return False  # The pipeline has closed it.
