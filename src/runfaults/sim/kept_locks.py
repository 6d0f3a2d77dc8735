"""Finds locks that were made before there was a simulation: of modules, classes and objects.

They are held while other actors run, so a real one would block unseen by the scheduler. The
standard library's own are held for an instant only, but for one.
"""

# ruff: noqa: ANN401 - what holds a lock may be any object

from __future__ import annotations

import _thread
import contextlib
import functools
import queue
import sys
import threading
from collections import OrderedDict, defaultdict, deque
from collections.abc import Callable, Iterator
from types import BuiltinMethodType, MethodType, ModuleType
from typing import Any, NamedTuple, cast

from runfaults.sim.loaded import classes_among
from runfaults.sim.lock import ControlledLock
from runfaults.user_code import is_of_the_user

_LOCK: Any = type(_thread.allocate_lock())
_RLOCK: Any = type(threading.RLock())
_LOCKS = frozenset((_LOCK, _RLOCK))
_BUILT_OF_LOCKS = frozenset(
    (
        threading.Condition,
        threading.Semaphore,
        threading.BoundedSemaphore,
        threading.Event,
        threading.Barrier,
        queue.Queue,
        queue.LifoQueue,
        queue.PriorityQueue,
    )
)
_MAY_BE_KEPT = _LOCKS | {BuiltinMethodType}
_AT_ONCE = _LOCKS | _BUILT_OF_LOCKS
"""What is looked for in packages too."""
_BY_KEY = frozenset((dict, defaultdict, OrderedDict))
_FIXED = frozenset((tuple, set, frozenset, deque))
"""What stands in them is not replaced; what that keeps is."""
_CONTAINERS = _BY_KEY | _FIXED | {list}
_POOLS = "concurrent.futures.thread"
_OF_THE_SESSION = frozenset(("runfaults", "pytest", "_pytest", "hypothesis"))
_MOST = 10_000
"""So many objects are looked into: what a program keeps its locks in is no data set."""


class KeptLock(NamedTuple):
    """Where a lock was found.

    Attributes:
        original: What is there.
        controlled: What is to be there while a simulation runs.
        put: Puts either there.
    """

    original: Any
    controlled: Any
    put: Callable[[Any], None]


def kept_locks() -> Iterator[KeptLock]:
    """Every lock that a module, a class of it, or an object that one of them names has kept.

    Of a package's objects only those of `threading` and `queue` are looked into.
    A lock that is held at the moment is left as it is, and so is one that no dictionary has.
    """
    known = _Known()
    for module in list(sys.modules.values()):
        names: dict[str, object] = getattr(module, "__dict__", {})
        if not names:
            continue  # None forbids an import, and some packages put objects that are no modules
        name = str(names.get("__name__"))
        top = name.partition(".")[0]
        if name != _POOLS and (top in sys.stdlib_module_names or top in _OF_THE_SESSION):
            continue
        is_the_user_s = is_of_the_user(str(names.get("__file__")))
        classes = _classes_of(name, names) if is_the_user_s else _keepers_of(name, names)
        for owner in (module, *classes):
            yield from known.among(owner, vars(owner), deep=is_the_user_s)


_KEEPERS: dict[str, tuple[int, list[Any]]] = {}
"""By a package's module: how many names it had, and those of its classes that keep locks."""


def _keepers_of(name: str, names: dict[str, object]) -> list[Any]:
    """The classes of a package's module that keep locks; looked for again where names come.

    There are thousands of classes, and to look through them takes as long as all the rest.
    """
    if name not in _KEEPERS or _KEEPERS[name][0] != len(names):
        keepers = [each for each in _classes_of(name, names) if _keeps_at_once(vars(each))]
        _KEEPERS[name] = len(names), keepers
    return _KEEPERS[name][1]


def _classes_of(name: str, names: dict[str, object]) -> list[Any]:
    return [each for each in classes_among(names.values()) if each.__module__ == name]


def _keeps_at_once(names: Any) -> bool:
    return not _AT_ONCE.isdisjoint(map(type, names.values()))


