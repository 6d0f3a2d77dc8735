"""An operation that takes long and then succeeds, and keeps its locks meanwhile."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Generator
from contextlib import closing, contextmanager, suppress

from runfaults.model.fault import LIFTED_AFTER
from runfaults.sqlite.effect import connection_of
from runfaults.sqlite.engine import statement_on
from runfaults.sqlite.gate import Call
from runfaults.sqlite.kinds.busy import Busy, met_a_reader
from runfaults.sqlite.kinds.disk import commits_later
from runfaults.sqlite.real.held_lock import LOCK_STATEMENTS
from runfaults.sqlite.real.recipe import Recipe, Unavailable
from runfaults.sqlite.situation import READS, WRITES, Situation, situation_of

SLOW = LIFTED_AFTER
"""Seconds that it takes: who bears a lock until it is lifted is not asked for more."""

_LOCKS_FIRST = (READS | WRITES | {Situation.BEGIN_WRITING}) - {
    Situation.AUTOCOMMIT_WRITE,
    Situation.READ,
}
"""Their locks are those that they leave: each is performed, and then slow to return."""

_BUSY = Busy()


class Slow:
    """A disk that is overloaded, a machine that swaps, a process that is not scheduled.

    Others meet the locks that the real operation has while it waits for the disk.
    """

    name = "slow"
    summary = f"takes {SLOW:g} seconds, keeps its locks meanwhile, and succeeds"

    def __init__(self, take_time: Callable[[Call], None]) -> None:
        """Make the kind.

        Args:
            take_time: Lets `SLOW` seconds pass, on whichever clock.
        """
        self._take_time = take_time

    def refusal(self, call: Call) -> str | None:
        """Why it cannot strike this call; None if it can."""
        situation = situation_of(call)
        if isinstance(situation, str):
            return situation
        path = call.file if call.connection is None else call.connection.path
        return None if path else "the database is in memory: there is no disk"

    def waits(self, call: Call) -> bool:  # noqa: ARG002  # the same everywhere
        """No: what it waits for is no lock."""
        return False

    def strike(self, call: Call) -> object:
        """Perform the operation; it takes its time."""
        situation = situation_of(call)
        if situation in _LOCKS_FIRST:
            result = call.real()
            self._take_time(call)
            return result
        if situation is Situation.READ:
            with _held(call, "shared"):
                result = call.real()
                self._take_time(call)
            return result
        if situation is Situation.AUTOCOMMIT_WRITE:
            levels = ("exclusive", "reserved")[commits_later(call, situation) :]
            with _held(call, *levels):
                self._take_time(call)
            return call.real()
        if situation is Situation.COMMIT and _BUSY.refusal(call) is None:
            with suppress(sqlite3.OperationalError):
                met_a_reader(call)
        self._take_time(call)
        return call.real()

    def real(self, call: Call) -> Recipe:  # noqa: ARG002  # the same everywhere
        """None: it would take real time.

        Raises:
            Unavailable: always.
        """
        raise Unavailable("it would take as long in reality")


@contextmanager
def _held(call: Call, *levels: str) -> Generator[None]:
    """Another connection has the first of these locks that can be had."""
    with closing(connection_of(call).open_ungated()) as holder:
        for level in levels:
            with suppress(sqlite3.OperationalError):  # another one has it: that is what is met
                for sql in LOCK_STATEMENTS[level]:
                    statement_on(holder, sql)
                break
        yield
