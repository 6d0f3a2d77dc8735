"""Faults and processes: what a forked and a spawned child have of them, and how to arm a child."""

from __future__ import annotations

import multiprocessing
import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from armed_worker import arm_and_tell, begin, work, write

from runfaults.model import Fault
from runfaults.sqlite import FaultNotInjectedError, arm, inject, real_connect
from runfaults.sqlite.hook import connections_through, unwatch
from runfaults.sqlite.inject import ThreadGate

FAULT = "ioerr-write at main commit"

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs os.fork")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "jobs.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE jobs (status TEXT)")
    return path


def forked(job: Callable[[], str]) -> str:
    """What a child that is forked right now answers."""
    read_end, write_end = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            answer = job()
        except BaseException as error:  # noqa: BLE001  # it must not return into the test
            answer = f"{type(error).__name__}: {error}"
        os.write(write_end, answer.encode())
        os._exit(0)
    os.close(write_end)
    with os.fdopen(read_end) as pipe:
        answer = pipe.read()
    os.waitpid(pid, 0)
    return answer


# --- what a child has of its parent's faults ------------------------------------------------------


def test_a_forked_child_is_not_struck_by_its_parents_faults(file: Path) -> None:
    with inject(FAULT):
        assert forked(lambda: write(file)) == "committed"
        assert write(file) == "disk I/O error"


def test_nor_is_a_fault_that_only_a_child_could_have_met_taken_for_one_that_struck(
    file: Path,
) -> None:
    with pytest.raises(FaultNotInjectedError, match="never reached"), inject(FAULT):
        forked(lambda: write(file))


def test_a_connection_from_before_the_fork_is_a_plain_one_in_the_child(file: Path) -> None:
    with inject(FAULT), closing(sqlite3.connect(file)) as connection:
        connection.execute("INSERT INTO jobs VALUES ('done')")
        connection.rollback()

        def commit() -> str:
            connection.execute("SELECT 1")
            connection.commit()
            return "committed"

        assert forked(commit) == "committed"
        assert write(file) == "disk I/O error"


def test_a_forked_child_may_inject_while_its_parent_does(file: Path) -> None:
    def struck_on_its_own() -> str:
        with inject("interrupt at main execute INSERT jobs"):
            return write(file)

    with inject(FAULT):
        assert forked(struck_on_its_own) == "interrupted"
        assert write(file) == "disk I/O error"


def test_a_child_that_leaves_its_parents_block_keeps_the_faults_it_was_armed_with(
    file: Path,
) -> None:
    def leave() -> str:
        arm(FAULT)
        block.__exit__(None, None, None)
        return write(file)

    block = inject("busy at main commit")
    block.__enter__()
    assert forked(leave) == "disk I/O error"
    assert write(file) == "database is locked"
    block.__exit__(None, None, None)


def test_a_gate_of_the_simulation_goes_along_until_it_is_let_go(file: Path) -> None:
    def let_go() -> str:
        unwatch()
        return write(file)

    with connections_through(ThreadGate((Fault.parse(FAULT),))):
        assert forked(lambda: write(file)) == "disk I/O error"
        assert forked(let_go) == "committed"
        assert write(file) == "disk I/O error"


# --- arming a child -------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
def test_an_initializer_arms_each_worker_of_a_pool(file: Path, method: str) -> None:
    context = multiprocessing.get_context(method)
    with context.Pool(1, begin, (FAULT,)) as pool:
        assert pool.apply(work, (file,)) == ("disk I/O error", 1)
        assert pool.apply(work, (file,)) == ("committed", 1)
        pool.close()
        pool.join()
    assert write(file) == "committed"


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_an_initializer_arms_a_worker_whose_parent_is_armed_too(file: Path, method: str) -> None:
    context = multiprocessing.get_context(method)
    with (
        inject("busy at main commit"),
        ProcessPoolExecutor(1, context, begin, ("interrupt at main execute INSERT jobs",)) as pool,
    ):
        assert pool.submit(work, file).result() == ("interrupted", 1)
        assert write(file) == "database is locked"


@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_a_process_arms_itself(file: Path, method: str) -> None:
    context: Any = multiprocessing.get_context(method)
    queue = context.SimpleQueue()
    process = context.Process(target=arm_and_tell, args=(queue, file, FAULT))
    process.start()
    assert queue.get() == ("disk I/O error", 1)
    process.join()
    assert process.exitcode == 0


def test_a_grandchild_is_plain_again(file: Path) -> None:
    def child() -> str:
        arm(FAULT)
        return f"{forked(lambda: write(file))}, {write(file)}"

    assert forked(child) == "committed, disk I/O error"


def test_a_process_is_armed_once() -> None:
    def twice() -> str:
        arm(FAULT)
        arm(FAULT)
        return "armed twice"

    assert "sqlite3.connect is replaced already" in forked(twice)
    assert sqlite3.connect is real_connect


def test_an_armed_process_ends_in_silence(file: Path) -> None:
    """Nothing is said when the interpreter takes the armed process apart."""
    program = f"""
import sqlite3
from runfaults.sqlite import arm
arm({FAULT!r})
connection = sqlite3.connect(":memory:")
print(type(connection).__name__)
"""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", program],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "Faulty" in done.stdout
