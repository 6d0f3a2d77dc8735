from __future__ import annotations

import contextlib
import sqlite3
from pathlib import Path

import pytest

from runfaults.model import Journal
from runfaults.sim.commits import Transition
from runfaults.sim.database import AuditReader, DatabaseTemplate
from runfaults.targets.genglossary import GenGlossary

JOURNALS = [Journal.DELETE, Journal.WAL]


@pytest.fixture(scope="module")
def template() -> DatabaseTemplate:
    return DatabaseTemplate(GenGlossary())


def insert(connection: sqlite3.Connection, status: str = "pending") -> None:
    connection.execute(
        "INSERT INTO runs (scope, status, created_at) VALUES ('full', ?, '2026-01-01')", (status,)
    )


@pytest.mark.parametrize("journal", JOURNALS)
def test_every_schedule_gets_a_fresh_file_in_its_journal_mode(
    template: DatabaseTemplate, tmp_path: Path, journal: Journal
) -> None:
    path = template.restore(tmp_path, journal)
    with contextlib.closing(sqlite3.connect(path)) as connection, connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == (journal,)
        insert(connection)
    (tmp_path / "left").write_text("by an earlier schedule")
    with contextlib.closing(sqlite3.connect(template.restore(tmp_path, journal))) as connection:
        assert connection.execute("SELECT count(*) FROM runs").fetchone() == (0,)
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    assert not (tmp_path / "left").exists()


def test_what_prepare_leaves_beside_the_database_is_there_each_time(tmp_path: Path) -> None:
    class HasMore(GenGlossary):
        def prepare(self, database: Path) -> None:
            super().prepare(database)
            (database.parent / "more").mkdir()
            (database.parent / "more" / "settings").write_text("as prepared")

    template, settings = DatabaseTemplate(HasMore()), tmp_path / "more" / "settings"
    for _ in range(2):
        template.restore(tmp_path, Journal.DELETE)
        assert settings.read_text() == "as prepared"
        settings.write_text("changed by a schedule")


def test_the_journal_mode_may_be_left_to_the_target(tmp_path: Path) -> None:
    class SetsWal(GenGlossary):
        def prepare(self, database: Path) -> None:
            super().prepare(database)
            with contextlib.closing(sqlite3.connect(database)) as connection:
                connection.execute("PRAGMA journal_mode=wal")

    template = DatabaseTemplate(SetsWal())
    for journal, mode in ((Journal.TARGET, "wal"), (Journal.DELETE, "delete")):
        path = template.restore(tmp_path, journal)
        with contextlib.closing(sqlite3.connect(path)) as connection:
            assert connection.execute("PRAGMA journal_mode").fetchone() == (mode,)


@pytest.mark.parametrize("journal", JOURNALS)
def test_the_audit_tells_committed_transitions_once_and_in_order(
    template: DatabaseTemplate, tmp_path: Path, journal: Journal
) -> None:
    path = template.restore(tmp_path, journal)
    with (
        contextlib.closing(sqlite3.connect(path)) as connection,
        contextlib.closing(AuditReader(path)) as audit,
    ):
        insert(connection)
        assert audit.transitions() == []
        connection.commit()
        assert audit.transitions() == [Transition(1, "", "pending")]
        connection.execute("UPDATE runs SET status = 'running'")
        connection.execute("UPDATE runs SET status = 'running'")
        connection.execute("UPDATE runs SET status = 'failed'")
        connection.rollback()
        connection.execute("UPDATE runs SET status = 'running'")
        connection.execute("UPDATE runs SET status = 'completed', scope = 'x'")
        connection.execute("UPDATE runs SET scope = 'y'")
        connection.execute("DELETE FROM runs")
        connection.commit()
        assert audit.transitions() == [Transition(1, "pending", "")], "no reader saw the others"
        assert audit.transitions() == []


def test_what_cannot_be_read_for_a_lock_comes_with_a_later_call(
    template: DatabaseTemplate, tmp_path: Path
) -> None:
    path = template.restore(tmp_path, Journal.DELETE)
    with (
        contextlib.closing(sqlite3.connect(path)) as connection,
        contextlib.closing(AuditReader(path)) as audit,
    ):
        insert(connection)
        connection.commit()
        connection.execute("BEGIN EXCLUSIVE")
        assert audit.transitions() is None
        connection.rollback()
        connection.execute("UPDATE runs SET status = 'running'")
        connection.commit()
        assert audit.transitions() == [
            Transition(1, "", "pending"),
            Transition(1, "pending", "running"),
        ], "they may be of several commits, as here"


def test_transitions_of_an_earlier_life_are_passed_over(
    template: DatabaseTemplate, tmp_path: Path
) -> None:
    path = template.restore(tmp_path, Journal.DELETE)
    with contextlib.closing(sqlite3.connect(path)) as connection:
        insert(connection)
        insert(connection, "completed")
        connection.commit()
    with contextlib.closing(AuditReader(path, seen=1)) as audit:
        assert audit.transitions() == [Transition(2, "", "completed")]
