"""Connections and transactions that leave no lock behind, whatever fails.

A lock of SQLite belongs to a transaction, and a transaction to a connection: only a rollback
or a close is sure to release it. Everything here therefore ends in one of the two.
"""

import logging
import sqlite3
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

logger = logging.getLogger(__name__)

BUSY_TIMEOUT_SECONDS = 5.0
"""How long one statement waits for a lock before it raises ``database is locked``."""


def get_connection(
    db_path: str | Path, *, busy_timeout: float = BUSY_TIMEOUT_SECONDS
) -> sqlite3.Connection:
    """Open the database, making its parent folders.

    Args:
        db_path: The database file, or ``:memory:``.
        busy_timeout: Seconds that a statement waits for another connection's lock.

    Returns:
        A connection with foreign keys on and `sqlite3.Row` rows, usable from any one thread
        at a time.

    Raises:
        sqlite3.Error: The file cannot be opened; no connection is left open.
        OSError: The parent folder cannot be made.
    """
    if str(db_path) != ":memory:":
        Path(db_path).parent.mkdir(parents=True, exist_ok=True)
    conn = sqlite3.connect(str(db_path), timeout=busy_timeout, check_same_thread=False)
    try:
        conn.row_factory = sqlite3.Row
        conn.execute("PRAGMA foreign_keys = ON")
    except BaseException:
        discard(conn)
        raise
    return conn


def discard(conn: sqlite3.Connection) -> None:
    """Roll back whatever is open and close, whatever either of them raises.

    A rollback that raises keeps its transaction, and the transaction its lock, so the close is
    due all the more. Errors are logged as text: a logged exception would keep frames alive, and
    with them cursors whose locks outlive the connection.
    """
    try:
        conn.rollback()
    except Exception as error:  # noqa: BLE001 - the close below is what matters
        logger.warning("Rolling back failed: %s: %s", type(error).__name__, str(error))
    finally:
        try:
            conn.close()
        except Exception as error:  # noqa: BLE001 - nothing more can be done with it
            logger.warning("Closing failed: %s: %s", type(error).__name__, str(error))


@contextmanager
def database_connection(db_path: str | Path) -> Generator[sqlite3.Connection, None, None]:
    """Open the database for the length of a ``with`` block.

    What the block leaves uncommitted is rolled back.
    """
    conn = get_connection(db_path)
    try:
        yield conn
    finally:
        discard(conn)


@contextmanager
def transaction(conn: sqlite3.Connection) -> Generator[sqlite3.Connection, None, None]:
    """Commit the block's work if it ends, roll it back if it raises.

    Inside an open transaction the block is a savepoint of it, so transactions nest.
    """
    if conn.in_transaction:
        yield from _savepoint(conn)
    else:
        conn.execute("BEGIN")
        yield from _until_commit(conn)


@contextmanager
def immediate_transaction(conn: sqlite3.Connection) -> Generator[sqlite3.Connection, None, None]:
    """Like `transaction`, with the write lock taken at the start.

    So nothing that the block reads can change before it writes.

    Raises:
        sqlite3.OperationalError: Another connection writes, or a transaction is open already.
    """
    conn.execute("BEGIN IMMEDIATE")
    yield from _until_commit(conn)


def _until_commit(conn: sqlite3.Connection) -> Generator[sqlite3.Connection, None, None]:
    try:
        yield conn
        conn.commit()
    except BaseException as error:
        try:
            conn.rollback()
        except Exception as failure:  # noqa: BLE001 - the first error is the one to hear of
            error.add_note(f"The rollback failed too: {type(failure).__name__}: {failure}")
        raise


def _savepoint(conn: sqlite3.Connection) -> Generator[sqlite3.Connection, None, None]:
    # A name may repeat: SQLite takes the innermost savepoint of that name.
    conn.execute("SAVEPOINT nested")
    try:
        yield conn
        conn.execute("RELEASE nested")
    except BaseException as error:
        try:
            conn.execute("ROLLBACK TO nested")
            conn.execute("RELEASE nested")
        except Exception as failure:  # noqa: BLE001 - the first error is the one to hear of
            error.add_note(f"The rollback failed too: {type(failure).__name__}: {failure}")
        raise
