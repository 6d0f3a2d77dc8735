"""What the call does when nothing strikes: two clean runs tell it, and what differs by itself."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from itertools import zip_longest

from runfaults.anomaly.database_state import DatabaseState
from runfaults.anomaly.difference import differences
from runfaults.anomaly.ending import Returned
from runfaults.anomaly.observation import Databases, Left, Observation
from runfaults.anomaly.observe import UnsuitableError
from runfaults.anomaly.options import Options
from runfaults.anomaly.volatile import Column, Volatile, differing
from runfaults.sqlite.survey import Surveyed

_EMPTY = DatabaseState()


@dataclass(frozen=True, slots=True)
class CleanRuns:
    """What is expected.

    Attributes:
        before: The databases when the call begins.
        done: The databases after it.
        doubled: The databases after it was called twice; None if the second call raised.
        answer: What it returns; None if that is no plain value, or not the same each time.
        volatile: What is not compared.
        left: What it leaves locked or open by itself.
        operations: How many it performs.
        points: Those of the second run, in the order in which they were performed.
    """

    before: Databases
    done: Databases
    doubled: Databases | None
    answer: str | None
    volatile: Volatile
    left: Left
    operations: int
    points: tuple[Surveyed, ...]

    def same(self, one: Databases, two: Databases) -> bool:
        """Whether databases are the same, but for what is volatile."""
        pairs = zip_longest(one, two, fillvalue=_EMPTY)
        lift = self.volatile.lifted_from
        return all(lift(here) == lift(there) for here, there in pairs)

    @property
    def changes(self) -> bool:
        """Whether the call changes something that is not volatile."""
        return not self.same(self.before, self.done)

    def is_as_before(self, observation: Observation) -> bool:
        """Whether the databases are as they were when the call began."""
        now = observation.now
        if now is None:
            return False
        before = observation.before[: len(now)]
        return self.same(now, before) if self.changes else now == before

    def is_done(self, observation: Observation) -> bool:
        """Whether the databases are as they are after a clean run."""
        now = observation.now
        if now is None or not self.same(self.padded(now), self.done):
            return False
        return self.changes or self.before == self.done or now != observation.before[: len(now)]

    def padded(self, now: Databases) -> Databases:
        """With those that the call has not opened: they are as before."""
        return (*now, *self.before[len(now) :])

    def learnt_from(self, observation: Observation) -> CleanRuns:
        """With what one more clean run shows to be volatile: times that differ by a second."""
        if observation.now is None:
            return self
        more = _volatile(self.done, observation.now) | _volatile(self.before, observation.before)
        return replace(self, volatile=self.volatile | more)


def clean_runs(one: Observation, two: Observation, options: Options) -> CleanRuns:
    """What two clean runs show; the second one has called twice.

    Raises:
        UnsuitableError: if they cannot be what others are compared with.
    """
    if not isinstance(two.ending, Returned) or not isinstance(one.ending, Returned):
        raise UnsuitableError(
            f"the second clean run did not return, as the first did: {two.ending}"
        )
    if one.now is None or two.now is None:
        raise UnsuitableError(
            "the call leaves a lock behind even when nothing strikes, so the database cannot be "
            f"read: {', '.join(one.left.locked)}"
        )
    if one.left.transactions and not options.whole and one.now == one.before:
        raise UnsuitableError(
            "the call leaves its transaction open, so it changes nothing that another connection "
            "can see: name a call that commits"
        )
    volatile = options.volatile | _volatile(one.now, two.now) | _volatile(one.before, two.before)
    runs = CleanRuns(
        before=one.before,
        done=one.now,
        doubled=two.final if isinstance(two.again, Returned) else None,
        answer=one.ending.answer if one.ending == two.ending else None,
        volatile=volatile,
        left=one.left,
        operations=max(one.operations, two.operations),
        points=two.points,
    )
    if options.whole:
        return runs
    require_fresh(runs, two, "the second clean run")
    if not runs.same(one.now, two.now):
        raise UnsuitableError(
            "two clean runs leave different rows, so nothing can be compared:\n"
            + "\n".join(told_difference(runs, one.now, two.now))
        )
    return runs


def require_own_files(first: Observation, known: Collection[str], later: Observation) -> None:
    """See that a run did not begin with what an earlier one has left in the same file.

    Args:
        first: The first clean run.
        known: The files of earlier runs.
        later: The run.

    Raises:
        UnsuitableError: if it did: what differs would be taken for volatile.
    """
    for path, before, now, again in zip(
        later.paths, first.before, first.now or (), later.before, strict=False
    ):
        # Times and random ids differ in each run: they are not what the call has left.
        differing = {each for each in _differ(now, again) if "sqlite_sequence" not in each}
        if path in known and (_differ(before, again) & _differ(before, now)) - differing:
            raise UnsuitableError(
                f"a run begins with what an earlier one has left in {path}: make the file in a "
                "fixture of the scope `function`, in `tmp_path` (pytest-django: ids continue to "
                "count without the fixture `django_db_reset_sequences`)"
            )


def _differ(one: DatabaseState, two: DatabaseState) -> set[Column | str]:
    """The columns in which they differ, and the tables that have more rows or fewer."""
    volatile = differing(one, two)
    sizes = {
        name
        for name in one.tables.keys() | two.tables.keys()
        if name not in one.tables
        or name not in two.tables
        or len(one.tables[name].rows) != len(two.tables[name].rows)
    }
    return {*volatile.columns, *volatile.tables, *sizes}


def require_fresh(runs: CleanRuns, observation: Observation, which: str) -> None:
    """See that a repetition began as the first run did.

    Raises:
        UnsuitableError: if it did not.
    """
    if not runs.same(runs.padded(observation.before), runs.before):
        raise UnsuitableError(
            f"{which} did not begin with the same database as the first run; a fixture of a wider "
            "scope than `function` keeps it, or the file is the same for all. It differs by\n"
            + "\n".join(told_difference(runs, runs.before, observation.before))
        )


def told_difference(runs: CleanRuns, expected: Databases, found: Databases) -> list[str]:
    """How databases differ, row by row, but for what is volatile."""
    lift = runs.volatile.lifted_from
    return [
        line
        for one, two in zip_longest(expected, found, fillvalue=_EMPTY)
        for line in differences(lift(one), lift(two))
    ]


def _volatile(one: Databases, two: Databases) -> Volatile:
    found = Volatile()
    for here, there in zip(one, two, strict=False):
        found |= differing(here, there)
    return found
