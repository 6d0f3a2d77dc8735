"""DBOS Transact, durable workflows, with its system database in SQLite: https://docs.dbos.dev."""

from __future__ import annotations

import concurrent.futures
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

from runfaults.targets.base import Adapter, Audit, Vocabulary, Work
from runfaults.targets.optional import package

_package = partial(package, extra="dbos")

_PATIENCE = 600.0
"""Virtual seconds that are waited for a workflow to end. DBOS tries again and again, at most a
minute and a half apart, while the database is locked, each time for half a minute."""


def _dbos() -> Any:  # noqa: ANN401  # as `package`
    return _package("dbos").DBOS


class Dbos(Adapter):
    """The target `dbos`: an application that launches DBOS and starts workflows.

    DBOS has one runtime in a process, which a second application shares.
    """

    audit = Audit("workflow_status", key="workflow_uuid", status="status")
    vocabulary = Vocabulary.of(
        active=("PENDING", "ENQUEUED", "DELAYED"),
        completed="SUCCESS",
        failed="ERROR",
        cancelled="CANCELLED",
        interrupted="MAX_RECOVERY_ATTEMPTS_EXCEEDED",
    )
    threads: Mapping[str, str] = {
        "dbos-executor-": "executor",
        "ThreadPoolExecutor-": "executor",  # of older versions
        "queue-worker-": "queue",
        "dbos-": "background",
    }
    drains = True
    exempt: Mapping[str, str] = {
        "one-active-run": "workflows run side by side",
        "work-done-once": "DBOS promises to run a workflow at least once",
        "orphan-is-interrupted-not-failed": "DBOS runs a workflow again whose process died",
    }

    _workflow: ClassVar[Any] = None
    script: ClassVar[Work | None] = None

    def prepare(self, database: Path) -> None:
        """Let DBOS create its tables, and launch it once: it imports much of itself late."""
        if Dbos._workflow is None:
            Dbos._workflow = _dbos().workflow(name="job")(_job)
        for module in ("asyncio", "concurrent.futures.thread"):
            _package(module)
        self.reset()
        _launch(database)
        _dbos().destroy()

    def reset(self) -> None:
        """Forget the runtime.

        One that a schedule has left cannot be ended: its threads ended with that schedule.
        """
        _package("dbos._dbos")._dbos_global_instance = None  # noqa: SLF001  # no API
        self._lives: list[Dbos] = []

    def begin(self, database: Path, work: Work) -> None:
        """Launch DBOS, unless another application has."""
        Dbos.script = work
        self._futures: dict[str, Any] = {}
        if not self._lives:
            _launch(database)
        self._lives.append(self)

    def start(self) -> str:
        """Start a workflow in the background."""
        handle = _dbos().start_workflow(Dbos._workflow)
        self._futures[handle.workflow_id] = handle.future
        return handle.workflow_id

    def wait(self, run: str) -> None:
        """Wait until the workflow's thread is done with it: others of DBOS poll each second."""
        concurrent.futures.wait([self._futures[run]] if run in self._futures else [], _PATIENCE)

    def close(self) -> None:
        """Wait for the workflows of this application; the last one to close ends the runtime."""
        concurrent.futures.wait(self._futures.values(), _PATIENCE)
        if self in self._lives:
            self._lives.remove(self)
            if not self._lives:
                _dbos().destroy()

    def cancel(self, run: str) -> bool | None:
        """Cancel the workflow: accepted if DBOS says right after it that it is cancelled."""
        _dbos().cancel_workflow(run)
        return True if self.status(run) == "CANCELLED" else None

    def status(self, run: str) -> str | None:
        """The answer of DBOS about the workflow."""
        known = _dbos().get_workflow_status(run)
        return None if known is None else known.status


def _job() -> str:
    """The workflow."""
    if Dbos.script is not None:
        Dbos.script(None, _dbos().workflow_id)
    return "done"


def _launch(database: Path) -> None:
    configuration = {
        "name": "runfaults",
        "system_database_url": f"sqlite:///{database}",
        "application_version": "1",
        "executor_id": "local",
        "run_admin_server": False,
        "log_level": "CRITICAL",
    }
    _dbos()(config=configuration)
    try:
        _dbos().launch()
    except BaseException:
        _dbos().destroy()
        raise
