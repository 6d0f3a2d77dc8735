"""A database that is used where no gate sees it is told of, or watched; it never holds."""

from __future__ import annotations

import re
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from small_jobs import Jobs as SmallJobs
from small_jobs import JobsTarget as SmallTarget
from small_jobs import broken

from runfaults.explore.probe import probe
from runfaults.model import EventKind, Schedule
from runfaults.sim.simulation import Simulation
from runfaults.targets.target import TargetError

HEAD = """
    import functools
    import sqlite3
    import sqlite3.dbapi2
    from jobs import Jobs, JobsTarget

    class Own(sqlite3.Connection):
        pass

    class Opener:
        connect = staticmethod(sqlite3.connect)

        def __init__(self):
            self.kept = sqlite3.connect

    opener = Opener()
    listed = [sqlite3.connect]
    partly = functools.partial(sqlite3.connect, timeout=1)

    def by_default(path, connect=sqlite3.connect):
        return connect(path)

    def by_keyword(path, *, connect=sqlite3.connect):
        return connect(path)

    def enclosing():
        connect = sqlite3.connect
        return lambda path: connect(path)

    closure = enclosing()

    class Target(JobsTarget):
        class jobs(Jobs):
            def connect(self):
                return {door}
"""

WATCHED = [
    "sqlite3.connect(self.database)",
    "sqlite3.dbapi2.connect(self.database)",
    "sqlite3.connect(self.database, factory=Own)",
    "sqlite3.connect(self.database, factory=lambda *given, **named: Own(*given, **named))",
    "partly(self.database)",
    "by_default(self.database)",
    "by_keyword(self.database)",
    "closure(self.database)",
    "Opener.connect(self.database)",
    "opener.kept(self.database)",
    "listed[0](self.database)",
    "__import__('_sqlite3').connect(self.database)",
]

UNWATCHED = {
    "sqlite3.Connection(self.database)": "sqlite3.Connection",
    "sqlite3.Connection(f'file:{self.database}', uri=True)": "sqlite3.Connection",
    "sqlite3.dbapi2.Connection(str(self.database))": "sqlite3.Connection",
    "Own(self.database)": ".Own",
    "functools.partial(Own, self.database)()": ".Own",
}


@pytest.mark.parametrize("door", WATCHED)
def test_a_door_that_can_be_watched_is(here: Any, door: str) -> None:
    with Simulation(here.target(HEAD.format(door=door))) as simulation:
        events = simulation.play(Schedule()).history.events
    points = [event.subject for event in events if event.kind is EventKind.INVOKE]
    assert points.count("user connect") == points.count("run connect") == 1
    assert "run execute UPDATE jobs" in points
    assert events[-1].kind is EventKind.SETTLED


@pytest.mark.parametrize("door", WATCHED)
def test_what_was_replaced_is_put_back(here: Any, door: str) -> None:
    target = here.target(HEAD.format(door=door))
    database = here.folder / "runs.db"
    with Simulation(target):
        pass
    connection = target.open(database, lambda *_, **__: None).connect()
    connection.close()
    assert type(connection).__name__ in {"Connection", "Own"}


@pytest.mark.parametrize(("door", "name"), UNWATCHED.items())
def test_a_door_that_cannot_be_watched_is_named(here: Any, door: str, name: str) -> None:
    target = here.target(HEAD.format(door=door))
    with Simulation(target) as simulation, pytest.raises(TargetError) as raised:
        probe(simulation)
    text = str(raised.value)
    assert re.search(rf"{name}\(\.\.\.\) at {here.folder.name}/target.py:\d+ in connect: ", text)
    assert "statuses would be recorded by no watched operation" in text


def test_the_command_ends_with_2(here: Any) -> None:
    told = here.check(HEAD.format(door="sqlite3.Connection(self.database)"))
    assert told.code == 2
    assert "user opened the database by sqlite3.Connection(...)" in told.text


def test_another_database_may_be_opened_by_any_door(here: Any) -> None:
    target = here.target(
        """
        import sqlite3
        from jobs import Jobs, JobsTarget

        class Target(JobsTarget):
            class jobs(Jobs):
                def connect(self):
                    sqlite3.Connection(":memory:").close()
                    return super().connect()
        """
    )
    with Simulation(target) as simulation:
        probe(simulation)


