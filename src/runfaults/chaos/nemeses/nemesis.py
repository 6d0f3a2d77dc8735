"""A nemesis."""

from __future__ import annotations

import contextlib
import random
import signal
from collections.abc import Callable, Generator, Sequence
from pathlib import Path
from typing import NamedTuple


class Victim(NamedTuple):
    """A worker process.

    Attributes:
        name: Its name in the journals.
        pid: Its process id.
        handle: A file descriptor that stands for the process: a signal through it never meets
            another process that has got the same id.
    """

    name: str
    pid: int
    handle: int

    def send(self, number: signal.Signals) -> None:
        """Send a signal; harmless if it has died already."""
        with contextlib.suppress(ProcessLookupError):
            signal.pidfd_send_signal(self.handle, number)


class Scene(NamedTuple):
    """The surroundings that a nemesis can reach.

    Attributes:
        database: The database of all workers.
        victims: The worker processes that live at the moment.
        write: Writes into the conductor's journal: what happens, and to which process.
    """

    database: Path
    victims: Callable[[], Sequence[Victim]]
    write: Callable[[str, str], None]


Nemesis = Callable[[Scene, random.Random], Generator[float]]
"""One cause of trouble, which begins and ends by turns: it yields the seconds until its next turn.
What lasts it ends also where it is closed meanwhile."""
