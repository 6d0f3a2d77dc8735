"""What a reader can have seen of a status: an audit logs statements, and a commit may have many."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from runfaults.model import Vocabulary

TICK = 1_000_000
"""Nanoseconds between two readings of SQLite's clock."""


class Transition(NamedTuple):
    """A row of the audit.

    Attributes:
        run: The run.
        old: Its status before; empty if the row was inserted.
        new: Its status after; empty if the row was deleted.
        at: In real time: when it was written, in nanoseconds of the machine's monotonic clock,
            rounded down to SQLite's tick. It was committed then or later.
    """

    run: int
    old: str
    new: str
    at: int = 0


def of_one_commit(rows: Iterable[Transition]) -> list[Transition]:
    """What one transaction did to each run: no reader saw what it wrote in between."""
    shown: dict[int, Transition] = {}
    for row in rows:
        first = shown.pop(row.run, None)
        if first is None:
            shown[row.run] = row
        elif first.old != row.new:
            shown[row.run] = row._replace(old=first.old)
    return list(shown.values())


def of_unwatched_commits(rows: Iterable[Transition], words: Vocabulary) -> list[Transition]:
    """What commits did of which it is not known which rows they had in common.

    A recovery may call what it finds interrupted, and put it back into the queue in the same
    transaction. Its rows look like those of two processes, of which one undoes what the other has
    recorded: where both came at once, it gets the benefit of the doubt.

    Args:
        rows: In order.
        words: What the statuses mean.
    """
    shown: list[Transition] = []
    for row in rows:
        before = shown[-1] if shown else None
        if before is not None and _may_requeue(before, row, words):
            shown[-1] = row._replace(old=before.old)
        else:
            shown.append(row)
    return shown


def _may_requeue(before: Transition, row: Transition, words: Vocabulary) -> bool:
    at_once = row.at - before.at <= TICK
    undoes = before.run == row.run and before.new == row.old and row.new in words.active
    return at_once and undoes and before.new in words.terminal
