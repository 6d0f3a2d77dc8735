"""Nothing that this interpreter has makes a thread wait, or tells the time, behind our back."""

from __future__ import annotations

import _queue
import _thread
import asyncio
import concurrent.futures
import concurrent.futures.thread
import dataclasses
import gc
import importlib
import multiprocessing.dummy
import queue
import random
import sched
import secrets
import sys
import tempfile
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from functools import partial
from types import ModuleType
from typing import Any

import pytest

from runfaults.sim.captured import captured
from runfaults.sim.loaded import found_in_all
from runfaults.sim.primitives import SUBSTITUTES
from runfaults.sim.substitution import controlled_primitives

LOADED: tuple[ModuleType, ...] = (
    asyncio,
    concurrent.futures.thread,
    multiprocessing.dummy,
    sched,
    secrets,
    tempfile,
    uuid,
)
"""Modules of the standard library that keep primitives, loaded so that they are looked through."""

HARMLESS = {
    _thread: {
        "TIMEOUT_MAX": "a number",
        "_ExceptHookArgs": "data",
        "_ThreadHandle": "only `start_joinable_thread` gives one to a thread",
        "_count": "a number",
        "_excepthook": "is told of an error",
        "_get_main_thread_ident": "a number",
        "_is_main_interpreter": "a fact",
        "_local": "of one thread each: nobody waits for another",
        "_make_thread_handle": "of the main thread",
        "_set_sentinel": "a lock that only the interpreter releases, behind `Thread.join`",
        "_shutdown": "at the end of the process",
        "daemon_threads_allowed": "a fact",
        "error": "an exception",
        "exit": "ends its own thread",
        "exit_thread": "ends its own thread",
        "get_ident": "a number",
        "get_native_id": "a number",
        "interrupt_main": "a signal, as Ctrl-C",
        "set_name": "what the system calls a thread",
        "stack_size": "a number",
    },
    _queue: {"Empty": "an exception"},
    time: {
        "asctime": "the wall clock, which time-machine moves",
        "clock_getres": "a constant",
        "clock_settime": "not for a program to call",
        "clock_settime_ns": "not for a program to call",
        "ctime": "the wall clock, which time-machine moves",
        "get_clock_info": "a constant",
        "gmtime": "the wall clock, which time-machine moves",
        "localtime": "the wall clock, which time-machine moves",
        "mktime": "computes",
        "pthread_getcpuclockid": "a number for `clock_gettime`",
        "strftime": "the wall clock, which time-machine moves",
        "strptime": "computes",
        "struct_time": "data",
        "time": "the wall clock, which time-machine moves",
        "time_ns": "the wall clock, which time-machine moves",
        "tzset": "reads the environment",
    },
}
"""What the modules in C have besides, and why no thread waits there and no clock runs."""

DOORS = [
    pytest.param(module, name, id=f"{module.__name__}.{name}")
    for module in HARMLESS
    for name, thing in vars(module).items()
    if callable(thing) and not name.startswith("__")
]


def complaint(module: ModuleType, name: str, known: dict[str, str]) -> str:
    """What is to be done about a name; nothing about one that is controlled, or harmless."""
    if id(getattr(module, name)) in SUBSTITUTES or name in known:
        return ""
    return f"{module.__name__}.{name} is new: add a substitute, or say why it is harmless"


@pytest.mark.parametrize(("module", "name"), DOORS)
def test_everything_that_the_interpreter_has_is_controlled_or_harmless(
    module: ModuleType, name: str
) -> None:
    assert not complaint(module, name, HARMLESS[module])


def test_a_door_that_is_not_known_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_thread, "start_green_thread", _thread.get_ident, raising=False)
    told = complaint(_thread, "start_green_thread", HARMLESS[_thread])
    assert told.startswith("_thread.start_green_thread is new")
    monkeypatch.setattr(_thread, "start_green_thread", threading.Lock)
    assert not complaint(_thread, "start_green_thread", HARMLESS[_thread])


def test_nothing_that_is_loaded_keeps_an_original() -> None:
    """Under whatever name: in a module, a class, a default or a closure."""
    assert all(module.__name__ in sys.modules for module in LOADED)
    originals = [original for original, _ in SUBSTITUTES.values()]
    before = sorted(place.where for place in captured(originals))
    assert "sched.scheduler.__init__: a default" in before
    with controlled_primitives():
        assert list(captured(originals)) == []
        key, search = object(), partial(uncontrolled_referrers, originals)
        assert found_in_all(key, search) == []
    assert sorted(place.where for place in captured(originals)) == before


def uncontrolled_referrers(originals: list[Any]) -> list[str]:
    """Dictionaries of modules, but the harness's own and the import system's, that have one."""
    wanted = set(map(id, originals))
    names = {
        id(vars(module)): name
        for name, module in list(sys.modules.items())
        if type(module) is ModuleType
    }
    return [
        names[id(each)]
        for each in gc.get_objects()
        if id(each) in names
        and not names[id(each)].startswith(("runfaults.", "test_doors", "importlib", "_frozen"))
        and any(id(value) in wanted for value in each.values())
    ]


def at(name: str) -> Any:
    """Whatever has that name now."""
    module, _, attribute = name.rpartition(".")
    return getattr(sys.modules[module], attribute)


