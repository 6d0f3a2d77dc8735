"""What strikes at a numbered operation: a fault kind."""

from __future__ import annotations

import re
from typing import NamedTuple

from runfaults.model.fault import LIFTED_AFTER
from runfaults.sqlite.kinds import kind_named
from runfaults.sqlite.numbering import Point

_TEXT = re.compile(
    r"(?P<kind>\S+) at #(?P<number>[1-9]\d*)(?: of thread (?P<thread>[1-9]\d*))?"
    r"(?P<lasting> until lifted)?"
)


class Strike(NamedTuple):
    """A fault kind that strikes at a point.

    Attributes:
        kind: Its name.
        at: Where it strikes first.
        lasting: From then on it strikes each operation that it can, until it is lifted.
    """

    kind: str
    at: Point
    lasting: bool = False

    @property
    def times(self) -> int | None:
        """How many operations it strikes; None if it lasts."""
        return None if self.lasting else 1

    @property
    def lifted_after(self) -> float:
        """Seconds of the clock of the call after which it is lifted."""
        return LIFTED_AFTER

    def __str__(self) -> str:
        return f"{self.kind} at {self.at}{' until lifted' if self.lasting else ''}"

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
