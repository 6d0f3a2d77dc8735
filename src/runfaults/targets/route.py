"""Finds the route by which a checkout's API cancels a run, and calls that very function.

What the API does around a cancel differs between versions: one asks the manager and no more, one
writes the status as well, on a connection of the request's. So nothing is assumed: the function
that handles the request is found in the syntax trees, imported and called, with the manager, a
connection and the run's id for its parameters. What cannot be called so is not played.
"""

# ruff: noqa: ANN401 - the function is the checkout's

from __future__ import annotations

import ast
import contextlib
import importlib
import inspect
import re
import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import Enum, auto
from types import ModuleType
from typing import Any

from runfaults.targets.source_tree import Definition, SourceTree, calls
from runfaults.targets.stubs import StubMeta, StubModule
from runfaults.user_code import told

_VERBS = frozenset({"delete", "post", "put", "patch", "route", "api_route"})


class Role(Enum):
    """The meaning of a route's parameter."""

    MANAGER = auto()
    CONNECTION = auto()
    RUN = auto()
    UNUSED = auto()


class NotPlayableRouteError(Exception):
    """A route that cannot be called here; its text says why."""


@dataclass(frozen=True, slots=True)
class Route:
    """A function of the checkout that handles a request to cancel a run.

    Attributes:
        definition: Where it is.
        function: The function itself.
        roles: What each of its parameters is.
        commits: Whether what provides its connection commits when the request has been handled.
    """

    definition: Definition
    function: Callable[..., Any]
    roles: tuple[tuple[str, Role], ...]
    commits: bool

    @property
    def needs_connection(self) -> bool:
        """Whether it is given a connection."""
        return any(role is Role.CONNECTION for _, role in self.roles)

    def call(self, manager: Any, connection: sqlite3.Connection | None, run: int) -> None:
        """Handle one request, as the framework would.

        Raises:
            BaseException: Whatever the route raises.
        """
        given = {
            Role.MANAGER: manager,
            Role.CONNECTION: connection,
            Role.RUN: run,
            Role.UNUSED: None,
        }
        answer = self.function(**{name: given[role] for name, role in self.roles})
        if inspect.iscoroutine(answer):
            # It awaits nothing: its first step is its last.
            with contextlib.suppress(StopIteration):
                answer.send(None)
        if self.commits and connection is not None:
            connection.commit()


def cancel_route(tree: SourceTree) -> Route:
    """Find and import the route that cancels a run.

    Raises:
        NotPlayableRouteError: There is none, or none that can be called here.
    """
    complaints: list[str] = []
    for found in tree.functions_with_decorators():
        if _handles_requests(found.node) and _asks_manager(found.node):
            try:
                return _route(tree, found)
            except NotPlayableRouteError as error:
                complaints.append(f"{_place(tree, found)}: {error}")
    raise NotPlayableRouteError(
        "; ".join(complaints) or "no route of this checkout calls cancel_run of a manager"
    )


def _route(tree: SourceTree, found: Definition) -> Route:
    roles = dict(_roles(found.node))
    if any(isinstance(node, ast.Await) for node in ast.walk(found.node)):
        raise NotPlayableRouteError("it awaits what only a server's event loop provides")
    managers = {name for name, role in roles.items() if role is Role.MANAGER}
    if not _asks_manager(found.node, managers):
        raise NotPlayableRouteError("the manager that it asks is none of its parameters")
    if Role.RUN not in roles.values():
        raise NotPlayableRouteError("none of its parameters is named like a run's id")
    try:
        module = importlib.import_module(found.module)
        function = getattr(module, found.name)
    except Exception as error:
        raise NotPlayableRouteError(f"its module cannot be imported: {told(error)}") from error
    if isinstance(function, StubMeta) or not callable(function):
        raise NotPlayableRouteError("its decorator is of a package that is not installed here")
    _let_refusals_be_raised(module, found.node)
    _require_installed(module, found.node)
    return Route(found, function, tuple(roles.items()), _provider_commits(tree, found.node))


def _handles_requests(node: ast.AST) -> bool:
    return isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and any(
        isinstance(each, ast.Call)
        and isinstance(each.func, ast.Attribute)
        and each.func.attr in _VERBS
        for each in node.decorator_list
    )


def _asks_manager(node: ast.AST, managers: set[str] | None = None) -> bool:
    return any(
        isinstance(call.func, ast.Attribute)
        and (managers is None or _root(call.func.value) in managers)
        for call in calls(node, "cancel_run")
    )


def _roles(node: Any) -> Iterator[tuple[str, Role]]:
    """The meaning of each parameter.

    Raises:
        NotPlayableRouteError: One is used of which that cannot be told.
    """
    used = {each.id for line in node.body for each in ast.walk(line) if isinstance(each, ast.Name)}
    for parameter in (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs):
        annotation = ast.unparse(parameter.annotation) if parameter.annotation else ""
        if "RunManager" in annotation or "manager" in parameter.arg:
            yield parameter.arg, Role.MANAGER
        elif "Connection" in annotation or re.search(r"(^|_)(db|conn)", parameter.arg):
            yield parameter.arg, Role.CONNECTION
        elif re.fullmatch(r"run|run_?id|id", parameter.arg):
            yield parameter.arg, Role.RUN
        elif parameter.arg not in used:
            yield parameter.arg, Role.UNUSED
        else:
            raise NotPlayableRouteError(
                f"it uses its parameter {parameter.arg!r}, which is not a manager, a connection "
                "or a run"
            )


def _provider_commits(tree: SourceTree, node: Any) -> bool:
    """Whether a function that a parameter depends on commits."""
    asked = [*node.args.defaults, *filter(None, node.args.kw_defaults)]
    asked += [each.annotation for each in (*node.args.args, *node.args.kwonlyargs)]
    names = {
        each.args[0].id
        for root in filter(None, asked)
        for each in calls(root)
        if _root(each.func) == "Depends" and each.args and isinstance(each.args[0], ast.Name)
    }
    return any(
        calls(provider.node, "commit") for name in names for provider in tree.functions(name)
    )


def _let_refusals_be_raised(module: ModuleType, node: ast.AST) -> None:
    """Put exceptions in place of the stand-ins that the route raises."""
    for statement in ast.walk(node):
        if isinstance(statement, ast.Raise) and isinstance(statement.exc, ast.Call):
            name = _root(statement.exc.func)
            if isinstance(getattr(module, name, None), StubMeta):
                setattr(module, name, type(name, (Exception,), {"__init__": _take_anything}))


def _take_anything(self: Any, *arguments: Any, **named: Any) -> None:
    Exception.__init__(self, *arguments, *named.values())


def _require_installed(module: ModuleType, node: Any) -> None:
    """Refuse a route that calls what is not installed: its answer would prove nothing.

    Raises:
        NotPlayableRouteError: It does.
    """
    for line in node.body:
        for call in calls(line):
            name = _root(call.func)
            if isinstance(vars(module).get(name), StubMeta | StubModule):
                raise NotPlayableRouteError(f"it calls {name}, which is not installed here")


def _root(node: ast.AST) -> str:
    """The name with which an expression begins: `a` of `a.b.c`."""
    while isinstance(node, ast.Attribute):
        node = node.value
    return node.id if isinstance(node, ast.Name) else ""


def _place(tree: SourceTree, found: Definition) -> str:
    return f"{found.file.relative_to(tree.folder)}:{found.node.lineno} {found.name}"
