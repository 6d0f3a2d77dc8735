"""A thread that cannot be started: the run that it was for must not stay active."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from contextlib import closing

import pytest
from small_jobs import Jobs, broken, refused

from runfaults.model import EventKind, Schedule, Verdict
from runfaults.oracle.judge import judge
from runfaults.sim.misfortunes import SIMULATED_KINDS
from runfaults.sim.simulation import Simulation
from runfaults.targets import target_named

AT_START = "pipeline succeeds; fault no-thread at user spawn run"


class Optimist(Jobs):
    """Its row says `running` before the thread that is to do it has been started."""


class Careful(Jobs):
    def spawn(self, function: Callable[[], object]) -> None:
        try:
            super().spawn(function)
        except RuntimeError:
            self.threads.pop()
            with closing(self.connect()) as connection:
                connection.execute("UPDATE jobs SET state = 'error' WHERE state = 'running'")
                connection.commit()
            raise


def test_a_row_without_a_thread_is_found() -> None:
    assert "start-answers-truthfully" in broken(Optimist, AT_START)
    assert not broken(Careful, AT_START)


def test_the_corrected_manager_leaves_no_active_row() -> None:
    with Simulation(target_named("genglossary")) as simulation:
        execution = simulation.play(Schedule.parse(AT_START))
    assert (execution.unreached, execution.refused, execution.struck) == ((), (), (1,))
    assert {each.verdict for each in judge(execution.history)} == {Verdict.HOLDS}
    raised = [e.value for e in execution.history.events if e.kind is EventKind.ERROR]
    assert raised == ["RuntimeError: can't start new thread"]


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        ("no-thread at run commit", "only a start of a thread fails so"),
        ("busy at user spawn run", "SQLite has no part in it"),
    ],
)
def test_where_it_cannot_strike(fault: str, reason: str) -> None:
    assert refused(Careful, f"pipeline succeeds; fault {fault}") == reason


def test_only_the_start_of_a_thread_is_asked_about() -> None:
    with Simulation(target_named("genglossary")) as simulation:
        survey = simulation.play(Schedule(), survey=tuple(SIMULATED_KINDS)).survey
    possible = [str(point) for point, _, told in survey if ("no-thread", None) in told]
    assert possible == ["user spawn run"]


REAL = """
import resource
import threading

def start(thread):
    try:
        thread.start()
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    thread.join()
    return "ok"

done = []
thread = threading.Thread(target=lambda: done.append(1))
free = resource.getrlimit(resource.RLIMIT_AS)
threading.stack_size(1 << 30)
resource.setrlimit(resource.RLIMIT_AS, (1 << 30, free[1]))
print(start(thread), thread.is_alive(), thread.ident, done)
resource.setrlimit(resource.RLIMIT_AS, free)
threading.stack_size(0)
print(start(thread), thread.is_alive(), done)
"""


def test_a_real_thread_without_memory_for_it_fails_in_the_same_way() -> None:
    ended = subprocess.run([sys.executable, "-c", REAL], check=True, capture_output=True, text=True)
    with pytest.raises(RuntimeError) as emulated:
        SIMULATED_KINDS["no-thread"].strike(None)  # type: ignore[arg-type]
    assert ended.stdout.splitlines() == [
        f"RuntimeError: {emulated.value} False None []",
        "ok False [1]",
    ]
