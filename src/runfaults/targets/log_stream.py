"""Finds the function by which a checkout streams a run's log lines, if it ends by itself."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator

from runfaults.targets.source_tree import Definition, SourceTree


def self_ending_log_stream(tree: SourceTree) -> Definition | None:
    """Return the function that takes back what it registers, or None.

    It registers a subscriber, then reads the run's row, as the run may have ended before; and
    it unregisters in a `finally`. What it has registered is its own to end, not the manager's.
    """
    for found in tree.definitions():
        if isinstance(found.node, ast.ClassDef):
            continue
        registered = list(_calls([found.node], "register_subscriber"))
        if (
            registered
            and max(_calls([found.node], "get_run"), default=0) > registered[0]
            and any(_calls(_finally(found.node), "unregister_subscriber"))
        ):
            return found
    return None


def _calls(nodes: Iterable[ast.AST], name: str) -> Iterator[int]:
    """The lines on which a function or method of that name is called."""
    for each in nodes:
        for node in ast.walk(each):
            if isinstance(node, ast.Call):
                called = node.func
                of = called.attr if isinstance(called, ast.Attribute) else None
                if name in {of, called.id if isinstance(called, ast.Name) else None}:
                    yield node.lineno


def _finally(function: ast.AST) -> Iterator[ast.AST]:
    for node in ast.walk(function):
        if isinstance(node, ast.Try):
            yield from node.finalbody
