"""The whole deterministic script of one run of the system under test."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Protocol

from runfaults.model.element import Act, Death, Element, Preemption, described, in_its_life, life_of
from runfaults.model.fault import Fault
from runfaults.model.fault_point import FaultPoint, Operation


class Ending(StrEnum):
    """How the scripted pipeline ends: the truth that the recorded status is judged against."""

    SUCCEEDS = "succeeds"
    RAISES = "raises"
    NOTICES_CANCEL = "notices-cancel"
    """Raises the target's cancel exception if its cancel event is set, or returns halfway where
    there is none; else succeeds."""
    LEAVES_TRANSACTION_OPEN = "leaves-transaction-open"
    """Returns normally with uncommitted work on the connection it was given."""
    RAISES_IN_TRANSACTION = "raises-in-transaction"
    EXITS = "exits"
    """Raises `SystemExit`: an end that is no `Exception`."""
    TAKES_AN_HOUR = "takes-an-hour"
    """Succeeds, an hour later by the virtual clock."""
    RAISES_WHEN_CLOSED = "raises-when-closed"
    """Asks its client for an answer; raises if the client is closed meanwhile, else succeeds."""
    RETURNS_WHEN_CLOSED = "returns-when-closed"
    """The same, but returns, with half of its work."""

    @classmethod
    def _missing_(cls, value: object) -> None:
        there_are = ", ".join(cls)
        raise ValueError(f"{value!r} is not an ending of a pipeline; write one of: {there_are}")

    @property
    def takes_time(self) -> bool:
        """Whether time passes between its two steps."""
        return self is Ending.TAKES_AN_HOUR or self.needs_client

    @property
    def needs_client(self) -> bool:
        """Whether it is another ending only where the work has a client that can be closed."""
        return self in {Ending.RAISES_WHEN_CLOSED, Ending.RETURNS_WHEN_CLOSED}


class _Printer(Protocol):
    """As much of a pretty printer as is needed."""

    def text(self, obj: str) -> None: ...


class Journal(StrEnum):
    """The SQLite journal mode of the database."""

    DELETE = "delete"
    WAL = "wal"
    TARGET = "target"
    """The mode that the target itself sets."""


@dataclass(frozen=True, slots=True)
class Schedule:
    """Everything that decides a history: the same schedule gives the same history, byte for byte.

    Attributes:
        pipeline: How the scripted pipeline ends.
        faults: Causes of errors, each beginning at its own point.
        acts: What other actors do, and when.
        preemptions: Where the running thread is paused for another one; elsewhere a thread runs
            until it blocks.
        journal: SQLite journal mode of the database.
        seed: Seed of the `random` module, which backoff jitter draws from.
        deaths: When the process dies, once in each life but the last.
    """

    pipeline: Ending = Ending.SUCCEEDS
    faults: tuple[Fault, ...] = ()
    acts: tuple[Act, ...] = ()
    preemptions: tuple[Preemption, ...] = ()
    journal: Journal = Journal.DELETE
    seed: int = 0
    deaths: tuple[Death, ...] = ()

    @property
    def elements(self) -> tuple[Element, ...]:
        """All that was added to it, in the order of its text."""
        return (*self.faults, *self.acts, *self.preemptions, *self.deaths)

    @property
    def size(self) -> int:
        """Number of elements that could be removed."""
        return len(self.elements)

    @property
    def lines(self) -> tuple[FaultPoint, ...]:
        """The points of its elements that are lines of the program."""
        points = (each.at for each in self.elements)
        return tuple(at for at in points if at and at.operation is Operation.LINE)

    @property
    def base(self) -> Schedule:
        """The schedule without its elements."""
        return self._consisting_of(())

    def adding(self, element: Element) -> Schedule:
        """The schedule with one element more, behind those of its sort."""
        match element:
            case Fault():
                return replace(self, faults=(*self.faults, element))
            case Act():
                return replace(self, acts=(*self.acts, element))
            case Preemption():
                return replace(self, preemptions=(*self.preemptions, element))
            case Death():
                return replace(self, deaths=(*self.deaths, element))

    def without(self, *elements: Element) -> Schedule:
        """The schedule without each of these elements, as often as it is given.

        Raises:
            ValueError: if the schedule does not have one of them.
        """
        left = list(self.elements)
        for element in elements:
            left.remove(element)
        return self._consisting_of(left)

    def replacing(self, old: Element, new: Element) -> Schedule:
        """The schedule with one element in the place of another.

        Raises:
            ValueError: if the schedule does not have the old one.
        """
        elements = list(self.elements)
        elements[elements.index(old)] = new
        return self._consisting_of(elements)

    def life(self, number: int) -> Schedule:
        """The part of one life, counted from 1, in that life's own terms."""
        mine = (each for each in self.elements if life_of(each) == number)
        return self._consisting_of(map(in_its_life, mine))

    def _consisting_of(self, elements: Iterable[Element]) -> Schedule:
        elements = tuple(elements)
        return replace(
            self,
            faults=tuple(each for each in elements if isinstance(each, Fault)),
            acts=tuple(each for each in elements if isinstance(each, Act)),
            preemptions=tuple(each for each in elements if isinstance(each, Preemption)),
            deaths=tuple(each for each in elements if isinstance(each, Death)),
        )

    def __str__(self) -> str:
        parts = [f"pipeline {self.pipeline}", *map(described, self.elements)]
        parts += [f"journal {self.journal}"] * (self.journal is not Journal.DELETE)
        parts += [f"seed {self.seed}"] * (self.seed != 0)
        return "; ".join(parts)

    def _repr_pretty_(self, printer: _Printer, cycle: bool) -> None:  # noqa: FBT001  # IPython's
        """The text form, ready to be pasted into a test, for IPython and Hypothesis."""
        printer.text("Schedule(...)" if cycle else f"Schedule.parse({str(self)!r})")

    @classmethod
    def parse(cls, text: str) -> Schedule:
        """Read the text form that `str` writes.

        Raises:
            ValueError: naming the part that cannot be read and the parts there are.
        """
        pipeline, journal, seed = Ending.SUCCEEDS, Journal.DELETE, 0
        faults: list[Fault] = []
        acts: list[Act] = []
        preemptions: list[Preemption] = []
        deaths: list[Death] = []
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
                case "death":
                    deaths.append(Death.parse(rest))
                case "journal" if rest in set(Journal):
                    journal = Journal(rest)
                case "seed":
                    seed = int(rest)
                case _:
                    raise ValueError(
                        f"{part.strip()!r} is not part of a schedule; write 'pipeline ...', "
                        "'fault ...', 'act ...', 'switch ...', 'death ...', "
                        "'journal delete|wal|target' or 'seed N'"
                    )
        elements = (tuple(faults), tuple(acts), tuple(preemptions))
        return cls(pipeline, *elements, journal, seed, tuple(deaths))