class _Known:
    """What was seen already."""

    def __init__(self) -> None:
        self._left = _MOST
        self._seen: set[int] = set()
        self._entered: dict[Any, bool] = {}
        # The originals live as long as this: no other lock gets the address of one.
        self._controlled: dict[int, tuple[Any, Any]] = {}

    def among(self, owner: Any, names: Any, *, deep: bool) -> Iterator[KeptLock]:
        """Those under these names of an owner, and in the objects that they name."""
        if deep:
            kinds: set[Any] = set(map(type, names.values()))
            wanted = {kind for kind in kinds if kind in _AT_ONCE or self._is_entered(kind)}
            if not wanted:
                return
        elif _keeps_at_once(names):
            wanted = _AT_ONCE
        else:
            return
        for name, value in [each for each in names.items() if type(each[1]) in wanted]:
            if type(value) in _LOCKS:
                yield from self._kept(value, name, functools.partial(setattr, owner, name))
            elif not name.startswith("__"):
                yield from self._within(value)

    def _within(self, first: Any) -> Iterator[KeptLock]:
        waiting = [first]
        while waiting and self._left:
            value = waiting.pop()
            address = object.__hash__(value)  # each audit hook hears of `id`
            if address in self._seen:
                continue
            self._seen.add(address)
            self._left -= 1
            kind = cast("Any", type(value))
            is_container = kind in _CONTAINERS
            places: Any = value if is_container else _names_of(value)
            in_order = is_container and kind not in _BY_KEY
            pairs: Any = enumerate(places) if in_order else places.items()
            items: list[Any] = list(pairs)
            if kind not in _FIXED and not _is_waited_for(value):
                for key, each in [item for item in items if type(item[1]) in _MAY_BE_KEPT]:
                    name = "lock" if is_container else key
                    put = functools.partial(places.__setitem__, key)
                    yield from self._kept(each, name, put)
            waiting.extend(each for _, each in items if self._is_entered(type(each)))

    def _kept(self, value: Any, name: str, put: Callable[[Any], None]) -> Iterator[KeptLock]:
        """A lock, or a method of one: a condition has those of its lock among its attributes."""
        is_method = type(value) is BuiltinMethodType
        lock: Any = value.__self__ if is_method else value
        if type(lock) not in _LOCKS:
            return
        controlled = self._controlled_for(lock, name)
        if controlled is not None:
            yield KeptLock(
                value, getattr(controlled, value.__name__) if is_method else controlled, put
            )

    def _is_entered(self, kind: Any) -> bool:
        """See `_may_keep_locks`, which takes longer."""
        if kind not in self._entered:
            self._entered[kind] = _may_keep_locks(kind)
        return self._entered[kind]

    def _controlled_for(self, lock: Any, name: str) -> Any | None:
        """The one controlled lock for a real one; None if that is held at the moment."""
        address = object.__hash__(lock)
        if address not in self._controlled:
            self._controlled[address] = lock, _controlled(lock, name)
        return self._controlled[address][1]


def _controlled(lock: Any, name: str) -> Any | None:
    if type(lock) is _RLOCK:
        reentrant: Any = cast("Any", threading)._PyRLock()  # noqa: SLF001
        reentrant._block = ControlledLock(name)  # noqa: SLF001  # all that it waits with
        return reentrant
    return None if lock.locked() else ControlledLock(name)


def _may_keep_locks(kind: Any) -> bool:
    """Whether objects of a type may keep locks of a program."""
    if kind in _BUILT_OF_LOCKS or kind in _CONTAINERS:
        return True
    if issubclass(kind, type | ModuleType | MethodType | threading.Thread):
        return False
    top = str(kind.__module__).partition(".")[0]
    return top not in sys.stdlib_module_names and top not in _OF_THE_SESSION


def _names_of(value: Any) -> dict[str, Any]:
    """The dictionary of an object; lazy objects wake up when they are asked themselves."""
    with contextlib.suppress(AttributeError, TypeError):
        names = object.__getattribute__(value, "__dict__")
        if type(names) is dict:
            return cast("dict[str, Any]", names)
    return {}


def _is_waited_for(value: Any) -> bool:
    """Whether a thread that is none of a simulation's waits for a condition."""
    return type(value) is threading.Condition and bool(_names_of(value)["_waiters"])
