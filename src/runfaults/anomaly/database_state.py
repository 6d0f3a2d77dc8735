"""A database as another connection sees it: content, schema, integrity."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Mapping
from contextlib import closing, suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

from runfaults.sqlite.engine import real_connect

Row = tuple[object, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """A table's rows.

    Attributes:
        columns: Their names.
        rows: In no order: SQLite promises none.
    """

    columns: tuple[str, ...]
    rows: tuple[Row, ...]

    def without(self, columns: frozenset[str]) -> Table:
        """The table without some of its columns."""
        if columns.isdisjoint(self.columns):
            return self
        kept = [index for index, name in enumerate(self.columns) if name not in columns]
        return Table(
            tuple(self.columns[index] for index in kept),
            tuple(tuple(row[index] for index in kept) for row in self.rows),
        )

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Table):
            return NotImplemented
        return self.columns == other.columns and self.counted() == other.counted()

    def counted(self) -> Counter[str]:
        """How often each row is there. As text: 1, 1.0 and True are not the same to SQLite."""
        return Counter(map(repr, self.rows))

    __hash__ = None  # type: ignore[assignment]


@dataclass(frozen=True, slots=True)
class DatabaseState:
    """What a database holds.

    Attributes:
        integrity: What `PRAGMA integrity_check` says: `ok`, or the first complaint.
        schema: The SQL of each table, index, view and trigger, by its type and name.
        tables: The rows, by the name of the table.
    """

    integrity: str = "ok"
    schema: Mapping[tuple[str, str], str] = field(default_factory=lambda: MappingProxyType({}))
    tables: Mapping[str, Table] = field(default_factory=lambda: MappingProxyType({}))


def read_state(path: str) -> DatabaseState:
    """Read a database file past every gate; an empty one where there is no file.

    Raises:
        sqlite3.Error: if it is locked, or is no database.
    """
    if not Path(path).exists():
        return DatabaseState()
    with closing(real_connect(path, timeout=0, isolation_level=None)) as connection:
        connection.text_factory = _text
        connection.execute("BEGIN")
        integrity = connection.execute("PRAGMA integrity_check(1)").fetchone()[0]
        schema = {
            (kind, name): sql or ""
            for kind, name, sql in connection.execute("SELECT type, name, sql FROM sqlite_schema")
        }
        return DatabaseState(integrity, schema, dict(_tables(connection, schema)))


def is_locked(path: str) -> bool:
    """Whether a connection holds a lock that keeps another one from writing.

    In rollback mode a reader that has not ended does so too: it keeps every COMMIT out.
    """
    with closing(real_connect(path, timeout=0, isolation_level=None)) as connection:
        try:
            connection.execute("BEGIN EXCLUSIVE")
        except sqlite3.OperationalError:
            return True
        return False


def _text(stored: bytes) -> str:
    return stored.decode(errors="surrogateescape")


def _tables(
    connection: sqlite3.Connection, schema: Mapping[tuple[str, str], str]
) -> list[tuple[str, Table]]:
    found: list[tuple[str, Table]] = []
    for kind, name in schema:
        quoted = name.replace('"', '""')
        if kind == "table":
            # A virtual table whose module this connection does not have: its shadow tables tell.
            with suppress(sqlite3.OperationalError):
                cursor = connection.execute(f'SELECT * FROM "{quoted}"')  # noqa: S608 - quoted
                columns = tuple(column[0] for column in cursor.description)
                rows = cursor.fetchall()
                if name == "sqlite_sequence":  # a counter at 0 is as good as none
                    rows = [row for row in rows if row[1]]
                found.append((name, Table(columns, tuple(rows))))
    return found
