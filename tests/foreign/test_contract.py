"""A target that breaks the protocol is told so precisely: that is no violation of its system."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from one_row import OneRow, OneRowManager

from runfaults.explore.probe import probe
from runfaults.model import EventKind, Schedule, Vocabulary
from runfaults.sim.simulation import Simulation
from runfaults.targets.target import Audit, TargetError, Work


def in_a_thread(job: Callable[[], None]) -> Callable[[], object]:
    import threading

    worker = threading.Thread(target=job)
    worker.start()
    return worker.join


def complaint_about(target: Any) -> str:
    with Simulation(target) as simulation, pytest.raises(TargetError) as raised:
        probe(simulation)
    return str(raised.value)


class Changed(OneRow):
    """A target whose manager is changed a little."""

    def __init__(self, **changes: Any) -> None:
        super().__init__(in_a_thread)
        self._changes = changes

    def open(self, database: Path, work: Work) -> OneRowManager:
        manager = super().open(database, work)
        for name, value in self._changes.items():
            setattr(manager, name, value)
        return manager


def raises(*_: object) -> int:
    raise RuntimeError("no licence")


def test_a_sound_target_passes() -> None:
    with Simulation(OneRow(in_a_thread)) as simulation:
        probe(simulation)


def test_one_that_does_not_start() -> None:
    told = complaint_about(Changed(start=raises))
    assert "start raised RuntimeError: no licence at " in told
    assert told.endswith("; it must work when no fault strikes")
    assert told.startswith("target one-row, in a clean run (pipeline succeeds)")


def test_one_that_cannot_be_opened() -> None:
    class Unopened(OneRow):
        def open(self, database: Path, work: Work) -> OneRowManager:
            raise ValueError("no such option")

    assert "open raised ValueError: no such option" in complaint_about(Unopened(in_a_thread))


def test_one_that_never_does_the_work() -> None:
    told = complaint_about(OneRow(lambda _: lambda: None))
    assert "the work was never done: `open` (foreign/one_row.py:" in told
    assert "must make the target call `work`" in told


def test_one_that_answers_another_number() -> None:
    class Renumbered(OneRow):
        def open(self, database: Path, work: Work) -> OneRowManager:
            manager = super().open(database, work)
            start = manager.start
            manager.start = lambda: start() + 6
            return manager

    assert "start answered 7, yet the audit saw run 1" in complaint_about(Renumbered(in_a_thread))


def test_one_whose_audit_names_another_table() -> None:
    class Misplaced(OneRow):
        audit = Audit("others", "id", "status")

        def prepare(self, database: Path) -> None:
            super().prepare(database)
            connection = sqlite3.connect(database)
            connection.execute("CREATE TABLE others (id INTEGER PRIMARY KEY, status TEXT)")
            connection.close()

    assert "yet the audit saw no status" in complaint_about(Misplaced(in_a_thread))


def test_one_that_records_a_status_it_did_not_declare() -> None:
    class Undeclared(OneRow):
        vocabulary = Vocabulary(
            active=frozenset({"running"}),
            completed=frozenset({"finished"}),
            cancelled=frozenset(),
            failed=frozenset({"failed"}),
        )

    told = complaint_about(Undeclared(in_a_thread))
    assert "it recorded the status 'done' (event " in told
    assert "which its vocabulary does not have" in told
    assert "declared are failed, finished, running" in told


def test_one_whose_adapter_crashes() -> None:
    assert "the adapter raised RuntimeError: no licence" in complaint_about(Changed(wait=raises))


def test_one_that_never_ends() -> None:
    import threading

    told = complaint_about(Changed(wait=lambda _: threading.Event().wait()))
    assert "it never ends: deadlock" in told


def test_an_error_of_open_under_a_fault_is_an_answer_and_no_crash() -> None:
    class Opening(OneRow):
        def open(self, database: Path, work: Work) -> OneRowManager:
            sqlite3.connect(database).execute("SELECT * FROM runs").close()
            return super().open(database, work)

    schedule = Schedule.parse("pipeline succeeds; fault ioerr-read at user execute SELECT runs")
    with Simulation(Opening(in_a_thread)) as simulation:
        execution = simulation.play(schedule)
    assert execution.struck == (1,)
    events = execution.history.events
    replies = [event.value for event in events if event.kind is EventKind.REPLY]
    assert replies == ["raised OperationalError: disk I/O error"]
    assert not any(event.subject == "escaped" for event in events)
