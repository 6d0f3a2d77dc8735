"""A target with its queue elsewhere: the run's row comes after the answer of its start."""

from __future__ import annotations

import sqlite3
import threading
import time
from contextlib import closing
from pathlib import Path

from runfaults.model import EventKind, Schedule, Vocabulary
from runfaults.sim.simulation import Simulation
from runfaults.targets.target import Audit, Work


class LateManager:
    def __init__(self, database: Path, work: Work, *, records: bool) -> None:
        self.cancelled = False
        self.waited = 0

        def serve() -> None:
            time.sleep(1)
            work(None, 1)
            if records:
                with closing(sqlite3.connect(database)) as connection:
                    status = "cancelled" if self.cancelled else "done"
                    connection.execute("INSERT INTO runs VALUES (1, ?)", (status,))
                    connection.commit()

        self._thread = threading.Thread(target=serve)

    def start(self) -> int:
        self._thread.start()
        return 1

    def cancel(self, run: int) -> bool:
        self.cancelled = True
        return True

    def wait(self, run: int) -> None:
        self.waited += 1
        self._thread.join()

    def close(self) -> None:
        pass


class Late:
    name = "late"
    vocabulary = Vocabulary(
        active=frozenset(),
        completed=frozenset({"done"}),
        cancelled=frozenset({"cancelled"}),
        failed=frozenset(),
    )
    audit = Audit("runs", "id", "status")

    def __init__(self, *, records: bool = True) -> None:
        self._records = records
        self.manager: LateManager | None = None

    def prepare(self, database: Path) -> None:
        with closing(sqlite3.connect(database)) as connection:
            connection.execute("CREATE TABLE runs (id INTEGER PRIMARY KEY, status TEXT)")
            connection.commit()

    def open(self, database: Path, work: Work) -> LateManager:
        self.manager = LateManager(database, work, records=self._records)
        return self.manager


def test_a_run_can_be_cancelled_before_it_has_a_row() -> None:
    with Simulation(Late()) as simulation:
        history = simulation.play(Schedule.parse("act cancel at user reach started")).history
    shown = [event.value for event in history.events if event.kind is EventKind.STATUS]
    assert shown == ["cancelled"]


def test_a_run_that_never_has_a_row_is_waited_for_all_the_same() -> None:
    target = Late(records=False)
    with Simulation(target) as simulation:
        simulation.play(Schedule())
        assert target.manager is not None
        assert target.manager.waited == 1
