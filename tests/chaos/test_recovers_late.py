"""The last process of a soak waits for runs of dead processes as long as the target says."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from runfaults.chaos import worker
from runfaults.targets.genglossary import GenGlossary


class Leased(GenGlossary):
    recovers_within = 60.0


class Clock:
    """Real time that only a sleep lets pass, in which another process may record something."""

    def __init__(self, database: Path, recorded_after: float) -> None:
        self.now = 0.0
        self.looks = 0
        self._database = database
        self._recorded_after = recorded_after

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds
        self.looks += 1
        if self.now >= self._recorded_after:
            record(self._database, "interrupted")


def record(database: Path, status: str) -> None:
    with closing(sqlite3.connect(database)) as connection:
        connection.execute("INSERT INTO runfaults_audit (run, new) VALUES (1, ?)", (status,))
        connection.commit()


@pytest.fixture
def database(tmp_path: Path) -> Path:
    path = tmp_path / "runs.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE runfaults_audit (number INTEGER PRIMARY KEY, run, new)")
    record(path, "running")
    return path


def waited(
    database: Path, target: GenGlossary, monkeypatch: pytest.MonkeyPatch, recorded_after: float
) -> float:
    clock = Clock(database, recorded_after)
    monkeypatch.setattr(worker, "time", clock)
    worker._wait_for_recovery(database, target)  # pyright: ignore[reportPrivateUsage]  # a soak takes real time
    return clock.now


def test_it_waits_until_no_run_is_active(database: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert waited(database, Leased(), monkeypatch, 5.0) == pytest.approx(5.0)


def test_it_gives_up_after_what_was_declared(
    database: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert waited(database, Leased(), monkeypatch, 1e9) == pytest.approx(60.0, abs=0.5)


def test_without_a_declaration_it_does_not_wait(
    database: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert waited(database, GenGlossary(), monkeypatch, 5.0) == 0.0