ELSEWHERE = r"""
    import subprocess
    import sys
    from jobs import Jobs, JobsTarget

    SERVER = '''
    import sqlite3
    while line := input():
        database, sql = line.split(chr(9))
        connection = sqlite3.connect(database)
        with connection:
            connection.execute(sql)
        connection.close()
        print(flush=True)
    '''

    elsewhere = subprocess.Popen(
        [sys.executable, "-c", SERVER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )

    class Target(JobsTarget):
        server = elsewhere

        class jobs(Jobs):
            def record(self, connection, job, state):
                connection.rollback()
                sql = f"UPDATE jobs SET state = '{state}' WHERE id = {job}"
                elsewhere.stdin.write(f"{self.database}\t{sql}\n")
                elsewhere.stdin.flush()
                elsewhere.stdout.readline()
                {then}
"""


@pytest.mark.parametrize(
    "then",
    [
        "pass",
        "connection.execute('CREATE TABLE IF NOT EXISTS later (x)')",
        "super().record(connection, job, state)",
    ],
)
def test_a_status_that_another_process_wrote_is_seen(here: Any, then: str) -> None:
    # So it is with any driver that is not of the standard library.
    target = here.target(ELSEWHERE.replace("{then}", then))
    try:
        with Simulation(target) as simulation, pytest.raises(TargetError) as raised:
            probe(simulation)
    finally:
        target.server.communicate("\n")
    assert "run 1 became done by no watched operation" in str(raised.value)


class Attached(SmallJobs):
    """Writes the status through a database to which that of the target is attached."""

    def record(self, connection: sqlite3.Connection, job: int, state: str) -> None:
        with closing(sqlite3.connect(self.beside())) as other:
            other.execute("ATTACH ? AS jobs", (str(self.database),))
            other.execute("UPDATE jobs.jobs SET state = ? WHERE id = ?", (state, job))
            other.commit()

    def beside(self) -> str | Path:
        return ":memory:"


class AttachedToAFile(Attached):
    """The same, and the other database is a file."""

    def beside(self) -> str | Path:
        return self.database.with_name("beside.db")


class Attaches(SmallJobs):
    """The innocent twin: it attaches another database to that of the target."""

    def record(self, connection: sqlite3.Connection, job: int, state: str) -> None:
        connection.execute("ATTACH ? AS beside", (str(self.database.with_name("beside.db")),))
        super().record(connection, job, state)


@pytest.mark.parametrize("jobs", [Attached, AttachedToAFile])
def test_a_status_that_is_written_where_no_fault_strikes_is_no_evidence(
    jobs: type[SmallJobs],
) -> None:
    with Simulation(SmallTarget(jobs)) as simulation, pytest.raises(TargetError) as raised:
        probe(simulation)
    assert "run 1 became done by no watched operation" in str(raised.value)
    assert "do not attach the database to another one: no fault strikes there" in str(raised.value)


def test_one_that_attaches_another_database_is_watched() -> None:
    with Simulation(SmallTarget(Attaches)) as simulation:
        probe(simulation)
    late = "pipeline succeeds; fault busy at run execute UPDATE jobs"
    assert broken(Attaches, late) == broken(SmallJobs, late) != set()


class CursorOfTheModule(SmallJobs):
    """Writes the status by a statement that nothing watches, and commits by one that is watched."""

    def record(self, connection: sqlite3.Connection, job: int, state: str) -> None:
        sqlite3.Cursor(connection).execute("UPDATE jobs SET state = ? WHERE id = ?", (state, job))
        connection.commit()


class MethodOfTheModule(SmallJobs):
    def record(self, connection: sqlite3.Connection, job: int, state: str) -> None:
        sqlite3.Connection.execute(
            connection, "UPDATE jobs SET state = ? WHERE id = ?", (state, job)
        )
        connection.commit()


@pytest.mark.parametrize("jobs", [CursorOfTheModule, MethodOfTheModule])
def test_what_an_unwatched_statement_wrote_can_fail_at_its_commit(jobs: type[SmallJobs]) -> None:
    found = broken(jobs, "fault busy at run commit #3")
    assert "eventually-terminal" in found
