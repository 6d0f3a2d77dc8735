"""Finds the function by which a checkout streams a run's log lines, if it ends by itself."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from runfaults.targets.source_tree import Definition, SourceTree, calls


def self_ending_log_stream(tree: SourceTree) -> Definition | None:
    """Return the function that takes back what it registers, or None.

    It registers a subscriber, then reads the run's row, as the run may have ended before; and
    it unregisters in a `finally`. What it has registered is its own to end, not the manager's.
    """
    for found in tree.definitions_with("register_subscriber"):
        if isinstance(found.node, ast.ClassDef):
            continue
        registered = calls(found.node, "register_subscriber")
        read = [each.lineno for each in calls(found.node, "get_run")]
        if (
            registered
            and max(read, default=0) > registered[0].lineno
            and any(calls(each, "unregister_subscriber") for each in _finally(found.node))
        ):
            return found
    return None


def _finally(function: ast.AST) -> Iterator[ast.AST]:
    for node in ast.walk(function):
        if isinstance(node, ast.Try):
            yield from node.finalbody
