"""What programs of others run their jobs with: one way each, controlled or reported."""

from __future__ import annotations

import _thread
import asyncio
import concurrent.futures
import concurrent.futures.thread
import os
import queue
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any

import pytest
from one_row import OneRow, Way
from shown import statuses

from runfaults.explore.probe import probe
from runfaults.model import EventKind, Schedule, Verdict
from runfaults.oracle.judge import judge
from runfaults.sim.simulation import Simulation
from runfaults.targets.target import TargetError

Job = Callable[[], None]
Waiter = Callable[[], object]


def thread(job: Job) -> Waiter:
    worker = threading.Thread(target=job)
    worker.start()
    return worker.join


def thread_pool(job: Job) -> Waiter:
    pool = concurrent.futures.ThreadPoolExecutor(2)
    future = pool.submit(job)
    return lambda: (future.result(), pool.shutdown())


def two_pools_at_once(job: Job) -> Waiter:
    """All pools of a process share a lock that was made when the module was loaded."""
    pools = [concurrent.futures.ThreadPoolExecutor(1) for _ in range(2)]

    def submit() -> None:
        pools[1].submit(lambda: None).result()
        pools[1].shutdown()

    other = threading.Thread(target=submit)
    other.start()
    future = pools[0].submit(job)
    return lambda: (future.result(), other.join(), pools[0].shutdown())


def future_with_a_timeout(job: Job) -> Waiter:
    pool = concurrent.futures.ThreadPoolExecutor(1)
    slow = pool.submit(time.sleep, 60.0)
    with pytest.raises(TimeoutError):
        slow.result(timeout=1.0)
    future = pool.submit(job)
    return lambda: (future.result(), pool.shutdown())


def simple_queue(job: Job) -> Waiter:
    jobs: queue.SimpleQueue[Job] = queue.SimpleQueue()

    def work() -> None:
        jobs.get()()

    threading.Thread(target=work).start()
    jobs.put(job)
    return lambda: None


def joined_queue(job: Job) -> Waiter:
    jobs: queue.Queue[Job] = queue.Queue(1)

    def work() -> None:
        jobs.get(timeout=5.0)()
        jobs.task_done()

    threading.Thread(target=work).start()
    jobs.put(job)
    return jobs.join


def timer(job: Job) -> Waiter:
    later = threading.Timer(3600.0, job)
    later.start()
    return later.join


def condition(job: Job) -> Waiter:
    changed, done = threading.Condition(), list[bool]()

    def work() -> None:
        job()
        with changed:
            done.append(True)
            changed.notify_all()

    threading.Thread(target=work).start()

    def wait() -> None:
        with changed:
            assert changed.wait_for(lambda: done, timeout=60.0)

    return wait


def barrier_and_semaphore(job: Job) -> Waiter:
    together, finished = threading.Barrier(2), threading.Semaphore(0)

    def work() -> None:
        together.wait()
        job()
        finished.release()

    threading.Thread(target=work).start()
    return lambda: (together.wait(), finished.acquire())


def thread_local(job: Job) -> Waiter:
    """What a thread keeps for itself is gone when others see that it ended."""
    kept, gone = threading.local(), list[bool]()

    class Keepsake:
        def __del__(self) -> None:
            gone.append(True)

    def work() -> None:
        kept.thing = Keepsake()
        job()

    worker = threading.Thread(target=work)
    worker.start()

    def wait() -> None:
        worker.join()
        assert gone == [True]
        assert not hasattr(kept, "thing")

    return wait


def event_loop_in_a_thread(job: Job) -> Waiter:
    async def work() -> None:
        await asyncio.sleep(10.0)
        await asyncio.wait_for(asyncio.to_thread(job), timeout=60.0)

    return thread(lambda: asyncio.run(work()))


def event_loop_told_from_outside(job: Job) -> Waiter:
    loops: queue.Queue[asyncio.AbstractEventLoop] = queue.Queue()

    def serve() -> None:
        loop = asyncio.new_event_loop()
        loops.put(loop)
        loop.run_forever()
        loop.close()

    worker = threading.Thread(target=serve)
    worker.start()
    loop = loops.get()

    async def work() -> None:
        job()

    future = asyncio.run_coroutine_threadsafe(work(), loop)

    def wait() -> None:
        future.result(timeout=60.0)
        loop.call_soon_threadsafe(loop.stop)
        worker.join()

    return wait


