"""What strikes in a repetition: a fault kind at a numbered operation of the call."""

from __future__ import annotations

import re
from typing import NamedTuple

from runfaults.sqlite.kinds import kind_named

_TEXT = re.compile(
    r"(?P<kind>\S+) at #(?P<number>[1-9]\d*)(?: of thread (?P<thread>[1-9]\d*))?"
    r"(?P<lasting> until lifted)?"
)


class Point(NamedTuple):
    """An operation of the call, counted: names may be random, numbers come again.

    Attributes:
        number: Of the operations of its thread inside the call, from 1.
        thread: Of the threads that perform operations inside the call, from 1: the caller's.
    """

    number: int
    thread: int = 1

    def __str__(self) -> str:
        thread = f" of thread {self.thread}" if self.thread > 1 else ""
        return f"#{self.number}{thread}"


class Strike(NamedTuple):
    """A fault kind that strikes at a point.

    Attributes:
        kind: Its name.
        point: Where it strikes first.
        lasting: From then on it strikes each operation that it can, until the call has ended.
    """

    kind: str
    point: Point
    lasting: bool = False

    def __str__(self) -> str:
        return f"{self.kind} at {self.point}{' until lifted' if self.lasting else ''}"

    @classmethod
    def parse(cls, text: str) -> Strike:
        """Read the text form: `busy at #3`.

        Raises:
            ValueError: if the text is no strike, or the kind does not exist.
        """
        match = _TEXT.fullmatch(text.strip())
        if match is None:
            raise ValueError(
                f"{text!r} is not a fault at an operation; write 'KIND at #N', for example "
                "'busy at #3', 'busy at #2 of thread 2' or 'full at #3 until lifted'"
            )
        kind_named(match["kind"])
        point = Point(int(match["number"]), int(match["thread"] or 1))
        return cls(match["kind"], point, match["lasting"] is not None)
