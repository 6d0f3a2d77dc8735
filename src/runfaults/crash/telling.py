"""Several lives of one database as one history, with what only the harness knows between them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from runfaults.crash.life import BETWEEN_LIVES, LifeResult
from runfaults.crash.post_mortem import DatabaseState
from runfaults.model import Ending, Event, EventKind, Vocabulary
from runfaults.sim.commits import of_one_commit, of_unwatched_commits
from runfaults.sim.renamed import renamed


class Telling:
    """Puts the lives one after the other: actors of the second are called `user@2`, and so on."""

    def __init__(self, ending: Ending, vocabulary: Vocabulary) -> None:
        self._ending = ending
        self._vocabulary = vocabulary
        self._events: list[Event] = []
        self._places: list[tuple[int, str]] = []
        self._time = 0.0

    def tell(
        self,
        lives: Sequence[LifeResult],
        remains: Sequence[DatabaseState],
        deaths: int,
        asked: Iterable[tuple[str, str]] = (),
    ) -> tuple[tuple[Event, ...], tuple[tuple[int, str], ...]]:
        """The events of the whole history, and where they came from.

        Args:
            lives: What happened in each.
            remains: What was there before the first, and what each but the last ones left.
            deaths: How many of them were killed; those after them recovered at once.
            asked: Each query with what it found after the last life.
        """
        for number, life in enumerate(lives[:deaths], start=1):
            self._tell_events(life, str(number), (number - 1) * BETWEEN_LIVES)
            self._tell_rest([life], remains[number - 1], remains[number])
            self._add("process", EventKind.THREAD, "died")
        last = lives[deaths:]
        before, after = remains[-2:]
        for place, life in enumerate(last, start=1):
            suffix = f"{deaths + 1}.{place}" if len(last) > 1 else f"{deaths + 1}"
            self._tell_events(life, suffix, deaths * BETWEEN_LIVES)
        self._tell_rest(last, before, after)
        if last and not any(e.kind is EventKind.STUCK for life in last for e in life.events):
            for query, found in asked:
                self._add("harness", EventKind.ROWS, query, found)
            self._add("harness", EventKind.SETTLED)
        return tuple(self._events), tuple(self._places)

    def _tell_events(self, life: LifeResult, suffix: str, offset: float) -> None:
        actors = {event.actor for event in life.events} - {"database", "harness"}
        rename = {} if suffix == "1" else {actor: f"{actor}@{suffix}" for actor in actors}
        places = dict(life.places)
        for event in life.events:
            if event.kind is EventKind.SETTLED:
                continue
            if event.number in places:
                self._places.append((len(self._events), places[event.number]))
            self._time = max(self._time, event.time + offset)
            its = renamed(event, rename)
            self._events.append(its._replace(number=len(self._events), time=self._time))

    def _tell_rest(
        self, lives: Sequence[LifeResult], before: DatabaseState, after: DatabaseState
    ) -> None:
        """The events that the audit and the checks add to those that the lives told."""
        told = max((life.seen for life in lives), default=0) or len(before.transitions)
        rest = after.transitions[told:]
        watched = len(lives) == 1
        shown = of_one_commit(rest) if watched else of_unwatched_commits(rest, self._vocabulary)
        for each in shown:
            self._add("database", EventKind.STATUS, each.old, each.new, each.run)
        for complaint in (*after.complaints, *self._lost_work(lives, before, after)):
            self._add("harness", EventKind.LEAK, "database", complaint)

    def _lost_work(
        self, lives: Sequence[LifeResult], before: DatabaseState, after: DatabaseState
    ) -> list[str]:
        events = [event for life in lives for event in life.events]
        new = Counter(after.steps) - Counter(before.steps)
        if self._ending is Ending.RAISES_IN_TRANSACTION:
            there = any(step in new for life in lives for step in life.undone)
            return ["uncommitted rows of a pipeline that raised are there"] * there
        wrote = any("runfaults_work" in e.subject for e in events if e.kind is EventKind.INVOKE)
        returned = {e.run for e in events if e.kind is EventKind.PIPELINE}
        completed = [
            run
            for run, status in after.statuses.items()
            if status in self._vocabulary.completed and before.statuses.get(run) != status
        ]
        if not (wrote and returned and completed) or any(step.startswith("second") for step in new):
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
