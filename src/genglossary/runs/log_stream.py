"""Log lines from runs to their subscribers, ended by one completion signal each.

A subscriber is a bounded queue of dictionaries. The signal has ``run_id``, ``complete`` (True),
``db_status``, the status that is in the database, if one is, and ``status_update_failed`` (True)
if the outcome could not be recorded.
"""

from queue import Full, Queue
from threading import RLock
from typing import Any

LogMessage = dict[str, Any]
LogQueue = Queue[LogMessage]


class LogStream:
    """The subscribers of a manager's runs."""

    MAX_LOG_QUEUE_SIZE = 1000

    def __init__(self) -> None:
        self._subscribers: dict[int, list[LogQueue]] = {}
        self._open_runs: set[int] = set()
        self._completed_runs: dict[int, LogMessage] = {}
        # A signal handler can take the lock again that it has interrupted the holder of.
        self._subscribers_lock = RLock()

    def _subscribe(self, run_id: int) -> tuple[LogQueue, bool]:
        """Return a new queue, and whether its signal is in it already, or is sure to come."""
        queue = LogQueue(self.MAX_LOG_QUEUE_SIZE)
        with self._subscribers_lock:
            signal = self._completed_runs.get(run_id)
            if signal is None:
                self._subscribers.setdefault(run_id, []).append(queue)
            else:
                _put(queue, signal)
            return queue, signal is not None or run_id in self._open_runs

    def unregister_subscriber(self, run_id: int, queue: LogQueue) -> None:
        """Send nothing more to the queue; without effect if it is not registered."""
        self._remove(run_id, queue)

    def _end_subscription(self, run_id: int, queue: LogQueue, db_status: str | None) -> None:
        """Give one queue its signal, unless it has had it, or is sure to have it."""
        with self._subscribers_lock:
            if run_id not in self._open_runs and self._remove(run_id, queue):
                _put(queue, _completion_signal(run_id, db_status))

    def _remove(self, run_id: int, queue: LogQueue) -> bool:
        with self._subscribers_lock:
            queues = self._subscribers.get(run_id, [])
            if queue not in queues:
                return False
            queues.remove(queue)
            if not queues:
                del self._subscribers[run_id]
            return True

    def _broadcast_log(self, run_id: int, message: LogMessage) -> None:
        """Give each subscriber of the run the message."""
        with self._subscribers_lock:
            for queue in self._subscribers.get(run_id, ()):
                _put(queue, message)

    def _tell(self, run_id: int, level: str, message: str, **more: str | None) -> None:
        self._broadcast_log(run_id, {"run_id": run_id, "level": level, "message": message, **more})

    def _complete(
        self, run_id: int, db_status: str | None, *, status_update_failed: bool = False
    ) -> None:
        """Give each subscriber of the run the completion signal, and those that come later."""
        signal = _completion_signal(run_id, db_status)
        if status_update_failed:
            signal["status_update_failed"] = True
        with self._subscribers_lock:
            self._completed_runs[run_id] = signal
            self._open_runs.discard(run_id)
            for queue in self._subscribers.pop(run_id, ()):
                _put(queue, signal)

    def _open_log(self, run_id: int) -> None:
        """Announce that a signal will come."""
        with self._subscribers_lock:
            self._open_runs.add(run_id)

    def _close_log(self, run_id: int) -> None:
        """Take an announcement back: no run of that id has come to be."""
        with self._subscribers_lock:
            self._open_runs.discard(run_id)

    def _complete_rest(self) -> bool:
        """End the subscriptions to runs that this manager never had; tell whether none is open."""
        with self._subscribers_lock:
            for run_id in self._subscribers.keys() - self._open_runs:
                self._complete(run_id, None)
            return not self._open_runs


def _completion_signal(run_id: int, db_status: str | None) -> LogMessage:
    signal: LogMessage = {"run_id": run_id, "complete": True}
    if db_status is not None:
        signal["db_status"] = db_status
    return signal


def _put(queue: LogQueue, message: LogMessage) -> None:
    """Drop a line that finds the queue full; make room for a completion signal."""
    try:
        queue.put_nowait(message)
    except Full:
        if message.get("complete"):
            queue.get_nowait()
            queue.put_nowait(message)
