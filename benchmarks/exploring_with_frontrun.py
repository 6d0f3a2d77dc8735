"""Explore the corrected manager with frontrun; tell how far that got, as JSON.

frontrun schedules the workers that it starts itself, not the threads that these start. So the
run's thread is not started by the manager: its function is one worker, a cancel is the other. The
question is the same, without faults, for which frontrun has no means: is a run whose cancel was
accepted recorded as cancelled, and any other as completed?
"""

from __future__ import annotations

import contextlib
import importlib
import json
import logging
import sqlite3
import sys
import time
from typing import Any

from genglossary.runs.manager import RunManager
from measuring import fresh_databases, work
from runfaults.targets.genglossary import GenGlossary

ATTEMPTS = 200
OPTIONS: dict[str, dict[str, Any]] = {
    # Its default number of steps ends before the run does: the rest would not be interleaved.
    "random": {"max_attempts": ATTEMPTS, "max_ops": 3_000, "seed": 1},
    "dpor": {"max_executions": ATTEMPTS, "stop_on_first": False},
}


class State:
    """A run that is recorded as pending and whose thread has not begun."""

    def __init__(self, database: str, adapter: GenGlossary) -> None:
        self.database = database
        self.accepted = False
        self._adapter = adapter
        launched: list[Any] = []
        self._manager: Any = adapter._manager
        self._manager._launch = launched.append
        self._id = adapter.start()
        (self._run,) = launched

    def run(self) -> None:
        """What the manager's thread does."""
        self._manager._execute_run(self._run.id, "full")

    def cancel(self) -> None:
        """What a user does."""
        self.accepted = self._adapter.cancel(self._id)

    def is_recorded_truly(self) -> bool:
        """Whether the record says what happened."""
        with contextlib.closing(sqlite3.connect(self.database)) as connection:
            (status,) = connection.execute("SELECT status FROM runs").fetchone()
        return status == ("cancelled" if self.accepted else "completed")


def forget_accepted_cancels() -> None:
    """Plant a bug: a run that ends as its pipeline does, whatever was promised to the user."""

    def decide(self: RunManager, run: Any, ending: Any) -> Any:
        self._forget(run.id)
        return ending

    RunManager._decide = decide


def explore(strategy: str) -> dict[str, Any]:
    """Let it explore, and say what came of it."""
    frontrun: Any = importlib.import_module("frontrun")
    logging.disable()
    with fresh_databases() as fresh:

        def setup() -> State:
            database = fresh()
            return State(str(database), GenGlossary().open(database, work))

        began = time.perf_counter()
        result: Any = frontrun.explore(
            setup=setup,
            workers=[State.run, State.cancel],
            invariant=State.is_recorded_truly,
            strategy=strategy,
            clock="virtual",
            trace_packages=["genglossary*"],
            **OPTIONS[strategy],
        )
        seconds = time.perf_counter() - began
    outcome = {True: "holds", False: "broken", None: "inconclusive"}[result.property_holds]
    return {"explored": result.num_explored, "seconds": seconds, "outcome": outcome}


if __name__ == "__main__":
    if "planted" in sys.argv[2:]:
        forget_accepted_cancels()
    print(json.dumps(explore(sys.argv[1])))
