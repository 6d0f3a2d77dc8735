"""What a schedule has left when all has settled: escapes, lost work, leaks, rows of queries."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from runfaults.model import EventKind, Vocabulary
from runfaults.sim.database import AuditReader
from runfaults.sim.exits import what_left
from runfaults.sim.leftovers import Leftovers
from runfaults.sim.pipeline import Attempt, ScriptedPipeline
from runfaults.sim.recorder import Recorder
from runfaults.targets.target import Closes, Inspectable, Manager, offers


@dataclass(frozen=True, slots=True)
class Aftermath:
    """Looks at it, and tells the recorder.

    Attributes:
        recorder: Takes what is found.
        vocabulary: The target's.
        audit: Reads the database.
        work: What the target was given to do.
        leftovers: Looks for threads, connections and locks.
        managers: All that were opened, the user's first.
        before: Steps of work that an earlier life has left.
    """

    recorder: Recorder
    vocabulary: Vocabulary
    audit: AuditReader
    work: ScriptedPipeline
    leftovers: Leftovers
    managers: Sequence[Manager]
    before: Sequence[str] = field(default_factory=tuple[str, ...])

    def look(self, run: int | None) -> None:
        """Look for what escaped, was lost, or leaks.

        Args:
            run: The one that the user started.
        """
        if told := what_left():
            self.recorder.add("harness", EventKind.STUCK, "uncontrolled", "; ".join(told))
        self._look_for_lost_work()
        if not self.recorder.stuck:
            ends = bool(self.managers) and offers(self.managers[0], Closes)
            left = self.leftovers.of_all() if ends else self.leftovers.of_the_dead()
            for sort, which in (*left, *self._leaks_told(run)):
                self.recorder.add("harness", EventKind.LEAK, sort, which)

    def ask(self, queries: Sequence[str]) -> None:
        """Tell what the user's own queries find."""
        if not self.recorder.stuck:
            for query in queries:
                self.recorder.add("harness", EventKind.ROWS, query, self.audit.rows(query))

    def held(self, run: int | None) -> Counter[str]:
        """How much of each sort the target has at the moment."""
        return Counter(sort for sort, _ in (*self.leftovers.of_all(), *self._leaks_told(run)))

    def _leaks_told(self, run: int | None) -> Iterator[tuple[str, str]]:
        """Uncommitted rows that are there, and what the adapter says that is held."""
        for attempt in self.work.attempts:
            left = attempt.uncommitted and attempt.raised and not self._is_completed(attempt.run)
            if left and self._is_kept(attempt):
                whose = run if attempt.run is None else attempt.run
                yield "database", f"run {whose} raised, yet its uncommitted rows are there"
        for manager in self.managers:
            if offers(manager, Inspectable):
                yield from self.leftovers.told_by(manager)

    def _look_for_lost_work(self) -> None:
        """Tell of lost work: a pipeline left it in an open transaction when it returned."""
        by_run: dict[int | None, list[Attempt]] = {}
        for attempt in self.work.attempts:
            by_run.setdefault(attempt.run, []).append(attempt)
        for run, attempts in by_run.items():
            returned = any(each.uncommitted and not each.raised for each in attempts)
            if returned and not any(each.committed or self._is_kept(each) for each in attempts):
                self.recorder.add("harness", EventKind.PIPELINE, "lost", run=run)

    def _is_kept(self, attempt: Attempt) -> bool:
        """Whether the second step of a time that the work was done is in the database."""
        count = self.audit.steps_of_work().count(attempt.second)
        return count > self.before.count(attempt.second)

    def _is_completed(self, run: int | None) -> bool:
        """Whether the work counts as done: the target may have committed it twice."""
        shown = [
            event.value
            for event in self.recorder.events
            if event.kind is EventKind.STATUS and event.run == run
        ]
        return shown[-1:] != [] and shown[-1] in self.vocabulary.completed
