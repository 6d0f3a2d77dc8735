"""Where in a user's file a member of an adapter is written."""

from __future__ import annotations

import ast
import inspect
import textwrap
from pathlib import Path


def place_in(adapter: object, *members: str) -> str:
    """The place of the first of these members that an adapter or its class has, ` (mine.py:12)`.

    Empty if its source cannot be found.
    """
    for member in members:
        for sort in (adapter if isinstance(adapter, type) else type(adapter)).__mro__:
            if member in vars(sort) and sort.__module__.partition(".")[0] != "runfaults":
                line = _line(sort, member)
                return f" ({line})" if line else ""
    return ""


def _line(sort: type, member: str) -> str:
    try:
        source, first = inspect.getsourcelines(sort)
        file = Path(inspect.getsourcefile(sort) or "")
        (tree,) = ast.parse(textwrap.dedent("".join(source))).body
    except (OSError, TypeError, SyntaxError, ValueError):
        return ""
    for node in getattr(tree, "body", ()):
        if member in _names(node):
            return f"{'/'.join(file.parts[-2:])}:{first + node.lineno - 1}"
    return ""


def _names(node: ast.stmt) -> list[str]:
    match node:
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
            return [name]
        case ast.Assign(targets=targets):
            return [each.id for each in targets if isinstance(each, ast.Name)]
        case ast.AnnAssign(target=ast.Name(id=name)):
            return [name]
        case _:
            return []
