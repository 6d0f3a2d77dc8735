"""Runs whose process died: found by the owner lock, recorded as interrupted, never as failed."""

import logging
import sqlite3
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

from genglossary.db.connection import immediate_transaction
from genglossary.db.runs_repository import get_active_run, interrupt_active_runs
from genglossary.db.schema import initialize_db
from genglossary.runs.outcome import describe_error
from genglossary.runs.ownership import Ownership

logger = logging.getLogger(__name__)


def record_interrupted(conn: sqlite3.Connection) -> int:
    """Record every active run as interrupted and return how many there were.

    The caller holds the ownership, so whoever ran them is dead, and owns the transaction.
    """
    return interrupt_active_runs(
        conn, "The process that ran this ended before it could record how the run went."
    )


def recover(
    db_path: str | Path, connect: Callable[[], AbstractContextManager[sqlite3.Connection]]
) -> bool:
    """Record active runs as interrupted if their owner is certainly dead.

    Makes one attempt and waits no longer than one statement does for a lock: whoever meets the
    run next tries again.

    Returns:
        True if no active run of a dead process is left.
    """
    ownership = Ownership(db_path)
    try:
        if not ownership.acquire():
            return False
        with connect() as conn:
            if get_active_run(conn) is None:
                return True  # It ended between the caller's look and now.
            initialize_db(conn)
            with immediate_transaction(conn):
                record_interrupted(conn)
    except (sqlite3.Error, MemoryError, OSError) as error:
        logger.warning("Recovery is left to the next call: %s", describe_error(error))
        return False
    finally:
        ownership.release()
    return True
