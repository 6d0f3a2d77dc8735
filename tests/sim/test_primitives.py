"""The standard library's primitives under the scheduler behave as their documentation says."""

from __future__ import annotations

import concurrent.futures
import contextlib
import queue
import sys
import threading
import time
import types
from collections.abc import Callable
from typing import Any

import pytest

from runfaults.sim.substitution import controlled_primitives

Play = Callable[..., Any]


def in_thread(function: Callable[[], object]) -> threading.Thread:
    thread = threading.Thread(target=function)
    thread.start()
    return thread


def check(play: Play, function: Callable[[], None]) -> None:
    """Play it: an assertion that fails inside has escaped."""
    played = play(function)
    assert played.escaped == []
    assert played.stuck == []


def test_a_lock_waits_and_times_out_on_virtual_time(play: Play) -> None:
    def user() -> None:
        lock = threading.Lock()
        assert lock.acquire()
        assert lock.locked()
        assert not lock.acquire(blocking=False)
        assert not lock.acquire(timeout=5)
        assert time.monotonic() == 5.0
        with pytest.raises(ValueError, match="non-blocking"):
            lock.acquire(blocking=False, timeout=1)
        with pytest.raises(ValueError, match="non-negative"):
            lock.acquire(timeout=-2)
        waiting = in_thread(lock.acquire)
        time.sleep(1)
        lock.release()
        waiting.join()
        assert lock.locked()
        lock.release()
        with pytest.raises(RuntimeError, match="release unlocked lock"):
            lock.release()

    check(play, user)


def test_a_reentrant_lock_belongs_to_its_thread(play: Play) -> None:
    def user() -> None:
        lock = threading.RLock()
        taken: list[bool] = []
        with lock, lock:
            in_thread(lambda: taken.append(lock.acquire(blocking=False))).join()
        in_thread(lambda: taken.append(lock.acquire(blocking=False))).join()
        assert taken == [False, True]
        with pytest.raises(RuntimeError):
            lock.release()

    check(play, user)


def test_a_condition_wakes_whom_it_notifies_and_lets_the_others_time_out(play: Play) -> None:
    def user() -> None:
        condition = threading.Condition()
        answers: list[tuple[bool, float]] = []

        def wait() -> None:
            with condition:
                answers.append((condition.wait(timeout=10), time.monotonic()))

        threads = [in_thread(wait), in_thread(wait)]
        time.sleep(1)
        with condition:
            condition.notify()
        for thread in threads:
            thread.join()
        assert answers == [(True, 1.0), (False, 10.0)]

    check(play, user)


def test_an_event_wakes_all(play: Play) -> None:
    def user() -> None:
        event = threading.Event()
        answers: list[bool] = []
        threads = [in_thread(lambda: answers.append(event.wait())) for _ in range(3)]
        assert not event.wait(5)
        event.set()
        for thread in threads:
            thread.join()
        assert answers == [True, True, True]
        assert event.wait(5)
        assert time.monotonic() == 5.0

    check(play, user)


def test_a_semaphore_lets_so_many_in(play: Play) -> None:
    def user() -> None:
        semaphore = threading.BoundedSemaphore(2)
        assert semaphore.acquire()
        assert semaphore.acquire()
        assert not semaphore.acquire(timeout=3)
        assert time.monotonic() == 3.0
        semaphore.release(2)
        with pytest.raises(ValueError, match="released too many times"):
            semaphore.release()

    check(play, user)


def test_a_barrier_opens_for_all_or_breaks_for_all(play: Play) -> None:
    def user() -> None:
        barrier = threading.Barrier(2)
        places: list[int] = []
        thread = in_thread(lambda: places.append(barrier.wait()))
        places.append(barrier.wait())
        thread.join()
        assert sorted(places) == [0, 1]
        with pytest.raises(threading.BrokenBarrierError):
            barrier.wait(timeout=7)
        assert time.monotonic() == 7.0

    check(play, user)


