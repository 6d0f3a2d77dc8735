"""The elements that a schedule consists of."""

from __future__ import annotations

import re
from typing import NamedTuple

from runfaults.model.fault import Fault
from runfaults.model.fault_point import FaultPoint

CANCEL_TASK = "cancel-task"
"""The act that is done to a task of an event loop."""

_ACT = re.compile(r"(?P<kind>\S+)(?: (?!at(?: |$))(?P<task>\S+))?(?: at (?P<at>.+))?")
_DEATH = re.compile(
    r"(?P<when>before|after) (?P<at>.+?)(?: with (?P<successors>[1-9]\d*) successors)?"
)
_PREEMPTION = re.compile(r"(?P<at>.+) to (?P<to>\S+)")


class Act(NamedTuple):
    """Something another actor does when the schedule reaches a point.

    Attributes:
        kind: What is done: `cancel`, `cancel-api`, `start`, `read`, ... (`runfaults list`).
        at: The act begins right before this point's operation; None: it is ready from the
            moment the run exists and takes its turn when the others are blocked.
        task: The task of an event loop that is cancelled, by name: `cancel-task` has one, and no
            other kind.
    """

    kind: str
    at: FaultPoint | None = None
    task: str = ""

    def __str__(self) -> str:
        what = f"{self.kind} {self.task}" if self.task else self.kind
        return what if self.at is None else f"{what} at {self.at}"

    @classmethod
    def parse(cls, text: str) -> Act:
        """Read the text form: `cancel at run commit #2`, `cancel-task Jobs.handle at run commit`.

        Raises:
            ValueError: if the text is not an act.
        """
        match = _ACT.fullmatch(text.strip())
        if match is None or bool(match["task"]) is not (match["kind"] == CANCEL_TASK):
            raise ValueError(
                f"{text!r} is not an act; write 'kind [at point]' or 'cancel-task TASK [at point]'"
            )
        at = FaultPoint.parse(match["at"]) if match["at"] else None
        return cls(match["kind"], at, match["task"] or "")


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


class Death(NamedTuple):
    """SIGKILL of the process at a moment; a new process then opens the database.

    What the schedule has for `name@2` happens in that second life, and so on.

    Attributes:
        at: An operation, or a milestone such as `user reach reply-cancel`: the harness's words for
            what is written down then.
        after: Whether it comes after the operation, before the target hears how it went.
        successors: How many processes open the database at once in the next life. Several do so in
            real time: what comes of that is not always the same.
    """

    at: FaultPoint
    after: bool = False
    successors: int = 1

    @property
    def kind(self) -> str:
        """The name of what strikes, as a grid shows it."""
        return "sigkill-after" if self.after else "sigkill-before"

    @property
    def moment(self) -> tuple[FaultPoint, bool]:
        """When it comes."""
        return self.at, self.after

    def __str__(self) -> str:
        successors = f" with {self.successors} successors" * (self.successors > 1)
        return f"{'after' if self.after else 'before'} {self.at}{successors}"

    @classmethod
    def parse(cls, text: str) -> Death:
        """Read the text form: `before run commit #2`.

        Raises:
            ValueError: if the text is not a death.
        """
        match = _DEATH.fullmatch(text.strip())
        if match is None:
            raise ValueError(
                f"{text!r} is not a death; write 'before point' or 'after point', and perhaps "
                "'with N successors'"
            )
        at = FaultPoint.parse(match["at"])
        return cls(at, match["when"] == "after", int(match["successors"] or 1))


Element = Fault | Act | Preemption | Death


def described(element: Element) -> str:
    """The element as a part of a schedule's text."""
    match element:
        case Fault():
            return f"fault {element}"
        case Act():
            return f"act {element}"
        case Preemption():
            return f"switch {element}"
        case Death():
            return f"death {element}"


def life_of(element: Element) -> int:
    """In which life an element has its moment, from 1."""
    return 1 if element.at is None else element.at.life


def in_its_life(element: Element) -> Element:
    """The element as its life itself calls it."""
    at = None if element.at is None else element.at.in_its_life()
    match element:
        case Act():
            return element._replace(at=at)
        case Preemption(_, to):
            return element._replace(at=at, to=to.partition("@")[0])
        case _:
            return element._replace(at=at)
