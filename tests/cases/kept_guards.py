"""Guards that a program made when it was imported, and one that guards nothing."""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

SHARED = threading.Lock()


class Registry:
    """Keeps a lock as its own."""

    held_by_the_class = threading.RLock()

    def __init__(self, inner: Registry | None = None) -> None:
        self.lock = threading.Lock()
        self.inner = inner


CONDITION = threading.Condition()
OF_A_LOCK = threading.Condition(threading.Lock())
SEMAPHORE = threading.Semaphore()
REGISTRY = Registry(Registry())
NAMED = {"start": threading.Lock()}
BY_NAME = defaultdict[str, threading.Lock](threading.Lock, start=threading.Lock())
IN_A_LIST: list[Any] = [threading.RLock()]
IN_A_TUPLE = (Registry(),)

Guard = Callable[[], AbstractContextManager[object]]


def inner() -> AbstractContextManager[object]:
    assert REGISTRY.inner is not None
    return REGISTRY.inner.lock


RIGHT: dict[str, Guard] = {
    "a name": lambda: SHARED,
    "a class": lambda: Registry.held_by_the_class,
    "an object": lambda: REGISTRY.lock,
    "an object in an object": inner,
    "a condition": lambda: CONDITION,
    "a condition of a lock": lambda: OF_A_LOCK,
    "a semaphore": lambda: SEMAPHORE,
    "a dictionary": lambda: NAMED["start"],
    "a dictionary with a default": lambda: BY_NAME["start"],
    "a list": lambda: IN_A_LIST[0],
    "an object in a tuple": lambda: IN_A_TUPLE[0].lock,
}
WRONG: dict[str, Guard] = {"one for each call": threading.Lock}
