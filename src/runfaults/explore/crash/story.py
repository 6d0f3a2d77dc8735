"""Several lives of one database, each but the last ended by SIGKILL, as one history."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self

from runfaults.explore.crash.life import BETWEEN_LIVES, Life, Lived, live, look_together
from runfaults.explore.crash.post_mortem import Remains, examine
from runfaults.model import Ending, Event, EventKind, History, Schedule, Vocabulary
from runfaults.sim.acts import MAY_CANCEL
from runfaults.sim.database import DatabaseTemplate, memory_backed_folder, repetition_script
from runfaults.sqlite.engine import real_connect
from runfaults.targets.target import Target


@dataclass(frozen=True, slots=True)
class Story:
    """What was played.

    Attributes:
        history: All lives as one. Actors of the second life are called `user@2`, and so on.
        lives: What happened in each, as it numbered its own events.
        remains: What each life left.
        reached: Whether every death came to pass.
    """

    history: History
    lives: tuple[Lived, ...]
    remains: tuple[Remains, ...]
    reached: bool


class Stage:
    """Where stories are played, one after the other. To be used inside a `Simulation`."""

    def __init__(self, target: Target) -> None:
        self._target = target
        self._template = DatabaseTemplate(target)
        self._folder = tempfile.TemporaryDirectory(prefix="runfaults-", dir=memory_backed_folder())
        self._images: dict[str, bytes] = {}
        for name in ("life", "scratch"):
            (Path(self._folder.name) / name).mkdir()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._folder.cleanup()

    def play(self, schedule: Schedule, deaths: Sequence[int], *, together: int = 0) -> Story:
        """Play one story.

        Args:
            schedule: What happens in the first life; the later ones have its pipeline only.
            deaths: For each life but the last, the number of the event it is killed after.
            together: How many processes open the database at once after the last death, and
                one more when they are done; 0 for one more ordinary life.
        """
        folder = Path(self._folder.name)
        database = self._restore(folder / "life", schedule.journal)
        later = replace(schedule, faults=(), acts=(), preemptions=())
        lives: list[Lived] = []
        remains: list[Remains] = [Remains((), (), ())]
        for number, death in enumerate([*deaths, None], start=1):
            known, seen = remains[-1].runs, len(remains[-1].transitions)
            if death is None and together:
                lives += look_together(self._target, database, known, together)
                # Whoever came too late for the race recovers for himself: again must be once.
                lives += look_together(self._target, database, known, 1)
            else:
                script = schedule if number == 1 else later
                life = Life(number, script, death, known, seen)
                lives.append(live(self._target, database, life))
            remains.append(examine(database, folder / "scratch"))
        vocabulary = self._target.vocabulary
        events = _Telling(schedule.pipeline, vocabulary).tell(lives, remains, len(deaths))
        return Story(
            History(self._target.name, schedule, vocabulary, events, may_cancel=MAY_CANCEL),
            tuple(lives),
            tuple(remains[1:]),
            all(life.killed for life in lives[: len(deaths)]),
        )

    def _restore(self, folder: Path, journal: str) -> Path:
        database = self._template.restore(folder, journal)
        if journal not in self._images:
            with closing(real_connect(database)) as connection:
                connection.executescript(repetition_script(self._target))
            self._images[journal] = database.read_bytes()
        database.write_bytes(self._images[journal])
        return database


class _Telling:
    """Puts the lives one after the other, with what only the harness knows between them."""

    def __init__(self, ending: Ending, vocabulary: Vocabulary) -> None:
        self._ending = ending
        self._vocabulary = vocabulary
        self._events: list[Event] = []
        self._time = 0.0

    def tell(
        self, lives: Sequence[Lived], remains: Sequence[Remains], deaths: int
    ) -> tuple[Event, ...]:
        """The events of the whole history."""
        for number, life in enumerate(lives[:deaths], start=1):
            self._tell_life(life, number, remains[number - 1], remains[number])
            self._add("process", EventKind.THREAD, "died")
        last = lives[deaths:]
        before, after = remains[-2:]
        for place, life in enumerate(last, start=1):
            suffix = f"{deaths + 1}.{place}" if len(last) > 1 else f"{deaths + 1}"
            self._tell_events(life, suffix, deaths * BETWEEN_LIVES)
        self._tell_rest(last, before, after)
        if last and not any(e.kind is EventKind.STUCK for life in last for e in life.events):
            self._add("harness", EventKind.SETTLED)
        return tuple(self._events)

    def _tell_life(self, life: Lived, number: int, before: Remains, after: Remains) -> None:
        self._tell_events(life, str(number), (number - 1) * BETWEEN_LIVES)
        self._tell_rest([life], before, after)

    def _tell_events(self, life: Lived, suffix: str, offset: float) -> None:
        actors = {event.actor for event in life.events} - {"database", "harness"}
        rename = {} if suffix == "1" else {actor: f"{actor}@{suffix}" for actor in actors}
        for event in life.events:
            if event.kind is EventKind.SETTLED:
                continue
            self._time = max(self._time, event.time + offset)
            renamed = _renamed(event, rename)
            self._events.append(renamed._replace(number=len(self._events), time=self._time))

    def _tell_rest(self, lives: Sequence[Lived], before: Remains, after: Remains) -> None:
        """What the audit and the checks say beyond what the lives themselves told."""
        told = sum(e.kind is EventKind.STATUS for life in lives for e in life.events)
        for run, old, new in after.transitions[len(before.transitions) + told :]:
            self._add("database", EventKind.STATUS, old, new, run)
        for complaint in (*after.complaints, *self._lost_work(lives, before, after)):
            self._add("harness", EventKind.LEAK, "database", complaint)

    def _lost_work(self, lives: Sequence[Lived], before: Remains, after: Remains) -> list[str]:
        events = [event for life in lives for event in life.events]
        second = after.steps.count("second") - before.steps.count("second")
        if self._ending is Ending.RAISES_IN_TRANSACTION:
            return ["uncommitted rows of a pipeline that raised are there"] * (second > 0)
        wrote = any("runfaults_work" in e.subject for e in events if e.kind is EventKind.INVOKE)
        returned = {e.run for e in events if e.kind is EventKind.PIPELINE}
        completed = [
            run
            for run, status in after.statuses.items()
            if status in self._vocabulary.completed and before.statuses.get(run) != status
        ]
        if not (wrote and returned and completed) or second:
            return []
        return [f"run {run} is recorded completed, yet its work is not there" for run in completed]

    def _add(
        self,
        actor: str,
        kind: EventKind,
        subject: str = "",
        value: str = "",
        run: int | None = None,
    ) -> None:
        self._events.append(Event(len(self._events), self._time, actor, kind, subject, value, run))


def _renamed(event: Event, rename: dict[str, str]) -> Event:
    """The event with its actors called by their names in the whole story."""
    subject, value = event.subject, event.value
    first, space, rest = subject.partition(" ")
    match event.kind:
        case EventKind.INVOKE:
            subject = rename.get(first, first) + space + rest
        case EventKind.SIGNAL:
            subject = rename.get(subject, subject)
        case EventKind.REPLY if subject == "subscribe":
            value = rename.get(value, value)
        case EventKind.WAIT:
            if first == "thread":
                subject = first + space + rename.get(rest, rest)
            value = rename.get(value, value)
        case _:
            pass
    return event._replace(actor=rename.get(event.actor, event.actor), subject=subject, value=value)
