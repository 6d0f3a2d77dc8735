"""A rich console that can write to whatever the user has: terminal, pipe, old code page."""

from __future__ import annotations

import os
import re
import shutil
import sys
import textwrap
from io import StringIO
from typing import TYPE_CHECKING, TextIO, cast

from runfaults.report.steps import printable

if TYPE_CHECKING:
    # rich takes a while to load: `runfaults --help` must not wait for it.
    from rich.console import Console

PIPE_WIDTH = 100
"""Columns where there is no terminal to ask."""

PROSE_WIDTH = 100
"""Columns that prose has at most: longer lines are hard to read, however wide the terminal."""

NARROW = 40
"""Columns below which nothing is indented."""

_PADDING = re.compile(r"(?<! ) +((?:\x1b\[[\d;]*m *)*)(?=\n)")
"""Blanks at the end of a line, and the styles that end among them."""


class EncodableFile(StringIO):
    """Passes text on to a file; what its encoding cannot say is written as an escape."""

    def __init__(self, file: TextIO) -> None:
        super().__init__()
        self._file = file

    @property
    def encoding(self) -> str:  # pyright: ignore[reportIncompatibleVariableOverride]  # StringIO has none
        """Of the file; rich chooses its box characters by it."""
        return cast("str | None", getattr(self._file, "encoding", None)) or "utf-8"

    def write(self, text: str, /) -> int:
        """Write to the file, without the blanks that pad lines."""
        text = _PADDING.sub(lambda found: found[1].replace(" ", ""), text)
        safe = text.encode(self.encoding, "backslashreplace").decode(self.encoding)
        return self._file.write(safe)

    def flush(self) -> None:
        """Flush the file."""
        self._file.flush()

    def isatty(self) -> bool:
        """Whether the file is a terminal."""
        return self._file.isatty()

    def fileno(self) -> int:
        """Of the file, for rich to ask for the terminal's size."""
        return self._file.fileno()


def open_console(file: TextIO | None = None, width: int | None = None) -> Console:
    """A console on standard output, or on the file.

    Colours and the terminal's width only where there is a terminal; `NO_COLOR`, `FORCE_COLOR`,
    `TERM` and `COLUMNS` are respected, as rich documents.
    """
    from rich.console import Console

    target = EncodableFile(sys.stdout if file is None else file)
    width = _columns_of(target) if width is None else width
    console = Console(file=target, highlight=False, markup=False, emoji=False, width=width)
    if width is None and not console.is_terminal and "COLUMNS" not in os.environ:
        console.width = PIPE_WIDTH
    return console


def _columns_of(file: EncodableFile) -> int | None:
    """Those of a terminal that rich cannot ask: it asks the three standard descriptors only."""
    if not file.isatty() or "COLUMNS" in os.environ or (sys.stdin and sys.stdin.isatty()):
        return None  # it is none, it is told, or it is asked
    try:
        return os.get_terminal_size(file.fileno()).columns
    except OSError:
        return None


def print_lines(text: str, file: TextIO | None = None) -> None:
    """Print lines as they are on standard output, or the file; what moves a cursor is spelt out."""
    EncodableFile(sys.stdout if file is None else file).write(f"{printable(text)}\n")


def print_prose(text: str, hanging: int = 0) -> None:
    """Print the same: on a terminal in lines of readable length, in a pipe as it is.

    Args:
        text: Lines.
        hanging: Columns by which what continues a line is indented.
    """
    text = printable(text)
    columns = min(shutil.get_terminal_size().columns, PROSE_WIDTH)
    if sys.stdout.isatty() and columns >= NARROW:
        text = "\n".join(broken(line, columns, hanging) for line in text.split("\n"))
    print_lines(text)


def readable_width(margin: int = 0) -> int:
    """Columns for prose: those of the terminal without a margin, as far as they are read well."""
    return max(NARROW, min(shutil.get_terminal_size().columns, PROSE_WIDTH) - margin)


def broken(line: str, columns: int, hanging: int = 0, indent: str = "") -> str:
    """A line of prose in lines of readable length.

    Args:
        line: What to break.
        columns: Columns that a line has at most.
        hanging: Columns by which what continues it is indented.
        indent: What each line begins with.
    """
    return textwrap.fill(
        line,
        columns,
        initial_indent=indent,
        subsequent_indent=indent + " " * hanging,
        break_on_hyphens=False,
        break_long_words=False,
    )


def is_ascii(console: Console) -> bool:
    """Whether only ASCII is sure to be shown."""
    return console.options.ascii_only
