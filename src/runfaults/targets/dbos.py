"""DBOS Transact, durable workflows, with its system database in SQLite: https://docs.dbos.dev."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, ClassVar

from runfaults.model import Vocabulary
from runfaults.targets.optional import package
from runfaults.targets.target import Audit, Work

PATIENCE = 600.0
"""Virtual seconds that are waited for a workflow to end. DBOS tries again and again, at most a
minute and a half apart, while the database is locked, each time for half a minute."""


class _Script:
    """The work of this process's workflow: DBOS has one runtime in a process."""

    work: Work | None = None
    numbers: Iterator[int] = iter(())
    workflow: ClassVar[Any] = None
    lives: ClassVar[int] = 0


def job(run: int) -> str:
    """The workflow."""
    if _Script.work is not None:
        _Script.work(None, run)
    return "done"


def _dbos() -> Any:  # noqa: ANN401  # as `package`
    return package("dbos", "dbos").DBOS


class DbosManager:
    """An application that launches DBOS and starts workflows; a second one shares the runtime."""

    def __init__(self, database: Path) -> None:
        self._futures: dict[int, Any] = {}
        self._closed = False
        if _Script.lives == 0:
            _dbos()(config=_configuration(database))
            try:
                _dbos().launch()
            except BaseException:
                _dbos().destroy()
                raise
        _Script.lives += 1

    def start(self) -> int:
        """Start a workflow in the background.

        Raises:
            RuntimeError: if this application was closed.
        """
        if self._closed:
            raise RuntimeError("the application was closed")
        run = next(_Script.numbers)
        with package("dbos", "dbos").SetWorkflowID(str(run)):
            self._futures[run] = _dbos().start_workflow(_Script.workflow, run).future
        return run

    def wait(self, run: int) -> None:
        """Wait until the workflow's thread is done with it, or `PATIENCE` is over."""
        if run in self._futures:
            package("concurrent.futures", "dbos").wait([self._futures[run]], PATIENCE)

    def close(self) -> None:
        """Wait for the workflows of this application; the last one to close ends the runtime."""
        if self._closed:
            return
        self._closed = True
        for run in list(self._futures):
            self.wait(run)
        _Script.lives -= 1
        if _Script.lives == 0:
            _dbos().destroy()

    def cancel(self, run: int) -> bool | None:
        """Cancel the workflow: accepted if DBOS says right after it that it is cancelled."""
        _dbos().cancel_workflow(str(run))
        return True if self.status(run) == "CANCELLED" else None

    def status(self, run: int) -> str | None:
        """The answer of DBOS about the workflow."""
        known = _dbos().get_workflow_status(str(run))
        return None if known is None else known.status


class Dbos:
    """The target `dbos`: needs the extra of that name."""

    name = "dbos"
    vocabulary = Vocabulary(
        active=frozenset({"PENDING", "ENQUEUED", "DELAYED"}),
        completed=frozenset({"SUCCESS"}),
        cancelled=frozenset({"CANCELLED"}),
        failed=frozenset({"ERROR"}),
        interrupted=frozenset({"MAX_RECOVERY_ATTEMPTS_EXCEEDED"}),
    )
    # DBOS's ids are texts; ours have digits only.
    audit = Audit(table="workflow_status", key="workflow_uuid", status="status")
    threads: Mapping[str, str] = {
        "dbos-executor-": "executor",
        "ThreadPoolExecutor-": "executor",  # of older versions
        "queue-worker-": "queue",
        "dbos-": "background",
    }
    exempt: Mapping[str, str] = {
        "one-active-run": "workflows run side by side",
        "work-done-once": "DBOS promises to run a workflow at least once",
        "orphan-is-interrupted-not-failed": "DBOS runs a workflow again whose process died",
    }

    def prepare(self, database: Path) -> None:
        """Let DBOS create its tables, and launch it once: it imports much of itself late."""
        if _Script.workflow is None:
            _Script.workflow = _dbos().workflow(name="job")(job)
        for module in ("asyncio", "concurrent.futures.thread"):
            package(module, "dbos")
        _forget_runtime()
        _dbos()(config=_configuration(database))
        try:
            _dbos().launch()
        finally:
            _dbos().destroy()

    def open(self, database: Path, work: Work) -> DbosManager:
        """Launch DBOS, whose workflow plays the script."""
        if work is not _Script.work:  # a new schedule
            _forget_runtime()
            _Script.work, _Script.numbers = work, itertools.count(1)
            _Script.lives = 0
        return DbosManager(database)


def _forget_runtime() -> None:
    """One that a schedule has left cannot be ended: its threads ended with that schedule."""
    package("dbos._dbos", "dbos")._dbos_global_instance = None  # noqa: SLF001  # no API


def _configuration(database: Path) -> dict[str, Any]:
    return {
        "name": "runfaults",
        "system_database_url": f"sqlite:///{database}",
        "application_version": "1",
        "executor_id": "local",
        "run_admin_server": False,
        "log_level": "CRITICAL",
    }
