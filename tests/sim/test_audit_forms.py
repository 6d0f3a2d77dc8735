"""Ids and statuses of every usual type are told by one line, and a wrong one is a complaint."""

from __future__ import annotations

import enum
import sqlite3
import threading
import uuid
from collections.abc import Callable
from contextlib import closing
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from runfaults.explore.probe import probe
from runfaults.model import EventKind, History, Schedule, Verdict
from runfaults.oracle.judge import judge
from runfaults.sim.simulation import Simulation
from runfaults.targets import Adapter, Audit, Vocabulary, Work
from runfaults.targets.target import TargetError


class Shop(Adapter):
    """A thread for each job; how ids and statuses are written is up to the form."""

    vocabulary = Vocabulary.of("active", "done", "failed")
    audit = Audit("jobs", key="id", status="state")
    exempt = {"one-active-run": "jobs run side by side"}  # noqa: RUF012 - as adapters are written
    schema = "CREATE TABLE jobs (id PRIMARY KEY, state)"
    active: object = "active"
    done: object = "done"
    failed: object = "failed"
    begins = "INSERT INTO jobs (id, state) VALUES (:id, :state)"
    ends = "UPDATE jobs SET state = :state WHERE id = :id"
    new_id: Callable[[int], Any] = str
    stored: Callable[[Any], Any] = staticmethod(lambda key: key)

    def reset(self) -> None:
        self.counter = count(1)
        self.asked: list[object] = []

    def begin(self, database: Path, work: Work) -> None:
        self.database, self.work = database, work

    def start(self) -> Any:
        key = type(self).new_id(next(self.counter))
        self.write(self.begins, key, self.active)
        threading.Thread(target=self.run, args=(key,)).start()
        return key

    def run(self, key: Any) -> None:
        try:
            self.work(None, key)
            state = self.done
        except Exception:  # noqa: BLE001 - whatever the work raises
            state = self.failed
        self.write(self.ends, key, state)

    def write(self, sql: str, key: Any, state: object) -> None:
        with closing(sqlite3.connect(self.database)) as connection, connection:
            connection.execute(sql, self.values(key, state))

    def values(self, key: Any, state: object) -> dict[str, Any]:
        return {"id": self.stored(key), "state": state}

    def cancel(self, run: object) -> None:
        self.asked.append(run)


class Texts(Shop):
    new_id = staticmethod(lambda number: f"job-{number}")


class Numbers(Shop):
    new_id = staticmethod(lambda number: 40 + number)


class Digits(Shop):
    """Stored as a text, answered as a number."""

    new_id = staticmethod(lambda number: number)
    stored = staticmethod(str)


class Uuids(Shop):
    new_id = staticmethod(lambda _: uuid.uuid4())
    stored = staticmethod(str)


class HexUuids(Uuids):
    stored = staticmethod(lambda key: key.hex)


class UuidBytes(Uuids):
    stored = staticmethod(lambda key: key.bytes)


class Bytes(Shop):
    new_id = staticmethod(lambda number: b"\0\xff%d" % number)


class Rowids(Shop):
    """The text in the table is its own business: the row's number is the id."""

    audit = Audit("jobs", key="rowid", status="state")
    new_id = staticmethod(lambda number: number)
    stored = staticmethod(lambda number: f"{number}e1")


class Composite(Shop):
    audit = Audit("jobs", key=("queue", "number"), status="state")
    schema = "CREATE TABLE jobs (queue TEXT, number INTEGER, state, PRIMARY KEY (queue, number))"
    begins = "INSERT INTO jobs VALUES ('mail', :id, :state)"
    ends = "UPDATE jobs SET state = :state WHERE queue = 'mail' AND number = :id"
    new_id = staticmethod(lambda number: ("mail", number))
    stored = staticmethod(lambda key: key[1])


class WithoutRowid(Texts):
    audit = Audit("jobs", key="upper(id)", status="state")
    schema = "CREATE TABLE jobs (id TEXT PRIMARY KEY, state) WITHOUT ROWID"
    new_id = staticmethod(lambda number: f"JOB-{number}")
    stored = staticmethod(lambda key: key.lower())


