"""The whole deterministic script of one run of the system under test."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import NamedTuple, Protocol

from runfaults.model.fault import Fault
from runfaults.model.fault_point import FaultPoint


class Ending(StrEnum):
    """How the scripted pipeline ends: the truth that the recorded status is judged against."""

    SUCCEEDS = "succeeds"
    RAISES = "raises"
    NOTICES_CANCEL = "notices-cancel"
    """Raises the target's cancel exception if its cancel event is set, else succeeds."""
    LEAVES_TRANSACTION_OPEN = "leaves-transaction-open"
    """Returns normally with uncommitted work on the connection it was given."""
    RAISES_IN_TRANSACTION = "raises-in-transaction"
    EXITS = "exits"
    """Raises `SystemExit`: an end that is no `Exception`."""


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
"""What can be added to a schedule, and removed from it."""


class _Printer(Protocol):
    """As much of a pretty printer as is needed."""

    def text(self, obj: str) -> None: ...


@dataclass(frozen=True, slots=True)
class Schedule:
    """Everything that decides a history: the same schedule gives the same history, byte for byte.

    Attributes:
        pipeline: How the scripted pipeline ends.
        faults: Causes of errors, each beginning at its own point.
        acts: What other actors do, and when.
        preemptions: Where the running thread is paused for another one; elsewhere a thread runs
            until it blocks.
        journal: SQLite journal mode of the database: `delete` or `wal`.
        seed: Seed of the `random` module, which backoff jitter draws from.
    """

    pipeline: Ending = Ending.SUCCEEDS
    faults: tuple[Fault, ...] = ()
    acts: tuple[Act, ...] = ()
    preemptions: tuple[Preemption, ...] = ()
    journal: str = "delete"
    seed: int = 0

    @property
    def size(self) -> int:
        """Number of elements that could be removed."""
        return len(self.faults) + len(self.acts) + len(self.preemptions)

    def adding(self, element: Element) -> Schedule:
        """The schedule with one element more, behind those of its sort."""
        match element:
            case Fault():
                return replace(self, faults=(*self.faults, element))
            case Act():
                return replace(self, acts=(*self.acts, element))
            case Preemption():
                return replace(self, preemptions=(*self.preemptions, element))

    def __str__(self) -> str:
        parts = [f"pipeline {self.pipeline}"]
        parts += [f"fault {fault}" for fault in self.faults]
        parts += [f"act {act}" for act in self.acts]
        parts += [f"switch {preemption}" for preemption in self.preemptions]
        parts += [f"journal {self.journal}"] * (self.journal != "delete")
        parts += [f"seed {self.seed}"] * (self.seed != 0)
        return "; ".join(parts)

    def _repr_pretty_(self, printer: _Printer, cycle: bool) -> None:  # noqa: FBT001  # IPython's
        """What IPython and Hypothesis print: the text form, ready to be pasted into a test."""
        printer.text("Schedule(...)" if cycle else f"Schedule.parse({str(self)!r})")

    @classmethod
    def parse(cls, text: str) -> Schedule:
        """Read the text form that `str` writes.

        Raises:
            ValueError: naming the part that cannot be read and the parts there are.
        """
        pipeline, journal, seed = Ending.SUCCEEDS, "delete", 0
        faults: list[Fault] = []
        acts: list[Act] = []
        preemptions: list[Preemption] = []
        for part in text.split(";"):
            word, _, rest = part.strip().partition(" ")
            match word:
                case "pipeline":
                    pipeline = Ending(rest)
                case "fault":
                    faults.append(Fault.parse(rest))
                case "act":
                    acts.append(Act.parse(rest))
                case "switch":
                    preemptions.append(Preemption.parse(rest))
                case "journal" if rest in {"delete", "wal"}:
                    journal = rest
                case "seed":
                    seed = int(rest)
                case _:
                    raise ValueError(
                        f"{part.strip()!r} is not part of a schedule; write 'pipeline ...', "
                        "'fault ...', 'act ...', 'switch ...', 'journal delete|wal' or 'seed N'"
                    )
        return cls(pipeline, tuple(faults), tuple(acts), tuple(preemptions), journal, seed)
