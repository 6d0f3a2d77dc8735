"""When an operation writes to the disk at all."""

from __future__ import annotations

from runfaults.sqlite.effect import connection_of
from runfaults.sqlite.gate import Call
from runfaults.sqlite.shape import fetches_last_row
from runfaults.sqlite.situation import WRITES, Situation

COMMITS_LATER = "with RETURNING it commits when its last row is fetched"


def commits_later(call: Call, situation: Situation) -> bool:
    """Whether an operation leaves it to a later fetch to commit what it has changed."""
    if situation is Situation.FETCH_OF_CHANGE:
        return not fetches_last_row(call)
    return situation is Situation.AUTOCOMMIT_WRITE and call.statement.returns_rows


def cannot_write(call: Call, situation: Situation) -> str | None:
    """Why this operation writes nothing to the disk; None if it does.

    With a rollback journal a statement writes the journal and COMMIT the database; in WAL mode a
    statement's pages stay in the cache until COMMIT.
    """
    connection = connection_of(call)
    if not connection.path:
        return "the database is in memory: there is no disk"
    journal = connection.journal
    first_writes_journal = journal != "wal" and situation is Situation.AUTOCOMMIT_WRITE
    if commits_later(call, situation) and not first_writes_journal:
        return COMMITS_LATER
    if journal == "wal":
        in_transaction = situation in WRITES - {Situation.AUTOCOMMIT_WRITE}
        return "in WAL mode nothing is written before COMMIT" if in_transaction else None
    if journal != "delete":
        return f"journal mode {journal} was not measured"
    if situation in WRITES - {Situation.LATER_WRITE} and not connection.can_take_write_lock():
        return "another connection holds the write lock: that would be met first"
    return None


def finds_pages_in_cache(call: Call, situation: Situation) -> str | None:
    """Why this operation reads nothing from the disk; None if it may."""
    if situation is Situation.LATER_WRITE and call.statement.defines:
        return "the transaction has the schema's page in its cache"
    if situation is Situation.BEGIN_WRITING and connection_of(call).reading:
        return "the connection reads already: BEGIN finds all it needs in the cache"
    return None
