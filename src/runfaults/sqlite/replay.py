"""Rows of parameters that `executemany` is given in batches, and can be given again."""

from __future__ import annotations

from collections.abc import Iterable, Iterator


class Replay(Iterator[object]):
    """Iterates over one batch of rows at a time: row 1, rows 2 and 3, 4 to 7, 8 to 15, ...

    So an operation of a thousand rows can fail before ten of them. After `rewind`, the row handed
    out last is returned again first: a busy handler waits inside the row that found the database
    locked; rows before it are done, rows behind it have not been asked for.

    Attributes:
        given: How many rows have been taken.
    """

    def __init__(self, rows: Iterable[object]) -> None:
        self._rows = iter(rows)
        self._last: list[object] = []
        self._again = False
        self._end = 1
        self.given = 0

    def __next__(self) -> object:
        if self._again:
            self._again = False
            return self._last[0]
        if self.given == self._end:
            raise StopIteration
        return self._take()

    def _take(self) -> object:
        row = next(self._rows)
        self._last = [row]
        self.given += 1
        return row

    def rewind(self) -> None:
        """Hand out the last row again, if there was one."""
        self._again = bool(self._last)

    def begin_batch(self) -> bool:
        """Take the first row of the next batch, to be handed out by `rewind`; False for none."""
        if self.given < self._end:
            return False
        try:
            self._take()
        except StopIteration:
            return False
        self._end = 2 * self.given - 1
        return True
