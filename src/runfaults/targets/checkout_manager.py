"""Drives the `RunManager` of a checkout of unknown version."""

# ruff: noqa: ANN401 - the signatures are the checkout's

from __future__ import annotations

import contextlib
import enum
import inspect
import re
import sqlite3
import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any, cast

from runfaults.targets.client import Client
from runfaults.targets.completion import Completion
from runfaults.targets.inbox import Inbox
from runfaults.targets.requirements import command_with
from runfaults.targets.route import Route
from runfaults.targets.target import Ask, TargetError, Work


@dataclass(frozen=True, slots=True)
class Parts:
    """The parts that were found in a checkout.

    Attributes:
        manager: The class `RunManager`.
        executor: The class `PipelineExecutor`.
        entry: Name of the executor's method that runs the pipeline.
        cancel_exception: What a pipeline raises that noticed a cancel; None if there is none.
        connect: Opens a connection, given a path; None if there is no such function.
        route: What the API does to cancel a run; None if that cannot be played.
        completion: Which message to a subscriber says that its run is complete.
        streams_end_themselves: Whether the API takes back each subscriber that it registers.
        modules: Every module of the checkout that was imported.
        used: Names of the stand-ins that were used; see `stubs`.
        folder: The checkout.
    """

    manager: type[Any]
    executor: type[Any]
    entry: str
    cancel_exception: type[BaseException] | None
    connect: Callable[..., Any] | None
    route: Route | None
    completion: Completion
    streams_end_themselves: bool
    modules: tuple[ModuleType, ...]
    used: set[str]
    folder: Path


def manager_class(parts: Parts) -> type[CheckoutManager]:
    """A class that offers exactly what this version can do."""
    own = {name for name, _ in inspect.getmembers(parts.manager, callable)}
    abilities: list[type] = []
    if "cancel_run" in own:
        abilities.append(_Cancels)
    if parts.route is not None:
        abilities.append(_CancelsByRoute)
    if "get_run" in own:
        abilities.append(_Reads)
    if "register_subscriber" in own:
        abilities.append(_Signals)
    return type("CheckoutManager", (*abilities, CheckoutManager), {"parts": parts})


class CheckoutManager:
    """A `RunManager` as the harness drives it."""

    parts: Parts

    def __init__(self, database: Path, work: Work) -> None:
        self._database = database
        parts = self.parts
        _put_in_place(parts, scripted_executor(parts, work))
        self._manager = call(
            parts.manager,
            {r"db|database": str(database), r"root|dir|folder": str(database.parent)},
        )

    def start(self) -> int:
        """Start a run of the full pipeline."""
        answer = call(self._manager.start_run, {r"scope|mode|steps": "full"})
        return getattr(answer, "id", answer)

    def wait(self, run: int) -> None:
        """Join every thread that the manager keeps."""
        del run
        self._join_all()

    def close(self) -> None:
        """Close the manager, if this version can be closed."""
        for name in ("close", "shutdown"):
            if hasattr(self._manager, name):
                getattr(self._manager, name)()
                return
        self._join_all()

    def _join_all(self) -> None:
        for thread in _threads(self._manager):
            if thread.ident is not None:  # another one is about to be started
                thread.join()

    def leaks(self) -> Iterable[tuple[str, str]]:
        """Subscribers and cancel events that outlive their run.

        Raises:
            TargetError: if a stand-in for a missing package was used: the run proves nothing.
        """
        if self.parts.used:
            packages = {name.partition(".")[0] for name in self.parts.used}
            raise TargetError(
                f"{self.parts.folder}: managing a run uses {', '.join(sorted(self.parts.used))}, "
                f"and {', '.join(sorted(packages))} is not installed here; a stand-in is for what "
                "no run uses; to have it installed for this once: "
                f"{command_with(self.parts.folder, packages)}"
            )
        kept = [("cancel-event", "_cancel_events")]
        if not self.parts.streams_end_themselves:
            kept.insert(0, ("subscriber", "_subscribers"))
        for sort, name in kept:
            for run in getattr(self._manager, name, ()):
                yield sort, f"run {run}"


class _Cancels(CheckoutManager):
    def cancel(self, run: int) -> bool | None:
        """Ask the manager; what is no yes or no promises nothing."""
        answer = self._manager.cancel_run(run)
        return answer if isinstance(answer, bool) else None


class _CancelsByRoute(CheckoutManager):
    def cancel_by_route(self, run: int, ask: Ask) -> None:
        """Call the route's own function, on a connection of the request's if it wants one."""
        route = self.parts.route
        assert route is not None, "it offers this"
        asked = _Asked(self._manager, ask)
        if not route.needs_connection:
            route.call(asked, None, run)
            return
        connect = self.parts.connect or sqlite3.connect
        with contextlib.closing(connect(str(self._database))) as connection:
            connection.row_factory = connection.row_factory or sqlite3.Row
            route.call(asked, connection, run)


class _Asked:
    """A `RunManager` of which each cancel is told."""

    def __init__(self, manager: Any, ask: Ask) -> None:
        self._manager = manager
        self._ask = ask

    def __getattr__(self, name: str) -> Any:
        return getattr(self._manager, name)

    def cancel_run(self, run: int, *arguments: Any, **named: Any) -> Any:
        return self._ask(run, lambda: self._manager.cancel_run(run, *arguments, **named))


