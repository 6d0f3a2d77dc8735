"""Keeps the harness's frames out of the errors that a program sees."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar

_Result = TypeVar("_Result")


def without_own_frames(method: Callable[..., _Result]) -> Callable[..., _Result]:
    """Let an error of the engine, or Ctrl-C, leave a method as it would leave the C method.

    A traceback holds its frames, and they what they name: a program that keeps an error would keep
    the cursor besides. In Python 3.11 `close()` of the connection does not reset the statement of a
    living cursor, so the lock of a failed statement would stay (SQLite docs, `sqlite3_close_v2`).
    """

    @wraps(method)
    def operation(self: Any, /, *arguments: Any, **named: Any) -> _Result:  # noqa: ANN401  # as it is
        try:
            return method(self, *arguments, **named)
        except (sqlite3.Error, KeyboardInterrupt) as error:
            del self, arguments, named
            raise error.with_traceback(None)  # noqa: B904  # it is the same error

    return operation
