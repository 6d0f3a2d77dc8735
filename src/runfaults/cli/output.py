"""Standard output that outlives its reader."""

from __future__ import annotations

import io
import os
import sys
from typing import Any, TextIO


def outlive_readers() -> None:
    """Let what is printed vanish from where its reader ends (`| head`): the verdict counts.

    Reports are still written then, and the exit code is the verdict's.
    """
    for name in ("stdout", "stderr"):
        file: TextIO | None = getattr(sys, name)
        if file is not None:  # closed by the shell
            setattr(sys, name, _outliving(file))


class _File(io.FileIO):
    def write(self, data: Any, /) -> int | None:  # noqa: ANN401  # whatever has bytes
        try:
            return super().write(data)
        except BrokenPipeError:
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, self.fileno())
            os.close(nowhere)
            return len(data)


def _outliving(file: TextIO) -> TextIO:
    return io.TextIOWrapper(
        io.BufferedWriter(_File(file.fileno(), "w", closefd=False)),
        encoding=file.encoding,
        errors=file.errors,
        line_buffering=True,
    )
