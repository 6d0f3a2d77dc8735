"""A subscriber that is a function: a target calls it when it has something to tell."""

from __future__ import annotations

from queue import Queue

from runfaults.targets.completion import Completion


class Callback:
    """A function to be registered with a target; what it is called with is a message.

    Args:
        completion: Which message says that a run is complete; of a call with several arguments
            the message is their tuple.
    """

    def __init__(self, completion: Completion) -> None:
        self._completion = completion
        self._heard: Queue[str] = Queue()

    def __call__(self, *message: object) -> None:
        """Hear a message."""
        status = self._completion.read(message[0] if len(message) == 1 else message)
        if status is not None:
            self._heard.put(status)

    def next_signal(self) -> str:
        """Wait for the next completion signal; returns its status, empty if it names none."""
        return self._heard.get()
