"""The connection that a pipeline was given: what is left on it, and how to get rid of it."""

import logging
import sqlite3
from collections.abc import Callable

from genglossary.runs.retry import RetryPolicy, is_transient, persist

logger = logging.getLogger(__name__)

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


def discard(conn: sqlite3.Connection) -> None:
    """Roll back whatever is open and close, whatever either of them raises.

    A rollback that raises keeps its transaction, and the transaction its lock, so the close is
    due all the more. Errors are logged as text: a logged exception would keep frames alive, and
    with them cursors whose locks outlive the connection.
    """
    for step in (conn.rollback, conn.close):
        try:
            step()
        except Exception as error:  # noqa: BLE001 - nothing more can be done with it
            logger.debug("%s failed: %s: %s", step.__name__, type(error).__name__, str(error))


def commit_rest(
    conn: sqlite3.Connection,
    policy: RetryPolicy,
    *,
    wanted: Callable[[], bool],
    on_delay: Callable[[int, Exception], None],
) -> None:
    """Commit what a pipeline that succeeded has left uncommitted, waiting for locks to go.

    Args:
        conn: The run's own connection.
        policy: How long to wait between attempts.
        wanted: Tells whether the work is still wanted; if not, nothing is committed.
        on_delay: Hears the number of an attempt that failed, from 1, and its error.

    Raises:
        sqlite3.Error: The work cannot be committed, and is lost.
    """

    def once() -> None:
        if _in_transaction(conn) and wanted():
            conn.commit()

    def again(error: Exception) -> bool:
        # An open transaction has lost nothing. A cursor that the pipeline left in the middle of
        # its rows is also reported as busy, but no other thread will ever finish it.
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
