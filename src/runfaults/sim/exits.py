"""Sees what leaves the simulation: processes, bare threads, connections that no gate watches."""

# ruff: noqa: ANN401 - the substitutes take and return what the originals do

from __future__ import annotations

import contextlib
import os
import sqlite3
import subprocess
import sys
import threading
from _thread import get_ident
from collections.abc import Callable, Generator, Mapping
from functools import cache
from pathlib import Path
from types import FrameType
from typing import Any, NamedTuple

from runfaults.sim.actor import current_actor
from runfaults.sim.database import FILE_NAME
from runfaults.sim.real_threads import uncontrolled
from runfaults.sqlite.connection import FaultyConnection
from runfaults.sqlite.database_file import database_path
from runfaults.sqlite.hook import is_opening
from runfaults.user_code import calling_code

escapes: set[str] = set()
"""What threads outside of the simulation did inside of it, a phrase each."""

elsewhere: dict[str, str] = {}
"""The databases that actors of the last schedule opened besides its own, and where they did."""

_STARTS = {
    "os.fork": "os.fork",
    "os.forkpty": "os.forkpty",
    "os.posix_spawn": "os.posix_spawn",
    "os.spawn": "os.spawn*",
    "os.startfile": "os.startfile",
}
"""Audit events of CPython with which a process begins, and the call to name.

A `subprocess` that is waited for takes no time in a schedule, so those are only noted."""

_REPLACES = {"os.exec": "os.exec*"}
"""Audit events with which this process becomes another program."""


def watch_exits() -> None:
    """Have the interpreter tell of every process and connection from now on.

    What an actor does is refused before it happens, and its schedule ends there: no child is born.
    Audit hooks stay for the life of the process. All other threads pass.
    """
    _install_once()


@cache
def _install_once() -> None:
    sys.addaudithook(_hear)


def _hear(event: str, arguments: tuple[object, ...]) -> None:
    if event == "sqlite3.connect":
        _asked_for[get_ident()] = arguments[0]
        if current_actor() is not None and not _is_that_of_the_schedule(_path(arguments[0])):
            elsewhere[str(arguments[0])] = _place()
    elif event == "sqlite3.connect/handle":
        _hear_connection(arguments[0], _asked_for.pop(get_ident(), ""))
    elif event in _STARTS and not _is_of_subprocess(sys._getframe(1)):  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]  # the documented way to look at one's callers
        _leave(f"started a process by {_STARTS[event]}", _NO_PROCESS)
    elif event in _REPLACES:
        _leave(f"became another program by {_REPLACES[event]}", _NO_PROCESS)


_asked_for: dict[int, object] = {}
"""The database that a thread is opening, as it named it."""
_NO_PROCESS = (
    "no schedule orders what another process does: let the adapter have the work done in a thread, "
    "or declare it as `processes`"
)
_NO_THREAD = "no schedule orders such a thread: start it by threading.Thread"
_NO_DESCRIPTORS = (
    "they are also those of whatever else is in the process: close what you have opened, by its "
    "own `close`"
)
_NO_END = "the process would end before anything is judged"


BARRED: Mapping[str, tuple[str, str]] = {
    **{
        f"_thread.{name}": ("started a thread by the module _thread", _NO_THREAD)
        for name in ("start_joinable_thread", "start_new", "start_new_thread")
    },
    "os.closerange": ("closed descriptors by os.closerange", _NO_DESCRIPTORS),
    "os._exit": ("ended the process by os._exit", _NO_END),
    "os.abort": ("ended the process by os.abort", _NO_END),
    # How `multiprocessing` spawns, and how it asks a server that is there already: no audit event.
    **dict.fromkeys(
        ("_posixsubprocess.fork_exec", "multiprocessing.forkserver.connect_to_new_process"),
        ("started a process by multiprocessing", _NO_PROCESS),
    ),
}
"""Ways out that raise no audit event, by name; what an actor did, and why not."""


