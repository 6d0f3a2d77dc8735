"""Huey, a task queue, with its SQLite storage: https://huey.readthedocs.io."""

from __future__ import annotations

import itertools
import threading
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from runfaults.model import Vocabulary
from runfaults.targets.optional import package
from runfaults.targets.target import AuditScript, Work

PATIENCE = 200.0
"""Virtual seconds to wait for a worker to finish a task, which no worker may ever see again. Longer
than any fault that is lifted."""

_LAST = "(SELECT new FROM runfaults_audit WHERE run = {run} ORDER BY number DESC LIMIT 1)"

_QUEUED = "-NEW.priority"
_TAKEN = "CAST(-OLD.priority AS INTEGER)"
_STORED = "CAST(NEW.key AS INTEGER)"

# Huey has no column for a status. What its storage says of a task: it is in `task`, so it is
# queued; it was taken out of it, so it is with a worker, or else, if a revocation was in `kv`
# (`r:` and the task's id) at that moment, the worker that took it must skip it (`Huey.execute`);
# its result is in `kv` under its id: a failure if that is a pickled `huey.utils.Error`.
_AUDIT = f"""
    CREATE TRIGGER runfaults_queued AFTER INSERT ON task BEGIN
        INSERT INTO runfaults_audit (run, old, new)
        VALUES ({_QUEUED}, {_LAST.format(run=_QUEUED)}, 'queued');
    END;
    CREATE TRIGGER runfaults_taken AFTER DELETE ON task BEGIN
        INSERT INTO runfaults_audit (run, old, new)
        VALUES ({_TAKEN}, {_LAST.format(run=_TAKEN)}, CASE
            WHEN EXISTS (SELECT 1 FROM kv WHERE key = 'r:' || {_TAKEN}) THEN 'revoked'
            ELSE 'taken' END);
    END;
    CREATE TRIGGER runfaults_stored AFTER INSERT ON kv WHEN NEW.key NOT LIKE 'r:%' BEGIN
        INSERT INTO runfaults_audit (run, old, new)
        VALUES ({_STORED}, {_LAST.format(run=_STORED)}, CASE
            WHEN instr(NEW.value, CAST('huey.utils' AS BLOB)) THEN 'error'
            ELSE 'result' END);
    END;
"""  # noqa: S608  # every part is a literal of this module


class HueyManager:
    """A producer and a consumer with one worker thread, on one database.

    Ids are small numbers instead of Huey's UUIDs, so that the audit can name runs. The priority
    carries the same number, negative: that keeps the queue in order.
    """

    def __init__(
        self,
        database: Path,
        work: Work,
        numbers: Iterator[int],
        finished: defaultdict[str, threading.Event],
    ) -> None:
        base: Any = package("huey", "huey").SqliteHuey

        class Observed(base):
            """Huey that says when a worker is done with a task."""

            def execute(self, task: Any, timestamp: Any = None) -> Any:  # noqa: ANN401
                try:
                    return base.execute(self, task, timestamp)
                finally:
                    finished[task.id].set()

        class Threads(package("huey.consumer", "huey").Consumer):
            """Huey's consumer without signal handlers: only a main thread may set them."""

            def _set_signal_handlers(self) -> None:
                pass

        def job(run: int) -> str:
            work(None, run)
            return "done"  # Huey stores no result that is None, unless it is told to

        self._finished = finished
        self._numbers = numbers
        self._closed = False
        self._huey: Any = Observed(filename=str(database))
        self._job = self._huey.task(name="job")(job)
        self._consumer: Any = Threads(
            self._huey, workers=1, periodic=False, scheduler_interval=60, max_delay=5.0
        )
        self._consumer.start()

    def start(self) -> int:
        """Enqueue a task.

        Raises:
            RuntimeError: if the consumer was told to stop: no worker would do the work.
        """
        if self._closed:
            raise RuntimeError("the consumer was stopped")
        run = next(self._numbers)
        task = self._job.task_class(args=(run,), id=str(run), priority=-run)
        _ = self._finished[task.id]
        self._huey.enqueue(task)
        return run

    def wait(self, run: int) -> None:
        """Wait until a worker is done with the task, or `PATIENCE` is over."""
        self._finished[str(run)].wait(PATIENCE)

    def close(self) -> None:
        """Stop the consumer gracefully when it is done with every task.

        Without that a task could stay in the queue, which is no fault: it waits for a consumer.
        """
        self._closed = True
        for finished in list(self._finished.values()):
            finished.wait(PATIENCE)
        self._consumer.stop(graceful=True)
        self._huey.storage.close()

    def cancel(self, run: int) -> bool | None:
        """Revoke the task, if no worker has taken it yet: Huey promises nothing for others."""
        if not self._is_queued(run):
            return False
        self._huey.revoke_by_id(str(run))
        return True if self._is_queued(run) else None

    def status(self, run: int) -> str | None:
        """The status that an application can tell from the result store."""
        if self._is_queued(run):
            return "queued"
        result = self._huey.get(str(run), peek=True)
        if result is None:
            return "revoked" if self._huey.is_revoked(str(run)) else None
        failed = isinstance(result, package("huey.utils", "huey").Error)
        return "error" if failed else "result"

    def _is_queued(self, run: int) -> bool:
        return any(task.id == str(run) for task in self._huey.pending())


class Huey:
    """The target `huey`: needs the extra of that name."""

    name = "huey"
    vocabulary = Vocabulary(
        active=frozenset({"queued", "taken"}),
        completed=frozenset({"result"}),
        cancelled=frozenset({"revoked"}),
        failed=frozenset({"error"}),
    )
    audit = AuditScript(_AUDIT)
    threads: Mapping[str, str] = {"Worker": "worker", "Scheduler": "scheduler"}
    exempt: Mapping[str, str] = {
        "one-active-run": "a queue holds as many tasks as are put into it",
        "orphan-is-interrupted-not-failed": "Huey documents that a task is lost with its consumer",
        "cancel-refused-only-when-decided": "a task that a worker has taken cannot be revoked",
        "answers-match-the-database": "its result store says nothing of a task that is at work",
        "nothing-leaks": "a storage connects whenever it is used, also after it was closed",
    }

    def __init__(self) -> None:
        self._work: Work | None = None
        self._numbers = itertools.count(1)
        self._finished: defaultdict[str, threading.Event] = defaultdict(threading.Event)

    def prepare(self, database: Path) -> None:
        """Let Huey create its tables."""
        package("huey", "huey").SqliteHuey(filename=str(database)).storage.close()

    def open(self, database: Path, work: Work) -> HueyManager:
        """Start a consumer whose task plays the script."""
        if work is not self._work:  # a new schedule
            self._work, self._numbers = work, itertools.count(1)
            self._finished = defaultdict(threading.Event)
        return HueyManager(database, work, self._numbers, self._finished)
