"""Log lines from a run to its subscribers, ended by exactly one completion signal each.

A subscriber is a bounded queue of dictionaries. Each has ``run_id``, ``level`` and ``message``,
and may have more; the last one has also ``complete`` (True) and ``status``: the terminal status
that is in the database, or None if there is none to be told.
"""

from contextlib import suppress
from queue import Empty, Full, Queue
from sqlite3 import Row
from threading import Lock
from typing import Any

from genglossary.db.runs_repository import ACTIVE_STATUSES

LogMessage = dict[str, Any]
LogQueue = Queue[LogMessage]


class LogStream:
    """The subscribers of all runs.

    Attributes:
        subscribers: The queues by run id. An entry goes with its last queue or its run.
        lock: Guards everything here; nothing blocks while it is held.
    """

    def __init__(self, max_size: int) -> None:
        self.subscribers: dict[int, list[LogQueue]] = {}
        self.lock = Lock()
        self._max_size = max_size
        self._open: set[int] = set()

    def open(self, run_id: int) -> None:
        """Announce that a completion signal for this run will come."""
        with self.lock:
            self._open.add(run_id)

    def subscribe(self, run_id: int) -> tuple[LogQueue, bool]:
        """Add a queue; tell also whether the run is open."""
        queue: LogQueue = Queue(self._max_size)
        with self.lock:
            self.subscribers.setdefault(run_id, []).append(queue)
            return queue, run_id in self._open

    def unsubscribe(self, run_id: int, queue: LogQueue) -> None:
        """Remove a queue; without effect if it is not there."""
        with self.lock:
            self._remove(run_id, queue)

    def broadcast(self, run_id: int, message: LogMessage) -> None:
        """Give each subscriber the message; a full queue loses its oldest."""
        with self.lock:
            for queue in self.subscribers.get(run_id, ()):
                _put(queue, message)

    def complete(self, run_id: int, status: str | None, message: str) -> None:
        """Give each subscriber the completion signal and forget the run."""
        with self.lock:
            self._open.discard(run_id)
            for queue in self.subscribers.pop(run_id, ()):
                _put(queue, completion_signal(run_id, status, message))

    def complete_latecomer(
        self, run_id: int, queue: LogQueue, status: str | None, message: str
    ) -> None:
        """Give one queue its signal, unless its run is open or it has had the signal."""
        with self.lock:
            if run_id not in self._open and self._remove(run_id, queue):
                _put(queue, completion_signal(run_id, status, message))

    def complete_waiting(self, message: str) -> None:
        """End every subscription to a run that is not open."""
        with self.lock:
            for run_id in [waiting for waiting in self.subscribers if waiting not in self._open]:
                for queue in self.subscribers.pop(run_id):
                    _put(queue, completion_signal(run_id, None, message))

    def _remove(self, run_id: int, queue: LogQueue) -> bool:
        queues = self.subscribers.get(run_id, [])
        if queue not in queues:
            return False
        queues.remove(queue)
        if not queues:
            del self.subscribers[run_id]
        return True


def completion_signal(run_id: int, status: str | None, message: str) -> LogMessage:
    """Return the last message of a subscription."""
    level = "error" if status in ("failed", "interrupted") else "info"
    return {
        "run_id": run_id,
        "level": level,
        "message": message,
        "complete": True,
        "status": status,
    }


def ending_of(row: Row) -> tuple[str | None, str]:
    """Return the status and message of the signal for a run that this manager does not run."""
    if row["status"] in ACTIVE_STATUSES:
        return None, f"Run {row['id']} is of another process: its log cannot be followed here."
    return row["status"], summary(row["id"], row["status"], row["error_message"])


def summary(run_id: int, status: str | None, cause: str | None) -> str:
    """Tell in a sentence how a run is recorded; None means that it is not."""
    if status is None:
        return f"Run {run_id} has no row any more: it was deleted, or never came to be."
    if status in ("failed", "interrupted") and cause:
        return f"Run {run_id} {status}: {cause}"
    return f"Run {run_id} {status}"


def _put(queue: LogQueue, message: LogMessage) -> None:
    # Only the holder of the stream's lock puts, so a place that was made stays free.
    try:
        queue.put_nowait(message)
    except Full:
        with suppress(Empty):
            queue.get_nowait()
        queue.put_nowait(message)
