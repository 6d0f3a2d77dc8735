"""What a program could tell its own state by, at one moment: to see that it has returned."""

from __future__ import annotations

import datetime as dt
import dis
import enum
import functools
import itertools
import logging
import random
import re
import sqlite3
import threading
import types
import uuid
import weakref
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from operator import attrgetter, methodcaller
from pathlib import PurePath
from sys import modules
from typing import Any, cast

from runfaults.sim.actor import Actor
from runfaults.sim.lock import ControlledLock
from runfaults.sqlite.observed import Observed
from runfaults.user_code import is_of_the_user

MAX_OBJECTS = 20_000
"""A program that keeps more than this is not compared."""

CLOSE = 1e-6
"""Seconds by which two moments may differ that are the same: they are sums of floats."""


class IncomparableError(Exception):
    """Something keeps a state that cannot be seen from outside (a file, an object made in C)."""


@dataclass(slots=True)
class Snapshot:
    """All that frames refer to, as plain values.

    Attributes:
        clock: Virtual seconds at which it was taken.
        shape: Every value but those of `moments`, in the order in which they were found.
        moments: The floats and dates: a moment is the same one, or as far from now as before.
    """

    clock: float
    shape: list[object] = field(default_factory=list[object])
    moments: list[float] = field(default_factory=list[float])
    _seen: dict[int, int] = field(default_factory=dict[int, int])
    _kept: list[object] = field(default_factory=list[object])

    def is_like(self, other: Snapshot) -> bool:
        """Whether a program that reads no clock would do the same from here as from there."""
        passed = self.clock - other.clock
        return self.shape == other.shape and all(
            mine == others or abs(mine - others - passed) < CLOSE
            for mine, others in zip(self.moments, other.moments, strict=True)
        )

    def add_stack(self, frame: types.FrameType | None, resumed: int | None) -> None:
        """Add the frames of a thread, without the harness's own.

        Args:
            frame: The innermost.
            resumed: How often the thread was resumed, if it rests; None if it runs.

        Raises:
            IncomparableError: if it refers to what cannot be compared.
        """
        while frame is not None:
            if not _is_of_the_harness(frame.f_globals.get("__name__", "")):
                if _is_in_for_loop(frame):
                    self._add_progress(resumed)
                self._add_frame(frame)
            frame = frame.f_back

    def add(self, thing: object) -> None:
        """Add an object and all that it refers to.

        Raises:
            IncomparableError: if that includes what cannot be compared.
        """
        waiting: list[Iterator[object]] = [iter((thing,))]
        while waiting:
            for each in waiting[-1]:
                parts = self._add_one(each)
                if parts is not None:
                    waiting.append(iter(parts))
                    break
            else:
                waiting.pop()

    def _add_progress(self, resumed: int | None) -> None:
        """A loop has an iterator that only the interpreter sees: it is where it was at rest."""
        if resumed is None:
            raise IncomparableError("the iterator of a loop")
        self.shape.append(resumed)

    def _add_frame(self, frame: types.FrameType) -> None:
        code = frame.f_code
        self.shape += [code, frame.f_lasti]
        self.add(dict(frame.f_locals))
        if _keeps_state(code.co_filename) and id(frame.f_globals) not in self._seen:
            self._seen[id(frame.f_globals)] = len(self._seen)
            self.add({k: v for k, v in frame.f_globals.items() if not k.startswith("__")})

    def _add_one(self, thing: object) -> Iterable[object] | None:
        """Note one object; return what it refers to."""
        moment = _moment(thing)
        if moment is not None:
            self.moments.append(moment)
            self.shape.append(type(thing))
            return None
        if issubclass(type(thing), _VALUES):
            self.shape.append((type(thing), thing))
            return None
        known = self._seen.get(id(thing))
        if known is not None:
            self.shape.append(known)
            return None
        if len(self._seen) > MAX_OBJECTS:
            raise IncomparableError(f"more than {MAX_OBJECTS} objects")
        self._seen[id(thing)] = len(self._seen)
        self._kept.append(thing)  # so that no other object gets its address
        self.shape.append(type(thing))
        return _parts(thing)


