"""A disk that is really full while the operation runs: a small tmpfs with a filler file."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import tempfile
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path

from runfaults.sqlite.real.recipe import Unavailable, around
from runfaults.temporary import memory_backed_folder, prefix, unmount

_SIZE = "2m"
_CHUNK = bytes(65_536)


@contextmanager
def small_disk() -> Generator[Path]:
    """A folder on a file system of its own, two megabytes large.

    Raises:
        Unavailable: if this process may not mount one.
    """
    if os.geteuid() != 0:
        raise Unavailable("mounting a small disk needs root")
    with tempfile.TemporaryDirectory(prefix=prefix(), dir=memory_backed_folder()) as name:
        mounted = subprocess.run(  # noqa: S603 - a fixed command on a folder of our own
            ["mount", "-t", "tmpfs", "-o", f"size={_SIZE}", "runfaults", name],  # noqa: S607
            capture_output=True,
            text=True,
            check=False,
        )
        if mounted.returncode:
            raise Unavailable(f"no small disk can be mounted here: {mounted.stderr.strip()}")
        try:
            yield Path(name)
        finally:
            unmount(Path(name))


@around
def filled(_: sqlite3.Connection, folder: Path) -> Generator[None]:
    """A filler takes all the room while the operation runs."""
    filler = folder / "filler"
    descriptor = os.open(filler, os.O_WRONLY | os.O_CREAT)
    try:
        for chunk in (_CHUNK, _CHUNK[:4096], b"x"):
            with suppress(OSError):
                while os.write(descriptor, chunk):
                    pass
        yield
    finally:
        os.close(descriptor)
        filler.unlink()
