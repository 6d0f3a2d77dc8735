"""A schedule's preemptions: several at one point, and after a wait."""

from __future__ import annotations

import threading

import pytest

from runfaults.model import Act, Schedule
from runfaults.sim.director import ScheduleDirector
from runfaults.sim.recorder import Recorder
from runfaults.sim.scheduler import Scheduler
from runfaults.sim.substitution import controlled_primitives


def enters_nobody(act: Act) -> str:
    pytest.fail(f"there is no act, and {act} entered")


def told_under(text: str) -> tuple[list[str], tuple[str, ...]]:
    """Who got the lock, in order, under a schedule; and what of the schedule was not reached."""
    told: list[str] = []

    def user() -> None:
        lock = threading.Lock()

        def takes_it() -> None:
            with lock:
                told.append(threading.current_thread().name)

        names = ("run", "run-2", "run-3")
        threads = [threading.Thread(target=takes_it, name=name) for name in names]
        for thread in threads:
            thread.start()
        takes_it()
        for thread in threads:
            thread.join()
        told.append("all")

    director = ScheduleDirector(Schedule.parse(f"pipeline succeeds; {text}"), enters_nobody)
    scheduler = Scheduler(Recorder(), director, lambda now: None)
    with controlled_primitives():
        try:
            scheduler.run("user", user)
        finally:
            scheduler.unwind()
    return told, director.unreached()


def test_preemptions_at_one_point_come_one_after_the_other() -> None:
    one = "switch user acquire lock to run-3"
    told, unreached = told_under(one)
    assert told == ["run-3", "user", "run", "run-2", "all"]
    assert not unreached
    told, unreached = told_under(f"{one}; switch user acquire lock to run-2")
    assert told == ["run-3", "run-2", "user", "run", "all"]
    assert not unreached


def test_who_goes_on_after_a_wait_can_be_chosen() -> None:
    told, _ = told_under("switch user reach resumed to run-2")
    assert told == ["user", "run", "run-2", "run-3", "all"]
    assert told_under("switch user reach resumed to run-9")[1] == (
        "user reach resumed to run-9 (not ready there)",
    )
