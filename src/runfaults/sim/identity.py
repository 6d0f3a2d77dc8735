"""Gives what the target makes an order that does not depend on addresses, or says where it does.

A set goes through its objects in the order of their hashes, and that of most objects is made of
their address: another one each time.
"""

from __future__ import annotations

import concurrent.futures
import contextlib
import gc
import queue
import sys
import threading
from collections.abc import Callable, Generator
from typing import Any, cast

from runfaults.sim.actor import current_actor
from runfaults.sim.loaded import classes_among, found_in_all
from runfaults.user_code import calling_line, is_of_the_user

_NUMBER = "runfaults_number"


def numbered(real: Callable[..., None]) -> Callable[..., None]:
    """An `__init__` that numbers what an actor makes."""

    def init(thing: Any, *arguments: Any, **named: Any) -> None:  # noqa: ANN401  # as the original
        actor = current_actor()
        if actor is not None:
            thing.__dict__.setdefault(_NUMBER, actor.turns.number())
        real(thing, *arguments, **named)

    return init


def by_number(thing: object) -> int:
    """A `__hash__`: the number; that of the address for what no actor has made."""
    number = thing.__dict__.get(_NUMBER)
    return object.__hash__(thing) if number is None else number


IDENTIFIED: tuple[Any, ...] = (
    threading.Thread,
    threading.Event,
    threading.Condition,
    threading.Semaphore,
    threading.Barrier,
    cast("Any", threading)._PyRLock,  # noqa: SLF001  # an actor's RLock
    queue.Queue,
    cast("Any", queue)._PySimpleQueue,  # noqa: SLF001  # an actor's SimpleQueue
    concurrent.futures.Future,
)
"""Classes of the standard library whose objects are numbered; their subclasses are too."""


def identity_substitutes() -> dict[tuple[Any, str], Any]:
    """The substitutes, by owner and name."""
    places: dict[tuple[Any, str], Any] = {}
    for each in IDENTIFIED:
        places[each, "__init__"] = numbered(each.__init__)
        places[each, "__hash__"] = by_number
    return places


@contextlib.contextmanager
def other_addresses() -> Generator[dict[str, str]]:
    """Give what actors make of the user's classes the hashes of other addresses.

    Yields:
        Which of these classes were hashed by their address, and where first.
    """
    classes = found_in_all("hashed by address", _classes)
    known: set[int] = set(found_in_all("made before", _made_before) if classes else ())
    found: dict[str, str] = {}

    def other(thing: object) -> int:
        real = object.__hash__(thing)
        if id(thing) in known or current_actor() is None:
            known.add(id(thing))
            return real
        found.setdefault(type(thing).__qualname__, calling_line())
        return -real

    changed: list[Any] = []
    for each in classes:
        with contextlib.suppress(TypeError):  # some classes cannot be changed
            each.__hash__ = other
            changed.append(each)
    try:
        yield found
    finally:
        for each in changed:
            del each.__hash__


def _classes() -> list[Any]:
    return [each for each in classes_among(gc.get_objects()) if _is_hashed_by_address(each)]


def _made_before() -> list[int]:
    """The addresses of what is hashed by its address."""
    objects = gc.get_objects()
    kinds = {each for each in set(map(type, objects)) if _is_hashed_by_address(each)}
    return [id(thing) for thing in objects if type(thing) in kinds]


def _is_hashed_by_address(each: Any) -> bool:  # noqa: ANN401  # a class
    module = sys.modules.get(str(each.__module__))
    file = getattr(module, "__file__", None)
    return (
        "__hash__" not in vars(each)
        and each.__hash__ is object.__hash__
        and isinstance(file, str)
        and is_of_the_user(file)
    )
