"""Prose is broken between words where a person reads it, and left whole where a program does."""

from __future__ import annotations

import fcntl
import os
import re
import struct
import sys
import termios
from io import StringIO

import pytest
from sample_histories import broken_result

from runfaults.report.console import open_console, print_prose
from runfaults.report.terminal import print_result


class Terminal(StringIO):
    """What a terminal is told."""

    def isatty(self) -> bool:
        return True


TEXT = "run commit: " + ", ".join(["lost-acknowledgement"] * 6) + "\nrun close: closed"


def printed(monkeypatch: pytest.MonkeyPatch, file: StringIO, columns: int) -> list[str]:
    monkeypatch.setenv("COLUMNS", str(columns))
    monkeypatch.setattr(sys, "stdout", file)
    print_prose(TEXT, hanging=4)
    return file.getvalue().splitlines()


@pytest.mark.parametrize("columns", [50, 80, 300])
def test_a_terminal_gets_whole_words_and_what_continues_a_line_is_indented(
    monkeypatch: pytest.MonkeyPatch, columns: int
) -> None:
    first, *rest, last = printed(monkeypatch, Terminal(), columns)
    assert [each[:5] for each in rest] == ["    l"] * len(rest) != []
    assert max(map(len, (first, *rest))) <= min(columns, 100)
    assert " ".join(map(str.strip, (first, *rest))) == TEXT.splitlines()[0]
    assert last == "run close: closed"


def test_a_pipe_gets_each_line_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    assert printed(monkeypatch, StringIO(), 50) == TEXT.splitlines()


def test_a_terminal_that_is_no_standard_descriptor_is_asked_for_its_width(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """As where standard input is a file, and the descriptors 1 and 2 are for the target to use."""
    monkeypatch.delenv("COLUMNS", raising=False)
    monkeypatch.setattr(sys, "stdin", StringIO())
    master, slave = os.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 50, 63, 0, 0))
    with open(slave, "w") as file, open(master):  # noqa: PTH123  # no paths
        assert open_console(file).width == 63


def test_no_line_ends_with_blanks_on_a_terminal_either(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setenv("TERM", "xterm-256color")
    file = Terminal()
    print_result(broken_result(), file=file)
    assert "\x1b[1m" in file.getvalue()
    lines = re.sub(r"\x1b\[[\d;]*m", "", file.getvalue()).split("\n")
    assert [line for line in lines if line != line.rstrip(" ")] == []
    assert any("  " in line.strip() for line in lines), "columns are still apart"
