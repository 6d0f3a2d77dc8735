"""Loops that return to the same state, and such as only look so."""

from __future__ import annotations

import itertools
import queue
import random
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest

from runfaults.sim import livelock as livelock_module
from runfaults.sim import recurrence as recurrence_module
from runfaults.sim.recurrence import FIRST_LOOK, Recurrence

Play = Callable[..., Any]

SOON = 4 * FIRST_LOOK
ROUNDS = 3 * FIRST_LOOK
"""So many that each innocent loop is suspected."""

_rounds = 0


class Attempts:
    made = 0

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.own = 0
        self.log: list[str] = []


def turn(lock: Any = None) -> None:
    with lock or threading.Lock():
        pass


# --- endless ----------------------------------------------------------------------------------


def spins() -> None:
    lock = threading.Lock()
    while True:
        turn(lock)


def sleeps() -> None:
    while True:
        time.sleep(0.5)


def polls_a_queue() -> None:
    waiting: queue.Queue[int] = queue.Queue()
    while True:
        try:
            waiting.get(timeout=1.0)
        except queue.Empty:
            continue


def notes_the_time() -> None:
    tried = Attempts()
    while True:
        at = datetime.now(UTC)
        tried.log = [at.isoformat()]
        time.sleep(0.1)


def sets_timers() -> None:
    def again() -> None:
        timer = threading.Timer(5.0, again)
        timer.start()

    again()
    threading.Event().wait()


def tries_again_whatever_is_raised() -> None:
    def write() -> None:
        raise sqlite3.OperationalError("database is locked")

    while True:
        try:
            write()
        except sqlite3.OperationalError:
            time.sleep(0.2)


def two_wait_for_each_other_politely() -> None:
    done = {"a": False, "b": False}

    def wait_for(other: str) -> None:
        while not done[other]:
            time.sleep(0.3)

    threads = [threading.Thread(target=wait_for, args=(name,)) for name in done]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def begins_late() -> None:
    for _ in range(FIRST_LOOK):
        turn()
    sleeps()


class Proxy:
    """Answers for another, and not at all outside of a request."""

    __slots__ = ("lazy",)

    @property
    def __class__(self) -> Any:  # pyright: ignore[reportIncompatibleMethodOverride]  # as a proxy does
        raise RuntimeError("working outside of a request")

    def __getattr__(self, name: str) -> Any:
        raise TypeError(f"{name} is made at its first use")


class Cautious(dict[str, int]):
    def items(self) -> Any:
        raise TypeError("do not look")


def keeps_what_answers_for_itself() -> None:
    kept = (Proxy(), Cautious(one=1))
    while kept:
        time.sleep(1.0)


@pytest.mark.parametrize(
    "loop",
    [
        spins,
        sleeps,
        polls_a_queue,
        notes_the_time,
        sets_timers,
        tries_again_whatever_is_raised,
        two_wait_for_each_other_politely,
        begins_late,
        keeps_what_answers_for_itself,
    ],
)
def test_an_endless_loop_is_seen_soon(loop: Callable[[], None], play: Play) -> None:
    played = play(loop, recurrence=Recurrence(tuple))
    ((how, why),) = played.stuck
    assert how == "livelock"
    assert "the same state again and again" in why
    assert len(played.scheduler.steps) < SOON


# --- innocent twins ---------------------------------------------------------------------------


def counts_in_a_local() -> None:
    rounds = 0
    while rounds < ROUNDS:
        rounds += 1
        turn()


def counts_in_an_attribute() -> None:
    tried = Attempts()
    while tried.own < ROUNDS:
        tried.own += 1
        turn(tried.lock)


def counts_in_a_class() -> None:
    Attempts.made = 0
    while Attempts.made < ROUNDS:
        Attempts.made += 1
        turn()


def counts_in_a_module() -> None:
    global _rounds  # noqa: PLW0603  # where the count is, is what this is about
    _rounds = 0
    while _rounds < ROUNDS:
        _rounds += 1
        turn()


def counts_in_a_closure() -> None:
    rounds = 0

    def more() -> bool:
        nonlocal rounds
        rounds += 1
        return rounds < ROUNDS

    while more():
        turn()


def counts_with_itertools() -> None:
    count = itertools.count()
    while next(count) < ROUNDS:
        turn()


def counts_in_the_iterator_of_a_loop() -> None:
    for _ in itertools.repeat(None, ROUNDS):
        turn()


def counts_in_a_generator() -> None:
    def rounds() -> Iterator[None]:
        for _ in [None] * ROUNDS:
            yield

    going = rounds()
    while next(going, "over") is None:
        turn()


def takes_from_an_iterator() -> None:
    rest = iter([None] * ROUNDS)
    while next(rest, "over") is None:
        turn()


def fills_a_list() -> None:
    tried = Attempts()
    while len(tried.log) < ROUNDS:
        tried.log.append("")
        turn()


def empties_a_queue() -> None:
    waiting: queue.Queue[None] = queue.Queue()
    for _ in range(ROUNDS):
        waiting.put(None)
    while not waiting.empty():
        waiting.get()


def waits_for_a_deadline() -> None:
    deadline = time.monotonic() + 6000.0
    while time.monotonic() < deadline:
        time.sleep(0.5)


def waits_for_a_date() -> None:
    until = datetime.now(UTC) + timedelta(hours=2)
    while time.time() < until.timestamp():
        time.sleep(0.5)