def subprocess_that_is_waited_for(job: Job) -> Waiter:
    def work() -> None:
        subprocess.run([sys.executable, "-S", "-c", ""], check=True)
        job()

    return thread(work)


WAYS: list[Way] = [
    thread,
    thread_pool,
    two_pools_at_once,
    future_with_a_timeout,
    simple_queue,
    joined_queue,
    timer,
    condition,
    barrier_and_semaphore,
    thread_local,
    event_loop_in_a_thread,
    event_loop_told_from_outside,
    subprocess_that_is_waited_for,
]


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
def test_it_runs_under_control_and_the_same_every_time(way: Way) -> None:
    with Simulation(OneRow(way)) as simulation:
        probe(simulation)
        history = simulation.play(Schedule()).history
        again = simulation.play(Schedule()).history
    assert statuses(history) == ["running", "done"]
    assert {each.verdict for each in judge(history)} == {Verdict.HOLDS}
    assert history.text() == again.text()


@pytest.fixture
def module_with_locks() -> Iterator[Any]:
    module: Any = ModuleType("module_with_locks")
    module.PLAIN = threading.Lock()
    module.REENTRANT = threading.RLock()
    module.Owner = type("Owner", (), {"lock": threading.Lock(), "__module__": module.__name__})
    sys.modules[module.__name__] = module
    yield module
    del sys.modules[module.__name__]


@pytest.mark.parametrize("which", ["PLAIN", "REENTRANT", "Owner.lock"])
def test_a_lock_that_a_module_made_long_ago_is_controlled(
    module_with_locks: Any, which: str
) -> None:
    def lock() -> Any:
        found = module_with_locks
        for name in which.split("."):
            found = getattr(found, name)
        return found

    original = lock()

    def way(job: Job) -> Waiter:
        def work() -> None:
            with lock():
                job()

        workers = [threading.Thread(target=work), threading.Thread(target=idle)]

        for worker in workers:
            worker.start()
        return lambda: [worker.join() for worker in workers]

    def idle() -> None:
        with lock():
            time.sleep(1.0)

    with Simulation(OneRow(way)) as simulation:
        probe(simulation)
        assert lock() is not original
        history = simulation.play(
            Schedule.parse("pipeline succeeds; switch run reach pipeline to run-2")
        )
    assert lock() is original
    waits = [e.subject for e in history.history.events if e.kind is EventKind.WAIT]
    assert f"lock {which.rpartition('.')[2]}" in waits


def bare_thread(job: Job) -> Waiter:
    _thread.start_new_thread(lambda: None, ())
    return thread(job)


def forked_process(job: Job) -> Waiter:
    child = os.fork()
    if child == 0:
        os._exit(0)
    os.waitpid(child, 0)
    return thread(job)


@pytest.mark.parametrize(
    ("way", "complaint"),
    [
        (bare_thread, "user started a thread by the module _thread at "),
        pytest.param(
            forked_process,
            "user started a process by os.fork at ",
        ),
    ],
)
def test_what_nobody_can_control_is_reported(way: Way, complaint: str) -> None:
    with Simulation(OneRow(way)) as simulation, pytest.raises(TargetError) as raised:
        probe(simulation)
    assert complaint in str(raised.value)


def test_a_thread_from_before_that_uses_the_database_is_reported() -> None:
    jobs: queue.Queue[Job | None] = queue.Queue()
    finished = threading.Lock()
    finished.acquire()

    def serve() -> None:
        while (job := jobs.get()) is not None:
            job()
            finished.release()

    server = threading.Thread(target=serve, name="server")
    server.start()

    def way(job: Job) -> Waiter:
        jobs.put(job)
        return finished.acquire

    try:
        with Simulation(OneRow(way)) as simulation, pytest.raises(TargetError) as raised:
            probe(simulation)
    finally:
        jobs.put(None)
        server.join()
    assert "thread server, which is outside of the simulation, uses the database" in str(
        raised.value
    )
