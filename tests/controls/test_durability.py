"""What a loss of power could undo is told, until the disk has it."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from given_away import FastManager
from plain_manager import PlainTarget, Result

from runfaults.model import EventKind, Journal, Schedule, Verdict
from runfaults.oracle.judge import judge
from runfaults.oracle.rules.acknowledged_is_durable import acknowledged_is_durable
from runfaults.sim.simulation import Simulation
from runfaults.sqlite.durability import Durability
from runfaults.targets.target import Work

WAL, NORMAL, OFF = "wal", "PRAGMA synchronous = NORMAL", "PRAGMA synchronous = OFF"


class Durable(PlainTarget):
    """Keeps one connection open, so that no close of another one is the last."""

    def __init__(self, *settings: str, behind: str = "", alone: bool = False) -> None:
        class Manager(FastManager):
            def __init__(self, database: Path, work: Work) -> None:
                super().__init__(database, work)
                path = ":memory:" if alone else database
                self.other = sqlite3.connect(path, check_same_thread=False)
                self.other.execute("SELECT 1 FROM sqlite_master").fetchall()

            def attempt(self, action: Callable[[sqlite3.Connection], Result]) -> Result:
                result = super().attempt(action)
                if behind:
                    self.other.execute(behind).fetchall()
                return result

            def close(self) -> None:
                super().close()
                self.other.close()

        Manager.settings = settings
        self.manager = Manager


def broken(target: Any, journal: str) -> list[str]:
    """The settings with which each acknowledgement that is not durable was committed."""
    with Simulation(target) as simulation:
        history = simulation.play(Schedule(journal=Journal(journal))).history
    (judgement,) = judge(history, (acknowledged_is_durable,))
    assert judgement.exercised
    told = [history.events[number] for number in judgement.evidence]
    assert bool(told) == (judgement.verdict is Verdict.BROKEN)
    return [event.subject for event in told if event.kind is EventKind.VOLATILE]


@pytest.mark.parametrize(
    ("target", "journal", "settings"),
    [
        (Durable(NORMAL), WAL, "journal_mode=WAL and synchronous=NORMAL"),
        (Durable(OFF), WAL, "journal_mode=WAL and synchronous=OFF"),
        (Durable(OFF), "delete", "journal_mode=DELETE and synchronous=OFF"),
        (
            Durable("PRAGMA journal_mode = MEMORY"),
            "delete",
            "journal_mode=MEMORY and synchronous=FULL",
        ),
        (Durable("PRAGMA journal_mode = OFF"), "delete", "journal_mode=OFF and synchronous=FULL"),
        (
            Durable(OFF, behind="PRAGMA wal_checkpoint"),  # there is no log
            "delete",
            "journal_mode=DELETE and synchronous=OFF",
        ),
    ],
)
def test_what_is_told_before_the_disk_has_it(target: Durable, journal: str, settings: str) -> None:
    assert broken(target, journal) == [settings]


@pytest.mark.parametrize(
    ("target", "journal"),
    [
        (Durable(), WAL),
        (Durable("PRAGMA synchronous = FULL"), WAL),
        (Durable(NORMAL), "delete"),
        (Durable("PRAGMA journal_mode = PERSIST"), "delete"),
        (Durable("PRAGMA journal_mode = TRUNCATE", NORMAL), "delete"),
        (Durable(NORMAL, behind="PRAGMA wal_checkpoint(TRUNCATE)"), WAL),
        (Durable(NORMAL, alone=True), WAL),  # each close is the last, and puts all into the file
    ],
)
def test_what_is_on_the_disk_when_it_is_told(target: Durable, journal: str) -> None:
    assert not broken(target, journal)


def test_the_table_is_that_of_the_page() -> None:
    page = (Path(__file__).parents[2] / "docs/limits.md").read_text("utf-8")
    for journal in ("delete", "truncate", "persist", "wal"):
        assert not Durability(journal, "FULL").loss
        assert not Durability(journal, "EXTRA").loss
        assert "damaged" in Durability(journal, "OFF").loss
    assert "gone" in Durability("wal", "NORMAL").loss
    assert "| memory, off |" in page
    assert "| delete, truncate, persist | `NORMAL` |" in page