def waits_for_a_slow_thread() -> None:
    done = threading.Event()
    threading.Timer(3000.0, done.set).start()
    while not done.is_set():
        time.sleep(0.5)


def polls_through_an_hour() -> None:
    done = threading.Event()
    threading.Timer(3600.0, done.set).start()
    while not done.is_set():
        time.sleep(0.01)


def spins_through_an_hour() -> None:
    done = threading.Event()
    threading.Timer(3600.0, done.set).start()
    while not done.is_set():
        turn()


def polls_through_two_sleeps() -> None:
    done = threading.Event()
    threading.Timer(30.0, time.sleep, (600.0,)).start()
    threading.Timer(3600.0, done.set).start()
    while not done.is_set():
        time.sleep(0.01)


def draws_lots() -> None:
    source = random.Random(1)
    while source.random() > 1 / ROUNDS:
        turn()


def draws_from_the_common_source() -> None:
    random.seed(1)
    while random.random() > 1 / ROUNDS:
        turn()


def reads_row_after_row() -> None:
    connection = sqlite3.connect(":memory:")
    rows = connection.execute(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT ?) SELECT 1 FROM n",
        (ROUNDS,),
    )
    while rows.fetchone():
        turn()
    connection.close()


@pytest.mark.parametrize(
    "loop",
    [
        counts_in_a_local,
        counts_in_an_attribute,
        counts_in_a_class,
        counts_in_a_module,
        counts_in_a_closure,
        counts_with_itertools,
        counts_in_the_iterator_of_a_loop,
        counts_in_a_generator,
        takes_from_an_iterator,
        fills_a_list,
        empties_a_queue,
        waits_for_a_deadline,
        waits_for_a_date,
        waits_for_a_slow_thread,
        polls_through_an_hour,
        spins_through_an_hour,
        polls_through_two_sleeps,
        draws_lots,
        draws_from_the_common_source,
        reads_row_after_row,
    ],
)
def test_a_long_loop_that_ends_is_let_end(loop: Callable[[], None], play: Play) -> None:
    played = play(loop, recurrence=Recurrence(random.getstate))
    assert played.stuck == []
    assert not played.escaped
    assert len(played.scheduler.steps) >= FIRST_LOOK, "it was never suspected"


@pytest.mark.parametrize("sleeps", [1, 2])
def test_who_polls_while_another_sleeps_still_sees_the_time_pass(play: Play, sleeps: int) -> None:
    given_up: list[float] = []

    def polls_for_an_hour() -> None:
        done = threading.Event()
        threading.Timer(3600.0, done.set).start()
        patience = time.monotonic() + 60.0
        while not done.is_set():
            if time.monotonic() > patience:
                given_up.append(time.monotonic() - patience)
                patience = float("inf")
            time.sleep(0.01)

    def user() -> None:
        polls_for_an_hour()
        if sleeps == 2:
            polls_for_an_hour()

    assert play(user, recurrence=Recurrence(tuple)).stuck == []
    assert len(given_up) == sleeps
    assert all(0.0 < late < 100.0 for late in given_up), "not only when the other one wakes"


class Counts:
    """A worker that polls at random times and counts; three times it does what takes an hour."""

    def __init__(self) -> None:
        self.rounds = 0
        self.over = threading.Event()

    def beat(self) -> None:
        while not self.over.wait(random.uniform(0.1, 0.3)):
            self.rounds += 1

    def work(self) -> None:
        for _ in range(3):
            time.sleep(3600.0)
        self.over.set()


def test_who_counts_while_another_sleeps_needs_no_step_for_each_turn(play: Play) -> None:
    counts = Counts()

    def user() -> None:
        threads = [threading.Thread(target=each) for each in (counts.beat, counts.work)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    played = play(user, recurrence=Recurrence(tuple))

    assert played.stuck == []
    assert counts.rounds > 3 * FIRST_LOOK / 4, "time passes slowly at first"


def test_what_is_written_while_another_sleeps_is_waited_for(play: Play) -> None:
    written: list[float] = []

    def beat(over: threading.Event) -> None:
        while not over.wait(60.0):
            written.append(time.monotonic())

    def user() -> None:
        over = threading.Event()
        thread = threading.Thread(target=beat, args=(over,))
        thread.start()
        time.sleep(86_400.0)
        over.set()
        thread.join()

    played = play(user, recurrence=Recurrence(random.random, lambda: len(written)))

    assert played.stuck == []
    assert len(written) == 1439


def test_who_renews_a_lease_in_many_steps_is_not_made_late(play: Play) -> None:
    written: list[float] = []

    def renew(over: threading.Event) -> None:
        lock = threading.Lock()
        while not over.wait(10.0):
            for _ in range(40):  # as an event loop and the thread of its connection
                with lock:
                    time.sleep(0.0)
            written.append(time.monotonic())

    def user() -> None:
        over = threading.Event()
        thread = threading.Thread(target=renew, args=(over,))
        thread.start()
        time.sleep(600.0)
        over.set()
        thread.join()

    played = play(user, recurrence=Recurrence(random.random, lambda: len(written)))

    assert played.stuck == []
    assert max(b - a for a, b in pairwise(written)) == pytest.approx(10.0)


def test_time_that_was_leapt_over_is_not_counted(
    play: Play, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(livelock_module, "MAX_VIRTUAL_SECONDS", recurrence_module.LEAP)

    def user() -> None:
        waits_for_a_deadline()
        time.sleep(3600.0)

    assert play(user, recurrence=Recurrence(tuple)).stuck == []
