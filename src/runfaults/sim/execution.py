"""An execution: its history, and the segments between the yield points."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from runfaults.model import Ending, Fault, FaultPoint, History


class Step(NamedTuple):
    """A yield point that was reached.

    Attributes:
        point: Where the running actor was.
        ready: The other actors that could have run instead, by name.
        event: How many events the history had.
        segment: How many segments had begun.
    """

    point: FaultPoint
    ready: tuple[str, ...]
    event: int
    segment: int


class TaskStep(NamedTuple):
    """A step of a task, from one of its awaits to the next.

    Attributes:
        at: Its point, and what could come first.
        number: How many yield points had been reached.
        from_outside: Whether it was begun from outside of the loop, by who does not wait for it:
            the code that holds it may cancel it.
    """

    at: Step
    number: int
    from_outside: bool


class Used(NamedTuple):
    """A point without a switch: something was used that is none of the target's own.

    Attributes:
        point: The point.
        step: Number of the last yield point before it.
        segment: Number of the segment that it is in.
    """

    point: FaultPoint
    step: int
    segment: int


class Segment(NamedTuple):
    """The work of one actor without interruption, from a yield point or the end of a wait.

    Two segments commute if neither changes what the other uses.

    Attributes:
        actor: Who.
        step: Number of the yield point at which it began; -1 at the end of a wait.
        clock: Virtual seconds since the schedule began.
        touched: The shared things it used, in order, each with whether it changed it. A lock counts
            as changed by each attempt to take it.
    """

    actor: str
    step: int
    clock: float
    touched: dict[tuple[object, bool], None]


class SurveyedPoint(NamedTuple):
    """A fault point, and for each kind why it cannot strike there, or None if it can.

    Attributes:
        point: The fault point.
        event: Number of the event with which the operation began.
        refusals: For each kind, by name, why it cannot strike there; None if it can.
    """

    point: FaultPoint
    event: int
    refusals: tuple[tuple[str, str | None], ...]


class Departure(NamedTuple):
    """When the work first did otherwise than it would have done with another ending.

    Until then the schedule with that ending is this one; without a departure it is to its end.

    Attributes:
        ending: The other ending.
        step: How many yield points had been reached.
        event: How many events the history had.
    """

    ending: Ending
    step: int
    event: int


@dataclass(frozen=True, slots=True)
class Execution:
    """A history, and what an exploration wants to know besides.

    Attributes:
        history: What happened.
        steps: The yield points, in the order in which they were reached.
        segments: What the actors did between them.
        struck: Strikes per fault of the schedule.
        unreached: Elements of the schedule whose moment never came, as text.
        refused: Faults that cannot strike where the schedule wants them, with the reason.
        survey: What could strike at each fault point, where that was asked.
        left: What each death left for the next life; empty where no run was active.
        unavailable: Real causes that this machine could not make, a sentence each.
        abandoned: Where connections were opened that the target left to the garbage collector.
        offered: Names of the acts that can be done with the manager, if one was opened, and of the
            endings that only work with a client has.
        ids: What stands behind each run's number, as text, where ids are no numbers.
        shortened: Whether it went round, and rounds were passed over.
        elsewhere: The databases that were opened besides the target's, and where.
        given: What work can be given, a phrase each, and whether it was.
        tasks: The steps of the tasks of event loops.
        used: What was used that is none of the target's own.
        departures: For each ending that would have made a difference, when.
    """

    history: History
    steps: tuple[Step, ...]
    segments: tuple[Segment, ...]
    struck: tuple[int, ...]
    unreached: tuple[str, ...]
    refused: tuple[tuple[Fault, str], ...]
    survey: tuple[SurveyedPoint, ...] = ()
    left: tuple[str, ...] = ()
    unavailable: tuple[str, ...] = ()
    offered: tuple[str, ...] = ()
    abandoned: tuple[str, ...] = ()
    ids: tuple[tuple[int, str], ...] = ()
    shortened: bool = False
    elsewhere: tuple[tuple[str, str], ...] = ()
    given: tuple[tuple[str, bool], ...] = ()
    tasks: tuple[TaskStep, ...] = ()
    used: tuple[Used, ...] = ()
    departures: tuple[Departure, ...] = ()
