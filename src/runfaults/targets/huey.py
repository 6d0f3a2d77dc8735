"""Huey, a task queue, with its SQLite storage: https://huey.readthedocs.io."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

from runfaults.targets.base import Adapter, Audit, Vocabulary, Work
from runfaults.targets.optional import package

_package = partial(package, extra="huey")


class Huey(Adapter):
    """The target `huey`: a producer, and a consumer with one worker thread.

    Ids are small numbers instead of Huey's UUIDs, so that the audit can name runs: the table `task`
    has no column for them. The priority carries the same number, negative: that keeps the queue in
    order.
    """

    # Huey has no column for a status. What its storage says of a task: it is in `task`, so it is
    # queued; it was taken out of it, so it is with a worker, or else, if a revocation was in `kv`
    # (`r:` and the task's id) at that moment, the worker that took it must skip it
    # (`Huey.execute`); its result is in `kv` under its id: a failure if that is a pickled
    # `huey.utils.Error`.
    audit = (
        Audit(
            "task",
            key="CAST(-priority AS INTEGER)",
            status="'queued'",
            deleted="CASE WHEN 'r:' || CAST(-priority AS INTEGER) IN (SELECT kv.key FROM kv)"
            " THEN 'revoked' ELSE 'taken' END",
        ),
        Audit(
            "kv",
            key="key",
            status="CASE WHEN key LIKE 'r:%' THEN NULL"
            " WHEN instr(value, CAST('huey.utils' AS BLOB)) THEN 'error' ELSE 'result' END",
        ),
    )
    vocabulary = Vocabulary.of(("queued", "taken"), "result", "error", "revoked")
    threads: Mapping[str, str] = {"Worker": "worker", "Scheduler": "scheduler"}
    patience = 200.0  # longer than any fault that is lifted
    drains = True  # what is in the queue waits for a consumer
    single_process = "its ids are numbers that this adapter counts"
    exempt: Mapping[str, str] = {
        "one-active-run": "a queue holds as many tasks as are put into it",
        "orphan-is-interrupted-not-failed": "Huey documents that a task is lost with its consumer",
        "cancel-refused-only-when-decided": "a task that a worker has taken cannot be revoked",
        "answers-match-the-database": "its result store says nothing of a task that is at work",
        "nothing-leaks": "a storage connects whenever it is used, also after it was closed",
    }

    def prepare(self, database: Path) -> None:
        """Let Huey create its tables."""
        _package("huey").SqliteHuey(filename=str(database)).storage.close()

    def reset(self) -> None:
        """Begin again with the number 1."""
        self._numbers = itertools.count(1)

    def begin(self, database: Path, work: Work) -> None:
        """Start a consumer."""

        class Threads(_package("huey.consumer").Consumer):
            """Huey's consumer without signal handlers: only a main thread may set them."""

            def _set_signal_handlers(self) -> None:
                pass

        def job(run: int) -> str:
            work(None, run)
            return "done"  # Huey stores no result that is None, unless it is told to

        self._huey: Any = _package("huey").SqliteHuey(filename=str(database))
        self._job = self._huey.task(name="job")(job)
        self._consumer: Any = Threads(
            self._huey, workers=1, periodic=False, scheduler_interval=60, max_delay=5.0
        )
        self._consumer.start()

    def start(self) -> int:
        """Enqueue a task."""
        run = next(self._numbers)
        self._huey.enqueue(self._job.task_class(args=(run,), id=str(run), priority=-run))
        return run

    def close(self) -> None:
        """Stop the consumer gracefully."""
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
        failed = isinstance(result, _package("huey.utils").Error)
        return "error" if failed else "result"

    def _is_queued(self, run: int) -> bool:
        return any(task.id == str(run) for task in self._huey.pending())
