"""A fresh database for every schedule, with an audit of every status it ever shows."""

from __future__ import annotations

import contextlib
import os
import shutil
import sqlite3
import tempfile
from collections.abc import Generator
from pathlib import Path
from typing import Any

from runfaults.model import Journal
from runfaults.sim.commits import Transition, of_one_commit
from runfaults.sim.meter import Phase, border
from runfaults.sqlite.engine import real_connect, statement_on
from runfaults.targets.target import Audit, AuditScript, Target, TargetError
from runfaults.temporary import memory_backed_folder, prefix
from runfaults.user_code import running

FILE_NAME = "runs.db"


_AUDIT = """
    CREATE TABLE runfaults_audit (
        number INTEGER PRIMARY KEY, run INTEGER, old TEXT, new TEXT
    );
    CREATE TABLE runfaults_work (id INTEGER PRIMARY KEY, step TEXT);
"""


def audit_script(audit: Audit | AuditScript) -> str:
    """SQL that logs every status transition of a run, in the same transaction."""
    if isinstance(audit, AuditScript):
        return _AUDIT + audit.sql
    table, status = audit.table, audit.status
    old, new = (f"CAST({row}.{audit.key} AS INTEGER)" for row in ("OLD", "NEW"))
    return f"""{_AUDIT}
    CREATE TRIGGER runfaults_inserted AFTER INSERT ON {table} WHEN {new} BEGIN
        INSERT INTO runfaults_audit (run, old, new) VALUES ({new}, NULL, NEW.{status});
    END;
    CREATE TRIGGER runfaults_updated AFTER UPDATE ON {table}
    WHEN {new} AND OLD.{status} IS NOT NEW.{status} BEGIN
        INSERT INTO runfaults_audit (run, old, new) VALUES ({new}, OLD.{status}, NEW.{status});
    END;
    CREATE TRIGGER runfaults_deleted AFTER DELETE ON {table} WHEN {old} BEGIN
        INSERT INTO runfaults_audit (run, old, new) VALUES ({old}, OLD.{status}, NULL);
    END;
    """  # noqa: S608  # names from an adapter, not from a user


def repetition_script(target: Target) -> str:
    """SQL that logs also an `interrupted` written over an `interrupted`.

    That is no transition, and the ordinary audit logs those only; but it is a second recovery.
    """
    audit = target.audit
    if not isinstance(audit, Audit):
        return ""
    words = ", ".join(f"'{word}'" for word in sorted(target.vocabulary.interrupted)) or "NULL"
    return f"""
    CREATE TRIGGER runfaults_repeated AFTER UPDATE OF {audit.status} ON {audit.table}
    WHEN OLD.{audit.status} IS NEW.{audit.status} AND NEW.{audit.status} IN ({words}) BEGIN
        INSERT INTO runfaults_audit (run, old, new)
        VALUES (NEW.{audit.key}, OLD.{audit.status}, NEW.{audit.status});
    END;
    """  # noqa: S608  # names from an adapter, not from a user


class DatabaseTemplate:
    """A prepared database file that every schedule gets a copy of.

    Args:
        target: Whose schema it has.
        within: Folder for the files of its making; None for the usual one.
        repetitions: Log also what is no transition: see `repetition_script`.
    """

    def __init__(
        self, target: Target, within: str | None = None, *, repetitions: bool = False
    ) -> None:
        self._target = target
        self._repetitions = repetitions
        self._within = within or memory_backed_folder()
        self._images: dict[Journal, bytes] = {}

    @border(Phase.WATCHING)
    def restore(self, folder: Path, journal: Journal) -> Path:
        """Put a fresh copy into `folder`, which loses whatever else it contained."""
        for entry in os.scandir(folder):
            if entry.is_dir(follow_symlinks=False):
                shutil.rmtree(entry.path)
            else:
                os.unlink(entry.path)  # noqa: PTH108  # the hot path of an exploration
        path = folder / FILE_NAME
        with open(path, "wb") as file:  # noqa: PTH123
            file.write(self.image(journal))
        return path

    def image(self, journal: Journal) -> bytes:
        """The bytes of the file that every schedule gets a copy of."""
        if journal not in self._images:
            self._images[journal] = self._build(journal)
        return self._images[journal]

    def _build(self, journal: Journal) -> bytes:
        with tempfile.TemporaryDirectory(prefix=prefix(), dir=self._within) as name:
            path = Path(name) / FILE_NAME
            what, remedy = f"target {self._target.name}: prepare", "it must create the schema"
            with running(what, f"{remedy} in the new database file that it is given", TargetError):
                self._target.prepare(path)
            with contextlib.closing(real_connect(path)) as connection:
                self._put_audit(connection)
                if journal is not Journal.TARGET:
                    connection.execute(f"PRAGMA journal_mode={journal}").fetchone()
            return path.read_bytes()

    def _put_audit(self, connection: sqlite3.Connection) -> None:
        try:
            connection.executescript(audit_script(self._target.audit))
            if self._repetitions:
                connection.executescript(repetition_script(self._target))
        except sqlite3.Error as error:
            raise TargetError(
                f"target {self._target.name}: `audit` cannot be used: {error}; it must name a "
                "table that `prepare` creates, with columns of its own"
            ) from error


