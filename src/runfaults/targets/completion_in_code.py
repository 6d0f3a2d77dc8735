"""Reads from a checkout's code which message to a subscriber says that its run is complete.

Code that listens tells: its loop over the queue of a subscriber ends with that message. Where none
listens, the manager's own code shows the messages that it makes.
"""

from __future__ import annotations

import ast
import importlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import reduce
from typing import Any

from runfaults.targets.completion import Completion, Key
from runfaults.targets.signal_word import word_in
from runfaults.targets.source_tree import Definition, SourceTree, calls

_USUAL = "complete"
_LISTENS = "register_subscriber"


@dataclass(frozen=True, slots=True)
class Found:
    """A completion signal as code tells it.

    Attributes:
        module: Where the values have names.
        key: Where a message says that it is one.
        values: The values there that say so, as code; none where any that is true does.
        remark: That in a sentence.
    """

    module: str
    key: Key
    values: tuple[ast.expr, ...]
    remark: str

    def completion(self) -> Completion:
        """The completion signal; imports the module if a value is no literal."""
        means = [self._evaluated(each) for each in self.values] or None
        return Completion(self.key, means, status=word_in)

    def _evaluated(self, value: ast.expr) -> Any:  # noqa: ANN401  # a value of theirs
        if isinstance(value, ast.Constant):
            return value.value
        return reduce(getattr, ast.unparse(value).split("."), importlib.import_module(self.module))


def completion_in(tree: SourceTree, manager: Definition) -> Found:
    """Return what a subscriber's loop ends with, else what the manager makes."""
    listening = tree.definitions_with(_LISTENS)
    heard = (each for found in listening for each in _ends(found, tree))
    # A None alone ends a subscription: whatever else ends it says more.
    ends = sorted(heard, key=lambda each: each.key is None)
    if ends:
        return ends[0]
    key = _made(manager) or _USUAL
    return Found(manager.module, key, (), f"a completion signal is a message with `{key}`")


def _ends(found: Definition, tree: SourceTree) -> Iterator[Found]:
    """What ends the loops of a function over the queue that it has registered."""
    queues = {name for name, value in _assigned(found.node) if calls(value, _LISTENS)}
    if not queues:
        return
    messages = {
        name
        for name, value in _assigned(found.node)
        for node in ast.walk(value)
        if isinstance(node, ast.Attribute)
        and node.attr in {"get", "get_nowait"}
        and isinstance(node.value, ast.Name)
        and node.value.id in queues
    }
    for node in ast.walk(found.node):
        if isinstance(node, ast.If) and isinstance(node.body[-1], ast.Break | ast.Return):
            tests = node.test.values if isinstance(node.test, ast.BoolOp) else [node.test]
            for test in tests:
                if (read := _read(test, messages)) is not None:
                    place = f"{found.file.relative_to(tree.folder)}:{test.lineno}"
                    remark = f"a completion signal is what {place} ends with: {ast.unparse(test)}"
                    yield Found(found.module, *read, remark)


def _read(test: ast.expr, messages: set[str]) -> tuple[Key, tuple[ast.expr, ...]] | None:
    """The key and the values that a test of a message asks for."""
    match test:
        case ast.Compare(left=left, ops=[ast.Eq() | ast.Is()], comparators=[value]):
            values = (value,)
        case ast.Compare(left=left, ops=[ast.In()], comparators=[ast.Tuple() | ast.Set() as many]):
            values = tuple(many.elts)
        case _:
            left, values = test, ()
    match left:
        case ast.Name(id=name) if values and name in messages:
            return None, values
        case ast.Attribute(value=ast.Name(id=name), attr=key) if name in messages:
            return key, values
        case (
            ast.Call(
                func=ast.Attribute(value=ast.Name(id=name), attr="get"),
                args=[ast.Constant(value=str() as key), *_],
            )
            | ast.Subscript(value=ast.Name(id=name), slice=ast.Constant(value=str() | int() as key))
        ) if name in messages:
            return key, values
        case _:
            return None


def _made(manager: Definition) -> str:
    """The one key that is True in messages of the manager's package; empty if there is none."""
    keys = {
        key.value
        for file in manager.file.parent.glob("*.py")
        for node in ast.walk(ast.parse(file.read_bytes()))
        if isinstance(node, ast.Dict)
        for key, value in zip(node.keys, node.values, strict=True)
        if isinstance(value, ast.Constant) and value.value is True
        if isinstance(key, ast.Constant) and isinstance(key.value, str)
    }
    return keys.pop() if len(keys) == 1 else ""


def _assigned(function: ast.AST) -> Iterator[tuple[str, ast.expr]]:
    for node in ast.walk(function):
        match node:
            case ast.Assign(targets=[ast.Name(id=name)], value=value):
                yield name, value
            case ast.NamedExpr(target=ast.Name(id=name), value=value):
                yield name, value
            case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value):
                yield name, value
            case _:
                pass
