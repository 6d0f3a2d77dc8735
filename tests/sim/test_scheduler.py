from __future__ import annotations

import re
import threading
import time
from _thread import allocate_lock
from collections.abc import Callable
from typing import Any

import pytest

from runfaults.sim import livelock as livelock_module
from runfaults.sim import scheduler as scheduler_module
from runfaults.sim.actor import actors
from runfaults.sim.stuck import ends_while_it_progresses
from runfaults.sim.substitution import controlled_primitives

Play = Callable[..., Any]


def test_sleep_costs_virtual_time_only_and_wakes_in_order_of_the_deadlines(play: Play) -> None:
    told: list[tuple[str, float]] = []

    def sleeper(name: str, seconds: float) -> None:
        time.sleep(seconds)
        told.append((name, time.monotonic()))

    def user() -> None:
        threads = [
            threading.Thread(target=sleeper, args=("long", 3600.0)),
            threading.Thread(target=sleeper, args=("short", 60.0)),
            threading.Thread(target=sleeper, args=("short too", 60.0)),
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    played = play(user)
    assert told == [("short", 60.0), ("short too", 60.0), ("long", 3600.0)]
    assert played.scheduler.clock == 3600.0
    assert not played.escaped
    assert not played.stuck


def test_a_thread_runs_until_it_blocks_and_only_one_at_a_time(play: Play) -> None:
    told: list[str] = []

    def work(name: str) -> None:
        told.extend([name] * 3)

    def user() -> None:
        threads = [threading.Thread(target=work, args=(name,)) for name in "ab"]
        for thread in threads:
            thread.start()
        told.append("user")
        for thread in threads:
            thread.join()

    play(user)
    assert told == ["user", "a", "a", "a", "b", "b", "b"]


def test_at_a_preemption_another_one_goes_first(play: Play) -> None:
    told: list[str] = []

    def user() -> None:
        lock = threading.Lock()
        thread = threading.Thread(target=told.append, args=("run",))
        thread.start()
        with lock:
            told.append("user")
        thread.join()

    play(user)
    play(user, user_acquire_lock="run")
    assert told == ["user", "run", "run", "user"]


def test_a_deadlock_names_who_waits_for_what_and_who_holds_it(play: Play) -> None:
    def user() -> None:
        first = threading.Lock()
        second = threading.Lock()
        barrier = threading.Barrier(2)

        def other() -> None:
            with second:
                barrier.wait()
                with first:
                    pass

        thread = threading.Thread(target=other)
        thread.start()
        with first:
            barrier.wait()
            with second:
                pass
        thread.join()

    ((how, why),) = play(user).stuck
    assert how == "deadlock"
    assert "user waits for lock second, held by run" in why
    assert "run waits for lock first, held by user" in why


def test_a_join_of_a_thread_that_waits_for_its_joiner_is_a_deadlock(play: Play) -> None:
    def user() -> None:
        event = threading.Event()
        thread = threading.Thread(target=event.wait)
        thread.start()
        thread.join()

    ((how, why),) = play(user).stuck
    assert how == "deadlock"
    assert "user waits for thread run" in why
    assert "run waits for" in why


def test_an_idle_thread_that_nobody_waits_for_is_no_deadlock(play: Play) -> None:
    played = play(lambda: threading.Thread(target=threading.Event().wait).start())
    assert played.stuck == []
    assert [actor.name for actor in played.scheduler.all_actors] == ["user", "run"]


def test_a_loop_without_an_end_is_a_livelock(play: Play, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(livelock_module, "MAX_STEPS", 50)

    def user() -> None:
        lock = threading.Lock()
        while True:
            with lock:
                pass

    assert play(user).stuck == [("livelock", "50 steps without an end")]


def test_polling_while_another_waits_for_its_time_is_none(
    play: Play, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(livelock_module, "MAX_STEPS", 50)

    def user() -> None:
        patient = threading.Thread(target=time.sleep, args=(3600.0,))
        patient.start()
        while patient.is_alive():
            time.sleep(1.0)

    assert play(user).stuck == [
        ("hang", "50 steps without an end, while run waits until 3600 s"),
    ]


def test_sleeping_without_an_end_is_a_livelock(play: Play) -> None:
    def user() -> None:
        while True:
            time.sleep(3600.0)

    ((how, why),) = play(user).stuck
    assert how == "livelock"
    assert why == "no end within 86400 virtual seconds"


def test_the_end_of_a_thread_may_be_that_of_the_schedule(play: Play) -> None:
    """What is next lies beyond all time; the thread that finds that out has no traceback."""

    def user() -> None:
        threading.Thread(target=time.sleep, args=(1e6,)).start()
        time.sleep(1.0)

    played = play(user)
    assert played.stuck == [("livelock", "no end within 86400 virtual seconds")]
    assert all(each.turns is not played.scheduler for each in actors.values())


def test_waiting_for_what_nobody_controls_is_a_hang_with_its_line(
    play: Play, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scheduler_module, "HANG_SECONDS", 0.1)
    uncontrolled = allocate_lock()
    uncontrolled.acquire()

    def waits_where_nobody_sees_it() -> None:
        uncontrolled.acquire()

    def lets_it_go(unwind: Callable[[Any], None]) -> Callable[[Any], None]:
        def unwinding(scheduler: Any) -> None:
            uncontrolled.release()
            unwind(scheduler)

        return unwinding

    unwind = scheduler_module.Scheduler.unwind
    monkeypatch.setattr(scheduler_module.Scheduler, "unwind", lets_it_go(unwind))
    ((how, why),) = play(waits_where_nobody_sees_it).stuck
    assert how == "hang"
    assert re.search(r"^user reached .* at sim/test_scheduler.py:\d+ in waits_where_nobody", why)


SLOW = (0, 1, 1, 1, 2, 2, 3, 4, 5, 6, 7, 7)
STANDS_STILL = (0, 1, 2, 2, 2, 2, 2, 3)


def test_a_schedule_that_goes_on_is_no_hang_however_slow_the_machine_is() -> None:
    assert _ends(SLOW)
    assert not _ends(STANDS_STILL)


def _ends(progress: tuple[int, ...]) -> bool:
    far = iter(progress)
    ends = iter([*[False] * (len(progress) - 1), True])
    return ends_while_it_progresses(lambda _: next(ends), lambda: next(far), 20.0)


def test_unwinding_leaves_no_thread(play: Play) -> None:
    before = threading.active_count()
    cleaned: list[str] = []

    def waits_for_ever() -> None:
        try:
            threading.Event().wait()
        finally:
            cleaned.append("up")

    def user() -> None:
        thread = threading.Thread(target=waits_for_ever)
        thread.start()
        thread.join()

    played = play(user)
    assert played.stuck
    assert threading.active_count() == before
    assert cleaned == ["up"]
    assert all(not actor.alive for actor in played.scheduler.all_actors)


def test_what_escapes_a_thread_is_in_the_history(play: Play) -> None:
    def user() -> None:
        thread = threading.Thread(target=lambda: 1 // 0)
        thread.start()
        thread.join()

    played = play(user)
    assert played.escaped == ["ZeroDivisionError: integer division or modulo by zero"]


def test_a_join_may_time_out_on_virtual_time(play: Play) -> None:
    told: list[tuple[float, bool]] = []

    def user() -> None:
        thread = threading.Thread(target=lambda: time.sleep(100))
        thread.start()
        thread.join(30)
        told.append((time.monotonic(), thread.is_alive()))
        thread.join()
        told.append((time.monotonic(), thread.is_alive()))

    play(user)
    assert told == [(30.0, True), (100.0, False)]


def test_a_thread_outside_reaching_a_yield_point_is_told(play: Play) -> None:
    played = play(lambda: None)
    with pytest.raises(RuntimeError, match="does not control"):
        _ = played.scheduler.running


def test_other_threads_are_unaffected_meanwhile() -> None:
    """They get real locks, real clocks and real threads."""
    with controlled_primitives():
        before = time.monotonic()
        lock = threading.Lock()
        assert type(lock) is type(allocate_lock())
        ended = threading.Event()
        thread = threading.Thread(target=ended.set)
        thread.start()
        thread.join()
        assert ended.is_set()
        assert before > 0.0
        assert time.monotonic() >= before
