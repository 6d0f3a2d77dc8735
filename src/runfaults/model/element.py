"""What can be added to a schedule, and removed from it."""

from __future__ import annotations

import re
from typing import NamedTuple

from runfaults.model.fault import Fault
from runfaults.model.fault_point import FaultPoint

_ACT = re.compile(r"(?P<kind>\S+)(?: at (?P<at>.+))?")
_PREEMPTION = re.compile(r"(?P<at>.+) to (?P<to>\S+)")


class Act(NamedTuple):
    """Something another actor does when the schedule reaches a point.

    Attributes:
        kind: What is done: `cancel`, `cancel-api`, `start`, `read`, ... (`runfaults list`).
        at: The act begins right before this point's operation; None: it is ready from the
            moment the run exists and takes its turn when the others are blocked.
    """

    kind: str
    at: FaultPoint | None = None

    def __str__(self) -> str:
        return self.kind if self.at is None else f"{self.kind} at {self.at}"

    @classmethod
    def parse(cls, text: str) -> Act:
        """Read the text form: `cancel at run commit #2`.

        Raises:
            ValueError: if the text is not an act.
        """
        match = _ACT.fullmatch(text.strip())
        if match is None:
            raise ValueError(f"{text!r} is not an act; write 'kind [at point]'")
        return cls(match["kind"], FaultPoint.parse(match["at"]) if match["at"] else None)


class Preemption(NamedTuple):
    """A thread choice: right before the point's operation, another actor is resumed.

    Attributes:
        at: The point whose actor is paused. Of several at one point the next applies each time
            that actor would be resumed.
        to: The actor that runs instead, until it blocks, ends or is preempted itself.
    """

    at: FaultPoint
    to: str

    def __str__(self) -> str:
        return f"{self.at} to {self.to}"

    @classmethod
    def parse(cls, text: str) -> Preemption:
        """Read the text form: `run commit #2 to cancel`.

        Raises:
            ValueError: if the text is not a preemption.
        """
        match = _PREEMPTION.fullmatch(text.strip())
        if match is None:
            raise ValueError(f"{text!r} is not a preemption; write 'point to actor'")
        return cls(FaultPoint.parse(match["at"]), match["to"])


Element = Fault | Act | Preemption


def described(element: Element) -> str:
    """The element as a part of a schedule's text."""
    match element:
        case Fault():
            return f"fault {element}"
        case Act():
            return f"act {element}"
        case Preemption():
            return f"switch {element}"
