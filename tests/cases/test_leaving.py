"""Work that leaves the simulation is told of before it has left, and no process is left."""

from __future__ import annotations

import multiprocessing
from typing import Any

import pytest

from runfaults.explore.probe import probe
from runfaults.sim.simulation import Simulation
from runfaults.targets.target import TargetError

HEAD = """
    import multiprocessing
    import os
    import subprocess
    import sys
    import _thread
    from concurrent.futures import ProcessPoolExecutor
    from jobs import Jobs, JobsTarget

    def spawned(way):
        process = multiprocessing.get_context(way).Process(target=print)
        process.start()
        process.join()

    class Target(JobsTarget):
        class jobs(Jobs):
            def do(self, connection, job):
                {leave}
                super().do(connection, job)
"""

WAYS = {
    "ProcessPoolExecutor(1).submit(abs, job).result()": "os.fork",
    "multiprocessing.Pool(1).map(abs, [job])": "os.fork",
    "multiprocessing.Manager().dict()": "os.fork",
    "spawned('fork')": "os.fork",
    "spawned('spawn')": "multiprocessing",
    "spawned('forkserver')": "multiprocessing",
    "os.fork() or os._exit(0)": "os.fork",
    "self.child = subprocess.Popen(['sleep', '1000'])": "subprocess.Popen",
    "subprocess.Popen(['true'], close_fds=False)": "subprocess.Popen",
    "os.posix_spawn('/bin/true', ['true'], {{}})": "os.posix_spawn",
    "os.spawnv(os.P_WAIT, '/bin/true', ['true'])": "os.fork",
    "os.execv('/bin/true', ['true'])": "os.exec",
    "os.closerange(3, 4096)": "os.closerange",
    "os._exit(0)": "os._exit",
    "os.abort()": "os.abort",
    "_thread.start_new_thread(print, ())": "the module _thread",
}


@pytest.mark.parametrize(("leave", "name"), WAYS.items())
def test_the_place_is_named(here: Any, leave: str, name: str) -> None:
    target = here.target(HEAD.format(leave=leave.replace("{{}}", "{}")))
    with Simulation(target) as simulation, pytest.raises(TargetError) as raised:
        probe(simulation)
    assert f"by {name}" in str(raised.value)
    assert f" at {here.folder.name}/target.py:" in str(raised.value)
    assert not multiprocessing.active_children()


@pytest.mark.parametrize(
    "waits",
    [
        "subprocess.run(['true'], check=True)",
        "subprocess.run(['true'], check=True, close_fds=False)",
        "subprocess.Popen(['true']).wait()",
        "os.system('true')",
        "os.popen('true').close()",
    ],
)
def test_a_process_that_is_waited_for_takes_no_time(here: Any, waits: str) -> None:
    target = here.target(HEAD.format(leave=waits))
    with Simulation(target) as simulation:
        probe(simulation)


def test_no_process_is_left(here: Any) -> None:
    here.write("target.py", HEAD.format(leave="ProcessPoolExecutor(1).submit(abs, job).result()"))
    told = here.type("check", "--target", "target.py:Target", "--no-cache", "--bound", "quick")
    assert told.code == 2
    assert "run started a process by os.fork" in told.text


def test_a_target_that_says_so_is_told_what_to_do_instead(here: Any) -> None:
    told = here.check(
        """
        from jobs import JobsTarget

        class Target(JobsTarget):
            processes = "a pool"
        """
    )
    assert told.code == 2
    assert "does its work in processes of its own (a pool)" in told.text


def test_what_prepares_the_database_may_use_processes(here: Any) -> None:
    told = here.check(
        """
        import subprocess
        import sys
        from jobs import JobsTarget

        class Target(JobsTarget):
            def prepare(self, database):
                subprocess.run([sys.executable, "-c", ""], check=True)
                super().prepare(database)
        """
    )
    assert told.code == 0
