"""Where temporary files are, and whose they are; files that are never half written."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
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


class NoRoomError(Exception):
    """A full disk would be taken for the target's own trouble."""


LEAST_ROOM = 1_000_000
"""Bytes: each process that runs schedules needs a part of it."""


def require_room(folder: str | Path) -> None:
    """See that databases can grow.

    Raises:
        NoRoomError: if the disk of a temporary folder is nearly full.
    """
    free = shutil.disk_usage(folder).free
    if free < LEAST_ROOM:
        raise NoRoomError(
            f"the temporary folder {Path(folder).parent} has {free:,} bytes left, and schedules "
            f"need {LEAST_ROOM:,}; make room, or set RUNFAULTS_TMPDIR to a folder that has it"
        )


def write_whole(path: Path, text: str) -> None:
    """Write a file whole or not at all, with its folder.

    Raises:
        OSError: if it cannot be written; then it is as it was.
    """
    half_written = path.with_name(f"{path.name}.{os.getpid()}.new")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        half_written.write_text(text, encoding="utf-8")
        half_written.replace(path)
    except OSError:
        with contextlib.suppress(OSError):
            half_written.unlink()
        raise


def prefix() -> str:
    """What the names of this process's temporary folders begin with."""
    return _prefix_of(os.getpid())


def remove_folders_of(pid: int) -> None:
    """Remove what a process that has ended left of its temporary folders.

    One that was interrupted while it made or removed a folder leaves it behind, and a killed one
    leaves all.
    """
    place = Path(memory_backed_folder() or tempfile.gettempdir())
    for folder in place.glob(f"{_prefix_of(pid)}*"):
        if folder.is_mount():
            with contextlib.suppress(subprocess.CalledProcessError):
                unmount(folder)
        shutil.rmtree(folder, ignore_errors=True)


def unmount(folder: Path) -> None:
    """Take a file system out of a folder, though its files may be open.

    Raises:
        subprocess.CalledProcessError: if it can't be done.
    """
    subprocess.run(["umount", "--lazy", folder], check=True)  # noqa: S603, S607  # a folder of ours


def _prefix_of(pid: int) -> str:
    return f"runfaults-{pid}-"
