"""Races between two lines of a program: found where there is one, and not invented."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from plain_races import RIGHT, WRONG, Decide, attribute_under_lock
from small_jobs import Jobs, JobsTarget

from runfaults.explore.findings import Findings
from runfaults.explore.job import Job, Scope
from runfaults.explore.lines import Lines
from runfaults.explore.runner import Runner
from runfaults.model import Journal, Verdict, Vocabulary
from runfaults.sim.simulation import Simulation
from runfaults.targets import target_named
from runfaults.targets.target import Target as AnyTarget
from runfaults.targets.target import Work


class Deciding(Jobs):
    """Its work and its cancel ask for a decision; that of the work is recorded."""

    make: staticmethod[[], Decide]

    def __init__(self, database: Path, work: Work) -> None:
        super().__init__(database, work)
        self.decide = self.make()

    def record(self, connection: Any, job: int, state: str) -> None:
        won = state == "done" and self.decide("done")
        super().record(connection, job, state if won else "cancelled")

    def cancel(self, run: int) -> bool | None:
        return self.decide("cancelled")


class Target(JobsTarget):
    vocabulary = Vocabulary(
        active=frozenset({"running"}),
        completed=frozenset({"done"}),
        cancelled=frozenset({"cancelled"}),
        failed=frozenset({"error"}),
    )


def found_in(
    jobs: type[Jobs], *, paused: bool = False, acts: tuple[str, ...] = ("cancel",)
) -> Findings:
    """What a check of all its lines finds."""
    return found_in_target(Target(jobs), paused=paused, acts=acts)


def found_in_target(system: AnyTarget, *, paused: bool, acts: tuple[str, ...]) -> Findings:
    strategy = Lines(Scope((), acts, journals=(Journal.DELETE,)), paused)
    found = Findings()
    with Simulation(system) as simulation:
        runner = Runner(simulation)
        waiting: list[Job] = list(strategy.jobs(runner))
        while waiting:
            strategy.run(runner, waiting.pop(0), found)
            waiting += found.follow_ups
            found.follow_ups.clear()
    assert found.problems == []
    assert found.doubts == []
    return found


def broken(found: Findings) -> set[str]:
    return {rule for rule, verdict in found.rules if verdict is Verdict.BROKEN}


def deciding_by(make: Callable[[], Decide]) -> type[Jobs]:
    return type("Made", (Deciding,), {"make": staticmethod(make)})


@pytest.mark.parametrize("make", WRONG, ids=lambda make: make.__name__)
def test_a_race_between_two_lines_is_found(make: Callable[[], Decide]) -> None:
    found = found_in(deciding_by(make))
    assert "accepted-cancel-is-cancelled" in broken(found)
    assert {witness.schedule.size for witness in found.witnesses.values()} == {1}


@pytest.mark.parametrize("make", RIGHT, ids=lambda make: make.__name__)
def test_what_no_thread_can_come_between_holds(make: Callable[[], Decide]) -> None:
    assert found_in(deciding_by(make)).tally().verdict is Verdict.HOLDS


@pytest.mark.nightly
@pytest.mark.parametrize("make", RIGHT, ids=lambda make: make.__name__)
def test_it_holds_with_threads_paused(make: Callable[[], Decide]) -> None:
    acts = ("cancel", "close", "start")
    found = found_in(deciding_by(make), paused=True, acts=acts)
    assert "accepted-cancel-is-cancelled" not in broken(found)


@pytest.mark.nightly
@pytest.mark.timeout(900)
def test_the_corrected_manager_has_no_race_between_lines() -> None:
    found = found_in_target(target_named("genglossary"), paused=True, acts=("cancel", "start"))
    assert found.tally().verdict is Verdict.HOLDS


class Torn(Deciding):
    """Two attributes that must agree: a cancel moves both, the work reads both."""

    make = staticmethod(attribute_under_lock)

    def __init__(self, database: Path, work: Work) -> None:
        super().__init__(database, work)
        self.low, self.high = 0, 1

    def record(self, connection: Any, job: int, state: str) -> None:
        low, high = self.bounds()
        Jobs.record(self, connection, job, state if high - low == 1 else "error")

    def bounds(self) -> tuple[int, int]:
        low = self.low
        high = self.high
        return low, high

    def cancel(self, run: int) -> None:
        self.low += 10
        self.high += 10


class TornInOneLine(Torn):
    def bounds(self) -> tuple[int, int]:
        return self.low, self.high


class Whole(Torn):
    """The twin: one attribute."""

    def __init__(self, database: Path, work: Work) -> None:
        super().__init__(database, work)
        self.both = (0, 1)

    def bounds(self) -> tuple[int, int]:
        return self.both

    def cancel(self, run: int) -> None:
        self.both = (10, 11)


@pytest.mark.parametrize("torn", [Torn, TornInOneLine])
def test_a_torn_read_is_found(torn: type[Jobs]) -> None:
    assert "succeeded-never-failed" in broken(found_in(torn))


def test_a_whole_read_holds() -> None:
    assert found_in(Whole).tally().verdict is Verdict.HOLDS


class Overtaken(Deciding):
    """The cancel looks whether the work is over, and then says that it was in time."""

    make = staticmethod(attribute_under_lock)
    over = False

    def record(self, connection: Any, job: int, state: str) -> None:
        self.over = True
        Jobs.record(self, connection, job, "cancelled" if self.told else state)

    told = False

    def cancel(self, run: int) -> bool:
        if self.over:
            return False
        self.told = True
        return True


class InTime(Overtaken):
    """The twin: both under one lock."""

    def __init__(self, database: Path, work: Work) -> None:
        super().__init__(database, work)
        self.lock = threading.Lock()

    def record(self, connection: Any, job: int, state: str) -> None:
        with self.lock:
            self.over = True
            state = "cancelled" if self.told else state
        Jobs.record(self, connection, job, state)

    def cancel(self, run: int) -> bool:
        with self.lock:
            return super().cancel(run)


def test_an_act_is_paused_between_its_own_lines() -> None:
    witnesses = found_in(Overtaken, paused=True).witnesses
    paused = witnesses["accepted-cancel-is-cancelled", Verdict.BROKEN].schedule
    assert [str(each.at) for each in paused.preemptions] == [
        "cancel line test_plain_races.py:Overtaken.cancel+3"
    ]
    assert found_in(InTime, paused=True).tally().verdict is Verdict.HOLDS


PROGRAM = """
    from jobs import Jobs, JobsTarget
    from runfaults.model import Vocabulary


    class Deciding(Jobs):
        outcome = None

        def do(self, connection, job):
            super().do(connection, job)

        def record(self, connection, job, state):
            won = state == "done" and self.decide("done")
            super().record(connection, job, state if won else "cancelled")

        def decide(self, outcome):
            if self.outcome is None:
                self.outcome = outcome
                return True
            return False

        def cancel(self, run):
            return self.decide("cancelled")


    class Target(JobsTarget):
        jobs = Deciding
        exempt = {"one-active-run": "jobs run side by side"}
        vocabulary = Vocabulary(
            active=frozenset({"running"}),
            completed=frozenset({"done"}),
            cancelled=frozenset({"cancelled"}),
            failed=frozenset({"error"}),
        )
"""


def test_a_saved_scenario_survives_edits_elsewhere(here: Any) -> None:
    chosen = ("--bound", "lines", "--only", "cancel")
    told = here.check(PROGRAM, *chosen, "--only", "accepted-cancel-is-cancelled", "--save", "saved")
    assert told.code == 1, told.text
    at = 'at = "run line target.py:Deciding.decide+2"'
    saved = next(file for file in Path("saved").iterdir() if at in file.read_text("utf-8"))
    assert here.run("replay", str(saved)).code == 1

    write_again(here, "\n" + PROGRAM)
    assert here.run("replay", str(saved)).code == 1

    write_again(here, PROGRAM.replace("if self.outcome is None:", "if not self.outcome:"))
    assert here.run("replay", str(saved)).code == 1

    write_again(here, PROGRAM.replace("outcome):", "outcome):\n\n            return True\n"))
    gone = here.run("replay", str(saved))
    assert gone.code == 2
    assert "never reached: cancel at run line target.py:Deciding.decide+2" in gone.text


def write_again(here: Any, program: str) -> None:
    here.write("target.py", program)
    for name in [name for name in sys.modules if name.startswith("runfaults_loaded_target")]:
        del sys.modules[name]
