"""A target: tells runfaults how to drive one system under test.

Try it as it is, then put your own system in the place of `Jobs`:

    runfaults check --target FILE:MyTarget --bound quick
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from runfaults.model import Vocabulary
from runfaults.targets.target import Audit, Work

# ---------------------------------------------------------------------------------------------
# The system under test. Delete this part and import yours. It runs unmodified: threads, locks,
# sleeps, clocks and `sqlite3.connect` are put under control from outside. This one is naive on
# purpose, so that the check has something to find.
# ---------------------------------------------------------------------------------------------


class Jobs:
    """Runs a function in a thread and records how it went."""

    def __init__(self, database: Path, function: Callable[[sqlite3.Connection, int], None]) -> None:
        self.database = database
        self.function = function
        self.threads: dict[int, threading.Thread] = {}

    def submit(self) -> int:
        """Insert a job and start its thread; returns the job's id."""
        with closing(sqlite3.connect(self.database)) as connection:
            job = connection.execute("INSERT INTO jobs (state) VALUES ('running')").lastrowid
            connection.commit()
        if job is None:
            raise RuntimeError("SQLite gives every inserted row an id")
        self.threads[job] = threading.Thread(target=self.run, args=(job,))
        self.threads[job].start()
        return job

    def run(self, job: int) -> None:
        """Do the work and record how it went; here an error while recording counts as failure."""
        with closing(sqlite3.connect(self.database)) as connection:
            try:
                self.function(connection, job)
                connection.execute("UPDATE jobs SET state = 'done' WHERE id = ?", (job,))
                connection.commit()
            except Exception:  # noqa: BLE001
                connection.rollback()
                connection.execute("UPDATE jobs SET state = 'error' WHERE id = ?", (job,))
                connection.commit()


# ---------------------------------------------------------------------------------------------
# The adapter: how to drive it.
# ---------------------------------------------------------------------------------------------


class MyManager:
    """One life of the system: from opening to closing."""

    def __init__(self, database: Path, work: Work) -> None:
        # `work` is the scripted job. Your system must call it as the function that does the work,
        # in a thread that your system starts. Give it what your system gives its work functions:
        # the connection (or None), the run's id (or None), a function that says whether the job was
        # told to stop, and the exception with which a job says that it noticed. If your work
        # function is fixed, replace it here, as unittest.mock.patch would.
        self._jobs = Jobs(database, work)

    def start(self) -> int:
        """Start a run; returns the number by which the audit below knows it."""
        return self._jobs.submit()

    def wait(self, run: int) -> None:
        """Return when the system has nothing left to do for the run."""
        self._jobs.threads[run].join()

    def close(self) -> None:
        """End this life in good order: this system has nothing to close."""

    # Whatever else your system can do is tried too, if the adapter has these methods (see
    # runfaults.targets.target):
    #
    #   cancel(run) -> bool | None          ask for the run's end; True: accepted, False: refused
    #   cancel_in_database(run)             write the cancelled status beside the manager
    #   status(run) -> str | None           what the system itself says is recorded
    #   subscribe(run) -> next_signal       hear of the run's end
    #   leaks() -> [(sort, which one)]      what the system still holds at the end


class MyTarget:
    """The facts about the system under test."""

    name = "my-target"

    # Every word that it may record, sorted by what the word claims about the run.
    vocabulary = Vocabulary(
        active=frozenset({"running"}),
        completed=frozenset({"done"}),
        cancelled=frozenset(),
        failed=frozenset({"error"}),
        interrupted=frozenset(),
    )

    # Where it records them: a table with a row per run, the column with its integer id ("rowid" if
    # ids are texts), the column with the status. If the status follows from several tables, give
    # an AuditScript: triggers of your own.
    audit = Audit(table="jobs", key="id", status="state")

    # A system that works in processes of its own, not in threads, says which: processes = "a pool".
    # No schedule reaches into them; `runfaults.sqlite.arm` does.

    # Rules that make no sense for it, each with the reason: reports show it.
    exempt = {"one-active-run": "jobs run side by side"}  # noqa: RUF012

    def prepare(self, database: Path) -> None:
        """Create the schema in a new database file. Import here what the system imports late."""
        with closing(sqlite3.connect(database)) as connection:
            connection.execute("CREATE TABLE jobs (id INTEGER PRIMARY KEY, state TEXT)")
            connection.commit()

    def open(self, database: Path, work: Work) -> MyManager:
        """Begin a life on the database; its runs do `work`."""
        return MyManager(database, work)
