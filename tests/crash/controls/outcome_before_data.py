"""An outcome that is recorded before the work it speaks of, and one recorded with it."""

import sqlite3

from small_manager import SmallManager, SmallTarget


class _RecordsFirst(SmallManager):
    def finish(self, connection: sqlite3.Connection, run: int, status: str) -> None:
        if connection.in_transaction and status == "completed":
            # The open transaction is in the way of another connection, so use this one, twice.
            kept = [("second",)]
            connection.rollback()
            self.record(run, status)
            connection.executemany("INSERT INTO runfaults_work (step) VALUES (?)", kept)
            connection.commit()
            connection.close()
        else:
            super().finish(connection, run, status)


class _RecordsInTheSameTransaction(SmallManager):
    """Innocent: work and outcome are committed as one."""

    def finish(self, connection: sqlite3.Connection, run: int, status: str) -> None:
        if connection.in_transaction and status == "completed":
            connection.execute("UPDATE jobs SET status = 'completed' WHERE id = ?", (run,))
            connection.commit()
            connection.close()
        else:
            super().finish(connection, run, status)


class Planted(SmallTarget):
    manager = _RecordsFirst


class Innocent(SmallTarget):
    manager = _RecordsInTheSameTransaction
