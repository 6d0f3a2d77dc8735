"""How many rows a statement can change: decides what a full disk undoes."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing

from runfaults.sqlite.engine import statement_on
from runfaults.sqlite.gate import Call
from runfaults.sqlite.observed import Observed
from runfaults.sqlite.statement import Statement


def surely_changes_one_row(connection: Observed, statement: Statement) -> bool:
    """Whether the statement changes one row at most, without triggers and foreign keys.

    SQLite then does without a statement journal (SQLite source, `sqlite3BeginWriteOperation`), and
    an error in its middle can only be undone by undoing the whole transaction. For other
    statements that depends on the constraints which they could violate.
    """
    # With RETURNING it always has one.
    return not statement.returns_rows and _asked(connection, statement, _surely_changes_one_row)


def fetches_last_row(call: Call) -> bool:
    """Whether a fetch gets the last row of `RETURNING`, with which its statement ends."""
    assert call.cursor is not None
    return call.cursor.all_wanted or returns_one_row(call)


def returns_one_row(call: Call) -> bool:
    """Whether `RETURNING` surely returns one row at most."""
    assert call.connection is not None
    return _asked(call.connection, call.statement, _returns_one_row)


def _asked(
    connection: Observed,
    statement: Statement,
    question: Callable[[sqlite3.Connection, Statement], bool],
) -> bool:
    if not (statement.one_row or statement.keys):
        return False
    try:
        if connection.path and not connection.state.defined:
            # Looking for itself, the connection would load the schema, or take a lock and keep it.
            with closing(connection.open_ungated()) as other:
                return question(other, statement)
        return question(connection, statement)
    except sqlite3.Error:
        return False


def is_audited(connection: Observed, statement: Statement) -> bool:
    """Whether a trigger of the harness's own is on the table."""
    with closing(connection.open_ungated()) as other:
        triggers = statement_on(
            other,
            "SELECT 1 FROM sqlite_master WHERE type = 'trigger' AND name GLOB 'runfaults_*'"
            " AND lower(tbl_name) = lower(?)",
            statement.table,
        )
    return bool(triggers)


def _surely_changes_one_row(connection: sqlite3.Connection, statement: Statement) -> bool:
    table = statement.table
    side_effects = statement_on(
        connection,
        "WITH changed AS (SELECT lower(?) AS name) SELECT 1 FROM sqlite_master, changed"
        " WHERE type = 'trigger' AND lower(tbl_name) = changed.name"
        # Those of the audit are not there when the program runs by itself.
        " AND sqlite_master.name NOT GLOB 'runfaults_*'"
        " OR type = 'table' AND sql LIKE '%references%'"
        " AND (lower(sqlite_master.name) = changed.name OR instr(lower(sql), changed.name))",
        table,
    )
    return not side_effects and _returns_one_row(connection, statement)


def _returns_one_row(connection: sqlite3.Connection, statement: Statement) -> bool:
    return statement.one_row or any(
        key <= statement.keys for key in _unique_keys(connection, statement.table)
    )


def _unique_keys(connection: sqlite3.Connection, table: str) -> list[set[str]]:
    primary = statement_on(connection, "SELECT name FROM pragma_table_info(?) WHERE pk", table)
    indices = statement_on(
        connection,
        'SELECT name FROM pragma_index_list(?) WHERE "unique" AND NOT partial',
        table,
    )
    columns = [
        statement_on(connection, "SELECT name FROM pragma_index_info(?)", str(index))
        for (index,) in indices
    ]
    keys = [{str(name).lower() for (name,) in names} for names in [primary, *columns] if names]
    return [{"rowid"}, *keys]