@functools.cache
def _for_loops(code: types.CodeType) -> tuple[tuple[int, int], ...]:
    """Where in its bytecode the bodies of `for` are."""
    return tuple(
        (each.offset, each.argval)
        for each in dis.get_instructions(code)
        if each.opname == "FOR_ITER"
    )


def _keeps_state(file: str) -> bool:
    """Whether what a module's names refer to is looked at: the standard library's is not."""
    return "site-packages" in file or is_of_the_user(file)


def _is_in_for_loop(frame: types.FrameType) -> bool:
    return any(begin < frame.f_lasti < end for begin, end in _for_loops(frame.f_code))


def _is_of_the_harness(module: str) -> bool:
    """Whether a module is of the harness, and no adapter."""
    return module.startswith("runfaults.") and not module.startswith("runfaults.targets.")


def _moment(thing: object) -> float | None:
    """The seconds of what may be a point in time."""
    if type(thing) is float:
        return thing
    if type(thing) is str and _DATE.match(thing):
        try:
            thing = dt.datetime.fromisoformat(thing)
        except ValueError:
            return None
    return thing.timestamp() if type(thing) is dt.datetime else None


_DATE = re.compile(r"\d{4}-\d{2}-\d{2}.\d{2}:")

_VALUES: tuple[type[Any], ...] = (
    *(int, str, bytes, bool, complex, type(None), type(Ellipsis), type(NotImplemented), range),
    *(enum.Enum, PurePath, uuid.UUID, Decimal, dt.date, dt.time, dt.timedelta, dt.tzinfo),
    *(re.Pattern, types.CodeType),
)

_NOT_LOOKED_INTO: tuple[type[Any], ...] = (
    *(types.ModuleType, types.FrameType, types.TracebackType, types.BuiltinFunctionType),
    *(types.GetSetDescriptorType, types.MemberDescriptorType, types.WrapperDescriptorType),
    *(types.MethodDescriptorType, types.MethodWrapperType, types.GenericAlias, property),
    *(weakref.ref, logging.Logger, logging.Handler, Actor, random.SystemRandom),
)

_COLLECTIONS: tuple[type[Any], ...] = (list, tuple, set, frozenset, deque)

_ITERATORS: tuple[type[Any], ...] = (
    *map(type, (iter([1]), iter((1,)), iter(range(1)), iter("1"), iter({1: 1}), iter({1}))),
    *(type(iter({1: 1}.items())), type(iter({1: 1}.values()))),
    *(enumerate, zip, map, reversed, filter),
)

_PLAIN_SIZE = type("Plain", (), {}).__basicsize__
_SLOT_SIZE = 8


def _parts(thing: object) -> Iterable[object]:
    """All that an object's further behaviour may depend on."""
    for sort, look in _LOOKS:
        if issubclass(type(thing), sort):  # what `isinstance` asks, a proxy may answer
            return look(thing)
    if _is_of_the_harness(type(thing).__module__):
        return ()
    slots = _slots(thing)
    if type(thing).__basicsize__ > _PLAIN_SIZE + _SLOT_SIZE * len(slots):
        raise IncomparableError(f"a {type(thing).__qualname__}, which is made in C")
    return _attributes(thing)


def _attributes(thing: object) -> list[object]:
    """The values of an object's slots and of its `__dict__`, without a call of its own code."""
    values = [value for slot in _slots(thing) for value in _filled(slot, thing)]
    try:
        own: dict[str, object] = object.__getattribute__(thing, "__dict__")
    except AttributeError:
        own = {}
    pairs = (pair for pair in own.items() if not pair[0].startswith("runfaults_"))
    return [*values, *(part for pair in pairs for part in pair)]


def _slots(thing: object) -> list[types.MemberDescriptorType]:
    return [
        each
        for sort in type(thing).__mro__
        if "__slots__" in vars(sort)
        for each in vars(sort).values()
        if type(each) is types.MemberDescriptorType
    ]


def _filled(slot: types.MemberDescriptorType, thing: object) -> list[object]:
    try:
        return [slot.__get__(thing)]
    except AttributeError:
        return []


_ITEMS: Any = vars(dict)["items"]  # the dict's own, whatever a subclass has


def _of_dict(thing: dict[object, object]) -> list[object]:
    items: list[tuple[object, object]] = list(_ITEMS(thing))
    pairs = [part for pair in items for part in pair]
    return [len(pairs), *pairs, *_attributes(thing)]