class _Reads(CheckoutManager):
    def status(self, run: int) -> str | None:
        """The answer of the manager's own reader."""
        row = self._manager.get_run(run)
        if row is None:
            return None
        return str(row["status"] if hasattr(row, "keys") else row.status)


class _Signals(CheckoutManager):
    def subscribe(self, run: int) -> Callable[[], str | None]:
        """Register a queue and wait on it for completion signals."""
        queue = self._manager.register_subscriber(run)
        completion = self.parts.completion
        line = {"run_id": run, **_LINE} if isinstance(completion.key, str) else None
        return Inbox(queue, completion, line).next_signal


def scripted_executor(parts: Parts, work: Work) -> type[Any]:
    """A class that stands where `PipelineExecutor` stands and plays the script."""

    def play(self: Any, *arguments: Any, **named: Any) -> None:
        given = [
            *named.items(),
            *_with_attributes([*arguments, *named.values()]),
            *_with_attributes(self.given),
        ]
        events = [value for _, value in given if isinstance(value, threading.Event)]
        runs = [value for name, value in given if name == "run_id" and isinstance(value, int)]
        _report_progress(given)
        work(
            next((value for _, value in given if isinstance(value, sqlite3.Connection)), None),
            runs[0] if runs else None,
            events[0].is_set if events else lambda: False,
            parts.cancel_exception,
            client=self.client if closes else None,
        )

    def init(self: Any, *arguments: Any, **named: Any) -> None:
        self.given = [*arguments, *named.values()]
        self.client = Client()

    def close(self: Any, *_: Any, **__: Any) -> None:
        self.client.close()

    def nothing(self: Any, *arguments: Any, **named: Any) -> None:
        """Nothing is held."""

    others = [name for name in vars(parts.executor) if not name.startswith("_")]
    closes = [
        name for name in others if re.fullmatch(r"(a?close|shutdown|stop|abort)(_\w+)?", name)
    ]
    body = {**dict.fromkeys(others, nothing), "__init__": init, parts.entry: play}
    body |= dict.fromkeys(closes, close)
    body |= {"__enter__": lambda self: self, "__exit__": close if closes else nothing}
    return type("ScriptedExecutor", (), body)


def _put_in_place(parts: Parts, scripted: type[Any]) -> None:
    """Give every module of the checkout the scripted executor under the name of its own."""
    for module in parts.modules:
        for name, value in list(vars(module).items()):
            if isinstance(value, type) and (
                value is parts.executor or value.__name__ == "ScriptedExecutor"
            ):
                setattr(module, name, scripted)


def _with_attributes(values: Iterable[Any]) -> Iterator[tuple[str, Any]]:
    """Each value, and what it has for attributes: an execution context, for instance."""
    for value in values:
        yield "", value
        for name in (*getattr(value, "__dict__", ()), *getattr(value, "__slots__", ())):
            if not name.startswith("_"):
                yield name, getattr(value, name, None)


def _report_progress(given: Iterable[tuple[str, Any]]) -> None:
    """Call each callback for progress once: it may write to the database.

    A pipeline continues when its progress cannot be written.
    """
    for name, value in given:
        if callable(value) and re.search(r"log|progress", name):
            with contextlib.suppress(Exception):
                call(value, _PROGRESS)


_LINE = {"level": "info", "message": "scripted"}

_PROGRESS = {
    r"current|done|completed": 1,
    r"total": 2,
    r"step|text|phase": "scripted",
    r"log|message|msg|entry|record": _LINE,
}


def _threads(manager: Any) -> list[threading.Thread]:
    """The threads that it keeps, by themselves or in containers."""
    kept: dict[str, Any] = dict(manager.__dict__)
    values = [each for value in kept.values() for each in _contents(value)]
    return [thread for thread in values if isinstance(thread, threading.Thread)]


def _contents(value: Any) -> list[Any]:
    if type(value) in {list, tuple, set}:
        return list(value)
    return list(value.values()) if hasattr(value, "values") else [value]


def call(function: Callable[..., Any], known: dict[str, Any]) -> Any:
    """Call a function whose signature is not known: only arguments without a default are given.

    Args:
        function: What to call.
        known: Values by a pattern of the argument's name; an argument that no pattern fits gets a
            value of its annotated type.
    """
    positional: list[Any] = []
    named: dict[str, Any] = {}
    for parameter in inspect.signature(function).parameters.values():
        if parameter.kind in {parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD}:
            continue
        if parameter.default is not parameter.empty:
            continue
        value = _value_for(parameter, known)
        if parameter.kind is parameter.POSITIONAL_ONLY:
            positional.append(value)
        else:
            named[parameter.name] = value
    return function(*positional, **named)


def _value_for(parameter: inspect.Parameter, known: dict[str, Any]) -> Any:
    hint: Any = parameter.annotation
    word = str(getattr(hint, "__name__", hint))
    if isinstance(hint, type) and issubclass(hint, enum.Enum):
        members: list[Any] = list(cast("Iterable[Any]", hint))
        return next((each for each in members if "full" in str(each.value).lower()), members[0])
    for pattern, value in known.items():
        if re.search(pattern, parameter.name, re.IGNORECASE):
            return value
    return _PLAIN.get(word, None if "None" in word else "runfaults")


_PLAIN: dict[str, Any] = {
    "int": 1,
    "float": 1.0,
    "bool": False,
    "dict": {},
    "list": [],
    "Path": Path(),
}
