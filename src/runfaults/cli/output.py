"""Standard output that outlives its reader, and tells what it could not take."""

from __future__ import annotations

import io
import os
import sys
from typing import Any, TextIO

unwritten: list[str] = []
"""What standard output could not take, a sentence; nothing more is written to it then."""


def outlive_readers() -> None:
    """Let the verdict count, whatever becomes of what is printed.

    What is printed vanishes from where its reader ends (`| head`). On a full disk, or where the
    shell has closed it, it vanishes too, and that is told at the end. Reports are still written,
    and the exit code is the verdict's. A target that closes it closes nothing, and one that is
    not to be heard can be given another file in the place of the standard one.
    """
    for name in ("stdout", "stderr"):
        file: TextIO | None = getattr(sys, name)
        kept = _Closed(name) if file is None else _outliving(file)
        kept.close = kept.flush
        setattr(sys, name, kept)


class _File(io.FileIO):
    """A copy of a standard file.

    Args:
        standard: Its descriptor.
    """

    def __init__(self, standard: int) -> None:
        super().__init__(os.dup(standard), "w")
        self._standard = standard

    def write(self, data: Any, /) -> int | None:  # noqa: ANN401  # whatever has bytes
        try:
            return super().write(data)
        except BrokenPipeError:
            self._give_up()
        except OSError as error:
            self._give_up()
            if self._standard == 1:
                unwritten.append(_sentence(error.strerror or str(error)))
        return len(data)

    def _give_up(self) -> None:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        for descriptor in (self._standard, self.fileno()):
            os.dup2(nowhere, descriptor)
        os.close(nowhere)


class _Closed(io.StringIO):
    """In place of a file that the shell has closed (`>&-`)."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self._name = name

    def write(self, text: str, /) -> int:
        if self._name == "stdout" and not unwritten:
            unwritten.append(_sentence("it is closed"))
        return len(text)


def _sentence(reason: str) -> str:
    return (
        f"standard output could not be written: {reason}; make room, or send it to another file, "
        "and run the same again"
    )


def _outliving(file: TextIO) -> TextIO:
    return io.TextIOWrapper(
        io.BufferedWriter(_File(file.fileno())),
        encoding=file.encoding,
        errors=file.errors,
        line_buffering=True,
    )