LOCKS = (
    "threading.Lock",
    "threading._allocate_lock",
    "_thread.allocate_lock",
    "_thread.allocate",
    "_thread.LockType",
    "threading.RLock",
    "_thread.RLock",
    "multiprocessing.dummy.Lock",
)


@pytest.mark.parametrize("name", LOCKS)
def test_a_lock_by_any_name_waits_on_virtual_time(play: Callable[..., Any], name: str) -> None:
    def user() -> None:
        lock = at(name)()
        assert lock.acquire()
        late = threading.Thread(target=lambda: told.append(lock.acquire(timeout=7.0)))
        late.start()
        late.join()
        lock.release()
        assert time.monotonic() == 7.0

    told: list[bool] = []
    played = play(user)
    assert played.escaped == played.stuck == []
    assert told == [False]


class Kept:
    """What a program keeps of the primitives without a name of a module."""

    nap: Any = time.sleep
    now = staticmethod(time.monotonic)

    def wait(self, seconds: float, *, sleep: Callable[[float], None] = time.sleep) -> None:
        sleep(seconds)

    def also(self, seconds: float, sleep: Callable[[float], None] = time.sleep) -> None:
        sleep(seconds)


@dataclasses.dataclass
class Guarded:
    lock: Any = dataclasses.field(default_factory=threading.Lock)


def closing_over(sleep: Callable[[float], None]) -> Callable[[float], None]:
    def nap(seconds: float) -> None:
        sleep(seconds)

    return nap


NAP = closing_over(time.sleep)


def test_what_a_class_a_default_or_a_closure_keeps_is_controlled(play: Callable[..., Any]) -> None:
    def user() -> None:
        kept = Kept()
        kept.nap(1.0)
        kept.wait(1.0)
        kept.also(1.0)
        NAP(1.0)
        assert kept.now() == 4.0
        guarded = Guarded()
        with guarded.lock:
            assert not guarded.lock.acquire(timeout=1.0)
        later = sched.scheduler()
        later.enter(5.0, 1, told.append, ("later",))
        later.run()
        assert time.monotonic() == 10.0

    told: list[str] = []
    before = vars(Kept)["nap"], vars(Kept)["now"], Kept.also.__defaults__
    played = play(user)
    assert played.escaped == played.stuck == []
    assert told == ["later"]
    assert (vars(Kept)["nap"], vars(Kept)["now"], Kept.also.__defaults__) == before


def test_a_substitute_may_be_asked_what_a_class_is_asked(play: Callable[..., Any]) -> None:
    real = threading.Lock(), threading.RLock(), queue.SimpleQueue[int]()

    def user() -> None:
        own = threading.Lock(), threading.RLock(), queue.SimpleQueue[int]()
        for lock, reentrant, items in (real, own):
            assert isinstance(lock, _thread.LockType)
            assert isinstance(reentrant, _thread.RLock)
            assert isinstance(items, queue.SimpleQueue)
            assert not isinstance(items, _thread.RLock)
        assert queue.SimpleQueue | None

        class Mail(queue.SimpleQueue[str]):
            """Somebody's own queue."""

        mail = Mail()
        mail.put("mail")
        assert mail.get() == "mail"

    played = play(user)
    assert played.escaped == played.stuck == []


CLOCKS = (
    ("time.monotonic",),
    ("time.perf_counter",),
    ("time.process_time",),
    ("time.thread_time",),
    ("time.clock_gettime", time.CLOCK_MONOTONIC),
    ("time.clock_gettime", time.CLOCK_BOOTTIME),
    ("time.clock_gettime", time.CLOCK_THREAD_CPUTIME_ID),
)


@pytest.mark.parametrize("unit", [1, 1_000_000_000])
@pytest.mark.parametrize(("name", "which"), [(name, which) for name, *which in CLOCKS])
def test_every_clock_but_the_wall_shows_virtual_time(
    play: Callable[..., Any], name: str, which: list[int], unit: int
) -> None:
    def now() -> float:
        return at(name if unit == 1 else f"{name}_ns")(*which)

    def user() -> None:
        time.sleep(2.5)
        assert now() == 2.5 * unit

    assert play(user).escaped == []
    assert now() != 2.5 * unit


RANDOM: dict[str, Callable[[], object]] = {
    "secrets": secrets.token_hex,
    "uuid1": lambda: uuid.uuid1().clock_seq,
    "uuid4": lambda: uuid.uuid4().hex,
}


@pytest.mark.parametrize("name", RANDOM)
def test_the_systems_randomness_is_seeded(play: Callable[..., Any], name: str) -> None:
    def drawn() -> Iterator[object]:
        state = random.getstate()
        for _ in range(2):
            random.seed(7)
            seen: list[object] = []
            assert play(lambda: seen.append(RANDOM[name]())).escaped == []  # noqa: B023
            yield seen
        random.setstate(state)

    first, second = drawn()
    assert first == second


def test_what_is_imported_meanwhile_is_locked_for_real(
    play: Callable[..., Any], tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "imported_late.py").write_text("VALUE = 7\n")
    monkeypatch.syspath_prepend(tmp_path)

    def user() -> None:
        assert importlib.import_module("imported_late").VALUE == 7

    played = play(user)
    assert played.escaped == played.stuck == []
    assert not [event for event in played.events if "acquire" in str(event)]
    del sys.modules["imported_late"]
