"""Tells in the history of records that a loss of power can undo, and when it no longer can."""

from __future__ import annotations

from runfaults.model import Event, EventKind, Operation
from runfaults.sim.recorder import Recorder
from runfaults.sqlite.durability import Durability, durability_of, log_is_gone
from runfaults.sqlite.gate import Call
from runfaults.sqlite.observed import Observed


class DurabilityWatch:
    """Which records are not on the disk yet.

    Args:
        recorder: Takes a VOLATILE event of each of them, right behind its STATUS event.
    """

    def __init__(self, recorder: Recorder) -> None:
        self._recorder = recorder
        self._volatile: dict[int | None, Durability] = {}

    def committed(self, connection: Observed, recorded: list[Event]) -> None:
        """A connection has committed, and with that recorded what these STATUS events tell."""
        durability = durability_of(connection) if recorded or self._volatile else None
        if durability is None:
            return
        if not durability.loss:
            self._synchronised()
            return
        for event in recorded:
            self._volatile[event.run] = durability
            self._add(str(durability), durability.loss, event.run)

    def performed(self, call: Call) -> None:
        """An operation has succeeded. A checkpoint that was busy tells so in its result alone."""
        connection = call.connection
        if not self._volatile or connection is None:
            return
        if call.operation is Operation.CLOSE:
            all_written = all(each.has_checkpoints_written for each in self._volatile.values())
            if all_written and log_is_gone(connection):
                self._synchronised()
        elif call.statement.table == "wal_checkpoint":
            durability = durability_of(connection)
            if durability and durability.journal == "wal" and durability.has_checkpoints_written:
                self._synchronised()

    def _synchronised(self) -> None:
        for run, durability in tuple(self._volatile.items()):
            if not durability.endangers_the_file:
                del self._volatile[run]
                self._add("synchronised", "", run)

    def _add(self, settings: str, loss: str, run: int | None) -> None:
        self._recorder.add("database", EventKind.VOLATILE, settings, loss, run)
