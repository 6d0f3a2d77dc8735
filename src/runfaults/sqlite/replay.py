"""Rows of parameters that `executemany` can be given again."""

from __future__ import annotations

from collections.abc import Iterable, Iterator


class Replay(Iterator[object]):
    """Iterates over rows once; after `rewind`, the row handed out last is returned again first.

    A busy handler waits inside the row that found the database locked: rows before it are done,
    rows behind it have not been asked for.
    """

    def __init__(self, rows: Iterable[object]) -> None:
        self._rows = iter(rows)
        self._last: list[object] = []
        self._again = False

    def __next__(self) -> object:
        if self._again:
            self._again = False
            return self._last[0]
        row = next(self._rows)
        self._last = [row]
        return row

    def rewind(self) -> None:
        """Hand out the last row again, if there was one."""
        self._again = bool(self._last)
