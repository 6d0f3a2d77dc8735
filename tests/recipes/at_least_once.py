"""At least once: a message is deleted when its work is done; who takes it has a lease."""

from __future__ import annotations

import sqlite3
import threading
import time
from contextlib import closing, suppress
from pathlib import Path

from workers import outcome

from runfaults.targets import Adapter, Audit, Vocabulary, Work

LEASE = 7200.0
TAKE = """
    UPDATE queue SET taken = :now
    WHERE id = (SELECT min(id) FROM queue WHERE dead = 0 AND taken < :now - :lease)
    RETURNING id
"""


def consumer(database: Path, work: Work) -> None:
    while True:
        with suppress(sqlite3.Error), closing(sqlite3.connect(database)) as connection:
            taken = connection.execute(TAKE, {"now": time.time(), "lease": LEASE}).fetchall()
            connection.commit()
            for (message,) in taken:
                done = outcome(work, connection, message) == "done"
                end = "DELETE FROM queue" if done else "UPDATE queue SET dead = 1"
                connection.execute(f"{end} WHERE id = ?", (message,))
                connection.commit()
        time.sleep(5.0)


class AtLeastOnce(Adapter):
    schema = """CREATE TABLE queue (
        id INTEGER PRIMARY KEY AUTOINCREMENT, taken REAL DEFAULT 0, dead INTEGER DEFAULT 0
    )"""
    audit = Audit("queue", key="id", status="iif(dead, 'dead', 'there')", deleted="'done'")
    vocabulary = Vocabulary.of("there", "done", "dead")
    exempt = {  # noqa: RUF012
        "one-active-run": "a queue holds as many messages as are put into it",
        "work-done-once": "at least once",
    }

    def begin(self, database: Path, work: Work) -> None:
        self.database = database
        threading.Thread(target=consumer, args=(database, work)).start()

    def start(self) -> int | None:
        with closing(sqlite3.connect(self.database)) as connection, connection:
            return connection.execute("INSERT INTO queue DEFAULT VALUES").lastrowid
