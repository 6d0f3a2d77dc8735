"""Which real cause makes which fault kind."""

from __future__ import annotations

import errno
from collections.abc import Callable

from runfaults.sqlite.real.closing import closed_by_another_thread
from runfaults.sqlite.real.heap_limit import heap_limit
from runfaults.sqlite.real.held_lock import held_lock, overtaking_commit
from runfaults.sqlite.real.overwritten import overwritten_header
from runfaults.sqlite.real.progress import interrupt_after
from runfaults.sqlite.real.query_only import query_only
from runfaults.sqlite.real.recipe import Recipe
from runfaults.sqlite.real.seccomp import failing_sync
from runfaults.sqlite.real.system_call import READS, WRITES, failing_system_call
from runfaults.sqlite.real.wal_recovery import recovery_by_another
from runfaults.sqlite.situation import READS as READ_SITUATIONS
from runfaults.sqlite.situation import Situation

_COMMITS = frozenset({Situation.COMMIT, Situation.COMMIT_UNCHANGED})


def _lock(situation: Situation) -> Recipe:
    if situation in _COMMITS:
        return held_lock("shared")
    return held_lock("exclusive" if situation in READ_SITUATIONS else "reserved")


# Three steps are the number at which COMMIT, ROLLBACK and BEGIN IMMEDIATE are done and raise, found
# by trying with SQLite 3.40.1; for other statements it depends on the statement.
_CAUSES: dict[str, Callable[[Situation], Recipe]] = {
    "busy": _lock,
    "busy-snapshot": lambda _: overtaking_commit(),
    "busy-recovery": lambda _: recovery_by_another(),
    "ioerr-read": lambda _: failing_system_call(*READS, error=errno.ESTALE),
    "ioerr-write": lambda _: failing_system_call(*WRITES, error=errno.EIO),
    "ioerr-fsync": lambda _: failing_sync(),
    "full": lambda _: failing_system_call(*WRITES, error=errno.ENOSPC),
    "readonly": lambda _: query_only(),
    "cantopen": lambda _: failing_system_call("open", error=errno.EMFILE),
    "corrupt": lambda _: failing_system_call(*READS, error=errno.EIO),
    "notadb": lambda _: overwritten_header(),
    "interrupt": lambda _: interrupt_after(1),
    "nomem": lambda _: heap_limit(),
    "closed": lambda _: closed_by_another_thread(),
    "lost-acknowledgement": lambda _: interrupt_after(3, once=True),
}


def real_cause(kind: str, situation: Situation) -> Recipe:
    """The recipe that makes a fault kind for real in a situation.

    Raises:
        KeyError: if there is none.
        Unavailable: if this machine cannot produce it.
    """
    return _CAUSES[kind](situation)
