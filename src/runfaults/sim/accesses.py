"""Finds the lines of a function that use what other threads may use, by their bytecode."""

from __future__ import annotations

import builtins
import dis
import re
from collections.abc import Iterator
from pathlib import Path
from types import CodeType
from typing import NamedTuple

_LOADS = frozenset(
    {
        "LOAD_ATTR",
        "LOAD_METHOD",
        "LOAD_SUPER_ATTR",
        "LOAD_GLOBAL",
        "LOAD_DEREF",
        "BINARY_SUBSCR",
        "BINARY_SLICE",
        "CONTAINS_OP",
        "MATCH_KEYS",
        "MATCH_CLASS",
    }
)
_STORES = frozenset(
    {
        "STORE_ATTR",
        "STORE_SUBSCR",
        "STORE_SLICE",
        "STORE_GLOBAL",
        "STORE_DEREF",
        "DELETE_ATTR",
        "DELETE_SUBSCR",
        "DELETE_GLOBAL",
        "DELETE_DEREF",
    }
)
_CLOSURES = frozenset({"LOAD_DEREF", "STORE_DEREF", "DELETE_DEREF"})

_COMPREHENSIONS = frozenset({"<listcomp>", "<setcomp>", "<dictcomp>"})
"""Functions of their own up to Python 3.11, parts of the one around them from 3.12 on."""

_IN_COMPREHENSION = re.compile(r"<(list|set|dict)comp>\.(<locals>\.)?")

_NO_FUNCTION_WITHOUT = 0x1 | 0x2  # CO_OPTIMIZED, CO_NEWLOCALS: neither a module nor a class body


class _Surroundings(NamedTuple):
    """The function that a line is told of.

    Attributes:
        name: `file.py:Class.method`.
        first: Its first line.
        shared: The variables that it shares with functions inside of it, or around it.
    """

    name: str
    first: int
    shared: frozenset[str]


def lines_of(code: CodeType) -> list[tuple[CodeType, dict[int, str]]]:
    """The yield points of a function, and of the comprehensions that are parts of it.

    There is one before the first use of an attribute, an item, a global or a variable of a closure
    in each line, branch by branch; and one before each later write in that line, and before each
    later read of an attribute: in between another thread may have changed what was read.

    Returns:
        For each code object the names of its points, by the offset of the instruction after them.
    """
    if code.co_flags & _NO_FUNCTION_WITHOUT != _NO_FUNCTION_WITHOUT:
        return []
    if code.co_name in _COMPREHENSIONS:
        return []  # it is found with its function
    file = re.sub(r"[\s#;]", "_", Path(code.co_filename).name)
    name = f"{file}:{_IN_COMPREHENSION.sub('', code.co_qualname)}"
    shared = frozenset(_captured(code)) - {"__class__"}
    surroundings = _Surroundings(name, code.co_firstlineno, shared | set(code.co_freevars))
    return [(each, _points(each, surroundings)) for each in _with_comprehensions(code)]


def _with_comprehensions(code: CodeType) -> Iterator[CodeType]:
    yield code
    for inner in code.co_consts:
        if isinstance(inner, CodeType) and inner.co_name in _COMPREHENSIONS:
            yield from _with_comprehensions(inner)


def _captured(code: CodeType) -> Iterator[str]:
    """The variables that functions inside of it use."""
    for part in _with_comprehensions(code):
        for inner in part.co_consts:
            if isinstance(inner, CodeType) and inner.co_name not in _COMPREHENSIONS:
                yield from inner.co_freevars


def _points(code: CodeType, surroundings: _Surroundings) -> dict[int, str]:
    """The same whatever the compiler's version: uses are those of the source, in its order."""
    points: dict[int, str] = {}
    line_before: int | None = None
    start: int | None = None
    follows_name = False
    comprehensions = 0
    for each in dis.get_instructions(code):
        start = each.offset if start is None else start
        if each.is_jump_target or each.opname == "PUSH_EXC_INFO":
            line_before = None
        if each.opname == "EXTENDED_ARG":
            continue
        if each.positions is not None and _is_use(each, surroundings.shared):
            line = each.positions.end_lineno or each.positions.lineno or surroundings.first
            place = f"{surroundings.name}+{line - surroundings.first}"
            if line != line_before:
                points[start] = place
            elif each.opname in _STORES:
                points[start] = f"{place} write"
            elif _is_read(each) and follows_name:
                points[start] = f"{place} read"
            line_before = line
        follows_name = "LOAD_FAST" in each.opname or (
            each.opname == "LOAD_DEREF" and start not in points
        )
        start = None
        comprehensions += isinstance(each.argval, CodeType) and (
            each.argval.co_name in _COMPREHENSIONS
        )
        if comprehensions and each.opname in {"GET_ITER", "GET_AITER"}:
            comprehensions -= 1
            line_before = None  # as where the comprehension is a loop of this function
        if _may_jump(each):
            line_before = None
    return points


def _is_use(instruction: dis.Instruction, shared: frozenset[str]) -> bool:
    name = instruction.opname
    if name in _CLOSURES:
        return instruction.argval in shared
    if name == "LOAD_GLOBAL":
        return not hasattr(builtins, str(instruction.argval))
    if name == "BINARY_OP":
        return instruction.argrepr == "[]"  # how 3.14 calls what was BINARY_SUBSCR
    return name in _LOADS or name in _STORES


def _is_read(instruction: dis.Instruction) -> bool:
    """Whether it loads an attribute, and not the method that is called next."""
    return instruction.opname == "LOAD_ATTR" and "NULL" not in instruction.argrepr


def _may_jump(instruction: dis.Instruction) -> bool:
    return instruction.opcode in dis.hasjrel or instruction.opcode in dis.hasjabs
