"""Who may write the active run of a database: the holder of a lock that dies with its process.

An active row alone says nothing: its process may be slow, or dead. The lock does, because the
kernel drops it with the process, whatever ended it, and never before. It is held from before a
row is inserted until after the row is terminal; so whoever gets the lock and sees an active row
knows that its owner is dead.
"""

import logging
from pathlib import Path

from filelock import FileLock, Timeout

logger = logging.getLogger(__name__)


class Ownership:
    """One holder's claim to the runs of a database.

    Two claims exclude each other also within a process. The lock file lies beside the database,
    with ``.owner`` added to its name, and stays there: removing it would let two processes lock
    two files of one name.

    Args:
        db_path: The database file. All paths to it that differ by symbolic links are one.
    """

    def __init__(self, db_path: str | Path) -> None:
        database = Path(db_path).resolve()
        self._path = database.with_name(database.name + ".owner")
        # The thread that runs the pipeline releases what the thread that started it acquired.
        self._lock = FileLock(self._path, thread_local=False)

    def acquire(self) -> bool:
        """Take the claim if nobody holds it, without waiting.

        Raises:
            OSError: The lock file cannot be made or locked.
        """
        self._path.parent.mkdir(parents=True, exist_ok=True)
        try:
            self._lock.acquire(timeout=0)
        except Timeout:
            return False
        if type(self._lock) is not FileLock:
            # filelock turns to a lock that outlives its process where the kernel has none.
            self._lock.release()
            raise OSError("The file system cannot lock files: put the database on one that can.")
        return True

    def release(self) -> None:
        """Give the claim up; without effect if it is not held."""
        try:
            self._lock.release()
        except OSError as error:
            logger.warning("Releasing the owner lock failed: %s", str(error))