def barred(real: Callable[..., Any], deed: str, why: str) -> Callable[..., Any]:
    """A function that ends the schedule of the actor that calls it; any other thread passes."""

    def refuse(*arguments: Any, **named: Any) -> Any:
        if not _is_of_subprocess(sys._getframe(1)):  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]  # the documented way to look at one's callers
            _leave(deed, why)
        return real(*arguments, **named)

    return refuse


class _Child(NamedTuple):
    """A process that an actor started by `subprocess`."""

    process: subprocess.Popen[Any]
    deed: str


_children: list[_Child] = []


def noting_children(real: Callable[..., None]) -> Callable[..., None]:
    """`Popen.__init__` that notes what an actor starts; see `require_no_children`."""

    def init(process: subprocess.Popen[Any], *arguments: Any, **named: Any) -> None:
        real(process, *arguments, **named)
        actor = current_actor()
        if actor is not None and not actor.turns.over:
            deed = f"started a process by subprocess.Popen{_place()} and did not wait for its end"
            _children.append(_Child(process, f"{actor.name} {deed}; {_NO_PROCESS}"))

    return init


def require_no_children() -> None:
    """End the schedule of the calling actor if a process works beside it."""
    if _children and (deeds := _end_children()):
        actor = current_actor()
        if actor is not None:
            actor.turns.leave(deeds[0])


def _end_children() -> list[str]:
    """End the processes that were not waited for; what to say of each."""
    left = [child for child in _children if child.process.returncode is None]
    _children.clear()
    for child in left:
        child.process.kill()
        with uncontrolled():
            child.process.wait()
    return [child.deed for child in left]


def what_left() -> list[str]:
    """What threads and processes outside of the simulation did inside of it, a phrase each."""
    escapes.update(_end_children())
    told = sorted(escapes)
    escapes.clear()
    return told


def _is_of_subprocess(caller: FrameType) -> bool:
    return caller.f_globals.get("__name__") == "subprocess"


def _leave(deed: str, why: str) -> None:
    """End the schedule of the calling actor before it leaves; other threads may."""
    actor = current_actor()
    if actor is not None and not actor.turns.over:
        actor.turns.leave(f"{actor.name} {deed}{_place()}; {why}")


def _hear_connection(connection: object, database: object) -> None:
    if (
        current_actor() is None
        or isinstance(connection, FaultyConnection)
        or is_opening()
        or _is_ours(sys._getframe(2))  # noqa: SLF001  # pyright: ignore[reportPrivateUsage]  # the documented way to look at one's callers
        or not _is_watched(_path(database))
    ):
        return
    kind = type(connection)
    module = "sqlite3" if kind is sqlite3.Connection else kind.__module__
    _leave(
        f"opened the database by {module}.{kind.__qualname__}(...)",
        "statuses would be recorded by no watched operation: open it by sqlite3.connect(...), with "
        "`factory=` for a connection class",
    )


def _is_ours(caller: FrameType) -> bool:
    """Whether the harness opens it, to look at the database."""
    module = str(caller.f_globals.get("__name__"))
    return module.startswith("runfaults.") and not module.startswith("runfaults.targets.")


def _path(database: object) -> str:
    given = database if isinstance(database, str | bytes) else str(database)
    name = os.fsdecode(given)
    return database_path(name, uri=name.startswith("file:"))


def _place() -> str:
    """Where the calling code is, as far as it is the user's."""
    code = calling_code()
    return f" at {code.splitlines()[-1]}" if code else ""


@contextlib.contextmanager
def watched(folder: Path) -> Generator[None]:
    """Inside, threads outside the simulation are noted that use databases of this folder."""
    beginning = f"{folder}{os.sep}"
    _watched.add(beginning)
    try:
        yield
    finally:
        _watched.discard(beginning)


def note_foreign_thread(path: str) -> None:
    """Note that a thread outside the simulation uses a database, if that is inside of it."""
    if _is_watched(path):
        name = threading.current_thread().name
        escapes.add(f"thread {name}, which is outside of the simulation, uses the database")


def _is_watched(path: str) -> bool:
    return any(path.startswith(folder) for folder in _watched)


def _is_that_of_the_schedule(path: str) -> bool:
    return _is_watched(path) and path.endswith(f"{os.sep}{FILE_NAME}")


_watched: set[str] = set()
