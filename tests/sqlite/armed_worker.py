"""What the workers of the tests do; a spawned child imports it by this name."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from multiprocessing.queues import SimpleQueue
from pathlib import Path

from runfaults.sqlite import FaultPlan, arm

plan: FaultPlan | None = None


def begin(*faults: str) -> None:
    """An initializer, as multiprocessing and concurrent.futures call it in each worker."""
    global plan  # noqa: PLW0603  # a worker is armed once
    plan = arm(*faults)


def write(file: Path) -> str:
    """Commit a row; what came of it."""
    with closing(sqlite3.connect(file, timeout=0)) as connection:
        try:
            connection.execute("INSERT INTO jobs VALUES ('done')")
            connection.commit()
        except sqlite3.OperationalError as error:
            return str(error)
    return "committed"


def work(file: Path) -> tuple[str, int]:
    """What a worker does: what came of it, and how often its fault has struck by then."""
    assert plan is not None
    return write(file), plan.struck[0]


def arm_and_tell(queue: SimpleQueue[tuple[str, int]], file: Path, fault: str) -> None:
    """A process that arms itself."""
    begin(fault)
    queue.put(work(file))
