"""Makes the adapter that a user named, and sees that it is one."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping
from dataclasses import fields
from functools import partial
from importlib.util import find_spec
from math import inf
from typing import Any

from runfaults.model import Vocabulary
from runfaults.targets.audit import Audit, AuditScript
from runfaults.targets.places import place_in
from runfaults.targets.shape import not_run
from runfaults.targets.slips import slips
from runfaults.targets.target import Target, TargetError
from runfaults.user_code import running

_PARTS = {
    "name": "a text",
    "vocabulary": "a runfaults.model.Vocabulary",
    "audit": "an Audit, a tuple of them, or an AuditScript",
    "prepare": "a method: prepare(database)",
    "open": "a method: open(database, work)",
}
"""The members that every adapter has, and what each is."""

_OPTIONAL = {
    "exempt": "a dict: why, in a phrase, by the name of each rule",
    "cancellable": "a tuple of qualified names of coroutines, such as 'Jobs.handle'",
    "remarks": "a tuple of sentences",
    "threads": "a dict: one word for a sort of threads, by the beginning of their names",
    "processes": "a phrase",
    "recovers_within": "a number of seconds",
    "patience": "a number of seconds",
    "drains": "True or False",
    "packages": "a tuple of names of installed packages, as they are imported",
}
"""The members that an adapter may have, see `Traits`, and what each is."""

_INSTEAD = {"open": ", and replaces `open` of the base Adapter: give it another name"}
"""What to do about a member that does nothing when it is called."""


def adapter(name: str, make: object) -> Target:
    """Make an adapter.

    Args:
        name: As the user named it.
        make: Its class, or a function that returns it.

    Raises:
        TargetError: if it cannot be made, or is no adapter; the message says what it lacks.
    """
    if not callable(make):
        raise TargetError(f"target {name} is {_shown(make)}; name a class with the protocol Target")
    what, remedy = f"target {name} cannot be made", "it is called without arguments"
    with running(what, remedy, TargetError, partial(place_in, make, "__init__")):
        made: Any = make()
    for complaint in _complaints(name, made):
        raise TargetError(f"target {name}: {complaint}")
    return made


def _complaints(name: str, made: object) -> Iterator[str]:
    for part, wanted in (_PARTS | _OPTIONAL).items():
        with running(f"target {name}: {part}", f"it must be {wanted}", TargetError):
            absent = not hasattr(made, part)
            value = None if absent else getattr(made, part)
        if absent:
            if part in _PARTS:
                yield f"it has no `{part}`, which must be {wanted}"
        elif not _CHECKS[part](value):
            yield f"`{part}`{place_in(made, part)} is {_shown(value)}; it must be {wanted}"
        elif part == "vocabulary":
            yield from _in_vocabulary(value)
        elif what := not_run(value):
            yield f"`{part}`{place_in(made, part)} is {what}{_INSTEAD.get(part, '')}"
    yield from slips(made)


def _in_vocabulary(vocabulary: Any) -> Iterator[str]:  # noqa: ANN401  # of any types
    for each in fields(Vocabulary):
        words: Any = getattr(vocabulary, each.name)
        if not (issubclass(type(words), frozenset | set) and _are_texts(words)):
            yield (
                f"`vocabulary.{each.name}` is {_shown(words)}; it must be a set of texts: "
                "frozenset({'done'})"
            )
            return
    if vocabulary.ambiguous:
        words = ", ".join(repr(word) for word in sorted(vocabulary.ambiguous))
        yield f"`vocabulary` has {words} in two sorts; a word can mean one thing only"


def _are_texts(values: Any) -> bool:  # noqa: ANN401  # of any types
    return all(isinstance(value, str) for value in values)


def _is_mapping_of_texts(value: Any) -> bool:  # noqa: ANN401  # of any type
    return isinstance(value, Mapping) and _are_texts((*value, *value.values()))


def _are_installed(names: Any) -> bool:  # noqa: ANN401  # of any types
    try:
        return _are_texts(names) and all(find_spec(name) is not None for name in names)
    except (ImportError, ValueError):
        return False


def _is_audit(value: Any) -> bool:  # noqa: ANN401  # of any type
    several = _several(value)
    if len(several) == 1 and isinstance(several[0], AuditScript):
        return _is_of_texts(several[0])
    return all(isinstance(each, Audit) and _is_of_texts(each) for each in several)


def _is_of_texts(audit: Audit | AuditScript) -> bool:
    parts = [getattr(audit, each.name) for each in fields(audit)]
    return all(_are_texts(_several(part)) for part in parts)


def _several(value: Any) -> tuple[Any, ...]:  # noqa: ANN401  # of any type
    return value if issubclass(type(value), tuple) and value else (value,)


def _takes(number: int) -> Callable[[Any], bool]:
    """Whether something can be called with so many arguments."""

    def can_be_called(method: Any) -> bool:  # noqa: ANN401  # of any type
        try:
            inspect.signature(method).bind(*[None] * number)
        except TypeError:
            return False
        except ValueError:
            return True  # written in C: it does not say
        return True

    return can_be_called


def _shown(value: object) -> str:
    """A value that should be another one, as far as that helps."""
    text = f"{type(value).__name__}{inspect.signature(value)}" if callable(value) else repr(value)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."


_LONGEST = 80

_CHECKS: Mapping[str, Callable[[Any], bool]] = {
    "name": lambda value: isinstance(value, str) and value != "",
    "vocabulary": lambda value: isinstance(value, Vocabulary),
    "audit": _is_audit,
    "prepare": _takes(1),
    "open": _takes(2),
    "exempt": lambda value: (
        _is_mapping_of_texts(value) and all(each.strip() for each in value.values())
    ),
    "cancellable": lambda value: isinstance(value, tuple | list) and _are_texts(value),
    "remarks": lambda value: isinstance(value, tuple | list) and _are_texts(value),
    "threads": _is_mapping_of_texts,
    "processes": lambda value: isinstance(value, str),
    "recovers_within": lambda value: isinstance(value, int | float) and 0 <= value < inf,
    "patience": lambda value: isinstance(value, int | float) and 0 < value < inf,
    "drains": lambda value: isinstance(value, bool),
    "packages": lambda value: isinstance(value, tuple | list) and _are_installed(value),
}
