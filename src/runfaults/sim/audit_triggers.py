"""Triggers that log every status a run is given, in the transaction that gives it."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator

from runfaults.targets.audit import Audit, Audits, AuditScript

_TABLES = """
    CREATE TABLE runfaults_audit (number INTEGER PRIMARY KEY, run, old TEXT, new TEXT);
    CREATE TABLE runfaults_work (id INTEGER PRIMARY KEY, step TEXT);
"""


def audit_script(connection: sqlite3.Connection, audits: Audits) -> str:
    """SQL that logs every status transition of a run.

    Args:
        connection: To the database with the target's schema.
        audits: Where the target records them.
    """
    if isinstance(audits, AuditScript):
        return _TABLES + audits.sql
    several = audits if isinstance(audits, tuple) else (audits,)
    scripts = [
        _triggers(_Row(connection, audit), f"_{number}" * (number > 1), alone=len(several) == 1)
        for number, audit in enumerate(several, start=1)
    ]
    return _TABLES + "".join(scripts)


def require_usable(connection: sqlite3.Connection, audits: Audits) -> None:
    """Compile the triggers: SQLite looks for what they name only when they are needed.

    Raises:
        sqlite3.Error: one of them cannot be used.
    """
    if isinstance(audits, AuditScript):
        return
    for audit in audits if isinstance(audits, tuple) else (audits,):
        _, name = next(_columns(connection, audit.table))
        table = _quoted(audit.table)
        for change in (
            f"INSERT INTO {table} DEFAULT VALUES",  # names from an adapter
            f"UPDATE {table} SET {name} = {name}",  # noqa: S608  # as above
            f"DELETE FROM {table}",  # noqa: S608  # as above
        ):
            connection.execute(f"EXPLAIN {change}").close()


def repetition_script(
    connection: sqlite3.Connection, audits: Audits, interrupted: frozenset[str]
) -> str:
    """SQL that logs also an `interrupted` written over an `interrupted`.

    That is no transition, and the ordinary audit logs those only; but it is a second recovery.
    """
    if not isinstance(audits, Audit):
        return ""
    words = ", ".join(f"'{word}'" for word in sorted(interrupted)) or "NULL"
    row = _Row(connection, audits)
    old, new, key = row.status("OLD"), row.status("NEW"), row.key("NEW")
    columns = f"OF {_quoted(audits.status)}" if row.is_column(audits.status) else ""
    return f"""
    CREATE TRIGGER runfaults_repeated AFTER UPDATE {columns} ON {_quoted(audits.table)}
    WHEN {old} IS {new} AND {new} IN ({words}) BEGIN
        INSERT INTO runfaults_audit (run, old, new) VALUES ({key}, {old}, {new});
    END;
    """  # noqa: S608  # expressions from an adapter, not from a user


def _triggers(row: _Row, suffix: str, *, alone: bool) -> str:
    """The triggers on one table.

    Args:
        row: A row of it.
        suffix: What tells their names from those on another table.
        alone: Whether nothing but a row of this table tells of a run.
    """
    table = _quoted(row.audit.table)
    known = alone and not row.audit.deleted
    before = "NULL" if known else _LAST.format(key=row.key("NEW"))
    was = row.status("OLD") if known else _LAST.format(key=row.key("OLD"))
    old, new = row.status("OLD"), row.status("NEW")
    gone = row.deleted() if row.audit.deleted else "NULL"
    deleted = f"{old} IS NOT NULL" if alone else f"{old} IS NOT NULL AND {gone} IS NOT NULL"
    return f"""
    CREATE TRIGGER runfaults_inserted{suffix} AFTER INSERT ON {table}
    WHEN {new} IS NOT NULL BEGIN
        INSERT INTO runfaults_audit (run, old, new) VALUES ({row.key("NEW")}, {before}, {new});
    END;
    CREATE TRIGGER runfaults_updated{suffix} AFTER UPDATE ON {table}
    WHEN {old} IS NOT {new} BEGIN
        INSERT INTO runfaults_audit (run, old, new) VALUES ({row.key("NEW")}, {old}, {new});
    END;
    CREATE TRIGGER runfaults_deleted{suffix} AFTER DELETE ON {table} WHEN {deleted} BEGIN
        INSERT INTO runfaults_audit (run, old, new) VALUES ({row.key("OLD")}, {was}, {gone});
    END;
    """  # noqa: S608  # expressions from an adapter, not from a user


_LAST = "(SELECT new FROM runfaults_audit WHERE run = {key} ORDER BY number DESC LIMIT 1)"


class _Row:
    """A row of an audited table: how a trigger gets at what its expressions say."""

    def __init__(self, connection: sqlite3.Connection, audit: Audit) -> None:
        self.audit = audit
        self._columns = dict(_columns(connection, audit.table))

    def key(self, row: str) -> str:
        """The run's id, of the row `OLD` or `NEW`."""
        if isinstance(self.audit.key, str):
            return self._value(self.audit.key, row)
        return f"json_array({', '.join(self._value(each, row) for each in self.audit.key)})"

    def status(self, row: str) -> str:
        """The status that the row `OLD` or `NEW` says."""
        return self._value(self.audit.status, row)

    def deleted(self) -> str:
        """The status of the run when its row is gone."""
        return self._value(self.audit.deleted, "OLD")

    def is_column(self, expression: str) -> bool:
        """Whether an expression is a column and no more."""
        return expression.lower() in self._columns

    def _value(self, expression: str, row: str) -> str:
        if self.is_column(expression):
            return f"{row}.{self._columns[expression.lower()]}"
        if re.fullmatch(r"\w+", expression) and not expression.isdecimal():
            return f"{row}.{expression}"  # SQLite says that there is no such column
        named = ", ".join(f"{row}.{name} AS {name}" for name in self._columns.values())
        return f"(SELECT {expression} FROM (SELECT {named}))"  # noqa: S608  # as above


def _columns(connection: sqlite3.Connection, table: str) -> Iterator[tuple[str, str]]:
    """The columns of a table by their names in lower case, as SQL writes them."""
    rows = connection.execute(f"PRAGMA table_xinfo({_quoted(table)})").fetchall()
    for _, name, *_ in rows:
        quoted = '"' + str(name).replace('"', '""') + '"'
        yield str(name).lower(), quoted
    if rows and _has_rowid(connection, table):
        yield "rowid", "rowid"


def _quoted(name: str) -> str:
    """A name, which may be a word that SQL has reserved; anything else as it is."""
    return f'"{name}"' if re.fullmatch(r"\w+", name) else name


def _has_rowid(connection: sqlite3.Connection, table: str) -> bool:
    try:
        connection.execute(f"SELECT rowid FROM {_quoted(table)} LIMIT 0")  # noqa: S608  # as above
    except sqlite3.OperationalError:
        return False
    return True