class State(enum.IntEnum):
    ACTIVE = 1
    DONE = 2
    FAILED = 3


class Enums(Texts):
    vocabulary = Vocabulary.of(State.ACTIVE, State.DONE, State.FAILED)
    active, done, failed = State

    def status(self, run: str) -> State:
        with closing(sqlite3.connect(self.database)) as connection:
            ((state,),) = connection.execute("SELECT state FROM jobs WHERE id = ?", (run,))
        return State(state)


class Json(Texts):
    audit = Audit("jobs", key="id", status="json_extract(state, '$.now')")
    active, done, failed = '{"now": "active"}', '{"now": "done"}', '{"now": "failed"}'


class TimeAndError(Texts):
    """Two columns that are null at first say it together."""

    audit = Audit(
        "jobs",
        key="id",
        status="CASE WHEN ended IS NULL THEN 'active' WHEN error IS NULL THEN 'done'"
        " ELSE 'failed' END",
    )
    schema = "CREATE TABLE jobs (id PRIMARY KEY, ended REAL, error TEXT)"
    begins = "INSERT INTO jobs (id) VALUES (:id)"
    ends = "UPDATE jobs SET ended = julianday(), error = :state WHERE id = :id"
    done, failed = None, "oh"


class DeletedWhenDone(Texts):
    audit = Audit("jobs", key="id", status="state", deleted="'done'")

    def write(self, sql: str, key: Any, state: object) -> None:
        super().write("DELETE FROM jobs WHERE id = :id" if state == "done" else sql, key, state)


class TwoTables(Texts):
    """Queued in one table, with the outcome in another one."""

    audit = (
        Audit("jobs", key="id", status="state"),
        Audit("results", key="job", status="iif(error, 'failed', 'done')"),
    )
    schema = "CREATE TABLE jobs (id PRIMARY KEY, state); CREATE TABLE results (job, error)"
    ends = "INSERT INTO results VALUES (:id, :state)"
    done, failed = 0, 1


class OutcomeElsewhere(Texts):
    """The row of the job says that it is over; how, another table says."""

    audit = Audit(
        "jobs",
        key="id",
        status="iif(state = 'over', (SELECT outcome FROM results WHERE job = id), state)",
    )
    schema = "CREATE TABLE jobs (id PRIMARY KEY, state); CREATE TABLE results (job, outcome)"

    def write(self, sql: str, key: Any, state: object) -> None:
        with closing(sqlite3.connect(self.database)) as connection, connection:
            if state != "active":
                connection.execute("INSERT INTO results VALUES (?, ?)", (key, state))
            connection.execute(sql, (key, "active") if state == "active" else ("over", key))

    begins = "INSERT INTO jobs VALUES (?, ?)"
    ends = "UPDATE jobs SET state = ? WHERE id = ?"


class Attempts(Texts):
    """A row for each attempt: the one after which another comes is no failure."""

    audit = Audit("tries", key="job", status="iif(state = 'failed' AND try < 2, 'active', state)")
    schema = "CREATE TABLE tries (job, try INTEGER, state)"
    exempt = {**Shop.exempt, "work-done-once": "a job is tried twice"}  # noqa: RUF012 - as above

    def run(self, key: Any) -> None:
        super().run(key)
        with closing(sqlite3.connect(self.database)) as connection:
            again = connection.execute("SELECT 1 FROM tries WHERE state = 'failed'").fetchone()
        if again:
            self.begins = "INSERT INTO tries VALUES (:id, 2, :state)"
            self.ends = "UPDATE tries SET state = :state WHERE job = :id AND try = 2"
            self.write(self.begins, key, self.active)
            super().run(key)

    begins = "INSERT INTO tries VALUES (:id, 1, :state)"
    ends = "UPDATE tries SET state = :state WHERE job = :id"


FORMS: list[type[Shop]] = [
    *(Texts, Numbers, Digits, Uuids, HexUuids, UuidBytes, Bytes, Rowids, Composite, WithoutRowid),
    *(Enums, Json, TimeAndError, DeletedWhenDone, TwoTables, OutcomeElsewhere, Attempts),
]


