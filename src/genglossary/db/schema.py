"""The tables, and how a database of an older version is brought up to date.

Version 1 had no ``runs.created_at`` and let ``runs.status`` be one of five; version 2 adds both
the column and the sixth status, ``interrupted``. The version is SQLite's ``user_version``.
A database whose tables were made by another program has version 0, and is handled by the same
rule as version 1: look at the columns, copy what is there.
"""

import sqlite3

from genglossary.db.connection import immediate_transaction

SCHEMA_VERSION = 2

_RUNS = """
CREATE TABLE {table} (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    scope TEXT NOT NULL,
    status TEXT NOT NULL DEFAULT 'pending' CHECK (status IN
        ('pending', 'running', 'completed', 'cancelled', 'failed', 'interrupted')),
    started_at TEXT,
    finished_at TEXT,
    triggered_by TEXT DEFAULT 'api',
    error_message TEXT,
    progress_current INTEGER DEFAULT 0,
    progress_total INTEGER DEFAULT 0,
    current_step TEXT,
    created_at TEXT
)
"""

_PIPELINE = (
    """
    CREATE TABLE IF NOT EXISTS documents (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        file_name TEXT NOT NULL UNIQUE,
        content TEXT NOT NULL
    )
    """,
    """
    CREATE TABLE IF NOT EXISTS terms (
        document_id INTEGER NOT NULL REFERENCES documents (id) ON DELETE CASCADE,
        term TEXT NOT NULL,
        score REAL NOT NULL,
        PRIMARY KEY (document_id, term)
    )
    """,
    """
    CREATE TABLE IF NOT EXISTS definitions (
        term TEXT PRIMARY KEY,
        definition TEXT NOT NULL
    )
    """,
)


def get_schema_version(conn: sqlite3.Connection) -> int:
    """Return the version of the tables, 0 if this program has not made them."""
    return conn.execute("PRAGMA user_version").fetchone()[0]


def initialize_db(conn: sqlite3.Connection) -> None:
    """Make the tables, or bring those of an older version up to date; all of it or nothing.

    A database of this version, or of a newer one, is only read. Several processes may call this
    at once. The connection must not be in a transaction.

    Raises:
        sqlite3.Error: The database cannot be read or written.
    """
    if get_schema_version(conn) >= SCHEMA_VERSION:
        return
    # Dropping the table that others refer to would delete their rows.
    conn.execute("PRAGMA foreign_keys = OFF")
    try:
        with immediate_transaction(conn):
            if get_schema_version(conn) < SCHEMA_VERSION:
                _renew_runs(conn)
                for statement in _PIPELINE:
                    conn.execute(statement)
                conn.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
    finally:
        conn.execute("PRAGMA foreign_keys = ON")


def _renew_runs(conn: sqlite3.Connection) -> None:
    """Rebuild the table of runs, as SQLite cannot change a CHECK.

    Columns, indexes and triggers that this program does not know are kept.
    """
    before = _columns(conn, "runs")
    attached = conn.execute(
        "SELECT sql FROM sqlite_master WHERE tbl_name = 'runs' AND type <> 'table'"
        " AND sql IS NOT NULL"
    ).fetchall()
    conn.execute(_RUNS.format(table="runs_renewed"))
    known = _columns(conn, "runs_renewed")
    for name, kind in before.items():
        if name not in known:
            conn.execute(f'ALTER TABLE runs_renewed ADD COLUMN "{name}" {kind}')
    if before:
        names = ", ".join(f'"{name}"' for name in before)
        conn.execute(f"INSERT INTO runs_renewed ({names}) SELECT {names} FROM runs")  # noqa: S608
        if "created_at" not in before:
            conn.execute("UPDATE runs_renewed SET created_at = started_at")
        conn.execute("DROP TABLE runs")
    conn.execute("ALTER TABLE runs_renewed RENAME TO runs")
    for row in attached:
        conn.execute(row[0])


def _columns(conn: sqlite3.Connection, table: str) -> dict[str, str]:
    return {row[1]: row[2] for row in conn.execute(f"PRAGMA table_info({table})").fetchall()}
