"""What broken schedules are grouped by: the rules, what decided it, and where in the code."""

from __future__ import annotations

import re
from typing import NamedTuple

from runfaults.explore.trial import Trial, Witness
from runfaults.model import Event, FaultPoint, Schedule, Verdict
from runfaults.oracle.deed import deciding


class Mark(NamedTuple):
    """What the schedules that one defect breaks have in common. It is cheap, and travels.

    Attributes:
        rules: The rules that are broken, the heaviest first.
        deed: What decided it: the sort of a `Deed`, else its text.
        status: The status that was recorded, where that decided it; else empty.
        stack: Where the program did that, as in `History.places`; empty if that is not known.
        near: What stands for the place as long as it is not known: the operation, and the faults.
    """

    rules: tuple[str, ...]
    deed: str
    status: str = ""
    stack: str = ""
    near: str = ""


class Sighting(NamedTuple):
    """The broken schedules of one mark.

    Attributes:
        schedules: How many there are.
        smallest: The smallest one.
    """

    schedules: int
    smallest: Schedule


def mark_of(trial: Trial | Witness) -> Mark | None:
    """The mark of a trial; None if no rule is broken.

    Several rules may be broken by what one deed led to: the heaviest says what that was. A history
    without places has a mark without a stack.
    """
    broken = [each for each in trial.judgements if each.verdict is Verdict.BROKEN]
    if not broken:
        return None
    history = trial.history
    deed = deciding(history, broken[0])
    stack = "" if deed.at is None else dict(history.places).get(deed.at, "")
    where = "" if deed.at is None else operation_at(history.events[deed.at])
    near = "" if stack else "; ".join((where, *_struck(trial.schedule)))
    return Mark(
        tuple(each.rule for each in broken), deed.sort or deed.text, deed.status, stack, near
    )


def operation_at(event: Event) -> str:
    """The operation of an event as its actor's role performs it, not counted."""
    role = _NUMBER.sub("", event.actor)
    try:
        point = FaultPoint.parse(event.subject)
    except ValueError:
        return f"{role} {event.kind} {event.subject}".strip()
    return str(point._replace(actor=role, ordinal=1))


_NUMBER = re.compile(r"(-\d+)?(@\d+)?$")


def _struck(schedule: Schedule) -> list[str]:
    return [f"{each.kind} at {each.at}" for each in schedule.faults]
