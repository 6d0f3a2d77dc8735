"""Locks that were made before the simulation guard in it what they guard outside of it."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, closing
from itertools import cycle

import kept_guards
import pytest
from kept_guards import RIGHT, SHARED, WRONG, Guard
from small_jobs import Jobs, JobsTarget

from runfaults.explore.findings import Findings
from runfaults.explore.job import Allowance, Scope
from runfaults.explore.runner import Runner
from runfaults.explore.search import Search
from runfaults.model import Verdict
from runfaults.sim.simulation import Simulation
from small_checks import run_whole


class OneAtATime(JobsTarget):
    exempt: Mapping[str, str] = {}


def found_with(guard: Guard) -> Findings:
    """What is found of a program whose start is guarded so, with a second start at any moment."""

    class Guarded(Jobs):
        def start(self) -> int:
            with guard():
                with closing(self.connect()) as connection:
                    running = "SELECT 1 FROM jobs WHERE state = 'running'"
                    if connection.execute(running).fetchone():
                        raise RuntimeError("one is active")
                return super().start()

        def wait(self, run: int) -> None:
            del run
            for each in [thread for thread in self.threads if thread.ident is not None]:
                each.join()

    target = OneAtATime(Guarded)
    search = Search(Scope(acts=("start",)), Allowance(0, 1, 1), reduce=True)
    with Simulation(target) as simulation:
        return run_whole(Runner(simulation), search)


@pytest.mark.parametrize("guard", RIGHT.values(), ids=list(RIGHT))
def test_it_guards_wherever_it_is_kept(guard: Guard) -> None:
    found = found_with(guard)
    assert set(found.verdicts) == {Verdict.HOLDS}


@pytest.mark.parametrize("guard", WRONG.values(), ids=list(WRONG))
def test_what_guards_nothing_is_found(guard: Guard) -> None:
    found = found_with(guard)
    assert ("one-active-run", Verdict.BROKEN) in found.witnesses


def test_one_lock_under_two_names_is_one() -> None:
    turns: Iterator[Guard] = cycle((lambda: SHARED, lambda: kept_guards.SHARED))

    def guard() -> AbstractContextManager[object]:
        return next(turns)()

    assert set(found_with(guard).verdicts) == {Verdict.HOLDS}


def test_all_is_as_it_was_afterwards() -> None:
    condition, registry = kept_guards.CONDITION, kept_guards.REGISTRY
    before = {**vars(condition)}, {**vars(registry)}, dict(kept_guards.NAMED), SHARED
    with Simulation(JobsTarget(Jobs)):
        assert type(registry.lock) is not type(before[1]["lock"])
    assert ({**vars(condition)}, {**vars(registry)}, dict(kept_guards.NAMED), SHARED) == before
    with condition:
        condition.notify_all()


def test_one_that_is_held_stays() -> None:
    lock = kept_guards.REGISTRY.lock
    with lock, Simulation(JobsTarget(Jobs)):
        assert kept_guards.REGISTRY.lock is lock
    assert not lock.locked()


def test_a_condition_that_a_thread_waits_for_stays() -> None:
    condition, waits = threading.Condition(), threading.Event()

    def wait() -> None:
        with condition:
            waits.set()
            condition.wait()

    kept_guards.IN_A_LIST.append(condition)
    try:
        thread = threading.Thread(target=wait)
        thread.start()
        waits.wait()
        with condition:
            lock = vars(condition)["_lock"]
            with Simulation(JobsTarget(Jobs)):
                assert vars(condition)["_lock"] is lock
            condition.notify_all()
        thread.join()
    finally:
        kept_guards.IN_A_LIST.pop()
