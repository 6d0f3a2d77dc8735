"""Finds where the loaded code has kept an object: under a name, as a default, in a closure."""

from __future__ import annotations

import contextlib
import functools
import gc
import sys
from collections.abc import Callable, Collection, Generator, Iterator
from types import CellType, FunctionType, ModuleType
from typing import Any, NamedTuple, cast

_UNTOUCHED = ("importlib", "_frozen_importlib", "runfaults.", "_weakrefset", "builtins")
"""Modules that keep what they have: the interpreter's own, and the harness."""


class Place(NamedTuple):
    """Where an object was found.

    Attributes:
        where: Name of the module or the class, and of what in it, for a person.
        original: The object.
        put: Puts another one there.
    """

    where: str
    original: Any
    put: Callable[[Any], None]


@contextlib.contextmanager
def nothing_frozen() -> Generator[None]:
    """Let the search below see each object: what `gc.freeze` has set aside has no known referrers.

    A test session that freezes what it has imported would keep its originals otherwise.
    """
    frozen = gc.get_freeze_count()
    gc.unfreeze()
    try:
        yield
    finally:
        if frozen:
            gc.freeze()


def captured(originals: Collection[Any]) -> Iterator[Place]:
    """Every place in which one of these objects was found.

    Looks through modules, classes, the defaults of functions and the closures. What an instance or
    a container has kept is not found.
    """
    wanted = {id(original) for original in originals}
    for module in list(sys.modules.values()):
        # Some packages put objects that are no modules there.
        names: dict[str, Any] = getattr(module, "__dict__", {})
        if not _is_untouched(names.get("__name__")):
            yield from _in_module(module, names, wanted)
    for owner in _owners(originals):
        if type(owner) is FunctionType:
            if not _is_untouched(owner.__globals__.get("__name__")):
                yield from _in_function(owner, wanted)
        elif not _is_untouched(owner.__module__):
            yield from _in_class(owner, wanted)


def _owners(originals: Collection[Any]) -> Iterator[Any]:
    """The functions and the classes that hold one of them, seen from the object that is held."""
    modules = {id(getattr(module, "__dict__", None)) for module in sys.modules.values()}
    held, found = list(originals), set[int]()
    for _ in range(_DEEPEST):
        holders: list[object] = gc.get_referrers(*held)
        for holder in holders:
            # Lazy objects wake up when they are asked anything: only their types are.
            kind = type(holder)
            if (kind is FunctionType or issubclass(kind, type)) and id(holder) not in found:
                found.add(id(holder))
                yield holder
        held = [each for each in holders if type(each) in _CARRIERS and id(each) not in modules]


_CARRIERS = frozenset({dict, tuple, CellType, staticmethod})
"""What stands between an object and the function or the class that holds it."""

_DEEPEST = 3
"""Of functions it is a cell in a tuple, of classes a `staticmethod` in a dictionary."""


def kept(original: Any) -> Iterator[Place]:  # noqa: ANN401  # whatever is looked for
    """Every place in which an instance, a container or a `functools.partial` has kept an object."""
    modules = {id(getattr(module, "__dict__", None)) for module in sys.modules.values()}
    holders: list[Any] = gc.get_referrers(original)
    for holder in holders:
        kind = cast("type[object]", type(holder))
        where = f"an object of type {kind.__qualname__}"
        if kind is functools.partial:
            if holder.func is original:
                yield Place(where, original, functools.partial(_put_in_partial, holder))
        elif kind is list:
            for index, value in enumerate(holder):
                if value is original:
                    yield Place(where, original, functools.partial(holder.__setitem__, index))
        elif kind is dict:
            if id(holder) not in modules and not _is_of_a_class(holder):
                yield from _in_names(where, holder, original)
        elif kind.__module__ != "builtins" and not isinstance(holder, type | ModuleType):
            with contextlib.suppress(AttributeError):
                names = object.__getattribute__(holder, "__dict__")
                yield from _in_names(where, names, original)


def _in_names(where: str, names: dict[Any, Any], original: Any) -> Iterator[Place]:  # noqa: ANN401
    for name, value in list(names.items()):
        if value is original:
            yield Place(where, original, functools.partial(names.__setitem__, name))


def _is_of_a_class(names: dict[Any, Any]) -> bool:
    """Whether only a class may change them."""
    return "__module__" in names and any(isinstance(e, type) for e in gc.get_referrers(names))


def _put_in_partial(holder: functools.partial[Any], thing: Any) -> None:  # noqa: ANN401
    state = (thing, holder.args, holder.keywords, vars(holder) or None)
    cast("Any", holder).__setstate__(state)


def _is_untouched(name: object) -> bool:
    return str(name).startswith(_UNTOUCHED)


def _in_module(module: ModuleType, names: dict[str, Any], wanted: set[int]) -> Iterator[Place]:
    for name, value in list(names.items()):
        if id(value) in wanted:
            yield Place(f"{names['__name__']}.{name}", value, _setter(module, name))


def _in_class(owner: type, wanted: set[int]) -> Iterator[Place]:
    for name, value in list(vars(owner).items()):
        # A function of the class would be bound to the instance; one written in C never is.
        held: Any = value.__func__ if type(value) is staticmethod else value
        if id(held) in wanted:
            put = _setter(owner, name, (cast("Any", value), held))
            yield Place(f"{owner.__module__}.{owner.__qualname__}.{name}", held, put)


def _setter(owner: Any, name: str, wrapped: tuple[Any, Any] | None = None) -> Callable[[Any], None]:  # noqa: ANN401  # a module or a class
    def put(thing: Any) -> None:  # noqa: ANN401  # whatever is to be there
        if wrapped is None:
            setattr(owner, name, thing)
        elif thing is wrapped[1]:
            setattr(owner, name, wrapped[0])
        else:
            setattr(owner, name, staticmethod(thing))

    return put


def _in_function(function: FunctionType, wanted: set[int]) -> Iterator[Place]:
    where = f"{function.__module__}.{function.__qualname__}"
    for index, value in enumerate(function.__defaults__ or ()):
        if id(value) in wanted:
            yield Place(f"{where}: a default", value, _default_setter(function, index))
    for name, value in (function.__kwdefaults__ or {}).items():
        if id(value) in wanted:
            yield Place(f"{where}: {name}", value, _keyword_setter(function, name))
    for name, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=True):
        try:
            value = cell.cell_contents
        except ValueError:
            continue  # not assigned so far
        if id(value) in wanted:
            yield Place(f"{where}: {name}", value, _setter(cell, "cell_contents"))


def _default_setter(function: FunctionType, index: int) -> Callable[[Any], None]:
    def put(thing: Any) -> None:  # noqa: ANN401  # whatever is to be there
        values = list(function.__defaults__ or ())
        values[index] = thing
        function.__defaults__ = tuple(values)

    return put


def _keyword_setter(function: FunctionType, name: str) -> Callable[[Any], None]:
    def put(thing: Any) -> None:  # noqa: ANN401  # whatever is to be there
        values = function.__kwdefaults__
        assert values is not None, "it had one"
        values[name] = thing

    return put
