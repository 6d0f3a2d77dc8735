"""Keeps what users were told outside the database: a file of JSON lines a process."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path
from typing import NamedTuple

CONDUCTOR = "conductor"
"""The process that writes about nemeses."""

LAST = "last"
"""The process that looks at the database when all others have ended."""

ENDS = frozenset({"kill", "end"})
"""Entries of the conductor right before it kills a process: as a nemesis, or to cut a soak off.
`gone` follows when the process has ended, as for any that ends with an error."""


class Entry(NamedTuple):
    """One line.

    Attributes:
        at: Nanoseconds of the machine's monotonic clock, which all its processes share.
        process: The process: `2.5` is the fifth life of worker 2.
        what: `start`, `cancel`, `read`, `close`, `pipeline`, `signal`, ..., or a nemesis.
        phase: `invoke` before the question, `reply` after the answer; empty otherwise.
        run: The run it is about, if any.
        value: The answer; how the pipeline ended; which process the nemesis struck.
    """

    at: int
    process: str
    what: str
    phase: str = ""
    run: int | None = None
    value: str = ""

    def __str__(self) -> str:
        run = "" if self.run is None else f" run {self.run}"
        return " ".join(part for part in (self.process, self.what, self.phase) if part) + (
            f"{run}{f': {self.value}' if self.value else ''}"
        )


class Writer:
    """Writes a process's entries down a pipe, each in one write.

    What is in a pipe outlives its writer, and no limit on the size of files keeps it out.
    """

    def __init__(self, pipe: int, process: str) -> None:
        self._pipe = pipe
        self._process = process

    def write(self, what: str, phase: str = "", run: int | None = None, value: str = "") -> None:
        """Write an entry; it is safe when this returns."""
        os.write(self._pipe, line_of(Entry(now(), self._process, what, phase, run, value[:500])))


def now() -> int:
    """The time of an entry. Not `time.monotonic`: a nemesis may have moved that."""
    return time.clock_gettime_ns(time.CLOCK_MONOTONIC)


def line_of(entry: Entry) -> bytes:
    """The entry's line in the file."""
    return json.dumps(entry).encode() + b"\n"


def read_journals(folder: Path) -> list[Entry]:
    """Every entry of every process, in order of time.

    A last line that was cut off is left out: no user was told of it.
    """
    entries: list[Entry] = []
    for path in sorted(folder.glob("*.jsonl")):
        lines = path.read_bytes().split(b"\n")[:-1]
        entries += [Entry(*json.loads(line)) for line in lines]
    return sorted(entries)
