"""Whole schedules against the minimal manager of the controls, and against one that shows off."""

from __future__ import annotations

import contextlib
import datetime as dt
import sqlite3
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import freezegun
import pytest

from runfaults.model import Ending, Event, EventKind, Schedule
from runfaults.sim.acts import ACTS, act_named
from runfaults.sim.execution import Execution
from runfaults.sim.simulation import Simulation
from runfaults.sqlite import engine
from runfaults.targets import target_named
from runfaults.targets.target import Target, Work

CONTROLS = Path(__file__).parent.parent / "controls"
PLAIN = f"{CONTROLS / 'plain_manager.py'}:Plain"


@pytest.fixture
def simulation() -> Iterator[Simulation]:
    with Simulation(target_named(PLAIN)) as entered:
        yield entered


def run(simulation: Simulation, text: str) -> Execution:
    execution = simulation.play(Schedule.parse(text))
    assert execution.refused == ()
    return execution


def replies(execution: Execution, actor: str) -> list[str]:
    events = execution.history.events
    return [e.value for e in events if e.kind is EventKind.REPLY and e.actor == actor]


def statuses(execution: Execution) -> list[tuple[str, str]]:
    events = execution.history.events
    return [(e.subject, e.value) for e in events if e.kind is EventKind.STATUS]


def test_the_same_schedule_gives_the_same_history(simulation: Simulation) -> None:
    schedule = "pipeline notices-cancel; fault busy at run commit x2; act cancel-api at run close"
    first = run(simulation, schedule).history.text()
    run(simulation, "pipeline raises")
    assert run(simulation, schedule).history.text() == first


@pytest.mark.parametrize("journal", ["delete", "wal"])
def test_a_clean_run_is_told_from_start_to_end(simulation: Simulation, journal: str) -> None:
    execution = run(simulation, f"pipeline succeeds; journal {journal}")
    assert statuses(execution) == [
        ("", "pending"),
        ("pending", "running"),
        ("running", "completed"),
    ]
    events = execution.history.events
    assert [e.number for e in events] == list(range(len(events)))
    assert events[-1].kind is EventKind.SETTLED
    assert [(e.actor, e.value) for e in events if e.kind is EventKind.SIGNAL] == [
        ("subscribe", "completed")
    ]


@pytest.mark.parametrize(
    ("ending", "status"),
    [
        (Ending.SUCCEEDS, "completed"),
        (Ending.NOTICES_CANCEL, "completed"),
        (Ending.LEAVES_TRANSACTION_OPEN, "completed"),
        (Ending.RAISES, "failed"),
        (Ending.RAISES_IN_TRANSACTION, "failed"),
        (Ending.EXITS, "failed"),
    ],
)
def test_the_pipeline_ends_as_the_script_says(
    simulation: Simulation, ending: Ending, status: str
) -> None:
    assert statuses(run(simulation, f"pipeline {ending}"))[-1] == ("running", status)


ANSWERS = {
    "cancel": ["True"],
    "cancel-api": ["True", "None"],
    "cancel-twice": ["True", "True"],
    "cancel-unknown": ["False"],
    "start": ["raised RuntimeError: a run is active already"],
    "start-elsewhere": ["raised RuntimeError: a run is active already", "None"],
    "read": ["running"],
    "subscribe": ["subscribe-2"],
    "close": ["None"],
}


@pytest.mark.parametrize("act", [act for act in ACTS if act in ANSWERS])
def test_an_act_asks_at_its_point_and_its_answer_is_told(simulation: Simulation, act: str) -> None:
    point = "run execute INSERT runfaults_work"
    execution = run(simulation, f"pipeline succeeds; act {act} at {point}")
    actor = "subscribe-2" if act == "subscribe" else act
    assert replies(execution, actor) == ANSWERS[act]
    events = execution.history.events
    asked = next(e.number for e in events if e.actor == actor and e.kind is EventKind.REQUEST)
    struck = next(e.number for e in events if e.kind is EventKind.INVOKE and e.subject == point)
    assert asked < struck


def test_an_unknown_act_names_those_there_are() -> None:
    with pytest.raises(LookupError, match="there is no act 'dance'; acts are: cancel, cancel-api"):
        act_named("dance")


def test_acts_and_preemptions_that_never_had_their_moment_are_told(simulation: Simulation) -> None:
    execution = run(
        simulation,
        "pipeline succeeds; act cancel at run commit #77; switch run commit #78 to user; "
        "switch run commit to nobody",
    )
    assert execution.unreached == (
        "cancel at run commit #77",
        "run commit #78 to user",
        "run commit to nobody (not ready there)",
    )


def test_a_fault_that_cannot_strike_is_refused_with_a_reason(simulation: Simulation) -> None:
    execution = simulation.play(Schedule.parse("pipeline succeeds; fault full at run connect"))
    ((fault, reason),) = execution.refused
    assert str(fault) == "full at run connect"
    assert reason


def waits(events: tuple[Event, ...], actor: str) -> list[float]:
    return [e.time for e in events if e.actor == actor and e.subject == "database"]


def test_real_contention_waits_for_the_others_commit_and_then_goes_on(
    simulation: Simulation,
) -> None:
    """The API's cancel meets the transaction of the record, as SQLite itself finds."""
    execution = run(simulation, "pipeline succeeds; act cancel-api at run commit #4")
    events = execution.history.events
    assert waits(events, "cancel-api") == [0.0]
    assert replies(execution, "cancel-api") == ["False", "None"]
    assert statuses(execution)[-1] == ("running", "completed")


