"""What happened to one run."""

from __future__ import annotations

from dataclasses import dataclass

from runfaults.model import Event
from runfaults.oracle.request import Request


@dataclass(frozen=True, slots=True)
class RunFacts:
    """What happened to one run.

    Attributes:
        id: The run's id in the database.
        transitions: Its STATUS events.
        pipeline: Its PIPELINE events.
        signals: Its SIGNAL events.
        accepted: The REPLY events that accepted a cancel of it.
        requests: The requests about it, in the order in which they were asked.
        owners: The processes that work on it: those that were told its id by a start, and those
            whose threads its pipeline ran in. If no process was, the ones whose start may have
            inserted its row.
    """

    id: int
    transitions: tuple[Event, ...]
    pipeline: tuple[Event, ...]
    signals: tuple[Event, ...]
    accepted: tuple[Event, ...]
    requests: tuple[Request, ...] = ()
    owners: frozenset[str] = frozenset()

    @property
    def status(self) -> str:
        """The last status the database showed; empty if it never had a row, or has none now."""
        return self.transitions[-1].value if self.transitions else ""

    @property
    def ending(self) -> Event | None:
        """How the pipeline ended; None if it never started or never ended."""
        last = self.pipeline[-1] if self.pipeline else None
        return None if last is None or last.subject == "started" else last

    def ended(self, how: str) -> Event | None:
        """The pipeline's ending, if it `returned`, `raised`, was `cancelled` or `stopped`."""
        ending = self.ending
        return ending if ending is not None and ending.subject == how else None

    @property
    def cut_short(self) -> Event | None:
        """The pipeline's ending, if it noticed a cancel, or was stopped after one was asked for."""
        stopped = self.ended("stopped")
        if stopped is None:
            return self.ended("cancelled")
        asked = (
            each.asked.number
            for each in self.requests
            if each.subject.startswith("cancel") and not each.refused
        )
        return stopped if any(number < stopped.number for number in asked) else None

    def first(self, words: frozenset[str]) -> Event | None:
        """The first transition into one of these words."""
        return next((event for event in self.transitions if event.value in words), None)

    def is_undecided(self, number: int, terminal: frozenset[str]) -> bool:
        """Whether its work was at hand or under way at the event of that number, for all to see."""
        begun = any(event.subject == "started" for event in self.pipeline)
        ended = any(event.subject != "started" and event.number < number for event in self.pipeline)
        gone = any(
            event.number < number and (not event.value or event.value in terminal)
            for event in self.transitions
        )
        return begun and not ended and not gone

    def is_known(self, number: int) -> bool:
        """Whether the manager that is asked at the event of that number must know it.

        It answered its start before, or has its work done; a run of another manager is not.
        """
        starts = [each for each in self.requests if each.subject == "start" and not each.raised]
        begun = any(event.subject == "started" and event.number < number for event in self.pipeline)
        return any(begun or (each.reply and each.reply.number < number) for each in starts)

    def shown(self, number: int) -> Event | None:
        """The last transition before the event of that number."""
        before = None
        for event in self.transitions:
            if event.number > number:
                break
            before = event
        return before
