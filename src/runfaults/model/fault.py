"""A fault, which strikes at a fault point."""

from __future__ import annotations

import re
from typing import NamedTuple

from runfaults.model.fault_point import FaultPoint

_TEXT = re.compile(
    r"(?P<kind>\S+) at (?P<at>.+?)"
    r"(?: (?:x(?P<times>[1-9]\d*)|(?P<lasting>until lifted)|for (?P<hours>[1-9]\d*) h))?"
)


class Fault(NamedTuple):
    """A cause of errors that begins at a point.

    From its point on, the cause strikes every operation of the point's actor that it can really
    strike, until it has struck `times` times, or until it is lifted. A lock that another connection
    holds is the pattern: the retry's `BEGIN IMMEDIATE` meets it as the first try's `UPDATE` did.

    Attributes:
        kind: Name of a fault kind (`runfaults list`).
        at: The point of the first strike.
        times: How many operations it strikes; None for "until lifted": `LIFTED_AFTER` seconds
            of virtual time after the first strike, or `MOST_STRIKES` of them.
        hours: Where `times` is None: it is lifted so many hours later, not `LIFTED_AFTER` seconds.
    """

    kind: str
    at: FaultPoint
    times: int | None = 1
    hours: int = 0

    @property
    def lifted_after(self) -> float:
        """Virtual seconds between its first strike and its end, where only time ends it."""
        return self.hours * 3600.0 or LIFTED_AFTER

    def __str__(self) -> str:
        lasting = f" for {self.hours} h" if self.hours else " until lifted"
        times = {None: lasting, 1: ""}.get(self.times, f" x{self.times}")
        return f"{self.kind} at {self.at}{times}"

    @classmethod
    def parse(cls, text: str) -> Fault:
        """Read the text form: `busy at run commit x3`.

        Raises:
            ValueError: if the text is not a fault; the message says what one looks like.
        """
        match = _TEXT.fullmatch(text.strip())
        if match is None:
            raise ValueError(
                f"{text!r} is not a fault; write 'kind at point [xN | until lifted | for N h]', "
                "for example 'busy at run commit x3'"
            )
        lasts = match["lasting"] or match["hours"]
        return cls(
            match["kind"],
            FaultPoint.parse(match["at"]),
            None if lasts else int(match["times"] or 1),
            int(match["hours"] or 0),
        )


LIFTED_AFTER = 60.0
"""Virtual seconds between the first strike of an "until lifted" fault and its end."""

MOST_STRIKES = 2_000
"""Strikes after which it ends before that: who tries again without a pause lets no time pass."""