@pytest.mark.parametrize("sort", ["Queue", "LifoQueue", "PriorityQueue", "SimpleQueue"])
def test_a_queue_hands_over_between_threads(play: Play, sort: str) -> None:
    def user() -> None:
        items = getattr(queue, sort)()
        with pytest.raises(queue.Empty):
            items.get(timeout=2)
        assert time.monotonic() == 2.0
        thread = in_thread(lambda: items.put("mail"))
        assert items.get() == "mail"
        thread.join()
        with pytest.raises(queue.Empty):
            items.get_nowait()

    check(play, user)


def test_a_full_queue_makes_its_producer_wait(play: Play) -> None:
    def user() -> None:
        items: queue.Queue[int] = queue.Queue(maxsize=1)

        def produce() -> None:
            for number in range(3):
                items.put(number)
            items.join()

        thread = in_thread(produce)
        received: list[int] = []
        for _ in range(3):
            time.sleep(1)
            received.append(items.get())
            items.task_done()
        thread.join()
        assert received == [0, 1, 2]

    check(play, user)


def test_a_timer_fires_on_virtual_time_or_is_cancelled(play: Play) -> None:
    def user() -> None:
        told: list[float] = []
        timer = threading.Timer(30, lambda: told.append(time.monotonic()))
        cancelled = threading.Timer(10, lambda: told.append(-1.0))
        timer.start()
        cancelled.start()
        cancelled.cancel()
        timer.join()
        cancelled.join()
        assert told == [30.0]

    check(play, user)


def test_futures_are_run_waited_for_and_cancelled(play: Play) -> None:
    def user() -> None:
        with concurrent.futures.ThreadPoolExecutor(max_workers=2) as executor:
            slow = executor.submit(time.sleep, 100)
            failing = executor.submit(lambda: 1 // 0)
            with pytest.raises(concurrent.futures.TimeoutError):
                slow.result(timeout=10)
            assert isinstance(failing.exception(), ZeroDivisionError)
            assert list(executor.map(str, [1, 2])) == ["1", "2"]
            done, waiting = concurrent.futures.wait([slow], timeout=1)
            assert (done, waiting) == (set(), {slow})
        assert slow.done()
        assert time.monotonic() == 100.0

    check(play, user)


def test_every_clock_shows_virtual_time(play: Play) -> None:
    def user() -> None:
        time.sleep(1.5)
        assert time.monotonic() == time.perf_counter() == 1.5
        assert time.monotonic_ns() == time.perf_counter_ns() == 1_500_000_000

    check(play, user)


def test_names_that_modules_captured_are_replaced_and_restored(
    play: Play, monkeypatch: pytest.MonkeyPatch
) -> None:
    module: Any = types.ModuleType("captured_some_names")
    names = {"Lock": threading.Lock, "RLock": threading.RLock, "nap": time.sleep}
    names |= {"SimpleQueue": queue.SimpleQueue, "now": time.monotonic}
    for name, value in names.items():
        setattr(module, name, value)
    monkeypatch.setitem(sys.modules, module.__name__, module)

    def user() -> None:
        lock = module.Lock()
        assert lock.acquire()
        module.nap(9)
        assert module.now() == 9.0
        assert not lock.acquire(timeout=1)
        with pytest.raises(queue.Empty):
            module.SimpleQueue().get(timeout=1)

    check(play, user)
    for name, value in names.items():
        assert getattr(module, name) is value


def test_everything_is_restored_even_after_an_error() -> None:
    def seen() -> list[object]:
        return [threading.Lock, threading.RLock, queue.SimpleQueue, time.sleep, time.monotonic]

    before, start = seen(), threading.Thread.start
    with contextlib.suppress(LookupError), controlled_primitives():
        assert not set(map(id, seen())) & set(map(id, before))
        raise LookupError
    assert seen() == before
    assert threading.Thread.start is start
