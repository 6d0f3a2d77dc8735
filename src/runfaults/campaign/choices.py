"""Tells which line of the code chose the status that was recorded."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace

from runfaults.explore.rehearsal import first_event
from runfaults.explore.runner import Runner
from runfaults.explore.strategy import Strategy
from runfaults.explore.trial import Trial
from runfaults.model import Act, Ending, EventKind, FaultPoint, History
from runfaults.oracle.deed import statement_of

ShouldStop = Callable[[], bool]

_ENDINGS = (Ending.SUCCEEDS, Ending.RAISES, Ending.NOTICES_CANCEL)


@dataclass(frozen=True, slots=True)
class Choices:
    """Which statuses were recorded through which lines: the fewer, the more a line has chosen.

    A statement that records every status chose none of them: the line that called it with this one
    did. So the line that decides is one of those through which the fewest were recorded: the
    innermost in the file where the stack begins, which is the manager's own, else in that of the
    outermost, such as the file of its base class: what that calls serves others too.

    Attributes:
        statuses: The statuses, by the line of a stack, `file:line in function: code`.
        active: For each function of a stack, `file: function`, whether what was recorded through
            it was a status of an active run: both, where it serves any write.
    """

    statuses: dict[str, set[str]] = field(default_factory=dict[str, set[str]])
    active: dict[str, set[bool]] = field(default_factory=dict[str, set[bool]])

    def note(self, stack: str, status: str) -> None:
        """Note that a status was recorded by this stack."""
        for line in stack.splitlines():
            self.statuses.setdefault(line, set()).add(status)

    def note_all(self, history: History) -> None:
        """Note what was recorded in a history that has places."""
        places = dict(history.places)
        for event in history.events:
            at = statement_of(history, event) if event.kind is EventKind.STATUS else None
            if at is not None:
                stack = places.get(at, "")
                self.note(stack, event.value)
                for function in map(function_of, stack.splitlines()):
                    active = event.value in history.vocabulary.active
                    self.active.setdefault(function, set()).add(active)

    def note_clean_runs(
        self, strategies: Iterable[Strategy], runner: Runner, should_stop: ShouldStop
    ) -> None:
        """Note what is recorded, and where, as runs succeed, raise, and are cancelled."""
        scopes = [replace(strategy.scope, endings=_ENDINGS) for strategy in strategies]
        acts = {base: scope.acts[:1] for scope in scopes for base in scope.bases()}
        for base, cancel in acts.items():
            if should_stop():
                return
            trial = runner.run(base, with_places=True)
            self.note_all(trial.history)
            for at in _while_it_works(trial):
                for act in cancel:
                    cancelled = base.adding(Act(act, at))
                    self.note_all(runner.run(cancelled, with_places=True).history)

    def deciding(self, stack: str) -> str:
        """The line of a stack that decided; empty if it has none."""
        lines = stack.splitlines()
        if not lines:
            return ""
        fewest = min(map(self._count, lines))
        choosing = [line for line in lines if self._count(line) == fewest]
        begun_in = [line for line in choosing if _file(line) == _file(lines[0])]
        return (begun_in or [line for line in choosing if _file(line) == _file(choosing[0])])[-1]

    def functions(self, stack: str) -> frozenset[str]:
        """The functions of a stack in the file where it begins, each with the first.

        Those that serve any write are left out, and so is the first, as long as there are others.
        """
        first, *others = map(function_of, stack.splitlines())
        inner = (
            f"{first} > {each}"
            for each in others
            if _file(each) == _file(first) and len(self.active.get(each, ())) < 2  # noqa: PLR2004
        )
        return frozenset(inner) or frozenset({first})

    def _count(self, line: str) -> int:
        return len(self.statuses.get(line, " "))


def function_of(line: str) -> str:
    """The file and the function of a stack's line, without its number: `file: function`."""
    where, _, function = line.partition(": ")[0].partition(" in ")
    return f"{where.rpartition(':')[0]}: {function}"


def _file(line: str) -> str:
    return line.partition(":")[0]


def _while_it_works(trial: Trial) -> Sequence[FaultPoint]:
    """The first point of the database after the work has begun, if there is one."""
    begun = first_event(trial.execution, EventKind.PIPELINE, "started")
    steps = (each for each in trial.execution.steps if each.event > begun)
    return [each.point for each in steps if each.point.operation.touches_database][:1]