def recorded(history: History) -> list[str]:
    return [event.value for event in history.events if event.kind is EventKind.STATUS]


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.__name__)
def test_one_line_tells_the_status(form: type[Shop]) -> None:
    words = form.vocabulary
    with Simulation(form()) as simulation:
        probe(simulation)
        done, failed = (
            simulation.play(Schedule.parse(f"pipeline {how}")) for how in ("succeeds", "raises")
        )
    for played, last in ((done, words.completed), (failed, words.failed)):
        shown = recorded(played.history)
        assert shown[0] in words.active
        assert shown[-1] in last
        against = {each.rule for each in judge(played.history) if each.verdict is Verdict.BROKEN}
        assert against <= {*form.exempt}


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.__name__)
def test_an_act_is_given_the_id_that_start_answered(form: type[Shop]) -> None:
    target = form()
    schedule = "pipeline succeeds; act cancel at user commit #1; act cancel-unknown"
    with Simulation(target) as simulation:
        simulation.play(Schedule.parse(schedule))
    known, unknown = sorted(target.asked, key=lambda key: key != form.new_id(1))
    if form.new_id(1) == form.new_id(1):  # one that is not drawn
        assert known == form.new_id(1)
    assert type(known) is type(unknown) is type(form.new_id(1))
    assert known != unknown


def test_runs_are_numbered_in_their_order() -> None:
    with Simulation(Texts()) as simulation:
        played = simulation.play(Schedule.parse("pipeline succeeds; act again"))
    runs = [event.run for event in played.history.events if event.kind is EventKind.STATUS]
    assert runs == [1, 1, 2, 2]
    assert played.ids == ((1, "'job-1'"), (2, "'job-2'"))


def test_a_read_is_answered_by_a_word() -> None:
    with Simulation(Enums()) as simulation:
        played = simulation.play(Schedule.parse("pipeline succeeds; act read"))
    answers = [
        event.value
        for event in played.history.events
        if event.kind is EventKind.REPLY and event.subject == "read"
    ]
    assert answers == ["2"]


class Object:
    """What some libraries answer: a task."""


def complaint(form: type[Shop]) -> str:
    with Simulation(form()) as simulation, pytest.raises(TargetError) as raised:
        probe(simulation)
    return str(raised.value)


def test_an_answer_that_is_no_id_is_a_complaint() -> None:
    class Wrong(Texts):
        def start(self) -> Any:
            super().start()
            return Object()

    told = complaint(Wrong)
    assert "test_audit_forms.Object object" in told
    assert "yet the audit saw run 'job-1'" in told


def test_another_id_than_the_audits_is_a_complaint() -> None:
    class Wrong(Texts):
        def start(self) -> Any:
            return super().start().upper()

    assert "start answered JOB-1, yet the audit saw run 'job-1'" in complaint(Wrong)


def test_words_that_are_not_declared_are_told() -> None:
    class Undeclared(Texts):
        vocabulary = Vocabulary()

    told = complaint(Undeclared)
    assert 'Vocabulary.of(active="active", completed="done", failed="failed")' in told


def test_a_word_for_success_and_failure_is_never_proposed() -> None:
    class Same(Texts):
        vocabulary = Vocabulary()
        done = failed = "over"

    assert "it recorded 'over' where the work succeeded and where it failed" in complaint(Same)


@pytest.mark.parametrize(
    ("audit", "words"),
    [
        (Audit("jobs", "id", "stat"), "no such column: NEW.stat"),
        (Audit("jobs", "id", "lower(stat)"), "no such column: stat"),
        (Audit("job", "id", "state"), "no such table: main.job"),
        (Audit("jobs", "id", "state +"), "syntax error"),
    ],
)
def test_an_audit_of_what_is_not_there_is_a_complaint(audit: Audit, words: str) -> None:
    class Wrong(Texts):
        pass

    Wrong.audit = audit
    with pytest.raises(TargetError, match="`audit` cannot be used") as raised:
        Simulation(Wrong()).__enter__()
    assert words in str(raised.value)
