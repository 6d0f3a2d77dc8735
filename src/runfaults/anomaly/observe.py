"""Performs a call once, clean or struck, and tells what it did."""

from __future__ import annotations

import gc
import sqlite3
import threading
from bdb import BdbQuit
from collections.abc import Callable, Generator, Iterable
from contextlib import contextmanager
from typing import NamedTuple, TypeVar

from runfaults.anomaly.database_state import is_locked, read_state
from runfaults.anomaly.ending import (
    Ending,
    NeverEndsError,
    Raised,
    raised,
    returned,
    unfinished,
)
from runfaults.anomaly.observation import Databases, Left, Observation
from runfaults.anomaly.unwatched import Unwatched
from runfaults.anomaly.virtual_sleep import virtual_sleep
from runfaults.anomaly.watch import Orders, Watch
from runfaults.anomaly.watchdog import watchdog
from runfaults.sqlite.observed import Observed
from runfaults.user_code import told

_Answer = TypeVar("_Answer")


class UnsuitableError(Exception):
    """What was asked for cannot be judged; the message says why, and what to do instead."""


class Order(NamedTuple):
    """What a repetition is to do.

    Attributes:
        orders: For the watch, while the call lasts.
        twice: Call a second time although nothing was raised: to see what done twice is.
        recovers: Call a second time where the call raised.
        patience: Seconds after which a wait has no end.
    """

    orders: Orders = Orders()
    twice: bool = False
    recovers: bool = True
    patience: float = 2.0


def observe(call: Callable[[], _Answer], watch: Watch, order: Order) -> Observation:
    """Perform a call under a watch that its connections have been opened under.

    Raises:
        UnsuitableError: if the call's databases cannot be judged.
    """
    held = watch.connections.transactions()
    _require_no_transaction(each for each in held if each.writing)
    unwatched = Unwatched() if order.orders.kinds else None
    deaths: list[str] = []
    again = final = None
    with _noting_deaths(deaths):
        watch.begin(order.orders)
        ending = tried(call, watch, order.patience)
        watch.end()
        if unwatched is not None:
            _require_watched(unwatched.written())
        _require_no_transaction(each for each in held if each in watch.used)
        operations, left = watch.operations, _left(watch, held)
        now = _databases(list(watch.before_call))
        if order.twice or (order.recovers and isinstance(ending, Raised)):
            watch.begin(order.orders._replace(strike=None, kinds=()))
            again = tried(call, watch, order.patience)
            watch.end()
            final = _databases(list(watch.before_call))
    return Observation(
        ending=ending,
        paths=tuple(watch.before_call),
        before=tuple(watch.before_call.values()),
        now=now,
        left=left,
        again=again,
        final=final,
        points=tuple(watch.points),
        operations=operations,
        struck=watch.struck,
        struck_elsewhere=watch.struck_elsewhere,
        changed=watch.changed,
        deaths=tuple(deaths),
    )


def tried(call: Callable[[], object], watch: Watch, patience: float) -> Ending:
    """How a call ends.

    Raises:
        UnsuitableError: if it returns what has not run.
    """
    try:
        with virtual_sleep(), watchdog(lambda: watch.progress, patience):
            answer = call()
    except BdbQuit:
        raise  # the user has had enough
    # Whatever the user's code raises: a command ends by `sys.exit`.
    except (Exception, SystemExit, NeverEndsError) as error:  # noqa: BLE001
        return raised(error)
    kind = unfinished(answer)
    if kind is not None:
        getattr(answer, "close", gc.collect)()  # a coroutine that never ran would complain
        raise UnsuitableError(
            f"the call returned {kind}, so its work has not been done: let the call do it, as in "
            "`lambda: list(rows())`, or `lambda: asyncio.run(work())` in a test that is not `async "
            "def`"
        )
    return returned(answer)


def _require_no_transaction(held: Iterable[Observed]) -> None:
    """A reader that the call does not use may keep its transaction: others see what it commits."""
    for connection in held:
        raise UnsuitableError(
            f"a transaction is open on {connection.path} when the call begins, so what the call "
            "commits cannot be told: commit first, or use fixtures that do (Django: "
            "TransactionTestCase or `transactional_db`, not TestCase or `db`)"
        )


def _require_watched(database: str) -> None:
    if database == "memory":
        raise UnsuitableError(
            "the call writes to a database in memory, which no other connection can lock and no "
            "disk holds: give the test a file (Django: `TEST` with a `NAME` in `DATABASES`)"
        )
    if database:
        raise UnsuitableError(
            f"the call writes to {database} on a connection that was opened before the test, where "
            "no fault can strike it: open it in the test, or in a fixture of the scope `function`; "
            "close that of before (Django: `connection.close()`, SQLAlchemy: `engine.dispose()`)"
        )


def _left(watch: Watch, held: list[Observed]) -> Left:
    left = _looked(watch, held)
    if left.locked or left.transactions:
        gc.collect()  # what only a cycle keeps is gone in a moment anyhow
        left = _looked(watch, held)
    return left


def _looked(watch: Watch, held: list[Observed]) -> Left:
    return Left(
        tuple(path for path in watch.paths() if is_locked(path)),
        sum(each not in held for each in watch.connections.transactions()),
    )


def _databases(paths: list[str]) -> Databases | None:
    try:
        return tuple(read_state(path) for path in paths)
    except sqlite3.Error:
        return None


@contextmanager
def _noting_deaths(deaths: list[str]) -> Generator[None]:
    """Write down which threads end by an exception, in the place of printing it."""
    former = threading.excepthook

    def note(arguments: threading.ExceptHookArgs) -> None:
        name = arguments.thread.name if arguments.thread is not None else "unknown"
        if arguments.exc_value is not None:
            deaths.append(f"thread {name} ended by {told(arguments.exc_value)}")

    threading.excepthook = note
    try:
        yield
    finally:
        if threading.excepthook is note:
            threading.excepthook = former
