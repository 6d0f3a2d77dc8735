"""A fresh database for every schedule, with an audit of every status it ever shows."""

from __future__ import annotations

import contextlib
import os
import shutil
import sqlite3
import tempfile
from collections.abc import Iterable
from functools import partial
from pathlib import Path
from typing import Any

from runfaults.model import Journal
from runfaults.sim.audit_triggers import audit_script, repetition_script, require_usable
from runfaults.sim.change_counter import ChangeCounter
from runfaults.sim.commits import Transition, of_one_commit
from runfaults.sim.meter import Phase, border
from runfaults.sim.run_numbers import RunNumbers
from runfaults.sqlite.engine import real_connect, statement_on
from runfaults.targets.places import place_in
from runfaults.targets.target import Target, TargetError
from runfaults.temporary import memory_backed_folder, prefix
from runfaults.user_code import running

FILE_NAME = "runs.db"

_OF_SQLITE = f"{FILE_NAME}-"
"""Begins the names of its journal, its write-ahead log and the index of that."""


class DatabaseTemplate:
    """A prepared database file, and the files beside it, that every schedule gets a copy of.

    Args:
        target: Whose schema it has.
        within: Folder for the files of its making; None for the usual one.
        repetitions: Log also what is no transition: see `audit_triggers.repetition_script`.
    """

    def __init__(
        self, target: Target, within: str | None = None, *, repetitions: bool = False
    ) -> None:
        self._target = target
        self._repetitions = repetitions
        self._within = within or memory_backed_folder()
        self._files: dict[Journal, dict[str, bytes]] = {}

    @border(Phase.WATCHING)
    def restore(self, folder: Path, journal: Journal) -> Path:
        """Put a fresh copy into `folder`, which loses whatever else it contained."""
        for entry in os.scandir(folder):
            if entry.is_dir(follow_symlinks=False):
                shutil.rmtree(entry.path)
            else:
                os.unlink(entry.path)  # noqa: PTH108  # the hot path of an exploration
        for name, content in self.files(journal).items():
            path = folder / name
            if path.parent != folder:
                path.parent.mkdir(parents=True, exist_ok=True)
            with open(path, "wb") as file:  # noqa: PTH123
                file.write(content)
        return folder / FILE_NAME

    def files(self, journal: Journal) -> dict[str, bytes]:
        """What every schedule gets a copy of, by its way from the database's folder."""
        if journal not in self._files:
            self._files[journal] = self._build(journal)
        return self._files[journal]

    def _build(self, journal: Journal) -> dict[str, bytes]:
        with tempfile.TemporaryDirectory(prefix=prefix(), dir=self._within) as name:
            path = Path(name) / FILE_NAME
            with running(
                f"target {self._target.name}: prepare",
                "it must create the schema in the new database file that it is given",
                TargetError,
                partial(place_in, self._target, "prepare", "schema"),
            ):
                self._target.prepare(path)
            with contextlib.closing(real_connect(path)) as connection:
                self._put_audit(connection)
                if journal is not Journal.TARGET:
                    self._choose(journal, connection)
            found = (each for each in sorted(Path(name).rglob("*")) if each.is_file())
            return {
                str(each.relative_to(name)): each.read_bytes()
                for each in found
                if not each.name.startswith(_OF_SQLITE)
            }

    def _choose(self, journal: Journal, connection: sqlite3.Connection) -> None:
        try:
            connection.execute(f"PRAGMA journal_mode={journal}").fetchone()
        except sqlite3.OperationalError as error:
            raise TargetError(
                f"target {self._target.name}: `prepare`{place_in(self._target, 'prepare')} leaves "
                f"a connection to the database open ({error} for another one); it must close what "
                "it opens, as by `engine.dispose()` of SQLAlchemy"
            ) from error

    def _put_audit(self, connection: sqlite3.Connection) -> None:
        try:
            audit = self._target.audit
            connection.executescript(audit_script(connection, audit))
            require_usable(connection, audit)
            if self._repetitions:
                words = self._target.vocabulary.interrupted
                connection.executescript(repetition_script(connection, audit, words))
        except sqlite3.Error as error:
            raise TargetError(
                f"target {self._target.name}: `audit`{place_in(self._target, 'audit')} cannot be "
                f"used: {error}; it must name a table that `prepare` creates, with columns of its "
                "own"
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


def rows_in(database: Path, queries: Iterable[str]) -> list[tuple[str, str]]:
    """Each query with what it finds in a database that nothing else uses."""
    with contextlib.closing(real_connect(database)) as connection:
        return [(query, rows_found(connection, query)) for query in queries]


def journal_of(target: Target) -> Journal:
    """The journal mode in which a target's `prepare` leaves the database.

    Of all modes, WAL alone is kept in the file (SQLite docs, "Database File Format", 1.3.3).
    """
    image = DatabaseTemplate(target).files(Journal.TARGET)[FILE_NAME]
    return Journal.WAL if image[_WRITE_VERSION] == _WAL else Journal.DELETE


_WRITE_VERSION = 18
_WAL = 2


_NEWER = "SELECT number, run, old, new FROM runfaults_audit WHERE number > ? ORDER BY number"


class AuditReader:
    """Reads the audit as it grows, on a connection that the system under test never sees.

    Args:
        path: The database.
        seen: How many rows to pass over, because they are known already.
        target: The name of the target.

    Attributes:
        seen: How many rows have been read, or passed over.
        numbers: What the runs are called.
    """

    def __init__(self, path: Path, seen: int = 0, target: str = "") -> None:
        self._path = path
        self._log = f"{path}-wal"
        self.seen = seen
        self._kept_out = False
        self._counter = ChangeCounter(path)
        self._counted: bytes | None = None
        self._connection: sqlite3.Connection | None = None
        self.numbers = RunNumbers(target)
        if seen:
            for key in self._known_before():
                self.numbers.of(key)

    def is_unchanged(self) -> bool:
        """Whether nothing can have been committed since the last transitions were read."""
        return self._counted is not None and self._counter.read() == self._counted

    def transitions(self, keeper: sqlite3.Connection | None = None) -> list[Transition] | None:
        """The transitions committed since the last call, which is one commit at most.

        While a lock keeps readers out it returns None; a later call returns them.

        Args:
            keeper: A connection of the system that keeps all others out (`locking_mode`), and has
                no transaction open: it is read by itself.
        """
        self._counted, counted = None, self._counter.read()
        try:
            rows = self._find(_NEWER, self.seen)
            self._counted = counted
        except sqlite3.OperationalError:
            if keeper is None:
                self._kept_out = True
                return None
            rows = _texts_on(keeper, _NEWER.replace("?", str(self.seen)))
        if rows:
            self.seen = rows[-1][0]
        found = [
            Transition(number, old or "", new or "")
            for _, key, old, new in rows
            if (number := self.numbers.of(key)) is not None
        ]
        several, self._kept_out = self._kept_out, False
        return found if several else of_one_commit(found)

    def _known_before(self) -> list[object]:
        query = "SELECT run FROM runfaults_audit WHERE number <= ? ORDER BY number"
        return [key for (key,) in self._find(query, self.seen)]

    def last_status(self, run: int) -> str | None:
        """The status that was recorded last of a run; None if there is no such run."""
        query = "SELECT run, new FROM runfaults_audit ORDER BY number DESC"
        with contextlib.closing(real_connect(self._path)) as connection:
            rows = connection.execute(query).fetchall()
        return next((new for key, new in rows if self.numbers.of(key) == run), None)

    def steps_of_work(self) -> list[str]:
        """The steps of the scripted pipeline that were committed."""
        try:
            return [step for (step,) in self._find("SELECT step FROM runfaults_work")]
        except sqlite3.OperationalError:
            return []

    def rows(self, query: str) -> str:
        """What a query finds, as a ROWS event tells it; it may not write."""
        try:
            return rows_found(self._open(), query)
        finally:
            self._let_go_of_log()

    def close(self) -> None:
        """Let the file go, when no other connection uses it any longer."""
        self._disconnect()
        self._counter.close()

    def _disconnect(self) -> None:
        if self._connection is not None:
            self._connection.close()
        self._connection = None

    def _find(self, query: str, *parameters: object) -> list[Any]:
        try:
            return self._open().execute(query, parameters).fetchall()
        finally:
            self._let_go_of_log()

    def _open(self) -> sqlite3.Connection:
        if self._connection is None:
            self._connection = real_connect(self._path, timeout=0, check_same_thread=False)
        return self._connection

    def _let_go_of_log(self) -> None:
        """Let the file go where an open connection would be in the way: in WAL mode.

        There it keeps a lock even while it does nothing, and no other can leave the mode, or have
        the file to itself. As long as one is open, there is the log beside the file (SQLite docs,
        "WAL-mode File Format").
        """
        if os.path.exists(self._log):  # noqa: PTH110  # the hot path of an exploration
            self._disconnect()


def _texts_on(connection: sqlite3.Connection, query: str) -> list[Any]:
    """What a query finds on a connection whose texts may be anything else."""
    factory, connection.text_factory = connection.text_factory, str
    try:
        return statement_on(connection, query)
    except sqlite3.Error:
        return []
    finally:
        connection.text_factory = factory
