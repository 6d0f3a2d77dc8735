"""Reads files that a user names: whatever is there, it ends in text or in a complaint."""

from __future__ import annotations

import os
import tomllib
from pathlib import Path
from typing import Any


class UnreadableError(ValueError):
    """A file that cannot be read; the message says why, and not which."""


def read(path: Path) -> str:
    """The text of a file.

    A named pipe that no process writes to is empty; one such as `<(command)` is read to its end.

    Raises:
        UnreadableError: if it is not there, is no text, or cannot be read.
    """
    try:
        with open(path, encoding="utf-8", opener=_open) as file:
            return file.read()
    except OSError as error:
        raise UnreadableError(f"cannot be read: {error.strerror}") from error
    except ValueError as error:  # other bytes than UTF-8, or a path that no file can have
        raise UnreadableError(f"cannot be read: {error}") from error


def read_toml(text: str) -> dict[str, Any]:
    """The document of a text.

    Raises:
        UnreadableError: if it is no TOML.
    """
    try:
        return tomllib.loads(text)
    except RecursionError as error:
        raise UnreadableError("cannot be read as TOML: it is nested too deep") from error
    except ValueError as error:  # numbers of thousands of digits too
        raise UnreadableError(f"is not valid TOML: {error}") from error


def _open(path: str, flags: int) -> int:
    # To open a pipe would wait for its writer, and there may never be one.
    descriptor = os.open(path, flags | getattr(os, "O_NONBLOCK", 0))
    os.set_blocking(descriptor, True)
    return descriptor
