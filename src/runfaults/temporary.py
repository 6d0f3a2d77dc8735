"""Where temporary files are, and whose they are."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path


def memory_backed_folder() -> str | None:
    """The folder for temporary files that cost no disk; None: the system's default.

    `RUNFAULTS_TMPDIR` decides if it is set. `TMPDIR` is not enough: on a disk that really writes,
    every schedule takes ten times as long.
    """
    if "RUNFAULTS_TMPDIR" in os.environ:
        return os.environ["RUNFAULTS_TMPDIR"]
    shared_memory = "/dev/shm"  # noqa: S108  # a folder of our own is made inside
    return shared_memory if os.access(shared_memory, os.W_OK) else None


def prefix() -> str:
    """What the names of this process's temporary folders begin with."""
    return _prefix_of(os.getpid())


def folders_of(pid: int) -> list[Path]:
    """The temporary folders that a process has left."""
    place = Path(memory_backed_folder() or tempfile.gettempdir())
    return list(place.glob(f"{_prefix_of(pid)}*"))


def _prefix_of(pid: int) -> str:
    return f"runfaults-{pid}-"
