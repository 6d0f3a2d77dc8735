"""MLflow tracking, with its SQLAlchemy store on SQLite: https://mlflow.org."""

from __future__ import annotations

import itertools
import os
import threading
import warnings
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from runfaults.model import Vocabulary
from runfaults.targets.optional import package
from runfaults.targets.target import Audit, Work

EXTRA = "mlflow"

# Every one of them is imported late by MLflow.
_IMPORTED_LATE = (
    "alembic.command",
    "mlflow.store.tracking.sqlalchemy_store",
    "mlflow.tracking._tracking_service.utils",
    "mlflow.tracking.fluent",
)


def _mlflow() -> Any:  # noqa: ANN401  # a package without types for pyright
    return package("mlflow", EXTRA)


def _store() -> Any:  # noqa: ANN401
    return package("mlflow.tracking._tracking_service.utils", EXTRA)._get_store()  # noqa: SLF001


class _Tracked:
    """A run, as the thread that started it knows it."""

    def __init__(self) -> None:
        self.answered = threading.Event()
        self.thread: threading.Thread | None = None
        self.uuid: str | None = None
        self.error: Exception | None = None


class MlflowManager:
    """A program that does each piece of work in a thread, inside `with mlflow.start_run()`.

    The run's name is a small number, so that the audit can name runs: MLflow draws the ids.
    """

    def __init__(self, work: Work, numbers: Iterator[int], tracked: dict[int, _Tracked]) -> None:
        self._work = work
        self._numbers = numbers
        self._tracked = tracked

    def start(self) -> int:
        """Start a thread and return when its run is begun.

        Raises:
            Exception: whatever `mlflow.start_run` raised: there is no work without a run.
        """
        run = next(self._numbers)
        tracked = self._tracked[run] = _Tracked()
        tracked.thread = threading.Thread(target=self._track, args=(run, tracked), name="run")
        tracked.thread.start()
        tracked.answered.wait()
        if tracked.error is not None:
            raise tracked.error
        return run

    def wait(self, run: int) -> None:
        """Join the run's thread."""
        thread = self._tracked[run].thread
        if thread is not None:
            thread.join()

    def close(self) -> None:
        """Join all threads: MLflow has nothing to close."""
        for run in list(self._tracked):
            self.wait(run)

    def cancel(self, run: int) -> bool | None:
        """Set the run's status to `KILLED`, as any client may: MLflow promises nothing about it."""
        if run not in self._tracked:
            return False
        tracked = self._tracked[run]
        tracked.answered.wait()
        if tracked.uuid is None:
            return False
        _mlflow().MlflowClient().set_terminated(tracked.uuid, "KILLED")
        return None

    def status(self, run: int) -> str | None:
        """The answer of MLflow about the run."""
        uuid = self._tracked[run].uuid
        return None if uuid is None else _mlflow().MlflowClient().get_run(uuid).info.status

    def _track(self, run: int, tracked: _Tracked) -> None:
        try:
            with _mlflow().start_run(run_name=str(run)) as begun:
                tracked.uuid = begun.info.run_id
                tracked.answered.set()
                self._work(None, run)
        except (Exception, SystemExit) as error:  # noqa: BLE001  # a program logs it
            if not tracked.answered.is_set() and isinstance(error, Exception):
                tracked.error = error
        finally:
            tracked.answered.set()


class Mlflow:
    """The target `mlflow`: needs the extra of that name."""

    name = EXTRA
    vocabulary = Vocabulary(
        active=frozenset({"SCHEDULED", "RUNNING"}),
        completed=frozenset({"FINISHED"}),
        cancelled=frozenset({"KILLED"}),
        failed=frozenset({"FAILED"}),
    )
    audit = Audit(table="runs", key="name", status="status")
    exempt: Mapping[str, str] = {
        "one-active-run": "a program may track as many runs at once as it likes",
        "nothing-leaks": "MLflow keeps its pool of connections as long as the process lives",
        "orphan-is-interrupted-not-failed": "there is no status for a run whose process died",
    }

    def __init__(self) -> None:
        self._work: Work | None = None
        self._numbers: Iterator[int] = itertools.count(1)
        self._tracked: dict[int, _Tracked] = {}

    def prepare(self, database: Path) -> None:
        """Let MLflow create its schema: a second of migrations, once for all schedules."""
        os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"  # or it calls its makers from a thread
        os.environ["MLFLOW_CONFIGURE_LOGGING"] = "false"  # or it prints each error that is provoked
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # its imports and its first use of the tables warn
            for name in _IMPORTED_LATE:
                package(name, EXTRA)
            _mlflow().set_tracking_uri(f"sqlite:///{database}")
            _store().engine.dispose()

    def open(self, database: Path, work: Work) -> MlflowManager:
        """Begin with a pool without connections, as a process does."""
        _mlflow().set_tracking_uri(f"sqlite:///{database}")
        if work is not self._work:  # a new schedule
            self._work, self._numbers, self._tracked = work, itertools.count(1), {}
            _store().engine.dispose(close=False)
        return MlflowManager(work, self._numbers, self._tracked)
