"""What the target prints where no schedule hears it: kept, and told afterwards, spelt out.

That is what it prints as it is imported, straight to a descriptor, or by a process that it starts.
A process that runs nothing of the target's keeps it, where there is one: the target may end its
own, or keep the interpreter's lock.
"""

from __future__ import annotations

import contextlib
import os
import sys
import threading
from collections import Counter
from collections.abc import Generator
from typing import TextIO

from runfaults.model.counting import counted
from runfaults.user_code import printing_to, redacting, unclosed, unheard

MOST_LINES = 100
"""Lines of different text that are told."""

LONGEST = 1_000
"""Bytes of a line that are told; lines that begin alike are one then."""


_HEADING = "Printed outside of any schedule, or past Python's standard output:"


class Prints:
    """Keeps what is written to a pipe, until it is to be told.

    A pipe, and no file: a fault that strikes writes to files must not strike a print.

    Attributes:
        file: Where to write.
        heading: What is told before it.
    """

    def __init__(self) -> None:
        self._read, pipe = os.pipe()
        self.file = unclosed(pipe)
        self._done, self._do = os.pipe()
        self._now = b"\0%s\0" % os.urandom(8).hex().encode()
        self._kept: Counter[bytes] = Counter()
        self._further = 0
        self.heading = _HEADING

    def listen(self) -> None:
        """Begin to read, in this process."""
        threading.Thread(target=self._listen, daemon=True).start()

    def tell(self) -> None:
        """Have all told that has been written by now, on standard error of the one that reads."""
        os.write(self.file.fileno(), self._now + b"\n")
        os.read(self._done, 1)

    def _listen(self) -> None:
        rest = b""
        while heard := os.read(self._read, 1 << 16):
            *lines, rest = (rest + heard).split(b"\n")
            for line in lines:
                self._keep(line.removesuffix(self._now))
                if line.endswith(self._now):
                    self._tell_kept()
            begun = len(self._now)  # it may have come in part
            if len(rest) > LONGEST + 1 + begun:
                rest = rest[: LONGEST + 1] + rest[-begun:]

    def _keep(self, line: bytes) -> None:
        if not line.strip():
            return
        if len(line) > LONGEST:
            line = line[:LONGEST] + b"... (the rest is left out)"
        if line in self._kept or len(self._kept) < MOST_LINES:
            self._kept[line] += 1
        else:
            self._further += 1

    def _tell_kept(self) -> None:
        told, further = self._kept, self._further
        self._kept, self._further = Counter(), 0
        from runfaults.report.console import print_lines

        with contextlib.suppress(OSError):  # no one reads it
            if told:
                lines = (self.heading, *_described(told, further))
                print_lines("\n".join(lines), sys.stderr)
                self.heading = "Printed after that, there too:"
        os.write(self._do, b"\0")


def _described(kept: Counter[bytes], further: int) -> Generator[str]:
    for line, count in kept.items():
        text = line.decode(errors="replace").rstrip("\r")
        yield f"  {text}{f' ({count:,} times)' if count > 1 else ''}"
    if further:
        yield f"  and {counted(further, 'more line')}"


_prints: Prints | None = None


def kept_by(prints: Prints) -> None:
    """Have another process keep what the target prints in this one."""
    global _prints  # noqa: PLW0603  # a process has one standard output
    _prints = prints


@contextlib.contextmanager
def target_apart() -> Generator[TextIO]:
    """Run the target in the block: what it prints is told at the end, or never with `--redact`.

    Yields:
        Standard error, for what is not the target's.
    """
    if redacting():
        with unheard() as errors:
            yield errors
        return
    if _prints is None:
        kept_by(prints := Prints())
        prints.listen()
    assert _prints is not None
    _prints.heading = _HEADING  # of another command, if this process itself listens
    try:
        with printing_to(_prints.file) as errors:
            yield errors
    finally:
        _prints.tell()
