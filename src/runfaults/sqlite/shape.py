"""How many rows a statement can change: decides what a full disk undoes."""

from __future__ import annotations

import sqlite3
from contextlib import closing

from runfaults.sqlite.engine import statement_on
from runfaults.sqlite.observed import Observed
from runfaults.sqlite.statement import Statement


def surely_changes_one_row(connection: Observed, statement: Statement) -> bool:
    """Whether the statement changes one row at most, without triggers and foreign keys.

    SQLite then does without a statement journal (SQLite source, `sqlite3BeginWriteOperation`), and
    an error in its middle can only be undone by undoing the whole transaction. For other
    statements that depends on the constraints which they could violate.
    """
    if not (statement.one_row or statement.keys):
        return False
    try:
        if connection.path and not connection.state.defined:
            # Looking for itself, the connection would load the schema, or take a lock and keep it.
            with closing(connection.open_ungated()) as other:
                return _surely_changes_one_row(other, statement)
        return _surely_changes_one_row(connection, statement)
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
    if side_effects:
        return False
    return statement.one_row or any(
        key <= statement.keys for key in _unique_keys(connection, table)
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