class Contending:
    """A target whose work keeps the write lock for as long as is asked for."""

    def __init__(self, held: float, timeout: float) -> None:
        plain = target_named(PLAIN)
        self.name = "contending"
        self.vocabulary = plain.vocabulary
        self.audit = plain.audit
        self.prepare = plain.prepare
        self.held = held
        self.timeout = timeout
        self.answer = ""
        self.waited = 0.0

    def open(self, database: Path, work: Work) -> ContendingManager:
        return ContendingManager(self, database, work)


class ContendingManager:
    def __init__(self, target: Contending, database: Path, work: Work) -> None:
        self.target, self.database, self.work = target, database, work
        self.thread = threading.Thread(target=self.write)

    def start(self) -> int:
        with contextlib.closing(sqlite3.connect(self.database)) as connection:
            connection.execute(
                "INSERT INTO runs (scope, status, created_at) VALUES ('full', 'pending', '')"
            )
            connection.execute("UPDATE runs SET status = 'completed'")
            connection.commit()
            connection.execute("BEGIN IMMEDIATE")
            self.thread.start()
            time.sleep(self.target.held)
        return 1

    def write(self) -> None:
        self.work(None, 1)
        began = time.monotonic()
        try:
            with contextlib.closing(
                sqlite3.connect(self.database, timeout=self.target.timeout)
            ) as connection:
                connection.execute("BEGIN IMMEDIATE")
                self.target.answer = "written"
        except sqlite3.OperationalError as error:
            self.target.answer = f"{error} [{error.sqlite_errorname}]"
        self.target.waited = time.monotonic() - began

    def wait(self, run: int) -> None:
        self.thread.join()

    def close(self) -> None: ...


def contend(held: float, timeout: float) -> tuple[str, float]:
    target = Contending(held, timeout)
    checked: Target = target
    with Simulation(checked) as simulation:
        simulation.play(Schedule())
    return target.answer, target.waited


def test_a_busy_timeout_that_is_long_enough_waits_until_the_lock_is_gone() -> None:
    assert contend(held=3.0, timeout=5.0) == ("written", 3.0)


def test_a_busy_timeout_that_is_too_short_ends_as_sqlite_ends_it() -> None:
    assert contend(held=9.0, timeout=5.0) == ("database is locked [SQLITE_BUSY]", 5.0)
    assert contend(held=9.0, timeout=0.0) == ("database is locked [SQLITE_BUSY]", 0.0)


def test_the_words_of_a_busy_database_are_sqlites_own(tmp_path: Path) -> None:
    path = tmp_path / "real.db"
    with (
        contextlib.closing(sqlite3.connect(path)) as one,
        contextlib.closing(sqlite3.connect(path, timeout=0)) as other,
    ):
        one.execute("BEGIN IMMEDIATE")
        with pytest.raises(sqlite3.OperationalError) as caught:
            other.execute("BEGIN IMMEDIATE")
    assert f"{caught.value} [{caught.value.sqlite_errorname}]" == contend(9.0, 0.0)[0]


def test_the_wall_clock_starts_at_the_epoch_and_follows_virtual_time() -> None:
    seen: list[str] = []

    class Telling(Contending):
        def open(self, database: Path, work: Work) -> ContendingManager:
            seen.append(dt.datetime.now(dt.UTC).isoformat())
            time.sleep(90)
            seen.append(dt.datetime.now(dt.UTC).isoformat())
            return super().open(database, work)

    with Simulation(Telling(0.0, 0.0)) as simulation:
        simulation.play(Schedule())
        seen.clear()
        simulation.play(Schedule())
    assert seen == ["2026-01-01T00:00:00+00:00", "2026-01-01T00:01:30+00:00"]


def test_freezegun_is_not_disturbed_by_a_simulation_before_it() -> None:
    with Simulation(target_named(PLAIN)) as simulation:
        run(simulation, "pipeline succeeds")
    with freezegun.freeze_time("1999-12-31"):
        assert dt.datetime.now(dt.UTC).year == 1999


def test_freezegun_around_a_schedule_is_an_error_and_not_a_wrong_clock(
    simulation: Simulation,
) -> None:
    with freezegun.freeze_time("1999-12-31"), pytest.raises(RuntimeError, match="freezegun"):
        run(simulation, "pipeline succeeds")


def test_a_simulation_leaves_nothing_behind(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("RUNFAULTS_TMPDIR", str(tmp_path))
    threads = threading.active_count()
    with Simulation(target_named(PLAIN)) as simulation:
        run(simulation, "pipeline succeeds")
        assert list(tmp_path.iterdir())
        assert sqlite3.connect is not engine.real_connect
    assert list(tmp_path.iterdir()) == []
    assert sqlite3.connect is engine.real_connect
    assert threading.active_count() == threads


def test_a_simulation_that_cannot_be_entered_leaves_nothing_behind(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("RUNFAULTS_TMPDIR", str(tmp_path))
    monkeypatch.setattr(Simulation, "_run_cleanly", lambda self: sys.exit(1))
    with pytest.raises(SystemExit), Simulation(target_named(PLAIN)):
        pass
    assert list(tmp_path.iterdir()) == []
    assert sqlite3.connect is engine.real_connect
