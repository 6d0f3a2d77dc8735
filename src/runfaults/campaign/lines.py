"""Finds the file of a line that a history names by the last two parts of its path."""

from __future__ import annotations

import linecache
import os
import re
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from runfaults.loading import project_of
from runfaults.model import Place

_LINE = re.compile(r"(?P<file>.+?):(?P<line>\d+) in (?P<function>[^:]+): ?(?P<code>.*)")


def place_of(text: str) -> Place | None:
    """Read a line of a stack, `file:line in function: code`; None if there is none."""
    match = _LINE.fullmatch(text)
    if match is None:
        return None
    line = int(match["line"])
    file = _as_typed(match["file"], line, match["code"])
    return Place(file, line, match["function"], match["code"])


@cache
def _as_typed(short: str, line: int, code: str) -> str:
    """The path of a file of the project, from the current folder; else as it is."""
    here = project_of(Path.cwd()) or Path.cwd()
    for file in dict.fromkeys(_loaded()):
        ends = Path(file).parts[-2:] == Path(short).parts[-2:]
        if ends and Path(file).is_relative_to(here) and _says(file, line, code):
            return Path(os.path.relpath(file)).as_posix()
    return short


def _says(file: str, line: int, code: str) -> bool:
    return linecache.getline(file, line).strip() == code


def _loaded() -> Iterator[str]:
    """The files of the code that was loaded here, or read."""
    yield from list(linecache.cache)
    yield from (str(file) for each in list(sys.modules.values()) if (file := _file_of(each)))


def _file_of(module: object) -> object:
    return getattr(module, "__file__", None)
