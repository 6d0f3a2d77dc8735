"""A lock that its process holds until it lets go or dies: who has it owns the active rows."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path


class OwnerLock:
    """A `flock` on a file beside the database."""

    def __init__(self, database: Path) -> None:
        self._descriptor = os.open(f"{database}.owner", os.O_RDWR | os.O_CREAT)
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(self._descriptor)
            raise RuntimeError("another process runs the jobs of this database") from None

    def release(self) -> None:
        """Let go; again is harmless."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
        self._descriptor = -1
