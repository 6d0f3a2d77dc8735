"""Finds where the loaded code has kept an object: under a name, as a default, in a closure."""

from __future__ import annotations

import contextlib
import functools
import gc
import sys
from collections.abc import Callable, Collection, Iterable, Iterator
from types import CellType, FunctionType, ModuleType
from typing import Any, NamedTuple, cast

from runfaults.sim.loaded import classes_among, found_in_all

_UNTOUCHED = ("importlib", "_frozen_importlib", "runfaults.", "_weakrefset", "builtins")
"""Modules that keep what they have: the interpreter's own, and the harness."""


class Wanted(NamedTuple):
    """Originals that are looked for.

    Attributes:
        ids: Their identities.
        things: The originals; two built-in functions with one implementation are equal.
        kinds: Their types, whose objects can all be hashed.
    """

    ids: frozenset[int]
    things: frozenset[Any]
    kinds: frozenset[type]

    @classmethod
    def of(cls, originals: Collection[Any]) -> Wanted:
        """Of what is looked for."""
        return cls(
            frozenset(map(id, originals)), frozenset(originals), frozenset(map(type, originals))
        )

    def may_be_among(self, values: Iterable[Any]) -> bool:
        """Whether to look closer: `id` is heard by each audit hook, and costs too much for all."""
        kinds = self.kinds
        return not self.things.isdisjoint([each for each in values if type(each) in kinds])


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


def captured(originals: Collection[Any]) -> Iterator[Place]:
    """Every place in which one of these objects was found.

    Looks through modules, classes, the defaults of functions and the closures. What an instance or
    a container has kept is not found.
    """
    wanted = Wanted.of(originals)
    for module in list(sys.modules.values()):
        # Some packages put objects that are no modules there.
        names: dict[str, Any] = getattr(module, "__dict__", {})
        if not _is_untouched(names.get("__name__")):
            yield from _in_module(module, names, wanted)
    for owner in found_in_all(("captured", wanted.ids), functools.partial(_owners, wanted)):
        if type(owner) is FunctionType:
            yield from _in_function(owner, wanted)
        else:
            yield from _in_class(owner, wanted)


def _owners(wanted: Wanted) -> list[Any]:
    """The functions and the classes that keep one of them."""
    objects = gc.get_objects()
    functions = [each for each in objects if type(each) is FunctionType]
    return [
        *(
            each
            for each in functions
            if _keeps(each, wanted) and not _is_untouched(each.__globals__.get("__name__"))
        ),
        *(
            each
            for each in classes_among(objects)
            if not _is_untouched(each.__module__) and any(_in_class(each, wanted))
        ),
    ]


def _keeps(function: FunctionType, wanted: Wanted) -> bool:
    """Whether it keeps one of them."""
    defaults, named, cells = function.__defaults__, function.__kwdefaults__, function.__closure__
    return (
        (cells is not None and wanted.may_be_among(map(_contents, cells)))
        or (defaults is not None and wanted.may_be_among(defaults))
        or (named is not None and wanted.may_be_among(named.values()))
    )


def _contents(cell: CellType) -> Any:  # noqa: ANN401
    try:
        return cell.cell_contents
    except ValueError:
        return None  # not assigned so far


def kept(original: Any) -> Iterator[Place]:  # noqa: ANN401  # whatever is looked for
    """Every place in which an instance, a container or a `functools.partial` has kept an object."""
    for holder in found_in_all(("kept", id(original)), functools.partial(_holders, original)):
        yield from _in_holder(holder, original)


def _holders(original: Any) -> list[Any]:  # noqa: ANN401
    """The instances, containers and partials that keep it."""
    modules = {id(getattr(module, "__dict__", None)) for module in sys.modules.values()}
    referrers: list[Any] = gc.get_referrers(original)
    return [
        each for each in referrers if id(each) not in modules and any(_in_holder(each, original))
    ]


def _in_holder(holder: Any, original: Any) -> Iterator[Place]:  # noqa: ANN401
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
        if not _is_of_a_class(holder):
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


def _in_module(module: ModuleType, names: dict[str, Any], wanted: Wanted) -> Iterator[Place]:
    if not wanted.may_be_among(list(names.values())):
        return
    for name, value in list(names.items()):
        if id(value) in wanted.ids:
            yield Place(f"{names['__name__']}.{name}", value, _setter(module, name))


def _in_class(owner: type, wanted: Wanted) -> Iterator[Place]:
    values = vars(owner).values()
    if not wanted.may_be_among(values) and staticmethod not in map(type, values):
        return
    for name, value in list(vars(owner).items()):
        # A function of the class would be bound to the instance; one written in C never is.
        held: Any = value.__func__ if type(value) is staticmethod else value
        if id(held) in wanted.ids:
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


def _in_function(function: FunctionType, wanted: Wanted) -> Iterator[Place]:
    for index, value in enumerate(function.__defaults__ or ()):
        if id(value) in wanted.ids:
            yield Place(f"{_name_of(function)}: a default", value, _default_setter(function, index))
    for name, value in (function.__kwdefaults__ or {}).items():
        if id(value) in wanted.ids:
            yield Place(f"{_name_of(function)}: {name}", value, _keyword_setter(function, name))
    for name, cell in zip(function.__code__.co_freevars, function.__closure__ or (), strict=True):
        if id(_contents(cell)) in wanted.ids:
            put = _setter(cell, "cell_contents")
            yield Place(f"{_name_of(function)}: {name}", cell.cell_contents, put)


def _name_of(function: FunctionType) -> str:
    return f"{function.__module__}.{function.__qualname__}"


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
