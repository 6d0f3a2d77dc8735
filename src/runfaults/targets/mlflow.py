"""MLflow tracking, with its SQLAlchemy store on SQLite: https://mlflow.org."""

from __future__ import annotations

import contextlib
import itertools
import os
import threading
import warnings
from collections.abc import Mapping
from concurrent.futures import Future
from functools import partial
from pathlib import Path
from typing import Any

from runfaults.targets.base import Adapter, Audit, Vocabulary, Work
from runfaults.targets.optional import package

_package = partial(package, extra="mlflow")

# Every one of them is imported late by MLflow.
_IMPORTED_LATE = (
    "alembic.command",
    "mlflow.store.tracking.sqlalchemy_store",
    "mlflow.tracking._tracking_service.utils",
    "mlflow.tracking.fluent",
)


def _mlflow() -> Any:  # noqa: ANN401  # a package without types for pyright
    return _package("mlflow")


def _engine() -> Any:  # noqa: ANN401
    store = _package("mlflow.tracking._tracking_service.utils")._get_store()  # noqa: SLF001
    return store.engine


class Mlflow(Adapter):
    """The target `mlflow`: a program that does each piece of work in a thread, in a run."""

    audit = Audit("runs", key="run_uuid", status="status")
    vocabulary = Vocabulary.of(("SCHEDULED", "RUNNING"), "FINISHED", "FAILED", "KILLED")
    exempt: Mapping[str, str] = {
        "one-active-run": "a program may track as many runs at once as it likes",
        "nothing-leaks": "MLflow keeps its pool of connections as long as the process lives",
        "orphan-is-interrupted-not-failed": "there is no status for a run whose process died",
    }

    def prepare(self, database: Path) -> None:
        """Let MLflow create its schema: a second of migrations, once for all schedules."""
        os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"  # or it calls its makers from a thread
        os.environ["MLFLOW_CONFIGURE_LOGGING"] = "false"  # or it prints each error that is provoked
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # its imports and its first use of the tables warn
            for name in _IMPORTED_LATE:
                _package(name)
            _mlflow().set_tracking_uri(f"sqlite:///{database}")
            _engine().dispose()

    def reset(self) -> None:
        """Count the lives of a schedule."""
        self._lives = itertools.count()

    def begin(self, database: Path, work: Work) -> None:
        """Begin a process with a pool without connections."""
        self._script = work
        _mlflow().set_tracking_uri(f"sqlite:///{database}")
        if next(self._lives) == 0:
            _engine().dispose(close=False)

    def start(self) -> str:
        """Start a thread and return when its run is begun, or could not be: that is raised."""
        begun: Future[str] = Future()
        threading.Thread(target=self._track, args=(begun,), name="run").start()
        return begun.result()

    def cancel(self, run: str) -> None:
        """Set the run's status to `KILLED`, as any client may: MLflow promises nothing about it."""
        _mlflow().MlflowClient().set_terminated(run, "KILLED")

    def status(self, run: str) -> str:
        """The answer of MLflow about the run."""
        return _mlflow().MlflowClient().get_run(run).info.status

    def _track(self, begun: Future[str]) -> None:
        with contextlib.suppress(SystemExit):
            try:
                with _mlflow().start_run() as run:
                    begun.set_result(run.info.run_id)
                    self._script(None, run.info.run_id)
            except Exception as error:  # noqa: BLE001  # a program logs it
                if not begun.done():
                    begun.set_exception(error)
