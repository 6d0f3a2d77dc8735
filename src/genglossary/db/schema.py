"""The tables."""

import sqlite3

from genglossary.db.connection import immediate_transaction

SCHEMA_VERSION = 1

_TABLES = (
    """
    CREATE TABLE IF NOT EXISTS schema_version (
        version INTEGER PRIMARY KEY,
        applied_at TEXT NOT NULL DEFAULT (datetime('now'))
    )
    """,
    """
    CREATE TABLE IF NOT EXISTS runs (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        scope TEXT NOT NULL,
        status TEXT NOT NULL DEFAULT 'pending',
        started_at TEXT,
        finished_at TEXT,
        triggered_by TEXT NOT NULL DEFAULT 'api',
        error_message TEXT,
        progress_current INTEGER DEFAULT 0,
        progress_total INTEGER DEFAULT 0,
        current_step TEXT,
        created_at TEXT NOT NULL
    )
    """,
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
    """Return the version of the tables, 0 if there are none."""
    try:
        return conn.execute("SELECT max(version) FROM schema_version").fetchone()[0] or 0
    except sqlite3.OperationalError as error:
        if "no such table" not in str(error):
            raise
        return 0


def initialize_db(conn: sqlite3.Connection) -> None:
    """Make the tables that are missing, all of them or none; what is there stays as it is.

    Several processes may call this at once. The connection must not be in a transaction.

    Raises:
        sqlite3.Error: The database cannot be read or written.
    """
    if get_schema_version(conn) >= SCHEMA_VERSION:
        return
    with immediate_transaction(conn):
        for statement in _TABLES:
            conn.execute(statement)
        conn.execute("INSERT OR IGNORE INTO schema_version (version) VALUES (?)", (SCHEMA_VERSION,))
