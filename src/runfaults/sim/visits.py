"""Has another process visit during a schedule, and takes what it did into the history."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

from runfaults.model import Act, Event, EventKind, Schedule
from runfaults.sim.database import AuditReader
from runfaults.sim.known_runs import KnownRuns
from runfaults.sim.recorder import Recorder
from runfaults.sim.renamed import renamed
from runfaults.sim.scheduler import Scheduler
from runfaults.sim.sharing import DATABASE, touch_all
from runfaults.sim.visit import Visit, Visited

Receives = Callable[[Visit], Visited]
"""Has another process do it."""


@dataclass(slots=True)
class Visits:
    """Those of one schedule.

    Attributes:
        schedule: The schedule.
        database: Its database.
        recorder: Takes what the visitors do.
        scheduler: Whose virtual time passes meanwhile.
        audit: Counts the transitions that have been told of.
        runs: What is known of the runs.
        receives: Has another process do it; None if there is none.
        kept_out: Acts that prove nothing, each with the reason.
    """

    schedule: Schedule
    database: Path
    recorder: Recorder
    scheduler: Scheduler
    audit: AuditReader
    runs: KnownRuns
    receives: Receives | None = None
    kept_out: list[str] = field(default_factory=list[str])
    _count: int = 0

    def pay(self, asked: Act, act: str) -> None:
        """Have the other process do an act, while this one stands still.

        Args:
            asked: The element of the schedule that it is for.
            act: What it does.
        """
        if self.receives is None:
            self.refuse(asked, "there is no other process")
            return
        self._count += 1
        number = 1 + self._count
        visit = Visit(
            act,
            number,
            self.schedule.base,
            str(self.database),
            self.scheduler.clock,
            self.audit.seen,
            tuple(sorted(self.runs.shown)),
            self.runs.own,
            self.recorder.with_places,
        )
        visited = self.receives(visit)
        if visited.kept_out:
            self.refuse(asked, visited.kept_out)
        _tell(self.recorder, visited, number)
        self.scheduler.advance(self.scheduler.clock + visited.seconds)
        touch_all(self.scheduler)
        self.scheduler.wake(DATABASE)

    def refuse(self, asked: Act, why: str) -> None:
        """Note that an act was not done, or proves nothing."""
        self.kept_out.append(f"{asked} ({why})")

    def look_back(self, events: Iterable[Event]) -> None:
        """See in what has happened whether the processes' runs can be told apart."""
        if self._count and (run := _same_run(events)) is not None:
            self.kept_out.append(f"two starts made run {run}: have ids come from the database")


def _tell(recorder: Recorder, visited: Visited, number: int) -> None:
    """Take a visitor's events into the history: its actors are called `user@2`, and so on."""
    history = visited.history
    own = {event.actor for event in history.events} - {"database", "harness"}
    names = {actor: f"{actor}@{number}" for actor in own}
    places = dict(history.places)
    for event in history.events:
        if event.kind is not EventKind.SETTLED:
            its = renamed(event, names)._replace(time=recorder.clock + event.time)
            recorder.take_over(its, places.get(event.number))
    recorder.hear(history.printed)


def _same_run(events: Iterable[Event]) -> int | None:
    """A run that each of two processes has made by a start: ids are those of a process."""
    begun: dict[str, set[int | None]] = {}
    made: dict[int, str] = {}
    for event in events:
        if event.kind is EventKind.STATUS:
            for written in begun.values():
                written.add(event.run)
        elif event.subject != "start":
            continue
        elif event.kind is EventKind.REQUEST:
            begun[event.actor] = set()
        elif event.kind is EventKind.REPLY and event.run in begun.pop(event.actor, ()):
            process = event.actor.partition("@")[2]
            if event.run is not None and made.setdefault(event.run, process) != process:
                return event.run
    return None