_SHOWN = 3
"""Rows that a ROWS event tells."""


def rows_found(connection: sqlite3.Connection, query: str) -> str:
    """What a query finds, as a ROWS event tells it; it may not write."""
    connection.execute("PRAGMA query_only = ON")
    try:
        cursor = connection.execute(query)
        rows = cursor.fetchmany(_SHOWN + 1)
    except (sqlite3.Error, sqlite3.Warning) as error:
        return f"raised {type(error).__name__}: {error}"
    names = [column for column, *_ in cursor.description or ()]
    cursor.close()
    told = [
        ", ".join(f"{name} = {value!r}" for name, value in zip(names, row, strict=True))
        for row in rows[:_SHOWN]
    ]
    return "; ".join((*told, *["and more"] * (len(rows) > _SHOWN)))


def journal_of(target: Target) -> Journal:
    """The journal mode in which a target's `prepare` leaves the database.

    Of all modes, WAL alone is kept in the file (SQLite docs, "Database File Format", 1.3.3).
    """
    image = DatabaseTemplate(target).image(Journal.TARGET)
    return Journal.WAL if image[_WRITE_VERSION] == _WAL else Journal.DELETE


_WRITE_VERSION = 18
_WAL = 2


class AuditReader:
    """Reads the audit as it grows, on a connection that the system under test never sees.

    Args:
        path: The database.
        seen: How many rows to pass over, because they are known already.

    Attributes:
        seen: How many rows have been read, or passed over.
    """

    def __init__(self, path: Path, seen: int = 0) -> None:
        self._path = path
        self.seen = seen
        self._kept_out = False
        self._connection: sqlite3.Connection | None = None

    def transitions(self, keeper: sqlite3.Connection | None = None) -> list[Transition] | None:
        """The transitions committed since the last call, which is one commit at most.

        While a lock keeps readers out it returns None; a later call returns them.

        Args:
            keeper: A connection of the system that keeps all others out (`locking_mode`), and has
                no transaction open: it is read by itself.
        """
        query = f"SELECT number, run, old, new FROM runfaults_audit WHERE number > {self.seen}"  # noqa: S608  # a number of ours
        try:
            with self._reading() as connection:
                rows = connection.execute(f"{query} ORDER BY number").fetchall()
        except sqlite3.OperationalError:
            if keeper is None:
                self._kept_out = True
                return None
            rows = _texts_on(keeper, f"{query} ORDER BY number")
        if rows:
            self.seen = rows[-1][0]
        found = [Transition(run, old or "", new or "") for _, run, old, new in rows]
        several, self._kept_out = self._kept_out, False
        return found if several else of_one_commit(found)

    def steps_of_work(self) -> list[str]:
        """The steps of the scripted pipeline that were committed."""
        try:
            with self._reading() as connection:
                rows = connection.execute("SELECT step FROM runfaults_work").fetchall()
        except sqlite3.OperationalError:
            return []
        return [step for (step,) in rows]

    def rows(self, query: str) -> str:
        """What a query finds, as a ROWS event tells it; it may not write."""
        with self._reading() as connection:
            return rows_found(connection, query)

    def close(self) -> None:
        """Let the file go."""
        if self._connection is not None:
            self._connection.close()
        self._connection = None

    @contextlib.contextmanager
    def _reading(self) -> Generator[sqlite3.Connection]:
        """The connection, let go after use where it would be in the way: in WAL mode.

        There an open connection keeps a lock even while it does nothing, and no other can leave
        the mode, or have the file to itself (SQLite docs, "WAL-mode File Format").
        """
        if self._connection is None:
            self._connection = real_connect(self._path, timeout=0, check_same_thread=False)
        try:
            yield self._connection
        finally:
            with contextlib.suppress(sqlite3.OperationalError):
                if self._connection.execute("PRAGMA journal_mode").fetchone() == ("wal",):
                    self.close()


def _texts_on(connection: sqlite3.Connection, query: str) -> list[Any]:
    """What a query finds on a connection whose texts may be anything else."""
    factory, connection.text_factory = connection.text_factory, str
    try:
        return statement_on(connection, query)
    except sqlite3.Error:
        return []
    finally:
        connection.text_factory = factory
