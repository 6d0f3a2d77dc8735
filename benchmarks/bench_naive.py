"""The same question as most people would ask it: real threads, a mock that fails, and sleeps."""

from __future__ import annotations

import sqlite3
import time
from typing import Any
from unittest.mock import patch

from genglossary.db import runs_repository
from genglossary.runs.manager import RunManager
from measuring import fresh_databases, measure


class SlowPipeline:
    """Works for a moment, so that a cancel can come meanwhile."""

    def __init__(self, **_: object) -> None:
        pass

    def execute(self, conn: sqlite3.Connection, *_: object, **__: object) -> None:
        conn.execute("INSERT INTO runfaults_work (step) VALUES ('first')")
        conn.commit()
        time.sleep(0.1)

    def close(self) -> None:
        pass


def cancelled_run_is_not_failed_though_the_database_is_locked(database: str) -> None:
    """One fault and one cancel, each at one moment that the author thought of."""
    real = runs_repository.update_run_status_if_active
    failures = [sqlite3.OperationalError("database is locked")]

    def locked_once(*arguments: Any, **named: Any) -> Any:
        if failures:
            raise failures.pop()
        return real(*arguments, **named)

    pipeline: Any = SlowPipeline
    with (
        patch("genglossary.runs.manager.update_run_status_if_active", locked_once),
        patch("genglossary.runs.manager.PipelineExecutor", pipeline),
    ):
        manager = RunManager(database)
        run = manager.start_run("full")
        time.sleep(0.05)  # it works by now
        assert manager.cancel_run(run)
        for _ in range(100):
            row = manager.get_run(run)
            if row is not None and row["status"] not in {"pending", "running"}:
                break
            time.sleep(0.05)
        row = manager.get_run(run)
        assert row is not None
        assert row["status"] == "cancelled"
        assert not failures
        manager.close()


def test_with_threads_mocks_and_sleeps(benchmark: Any) -> None:
    with fresh_databases() as fresh:
        measure(
            benchmark,
            lambda: cancelled_run_is_not_failed_though_the_database_is_locked(str(fresh())),
            rounds=10,
        )