def _of_proxy(thing: types.MappingProxyType[object, object]) -> list[object]:
    return [part for pair in thing.items() for part in pair]


def _of_collection(thing: Iterable[object]) -> list[object]:
    base = next(each for each in _COLLECTIONS if issubclass(type(thing), each))
    items: list[object] = list(base.__iter__(thing))
    return [len(items), *items, *_attributes(thing)]


def _of_class(thing: type) -> list[object]:
    """A class of the user's keeps values too."""
    module = modules.get(thing.__module__)
    file = None if module is None else vars(module).get("__file__")
    if file is None or not _keeps_state(file):
        return [thing.__module__, thing.__qualname__]
    # `_abc_impl` is what the interpreter knows of an abstract class.
    own = vars(thing).items()
    return [part for name, part in own if not name.startswith("__") and name != "_abc_impl"]


def _of_function(thing: types.FunctionType) -> list[object]:
    cells = (cell.cell_contents for cell in thing.__closure__ or () if _is_filled(cell))
    return [thing.__code__, *cells, *(thing.__defaults__ or ())]


def _is_filled(cell: types.CellType) -> bool:
    try:
        _ = cell.cell_contents
    except ValueError:
        return False
    return True


def _of_thread(thing: threading.Thread) -> list[object]:
    """What it will do: its names and numbers are others for each that is made."""
    names = {"_target", "_args", "_kwargs"}
    own = vars(thing).items()
    private = ("_", "runfaults_")
    return [value for name, value in own if name in names or not name.startswith(private)]


def _of_lock(thing: ControlledLock) -> list[object]:
    return [thing.name, thing.owner is not None]


def _of_connection(thing: sqlite3.Connection) -> list[object]:
    if not isinstance(thing, Observed):
        raise IncomparableError("a connection that is not watched")
    if thing.closed:
        return [True]
    if thing.has_unfinished_cursor:
        raise IncomparableError("a cursor with rows left")
    return [thing.in_transaction, thing.total_changes]


def _of_generator(thing: Any) -> list[object]:  # noqa: ANN401  # pyright knows no attributes of it
    frame: types.FrameType | None = thing.gi_frame
    if frame is None:
        return []
    if _is_in_for_loop(frame):
        raise IncomparableError("the iterator of a loop in a generator")
    return [frame.f_code, frame.f_lasti, dict(frame.f_locals)]


def _of_exception(thing: BaseException) -> list[object]:
    return [thing.args, thing.__cause__, thing.__context__, *vars(thing).values()]


def _of_iterator(thing: Any) -> list[object]:  # noqa: ANN401  # one of several types in C
    return list(thing.__reduce__())


def _of_nothing(thing: object) -> tuple[()]:
    del thing
    return ()


def _of_wrapper(thing: Any) -> list[object]:  # noqa: ANN401  # a classmethod or a staticmethod
    return [thing.__func__]


def _of_local(thing: threading.local) -> list[object]:
    """The values of the calling thread: no others can be seen."""
    return list(vars(thing).values())


def _of_cursor(thing: sqlite3.Cursor) -> list[object]:
    return [getattr(thing, "connection", None)]


_LOOKS: tuple[tuple[Any, Callable[[Any], Iterable[object]]], ...] = cast(
    "Any",
    (
        (_NOT_LOOKED_INTO, _of_nothing),
        (type, _of_class),
        (types.FunctionType, _of_function),
        (types.MethodType, attrgetter("__func__", "__self__")),
        ((classmethod, staticmethod), _of_wrapper),
        (functools.partial, attrgetter("func", "args", "keywords")),
        (threading.Thread, _of_thread),
        (threading.local, _of_local),
        (ControlledLock, _of_lock),
        (sqlite3.Connection, _of_connection),
        (sqlite3.Cursor, _of_cursor),
        (sqlite3.Row, tuple),
        (BaseException, _of_exception),
        (types.GeneratorType, _of_generator),
        (random.Random, methodcaller("getstate")),
        (itertools.count, repr),
        (types.MappingProxyType, _of_proxy),
        (dict, _of_dict),
        (_COLLECTIONS, _of_collection),
        (_ITERATORS, _of_iterator),
    ),
)
"""What to look at, by type; the first that fits."""
