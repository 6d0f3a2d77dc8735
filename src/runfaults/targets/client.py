"""What the scripted work asks for answers, as a pipeline asks a language model."""

from __future__ import annotations

import threading
import time

_CLOSING_SECONDS = 0.01


class Client:
    """A client of one run; a target that closes its work's client on a cancel makes one.

    Its time is that of its surroundings: virtual in a simulation.

    Attributes:
        is_closed: Whether it was closed.
    """

    def __init__(self) -> None:
        self.is_closed = False
        self._closed = threading.Event()
        self._asked = False

    def close(self) -> None:
        """Wake the work, which takes a moment if it waits: a real client has sockets to close."""
        self.is_closed = True
        self._closed.set()
        if self._asked:
            time.sleep(_CLOSING_SECONDS)

    def is_closed_within(self, seconds: float) -> bool:
        """Wait for that; False when so many seconds have passed."""
        self._asked = True
        closed = self._closed.wait(seconds)
        self._asked = False
        return closed
